//! What was found, kind by kind: as links on a page, or as what the palette chooses among.

use askama::Template;

use super::Link;
use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/hits.html")]
pub(crate) struct Hits {
    pub(crate) kinds: Vec<HitsOfKind>,
    /// In a list of which one is chosen, rather than as links.
    pub(crate) are_options: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct HitsOfKind {
    pub(crate) title: String,
    pub(crate) hits: Vec<Hit>,
    /// Where all of them are, if there are more.
    pub(crate) more: Option<Link>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Hit {
    pub(crate) link: Link,
    /// What tells it from its namesakes.
    pub(crate) note: String,
}

drawn!(Hits);

impl Hits {
    pub(crate) fn count(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.hits.len() as u64).sum()
    }
}

impl Hit {
    pub(crate) fn new(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self { link: Link::new(words, href), note: String::new() }
    }

    pub(crate) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}
