//! The rule travels with the page: who may open it is said where it is added, and there is no other way
//! to add one.

use axum::Extension;
use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;

use crate::answer::Failure;
use crate::visit::Visit;

/// Any of these scopes opens a page; none: whoever is signed in.
pub type Needs = &'static [&'static str];

pub const SIGNED_IN: Needs = &[];

/// What opened a page, in the extensions of a request that came through.
#[derive(Clone, Copy)]
pub(crate) struct Opened(pub Needs);

/// Pages, each behind what opens it.
#[derive(Debug, Default)]
pub struct Pages {
    router: Router,
}

impl Pages {
    /// Adds methods of one path that ask for the same.
    pub fn page(mut self, needs: Needs, path: &str, methods: MethodRouter) -> Self {
        let guarded = methods.route_layer(middleware::from_fn_with_state(needs, check));
        self.router = self.router.route(path, guarded);
        self
    }

    pub(crate) fn into_router(self) -> Router {
        self.router
    }
}

async fn check(
    State(needs): State<Needs>,
    Extension(visit): Extension<Visit>,
    mut request: Request,
    next: Next,
) -> Response {
    if visit.may(needs) {
        request.extensions_mut().insert(Opened(needs));
        return next.run(request).await;
    }
    Failure::NotForYou.into_response()
}
