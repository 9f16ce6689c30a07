//! What pages are made of: components, each drawn by its own type; forms, lists and answers; the shell around a
//! page, the session and its gate; style and script. A page can only be added with what it asks of its caller
//! ([`guard`]), and none is served but behind the gate and under the headers that [`router`] puts around all.
//!
//! What never lives here is a page of an area, or anything that is kept: no API, application, gateway or number
//! of traffic is known, only who asks.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod answer;
pub mod assets;
pub mod components;
pub mod design;
pub mod form;
pub mod guard;
pub mod list;
pub mod live;
pub mod session;
pub mod shell;
pub mod visit;
pub mod words;

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::middleware;
use phantom_access::Control;
use tokio_util::sync::CancellationToken;

use crate::guard::Pages;
use crate::live::Live;

/// All of these and those of the session, for whoever is signed in; for whoever comes, the sign-in and what
/// pages are drawn with. Answers that go on end when `stop` says so.
pub fn router(pages: Pages, control: &Arc<Control>, stop: CancellationToken) -> Router {
    let signed_in = session::pages(pages)
        .into_router()
        .layer(Extension(Live::new(stop)))
        .route_layer(middleware::from_fn_with_state(Arc::clone(control), session::gate::admit));
    Router::new()
        .merge(signed_in)
        .merge(session::router(Arc::clone(control)))
        .merge(assets::router())
        .layer(middleware::from_fn(answer::headers))
        .layer(middleware::from_fn(answer::in_time))
}
