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
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::StatusCode;
use http::header;
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

/// What is asked beside all pages, `rest`; a browser that looks there for a page is shown that there is none.
pub fn beside(rest: Router, control: &Arc<Control>) -> Router {
    rest.layer(middleware::from_fn_with_state(Arc::clone(control), no_such_page))
}

async fn no_such_page(
    State(control): State<Arc<Control>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let looks_for_page =
        matches!(parts.method, Method::GET | Method::HEAD)
            && !parts.uri.path().starts_with("/api/")
            && parts.headers.get_all(header::ACCEPT).iter().any(|accepted| {
                accepted.to_str().is_ok_and(|accepted| accepted.contains("text/html"))
            });
    let asked = looks_for_page.then(|| Request::from_parts(parts.clone(), Body::empty()));
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some(asked) = asked.filter(|_| response.status() == StatusCode::NOT_FOUND) else {
        return response;
    };
    let here = asked.uri().path_and_query().map_or("/", |path| path.as_str());
    let address = session::gate::address(&asked);
    let mut page = session::gate::no_such_page(&control, asked.headers(), address, here).await;
    answer::set(page.headers_mut());
    page
}
