//! What a page answers when it is not drawn, and what stands on every answer.

use std::time::Duration;

use askama::Template;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_rest::problem::Problem;
use phantom_terms::refusal::Refusal;

use crate::shell::Place;
use crate::visit::Visit;

pub type Answer = Result<Response, Failure>;

/// For a whole request; the longest is a call to somebody else's server.
const DEADLINE: Duration = Duration::from_secs(30);

/// On every answer that does not say otherwise. Nothing is loaded from elsewhere, nobody frames a page,
/// and no page is kept.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Why there is no page.
#[derive(Debug)]
pub enum Failure {
    Refused(Refusal),
    NoSuchPage,
    /// The caller's roles do not open it.
    NotForYou,
    /// The form was made for another session, or by another site.
    NotOurForm,
    /// The body is none of a form, or too long.
    NoForm(&'static str),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What went wrong, for the gate, which knows how to draw it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) text: String,
}

impl Failure {
    fn told(self) -> Told {
        let told = |status, title, text: &str| Told { status, title, text: text.to_owned() };
        match self {
            Self::Refused(refusal) => {
                let problem = Problem::from(refusal);
                let status = problem.status();
                Told { status, title: title(status), text: problem.words().to_owned() }
            }
            Self::NoSuchPage => told(
                StatusCode::NOT_FOUND,
                "There is no such page",
                "The address leads nowhere. What it led to may have been deleted.",
            ),
            Self::NotForYou => told(
                StatusCode::FORBIDDEN,
                "Your roles do not open this page",
                "Ask an administrator for a role that does. Roles are given in Admin, under Users and roles, or with `phantom user roles`.",
            ),
            Self::NotOurForm => told(
                StatusCode::FORBIDDEN,
                "This form was not made for you",
                "Nothing was changed. Open the page again and send the form from there.",
            ),
            Self::NoForm(why) => told(StatusCode::BAD_REQUEST, "The form cannot be read", why),
        }
    }
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "It is not there",
        StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => "Something is in the way",
        StatusCode::SERVICE_UNAVAILABLE => "The store is away",
        status if status.is_server_error() => "The server is at fault",
        _ => "This cannot be done",
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let told = self.told();
        let mut response = told.status.into_response();
        response.extensions_mut().insert(told);
        response
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    told: &'a Told,
}

/// Draws what a handler could not.
pub(crate) fn drawn(visit: &Visit, response: Response) -> Response {
    let Some(told) = response.extensions().get::<Told>().cloned() else { return response };
    visit.show_as(told.status, Place::Nowhere, told.title, &FailurePage { told: &told })
}

/// The whole document.
pub fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be drawn");
            broken()
        }
    }
}

/// A part of a page by itself.
pub fn part(content: &impl Template) -> Result<String, Failure> {
    content.render().map_err(|error| {
        tracing::error!(%error, "a part of a page cannot be drawn");
        Failure::Refused(Refusal::internal("a part of a page cannot be drawn"))
    })
}

/// Where drawing itself fails.
pub(crate) fn broken() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be drawn. The log says why.\n")
        .into_response()
}

/// To another page, by GET.
pub fn see(to: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(to) else { return broken() };
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    set(response.headers_mut());
    response
}

pub(crate) fn set(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

pub(crate) async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(header::RETRY_AFTER, "5")],
            "The store did not answer in time. Try again later.\n",
        )
            .into_response(),
    }
}
