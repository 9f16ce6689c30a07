//! Answers that show the request, in httpbin's shape.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Extension;
use axum::extract::Path;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use phantom_serve::Peer;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::refuse;
use super::tutorial::pretty;

/// Longest wait of `/delay`, in seconds.
const MAX_DELAY: f64 = 10.0;

#[derive(Serialize)]
struct Get {
    args: Value,
    headers: BTreeMap<String, String>,
    origin: String,
    url: String,
}

#[derive(Serialize)]
struct Anything {
    args: Value,
    data: String,
    files: Map<String, Value>,
    form: Value,
    headers: BTreeMap<String, String>,
    json: Value,
    method: String,
    origin: String,
    url: String,
}

#[derive(Serialize)]
struct Headers {
    headers: BTreeMap<String, String>,
}

pub(super) async fn get(
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    pretty(&Get {
        args: pairs(uri.query().unwrap_or_default().as_bytes()),
        origin: origin(&headers, peer),
        url: url(&uri, &headers),
        headers: shown(&uri, &headers),
    })
}

pub(super) async fn headers(uri: Uri, headers: HeaderMap) -> Response {
    pretty(&Headers { headers: shown(&uri, &headers) })
}

pub(super) async fn anything(
    Extension(peer): Extension<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            return refuse(rejection.status(), "the body is longer than 1 MiB or broken")
                .into_response();
        }
    };
    let is_form = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    pretty(&Anything {
        args: pairs(uri.query().unwrap_or_default().as_bytes()),
        data: if is_form { String::new() } else { text(&body) },
        files: Map::new(),
        form: if is_form { pairs(&body) } else { json!({}) },
        json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        method: method.to_string(),
        origin: origin(&headers, peer),
        url: url(&uri, &headers),
        headers: shown(&uri, &headers),
    })
}

pub(super) async fn status(Path(code): Path<u16>) -> Response {
    let status = match StatusCode::from_u16(code) {
        Ok(status) if (200..600).contains(&code) => status,
        _ => {
            return refuse(StatusCode::BAD_REQUEST, "the status is not in 200 to 599")
                .into_response();
        }
    };
    let mut response = status.into_response();
    if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/get"));
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(r#"Basic realm="sample""#);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

pub(super) async fn delay(
    peer: Extension<Peer>,
    Path(seconds): Path<f64>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    tokio::time::sleep(wait(seconds)).await;
    anything(peer, method, uri, headers, body).await
}

/// At most ten seconds. NaN and less than nothing count as no wait.
pub(super) fn wait(seconds: f64) -> Duration {
    Duration::from_secs_f64(if seconds > 0.0 { seconds.min(MAX_DELAY) } else { 0.0 })
}

/// Names and values; a repeated name gets a list.
fn pairs(encoded: &[u8]) -> Value {
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        members.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let single_or_list = |values: Vec<String>| match <[String; 1]>::try_from(values) {
        Ok([single]) => json!(single),
        Err(list) => json!(list),
    };
    members.into_iter().map(|(name, values)| (name, single_or_list(values))).collect()
}

/// Names in Title-Case; repeated fields joined by a comma.
pub(super) fn shown(uri: &Uri, headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<String, String> = BTreeMap::new();
    // HTTP/2 has the host in `:authority`.
    if let (None, Some(authority)) = (headers.get(HOST), uri.authority()) {
        shown.insert(title_case(&HOST), authority.to_string());
    }
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        shown
            .entry(title_case(name))
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert_with(|| value.clone().into_owned());
    }
    shown
}

fn title_case(name: &HeaderName) -> String {
    let mut at_start = true;
    let letters = name.as_str().chars().map(|letter| {
        let shown = if at_start { letter.to_ascii_uppercase() } else { letter };
        at_start = letter == '-';
        shown
    });
    letters.collect()
}

/// The client as the proxies before us tell it, else the peer.
pub(super) fn origin(headers: &HeaderMap, Peer(peer): Peer) -> String {
    let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    forwarded.map_or_else(|| peer.ip().to_string(), str::to_owned)
}

/// What was asked of this server, whatever a proxy before it was asked: that one's path is not known here.
pub(super) fn url(uri: &Uri, headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|value| value.to_str().ok());
    let host = uri.authority().map(http::uri::Authority::as_str).or(host);
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    format!("http://{}{target}", host.unwrap_or_default())
}

/// The body as text; bytes that are none as httpbin writes them.
fn text(body: &Bytes) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("data:application/octet-stream;base64,{}", STANDARD.encode(body)),
    }
}
