//! Request bodies: bounded, strict JSON, and refused in the words of the conventions.

mod by_name;

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::extract::rejection::BytesRejection;
use http::StatusCode;
use http::header;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// A JSON body of that type. Unknown and duplicate members are refused.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<S, T> FromRequest<S> for Body<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|value| value.to_str().is_ok_and(is_json_type));
        if !is_json {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let description = "The body has to be application/json.";
            return Err(Problem::new(status, "Unsupported Media Type", description));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unreadable(&rejection))?;
        parse(&bytes).map(Self)
    }
}

/// The value of a JSON text.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    if text.trim_ascii().is_empty() {
        return Err(Problem::empty_body());
    }
    let value = phantom_core::json::parse(text).map_err(|_| Problem::malformed_body())?;
    if holds_nul(&value) {
        return Err(Problem::disallowed());
    }
    typed(value)
}

/// The value as that type, or what of it does not fit.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    T::deserialize(by_name::ByName(value)).map_err(|error| misfit(&error.to_string()))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            Problem::new(status, "Payload Too Large", "The body is longer than 1 MiB.")
        }
        _ => Problem::bad_request("The body could not be read."),
    }
}

/// serde says what is wrong in words alone; these are the beginnings it uses.
fn misfit(error: &str) -> Problem {
    let named = |prefix: &str| {
        let rest = error.strip_prefix(prefix)?;
        rest.split('`').next().map(str::to_owned)
    };
    if let Some(member) = named("unknown field `") {
        Problem::bad_request(format!("Unrecognized property '{member}'"))
    } else if let Some(member) = named("missing field `") {
        Problem::bad_request(format!("{member}: must not be null"))
    } else {
        Problem::disallowed()
    }
}

/// No database of ours keeps it, and no name holds it for a good reason.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains('\0') || holds_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_json_type(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.to_ascii_lowercase().ends_with("+json")
}
