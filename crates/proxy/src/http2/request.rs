//! HTTP/2 request heads (RFC 9113 §8.3) in the shape the rest of the proxy works on.

use http::request::Parts;
use phantom_pipeline::Fault;

use crate::config::Limits;
use crate::head::FieldKind;
use crate::head::FieldSpan;
use crate::head::RequestHead;
use crate::head::Version;
use crate::normalize::normalize;
use phantom_wire::Framing;

/// Fills `head` from the parts, under the same rules as a head of HTTP/1.1. `empty`: the head ended
/// the stream.
pub(super) fn fill(
    parts: &Parts,
    empty: bool,
    head: &mut RequestHead,
    limits: &Limits,
) -> Result<(), Fault> {
    head.clear();
    head.version = Version::Http2;
    head.set_method(parts.method.as_str());
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > limits.max_target_bytes {
        return Err(Fault::TargetTooLong);
    }
    if target == "*" || parts.uri.path_and_query().is_none() {
        return Err(Fault::BadRequest("the request target is no path"));
    }
    head.set_target(parts.uri.path(), parts.uri.query());
    if let Some(authority) = parts.uri.authority() {
        head.set_authority(authority.as_str());
    }
    if parts.headers.len() > limits.max_fields {
        return Err(Fault::HeaderTooLarge);
    }
    for (name, value) in &parts.headers {
        if has_edge_space(value.as_bytes()) {
            return Err(Fault::BadRequest("a field's value begins or ends with white space"));
        }
        let kind = FieldKind::of(name.as_str().as_bytes());
        let (name, value) = (head.push(name.as_str().as_bytes()), head.push(value.as_bytes()));
        head.fields.push(FieldSpan { name, value, kind });
    }
    if head.bytes.len() + target.len() > limits.max_header_bytes {
        return Err(Fault::HeaderTooLarge);
    }
    normalize(head)?;
    // There is no chunked coding in HTTP/2: without a length the stream's end is the body's.
    if head.framing == Framing::None && !empty {
        head.framing = Framing::Chunked;
    }
    Ok(())
}

/// RFC 9113 §8.2.1: such a field is malformed. A backend that reads HTTP/1.1 would see another value than
/// was decided on.
pub(super) fn has_edge_space(value: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_space(value.first()) || is_space(value.last())
}
