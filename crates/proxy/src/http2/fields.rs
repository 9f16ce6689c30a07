//! A backend's fields, as HTTP/2 has them.

use std::borrow::Cow;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_LENGTH;

use crate::respond::ResponseEdits;
use crate::response::ResponseHead;

pub(super) fn response(head: &ResponseHead, edits: &ResponseEdits) -> Response<()> {
    let mut response = with_fields(head.status, edits.fields(head));
    if let Some(length) = head.length_to_tell() {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}

pub(super) fn interim(head: &ResponseHead) -> Response<()> {
    with_fields(head.status, head.end_to_end().map(|(name, value)| (name, value.into())))
}

fn with_fields<'a>(
    status: u16,
    fields: impl Iterator<Item = (&'a [u8], Cow<'a, [u8]>)>,
) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in fields {
        append(response.headers_mut(), name, &value);
    }
    response
}

/// From trailer lines of HTTP/1.1.
pub(super) fn trailers(lines: &[u8]) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        append(&mut trailers, name, value.get(1..).unwrap_or_default());
    }
    trailers
}

fn append(fields: &mut HeaderMap, name: &[u8], value: &[u8]) {
    if let (Ok(name), Ok(value)) =
        (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii()))
    {
        fields.append(name, value);
    }
}
