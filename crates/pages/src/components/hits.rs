//! What was found, kind by kind: as links on a page, or as what the palette chooses among.

use askama::Template;

use super::Link;
use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/hits.html")]
pub struct Hits {
    pub kinds: Vec<HitsOfKind>,
    /// In a list of which one is chosen, rather than as links.
    pub are_options: bool,
}

#[derive(Clone, Debug, Default)]
pub struct HitsOfKind {
    pub title: String,
    pub hits: Vec<Hit>,
    /// Where all of them are, if there are more.
    pub more: Option<Link>,
}

#[derive(Clone, Debug, Default)]
pub struct Hit {
    pub link: Link,
    /// What tells it from its namesakes.
    pub note: String,
}

drawn!(Hits);

impl Hits {
    pub fn count(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.hits.len() as u64).sum()
    }
}

impl Hit {
    pub fn new(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self { link: Link::new(words, href), note: String::new() }
    }

    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}
