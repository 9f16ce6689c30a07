//! Text for machines, with a button that copies it.

use askama::Template;

use super::drawn;

#[derive(Clone, Debug, Template)]
#[template(path = "components/code.html")]
pub struct Code {
    /// What it is: `curl`, `Token`.
    pub label: String,
    pub text: String,
}

drawn!(Code);

impl Code {
    pub fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into() }
    }
}
