//! The REST APIs, put together: base paths, bounds, and the OpenAPI document from the code.

pub mod admin;
pub(crate) mod answers;
pub mod dcr;
pub mod devportal;
pub(crate) mod entity_tag;
pub(crate) mod extract;
pub mod oauth2;
pub mod publisher;
pub mod revocations;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::Uri;
use http::header;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::InfoBuilder;
use utoipa::openapi::OpenApi;
use utoipa::openapi::OpenApiBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorization::Guarded;
use crate::authorization::Needs;
use crate::authorization::guarded;
use crate::caller;
use crate::plane::Control;
use crate::problem::Problem;
use crate::rest::oauth2::OAuthError;

pub(crate) const ADMIN: &str = "/api/am/admin/v4";
pub(crate) const DEVPORTAL: &str = "/api/am/devportal/v3";
pub(crate) const PUBLISHER: &str = "/api/am/publisher/v4";

/// Longest body taken.
const MAX_BODY: usize = 1024 * 1024;
/// For a whole request; the longest is an outgoing call.
const DEADLINE: Duration = Duration::from_secs(30);

/// Operations that belong to no one API.
pub(crate) const OPERATIONS: &[Guarded] = &[
    guarded("GET", "/openapi.json", Needs::Anyone),
    guarded("POST", "/client-registration/v0.17/register", Needs::OwnRules),
    guarded("POST", "/oauth2/token", Needs::OwnRules),
    guarded("POST", "/oauth2/revoke", Needs::OwnRules),
    guarded("POST", "/oauth2/introspect", Needs::OwnRules),
    guarded("GET", "/oauth2/jwks", Needs::OwnRules),
    guarded("POST", "/api/phantom/v1/revocations", Needs::AnyOf(&["admin", "admin_operations"])),
];

/// All operations, ready to be served.
pub fn router(control: Arc<Control>) -> Router {
    let (router, document) = api().split_for_parts();
    let document = Arc::new(described(document));
    let serve_document = {
        let document = Arc::clone(&document);
        async move || Json((*document).clone())
    };
    let inner = router
        .route("/openapi.json", axum::routing::get(serve_document))
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(middleware::from_fn_with_state(Arc::clone(&control), caller::authorize))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(|_| Problem::internal().into_response()))
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
        true => OAuthError::from(Problem::unavailable()).into_response(),
        false => Problem::unavailable().into_response(),
    };
    let router = Router::new().fallback(unavailable);
    router.layer(middleware::map_response(ended)).layer(middleware::map_response(never_stored))
}

/// The OpenAPI document of everything served.
#[must_use]
pub fn openapi() -> OpenApi {
    described(api().to_openapi())
}

fn api() -> OpenApiRouter<Arc<Control>> {
    let info = InfoBuilder::new()
        .title("Phantom Gateway: control plane")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Managed APIs: the REST APIs of WSO2 API Manager, and our own."));
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info.build()).build())
        .routes(routes!(dcr::register))
        .routes(routes!(oauth2::token::token))
        .routes(routes!(oauth2::revoke::revoke))
        .routes(routes!(oauth2::introspect::introspect))
        .routes(routes!(oauth2::jwks))
        .routes(routes!(revocations::revoke))
        .nest(ADMIN, admin::router())
        .nest(DEVPORTAL, devportal::router())
        .nest(PUBLISHER, publisher::router())
}

async fn not_found(State(_): State<Arc<Control>>) -> Problem {
    let description = "There is no such resource. GET /openapi.json lists them all.";
    Problem::new(StatusCode::NOT_FOUND, "Not Found", description)
}

async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
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
        Err(_) => return Problem::internal().into_response(),
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

/// The document with what routes do not say of themselves: who may call them.
fn described(mut document: OpenApi) -> OpenApi {
    crate::authorization::describe(&mut document);
    document
}
