//! A decision, hop by hop: what was compared with what, and how it came out.

use askama::Template;

use super::Badge;
use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/trace.html")]
pub(crate) struct Trace(pub(crate) Vec<Hop>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Hop {
    pub(crate) name: String,
    pub(crate) outcome: Badge,
    /// What was compared.
    pub(crate) text: String,
}

drawn!(Trace);
