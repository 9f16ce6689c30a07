//! Requests on pages: what gateways counted of many, why one was let through or refused, hop by hop, and the
//! workbench, which makes one by hand and asks what becomes of it. Read through the store, where each gateway
//! reports every few seconds; the traffic of one API or application is a part of its own page ([`own`]).
//!
//! What never lives here is an API, a plan or an application to be changed: nothing here manages what requests
//! are held against, nor knows a page of those that do.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod address;
mod advice;
mod decisions;
mod hops;
mod overview;
pub mod own;
mod workbench;

pub use address::has_dot_segments;
use axum::routing::get;
use phantom_access::rights::admin as rights;
use phantom_pages::guard::Pages;

/// With those of Traffic and of the workbench.
pub fn pages(pages: Pages) -> Pages {
    let pages = pages
        .page(rights::TRAFFIC, overview::HERE, get(overview::page))
        .page(rights::TRAFFIC, "/traffic/events", get(overview::events))
        .page(rights::TRAFFIC, decisions::HERE, get(decisions::list))
        .page(rights::TRAFFIC, "/traffic/decisions/events", get(decisions::events))
        .page(rights::TRAFFIC, "/traffic/decision", get(decisions::read));
    workbench::pages(pages)
}
