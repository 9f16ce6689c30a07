//! The pages of the control plane, made on the server: `/admin`, `/publisher`, `/devportal`,
//! `/workbench` and `/traffic` behind one sign-in. Each handler asks the use cases that
//! REST asks, and draws what they answer.
//!
//! What never lives here is a rule about what is kept or who may do what, or the store.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod admin;
mod answer;
mod assets;
mod components;
mod design;
mod devportal;
mod form;
mod home;
mod list;
mod live;
mod pages;
mod publisher;
mod search;
mod session;
mod shell;
mod traffic;
mod visit;
mod words;
mod workbench;

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::middleware;
use phantom_access::Control;
use tokio_util::sync::CancellationToken;

use crate::live::Live;
use crate::pages::Pages;

/// What the pages are shown with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `/design` shows all components in all states: for those who build the pages.
    pub design: bool,
}

/// All pages. What they do not know is answered by `rest`. Answers that go on end when `stop` says so.
pub fn router(
    control: &Arc<Control>,
    rest: Router,
    options: Options,
    stop: CancellationToken,
) -> Router {
    let mut pages = Pages::default();
    pages = home::pages(pages);
    pages = admin::pages(pages);
    pages = publisher::pages(pages);
    pages = traffic::pages(pages);
    pages = devportal::pages(pages);
    pages = workbench::pages(pages);
    pages = search::pages(pages);
    if options.design {
        pages = design::pages(pages);
    }
    let signed_in = pages
        .into_router()
        .layer(Extension(Live::new(stop)))
        .route_layer(middleware::from_fn_with_state(Arc::clone(control), session::gate::admit));
    let router = Router::new()
        .merge(signed_in)
        .merge(session::router(Arc::clone(control)))
        .merge(assets::router())
        .layer(middleware::from_fn(answer::headers))
        .layer(middleware::from_fn(answer::in_time));
    router.fallback_service(rest)
}
