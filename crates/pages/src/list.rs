//! Pages of lists: what is asked for in their address, and how they are drawn.

use askama::Template;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use phantom_terms::page::Page;
use serde::Deserialize;

use crate::components::Head;
use crate::components::Notice;
use crate::components::Pager;
use crate::components::Table;
use crate::components::Tabs;
use crate::components::Tone;

/// Entries of a list on one page.
pub const SIZE: u64 = 25;
/// No list has so many pages; what is asked for is anybody's text.
const MOST: u64 = 1_000_000;

/// Which part of a list is asked for, with what in it, and what was just done.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    pub query: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    pub done: String,
}

/// A sentence for what was done: its name in addresses, title, and what follows from it.
pub type Done = (&'static str, &'static str, &'static str);

#[derive(Debug, Template)]
#[template(path = "list.html")]
pub struct List {
    pub head: Head,
    pub tabs: Option<Tabs>,
    pub notices: Vec<Notice>,
    pub table: Table,
}

impl Asked {
    /// Counts from 1. What is no number is the first.
    fn number(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, MOST)
    }

    pub fn part(&self) -> Page {
        Page { limit: SIZE, offset: (self.number() - 1) * SIZE }
    }

    /// This part of what is there as a whole; the last one where it has not so many.
    pub fn part_of<T>(&self, all: Vec<T>) -> Vec<T> {
        let last = (all.len() as u64).div_ceil(SIZE).max(1);
        let offset = (self.number().min(last) - 1) * SIZE;
        Page { limit: SIZE, offset }.of(all).0
    }

    /// The list's address, with what is looked for.
    pub fn address(&self, base: &str) -> String {
        match self.query.trim() {
            "" => base.to_owned(),
            query => format!("{base}?query={}", encoded(query)),
        }
    }

    /// The same, with the page where it is not the first.
    pub fn here(&self, base: &str) -> String {
        let address = self.address(base);
        match self.number() {
            1 => address,
            number => {
                let sign = if address.contains('?') { '&' } else { '?' };
                format!("{address}{sign}page={number}")
            }
        }
    }

    pub fn pager(&self, base: &str, total: u64) -> Pager {
        self.pager_of(self.address(base), total)
    }

    /// For a list that is asked for more than a search.
    pub fn pager_of(&self, address: String, total: u64) -> Pager {
        Pager::new(address, self.number(), SIZE, total)
    }

    /// Of a closed set: no text comes from the address.
    pub fn notice(&self, known: &[Done]) -> Option<Notice> {
        let (_, title, text) = known.iter().find(|(name, _, _)| *name == self.done)?;
        Some(Notice::new(Tone::Good, *title, *text))
    }
}

/// Anybody's text as one part of a path, or as a value behind the question mark.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str, page: &str) -> Asked {
        Asked { query: query.to_owned(), page: page.to_owned(), done: String::new() }
    }

    #[test]
    fn a_page_that_is_no_number_is_the_first_and_none_lies_beyond_all() {
        assert_eq!(asked("", "x").part(), Page { limit: 25, offset: 0 });
        assert_eq!(asked("", "0").part().offset, 0);
        assert_eq!(asked("", "3").part().offset, 50);
        assert_eq!(asked("", "99999999999").part().offset, 999_999 * 25);
        assert_eq!(asked("", "9").part_of((0..30).collect()), (25..30).collect::<Vec<_>>());
    }

    #[test]
    fn addresses_keep_the_search_and_the_page() {
        assert_eq!(asked(" a b&c ", "2").address("/x"), "/x?query=a%20b%26c");
        assert_eq!(asked("a", "2").here("/x"), "/x?query=a&page=2");
        assert_eq!(asked("", "2").here("/x"), "/x?page=2");
        assert_eq!(asked("", "1").here("/x"), "/x");
    }
}
