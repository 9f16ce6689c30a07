//! Request heads (RFC 9112 §2 to §5): tokenised by `httparse`, then held to a stricter rule.

use std::mem::MaybeUninit;

use phantom_pipeline::Fault;

use crate::config::Limits;
use crate::head::FieldKind;
use crate::head::FieldSpan;
use crate::head::RequestHead;
use crate::head::Span;
use crate::head::Version;
use crate::normalize::normalize;

/// Fields that `httparse` is given room for; `Limits::max_fields` may only be lower.
pub const MAX_FIELDS: usize = 128;

/// Parses the head at the start of `data` into `head`. `Ok(None)`: it is not complete yet.
/// Otherwise the number of bytes it took.
pub fn parse(data: &[u8], head: &mut RequestHead, limits: &Limits) -> Result<Option<usize>, Fault> {
    let mut room = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let outcome = httparse::ParserConfig::default().parse_request_with_uninit_headers(
        &mut request,
        data,
        &mut room,
    );
    let length = match outcome {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return partial(data, limits),
        Err(error) => return Err(fault_of(error, data, limits)),
    };
    if length > limits.max_header_bytes {
        return Err(Fault::HeaderTooLarge);
    }
    let bytes = data.get(..length).unwrap_or_default();
    // RFC 9112 §2.2 lets a recipient take a bare LF for a line end. Two recipients that differ on
    // that are how requests get smuggled; we do not.
    if has_bare_lf(bytes) {
        return Err(Fault::BadRequest("a line ends in LF without CR"));
    }
    if request.headers.len() > limits.max_fields {
        return Err(Fault::HeaderTooLarge);
    }
    head.clear();
    head.bytes.extend_from_slice(bytes);
    let within = |part: &[u8]| {
        let start = part.as_ptr() as usize - data.as_ptr() as usize;
        Span::new(start, start + part.len())
    };
    head.version = match request.version {
        Some(0) => Version::Http10,
        _ => Version::Http11,
    };
    head.set_method(request.method.unwrap_or_default());
    let target = request.path.unwrap_or_default();
    if target.len() > limits.max_target_bytes {
        return Err(Fault::TargetTooLong);
    }
    split_target(head, target)?;
    for field in request.headers.iter() {
        head.fields.push(FieldSpan {
            name: within(field.name.as_bytes()),
            value: within(field.value),
            kind: FieldKind::of(field.name.as_bytes()),
        });
    }
    normalize(head)?;
    Ok(Some(length))
}

/// An incomplete head may already be too large.
fn partial(data: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
    if data.len() < limits.max_header_bytes {
        return Ok(None);
    }
    let first_line = data.iter().take(limits.max_header_bytes).any(|byte| *byte == b'\n');
    Err(if first_line { Fault::HeaderTooLarge } else { Fault::TargetTooLong })
}

fn fault_of(error: httparse::Error, data: &[u8], limits: &Limits) -> Fault {
    match error {
        httparse::Error::TooManyHeaders => Fault::HeaderTooLarge,
        httparse::Error::Version if !data.starts_with(b"PRI * HTTP/2.0") => {
            Fault::VersionNotSupported
        }
        _ if data.len() > limits.max_header_bytes => Fault::HeaderTooLarge,
        httparse::Error::HeaderName => Fault::BadRequest("a header field's name is malformed"),
        httparse::Error::HeaderValue => Fault::BadRequest("a header field's value is malformed"),
        _ => Fault::BadRequest("the request line is malformed"),
    }
}

fn has_bare_lf(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', bytes)
        .any(|at| at == 0 || bytes.get(at - 1).is_none_or(|before| *before != b'\r'))
}

/// Origin-form, or absolute-form whose authority replaces Host (RFC 9112 §3.2). The other two forms
/// belong to `CONNECT` and to `OPTIONS *`, which have no route.
fn split_target(head: &mut RequestHead, target: &str) -> Result<(), Fault> {
    let mut rest = target;
    if !target.starts_with('/') {
        let scheme = ["http://", "https://"].into_iter().find(|scheme| {
            target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        let Some(scheme) = scheme else {
            return Err(match head.method() {
                "CONNECT" => Fault::MethodNotImplemented,
                _ => Fault::BadRequest("the request target is neither a path nor an absolute URI"),
            });
        };
        let named = target.get(scheme.len()..).unwrap_or_default();
        let end = named.find(['/', '?']).unwrap_or(named.len());
        let (authority, path) = named.split_at_checked(end).unwrap_or_default();
        if authority.is_empty() || !path.starts_with('/') {
            return Err(Fault::BadRequest("the absolute request target has no host or no path"));
        }
        head.set_authority(authority);
        rest = path;
    }
    match rest.split_once('?') {
        Some((path, query)) => head.set_target(path, Some(query)),
        None => head.set_target(rest, None),
    }
    Ok(())
}
