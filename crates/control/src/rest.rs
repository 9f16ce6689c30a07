//! The REST APIs, put together: base paths, bounds, and the OpenAPI document from the code.

pub mod admin;
pub mod dcr;
pub mod devportal;
pub mod oauth2;
pub mod own;
pub mod publisher;
pub mod revocations;

use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::HeaderValue;
use http::Uri;
use http::header;
use phantom_access::Control;
use phantom_rest::guard::Needs;
use phantom_rest::guard::Operations;
use phantom_rest::guard::Rule;
use phantom_rest::problem::Problem;
use phantom_terms::refusal::Refusal;
use serde_json::Value;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::routes;

use crate::rest::oauth2::OAuthProblem;

pub(crate) const ADMIN: &str = "/api/am/admin/v4";
pub(crate) const DEVPORTAL: &str = "/api/am/devportal/v3";
/// Operations of our own.
const OWN: &str = "/api/phantom/v1";
pub(crate) const PUBLISHER: &str = "/api/am/publisher/v4";

/// Longest body taken.
const MAX_BODY: usize = 1024 * 1024;
/// For a whole request; the longest is an outgoing call.
const DEADLINE: Duration = Duration::from_secs(30);

const REVOKERS: Needs = Needs::AnyOf(&["admin", "admin_operations"]);

/// The OpenAPI document of everything served.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let (_, document) = operations().split();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    phantom_rest::shapes::describe(&mut document);
    document
});

/// All operations, ready to be served.
pub fn router(control: Arc<Control>) -> Router {
    let (router, _) = operations().split();
    let inner = router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(Arc::clone(&control)))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(|_| internal("a handler panicked")))
        .layer(middleware::map_response(ended))
        .layer(middleware::map_response(never_stored))
        .with_state(control);
    // Base paths have several spellings, which have to be one before anything is routed.
    let one_spelling = inner.map_request(|mut request: Request| {
        if let Some(uri) = canonical(request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    });
    Router::new().fallback_service(one_spelling)
}

/// Nothing, until there is a store: what is asked for is answered with 503, in the words of the API
/// that it belongs to.
pub fn without_store() -> Router {
    let unavailable = async |uri: Uri| match uri.path().starts_with("/oauth2/") {
        true => OAuthProblem::from(Problem::unavailable()).into_response(),
        false => Problem::unavailable().into_response(),
    };
    let router = Router::new().fallback(unavailable);
    router.layer(middleware::map_response(ended)).layer(middleware::map_response(never_stored))
}

/// The OpenAPI document of everything served.
#[must_use]
pub fn openapi() -> &'static Value {
    &DOCUMENT
}

/// Who may call what, of everything served.
#[must_use]
pub fn rules() -> Vec<Rule> {
    operations().rules()
}

fn operations() -> Operations {
    Operations::titled("Phantom Gateway: control plane")
        .undescribed(Needs::Anyone, "/openapi.json", get(document))
        .route(Needs::OwnRules, routes!(dcr::register))
        .route(Needs::OwnRules, routes!(oauth2::token::token))
        .route(Needs::OwnRules, routes!(oauth2::revoke::revoke))
        .route(Needs::OwnRules, routes!(oauth2::introspect::introspect))
        .route(Needs::OwnRules, routes!(oauth2::jwks))
        .route(REVOKERS, routes!(revocations::revoke))
        .nest(ADMIN, admin::operations())
        .nest(DEVPORTAL, devportal::operations())
        .nest(PUBLISHER, publisher::operations())
        .nest(OWN, own::operations())
}

/// Written once: whoever asks for it often, and takes none, keeps no copies here.
async fn document() -> impl IntoResponse {
    static WRITTEN: LazyLock<Bytes> = LazyLock::new(|| DOCUMENT.to_string().into());
    ([(header::CONTENT_TYPE, "application/json")], WRITTEN.clone())
}

async fn not_found() -> Problem {
    Problem::no_such_resource()
}

async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}

fn internal(what: &'static str) -> Response {
    Problem::from(Refusal::internal(what)).into_response()
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::unavailable().into_response(),
    }
}

/// Answers of this plane are for their caller alone.
async fn never_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A text ends with a line break: what is asked for at a terminal leaves the prompt where it belongs.
async fn ended(response: Response) -> Response {
    let media_type = response.headers().get(header::CONTENT_TYPE);
    let is_json = media_type.is_some_and(|value| value.as_bytes().ends_with(b"json"));
    // Said of a body that is not sent (HEAD), or encoded.
    let fixed = [header::CONTENT_LENGTH, header::CONTENT_ENCODING];
    if !is_json || fixed.iter().any(|name| response.headers().contains_key(name)) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // Whole already: nothing of ours that is JSON is streamed.
    let body = match axum::body::to_bytes(body, usize::MAX).await {
        Ok(whole) if whole.is_empty() => Body::empty(),
        Ok(whole) => {
            let mut text = Vec::with_capacity(whole.len() + 1);
            text.extend_from_slice(&whole);
            text.push(b'\n');
            Body::from(text)
        }
        Err(_) => return internal("an answer is not whole"),
    };
    Response::from_parts(parts, body)
}

/// `/api/am/admin/…`, `/api/am/admin/v4.5/…`: what the one spelling of it is, if it is another.
fn canonical(uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix("/api/am/")?;
    let (plane, rest) = rest.split_once('/')?;
    let (base, major) = match plane {
        "admin" => (ADMIN, "v4"),
        "devportal" => (DEVPORTAL, "v3"),
        "publisher" => (PUBLISHER, "v4"),
        _ => return None,
    };
    let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
    let minor = first.strip_prefix(major).and_then(|tail| tail.strip_prefix('.'));
    let is_minor = |minor: &str| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit());
    let rest = match first {
        first if first == major => return None,
        _ if minor.is_some_and(is_minor) => after,
        _ => rest,
    };
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{base}/{rest}{query}").parse().ok()
}
