//! Takes a body of any length and says how long it was.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::json;

use super::refuse;

pub(super) async fn count(mut body: Body) -> Response {
    let mut bytes: u64 = 0;
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Err(_) => {
                return refuse(StatusCode::BAD_REQUEST, "the body broke off").into_response();
            }
        }
    }
    Json(json!({ "bytes": bytes })).into_response()
}
