//! One request of somebody who is signed in: who it is, and how to draw an answer for them.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use phantom_access::Control;
use phantom_access::caller::Caller;

use crate::answer;
use crate::answer::Failure;
use crate::components::Csrf;
use crate::guard::Needs;
use crate::session::cookie::Theme;
use crate::shell::Place;
use crate::shell::Shell;

#[derive(Clone)]
pub struct Visit {
    pub control: Arc<Control>,
    pub caller: Caller,
    /// Proves that a form was made for this session.
    pub csrf: Csrf,
    /// Path and query.
    pub here: String,
    pub(crate) theme: Theme,
    /// What the browser shows for its session.
    pub secret: String,
}

impl Visit {
    pub fn may(&self, needs: Needs) -> bool {
        needs.is_empty() || self.caller.holds_any(needs)
    }

    /// The page, within what stands around all pages.
    pub fn show(&self, place: Place, title: &str, content: &impl Template) -> Response {
        self.show_as(StatusCode::OK, place, title, content)
    }

    /// The same, for a form that was not taken as it is.
    pub fn show_refused(&self, place: Place, title: &str, content: &impl Template) -> Response {
        self.show_as(StatusCode::UNPROCESSABLE_ENTITY, place, title, content)
    }

    pub(crate) fn show_as(
        &self,
        status: StatusCode,
        place: Place,
        title: &str,
        content: &impl Template,
    ) -> Response {
        let content = match content.render() {
            Ok(content) => content,
            Err(error) => {
                tracing::error!(%error, "a page cannot be drawn");
                return answer::broken();
            }
        };
        answer::html(status, &Shell::around(self, place, title, content))
    }
}

/// Who it is, without the session.
impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { caller, here, .. } = self;
        f.debug_struct("Visit").field("caller", caller).field("here", here).finish_non_exhaustive()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(Failure::NoSuchPage)
    }
}
