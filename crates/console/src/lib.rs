//! The console: all pages of the control plane behind one sign-in. Here are the first page, the search and the
//! admin's, which speak of everything there is; the areas that speak of one thing are rooms of their own
//! (`portals`, `traffic`). Each handler asks the use cases that REST asks, and draws what they answer.
//!
//! What never lives here is a rule about what is kept or who may do what, the store, or a piece of interface.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod admin;
mod home;
mod search;

use std::sync::Arc;

use axum::Router;
use phantom_access::Control;
use phantom_pages::design;
use phantom_pages::guard::Pages;
use tokio_util::sync::CancellationToken;

/// What the pages are shown with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `/design` shows all components in all states: for those who build the pages.
    pub design: bool,
}

/// All pages. What they do not know is answered by `rest`, unless a browser looks for a page there. Answers that
/// go on end when `stop` says so.
pub fn router(
    control: &Arc<Control>,
    rest: Router,
    options: Options,
    stop: CancellationToken,
) -> Router {
    let mut pages = Pages::default();
    for add in
        [home::pages, admin::pages, search::pages, phantom_portals::pages, phantom_traffic::pages]
    {
        pages = add(pages);
    }
    if options.design {
        pages = design::pages(pages);
    }
    let rest = phantom_pages::beside(rest, control);
    phantom_pages::router(pages, control, stop).fallback_service(rest)
}
