//! Text for machines, with a button that copies it.

use askama::Template;

use super::drawn;

#[derive(Clone, Debug, Template)]
#[template(path = "components/code.html")]
pub(crate) struct Code {
    /// What it is: `curl`, `Token`.
    pub(crate) label: String,
    pub(crate) text: String,
}

drawn!(Code);

impl Code {
    pub(crate) fn new(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), text: text.into() }
    }
}
