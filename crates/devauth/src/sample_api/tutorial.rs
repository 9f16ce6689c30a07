//! The OpenResty tutorial's API: says which JWT it received and what is in it.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};

use super::refuse;

/// Reads what other servers write, with padding or without.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_payload: Option<Map<String, Value>>,
}

/// The signature is **not** verified, as in the tutorial.
pub(super) async fn api(headers: HeaderMap) -> Response {
    let jwt = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let token_payload = match jwt.map(payload) {
        Some(None) => {
            let refusal = "API Received a bearer token that is not a JWT";
            return refuse(StatusCode::BAD_REQUEST, refusal).into_response();
        }
        Some(Some(payload)) => Some(payload),
        None => None,
    };
    let message = format!("API Received JWT: {}", jwt.unwrap_or("[NONE]"));
    pretty(&Received { message, token_payload })
}

fn payload(jwt: &str) -> Option<Map<String, Value>> {
    let mut parts = jwt.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    serde_json::from_slice(&BASE64URL.decode(payload).ok()?).ok()
}

/// Indented, so that a person can read it in a terminal.
pub(super) fn pretty(value: &impl Serialize) -> Response {
    match serde_json::to_string_pretty(value) {
        Ok(text) => {
            let json = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, json)], text + "\n").into_response()
        }
        Err(_) => {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the answer is no JSON").into_response()
        }
    }
}
