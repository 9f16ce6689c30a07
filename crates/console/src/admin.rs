//! Admin: key managers and what concerns all APIs.

mod audit;
mod deny_policies;
mod editor;
mod gateways;
mod key_managers;
mod policies;
mod users;

pub(crate) use audit::done;
pub(crate) use audit::entity;

use askama::Template;
use axum::routing::get;
use phantom_manage::rights::admin as rights;
use serde::Deserialize;

use crate::answer;
use crate::components::Confirm;
use crate::components::Head;
use crate::components::Notice;
use crate::components::Table;
use crate::components::Tabs;
use crate::components::Tone;
use crate::pages::Pages;
use crate::pages::SIGNED_IN;

/// Rows on a page of a list.
const PAGE: u64 = 25;

pub(crate) fn pages(pages: Pages) -> Pages {
    let first = || async { answer::see("/admin/key-managers") };
    let pages = pages.page(SIGNED_IN, "/admin", get(first));
    let pages = gateways::pages(pages, rights::TRAFFIC);
    let pages = key_managers::pages(pages, rights::KEY_MANAGERS, rights::KEY_MANAGERS_DELETE);
    audit::pages(deny_policies::pages(users::pages(policies::pages(pages))))
}

/// What a list is asked for: which page of it, with what in it, and what was just done.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    done: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    query: String,
}

impl Asked {
    /// Of a closed set: sentence and what follows from it.
    fn notice(&self, known: &[(&str, &str, &str)]) -> Option<Notice> {
        let (_, title, text) = known.iter().find(|(name, _, _)| *name == self.done)?;
        Some(Notice::new(Tone::Good, *title, *text))
    }

    /// From 1.
    fn page(&self) -> u64 {
        self.page.parse().unwrap_or(1).max(1)
    }

    /// This page of what is there as a whole.
    fn part<T>(&self, all: Vec<T>) -> Vec<T> {
        let last = (all.len() as u64).div_ceil(PAGE).max(1);
        let before = (self.page().min(last) - 1) * PAGE;
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        all.into_iter().skip(before).take(PAGE as usize).collect()
    }
}

#[derive(Template)]
#[template(path = "admin/list.html")]
struct List {
    head: Head,
    tabs: Option<Tabs>,
    notice: Option<Notice>,
    table: Table,
}

#[derive(Template)]
#[template(source = "{{ confirm }}", ext = "html")]
struct Deletion {
    confirm: Confirm,
}

/// Anybody's text as one part of a path.
fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
