//! A decision, hop by hop: what was compared with what, and how it came out.

use askama::Template;

use super::Badge;
use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/trace.html")]
pub struct Trace(pub Vec<Hop>);

#[derive(Clone, Debug, Default)]
pub struct Hop {
    pub name: String,
    pub outcome: Badge,
    /// What was compared.
    pub text: String,
}

impl Hop {
    /// What stands between backticks is code.
    fn parts(&self) -> Vec<(bool, &str)> {
        let parts = self.text.split('`').enumerate();
        // One that is not closed is none.
        let closed = self.text.matches('`').count() / 2 * 2;
        parts.map(|(at, part)| (at % 2 == 1 && at <= closed, part)).collect()
    }
}

drawn!(Trace);
