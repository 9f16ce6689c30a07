//! Publisher: APIs, from their first draft to what gateways serve.

mod api;
mod definition;
mod deletion;
mod endpoints;
mod import;
mod lifecycle;
mod list;
mod new;
mod overview;
mod resources;
mod revisions;
mod runtime;
mod scopes;
mod shared_scopes;
mod subscriptions;

use axum::routing::get;
use phantom_manage::page::Page;
use serde::Deserialize;

use crate::answer;
use crate::components::Pager;
use crate::pages::Pages;
use crate::pages::SIGNED_IN;
use crate::shell::Place;

const HERE: &str = "/publisher/apis";
const PLACE: Place = Place::Publisher(HERE);
/// Entries of a list on one page.
const ENTRIES: u64 = 25;

pub(crate) fn pages(pages: Pages) -> Pages {
    let first = || async { answer::see(HERE) };
    let pages = pages.page(SIGNED_IN, "/publisher", get(first));
    [
        list::pages,
        new::pages,
        import::pages,
        overview::pages,
        lifecycle::pages,
        endpoints::pages,
        resources::pages,
        runtime::pages,
        scopes::pages,
        subscriptions::pages,
        definition::pages,
        revisions::pages,
        deletion::pages,
        shared_scopes::pages,
    ]
    .into_iter()
    .fold(pages, |pages, add| add(pages))
}

/// What is asked of a page beside its path.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    query: String,
    #[serde(default)]
    page: String,
    #[serde(default)]
    done: String,
}

impl Asked {
    /// Counts from 1.
    fn number(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000_000)
    }

    fn part(&self) -> Page {
        Page { limit: ENTRIES, offset: (self.number() - 1) * ENTRIES }
    }

    /// The address with its search, and the page where it is not the first.
    fn address(&self, base: &str) -> String {
        let query = self.query.trim();
        let mut asked = form_urlencoded::Serializer::new(String::new());
        if !query.is_empty() {
            asked.append_pair("query", query);
        }
        if self.number() > 1 {
            asked.append_pair("page", &self.number().to_string());
        }
        match asked.finish() {
            asked if asked.is_empty() => base.to_owned(),
            asked => format!("{base}?{asked}"),
        }
    }

    fn pager(&self, base: &str, total: u64) -> Pager {
        let first = Self { query: self.query.clone(), ..Self::default() };
        Pager::new(first.address(base), self.number(), ENTRIES, total)
    }
}
