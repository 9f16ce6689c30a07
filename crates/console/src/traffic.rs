//! Traffic: what gateways do, and why they refuse what they refuse. Read through the store, where each
//! gateway reports every few seconds.

pub(crate) mod advice;
pub(crate) mod decisions;
mod hops;
mod overview;
pub(crate) mod own;

use axum::routing::get;
use phantom_access::rights::admin as rights;

use crate::pages::Pages;

pub(crate) fn pages(pages: Pages) -> Pages {
    pages
        .page(rights::TRAFFIC, overview::HERE, get(overview::page))
        .page(rights::TRAFFIC, "/traffic/events", get(overview::events))
        .page(rights::TRAFFIC, decisions::HERE, get(decisions::list))
        .page(rights::TRAFFIC, "/traffic/decisions/events", get(decisions::events))
        .page(rights::TRAFFIC, "/traffic/decision", get(decisions::read))
}

/// An address with those of the questions that ask something.
pub(crate) fn address(path: &str, questions: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let asked = questions.iter().filter(|(_, value)| !value.is_empty());
    query.extend_pairs(asked);
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
