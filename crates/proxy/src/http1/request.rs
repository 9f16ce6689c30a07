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

/// Method and path of a head that was refused, as far as they are there: for the log, so without query
/// and authority, and nothing that may be something else, such as a secret in a wrong place.
#[must_use]
pub fn line<'a>(data: &'a [u8], limits: &Limits) -> (&'a str, &'a str) {
    const LONGEST_METHOD: usize = 32;
    let start = data.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let most = limits.max_target_bytes + LONGEST_METHOD + 1;
    let line = data.get(start..).unwrap_or_default();
    let line = line.get(..most).unwrap_or(line);
    let line = line.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let Some(at) = line.iter().position(|byte| *byte == b' ').filter(|at| *at <= LONGEST_METHOD)
    else {
        return ("", "");
    };
    let (method, target) = line.split_at(at);
    let letters = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    if method.is_empty() || !method.iter().all(letters) {
        return ("", "");
    }
    let target = target.get(1..).unwrap_or_default();
    let end = target.iter().position(|byte| !byte.is_ascii_graphic() || *byte == b'?');
    let target = target.get(..end.unwrap_or(target.len())).unwrap_or_default();
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    let (method, target) = (text(method), text(target));
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
        }
        _ if target.starts_with('/') => target,
        _ => "",
    };
    (method, path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_refused_head_is_told_as_far_as_it_is_there_and_without_secrets() {
        let limits = Limits { max_target_bytes: 256, ..Limits::default() };
        for (head, line_of_it) in [
            ("GET /a/../b?token=s HTTP/1.1\r\n", ("GET", "/a/../b")),
            ("\r\nGET //a HTTP/1.1\r\nHost: h\r\n", ("GET", "//a")),
            ("get /half", ("get", "/half")),
            ("GET http://user:pass@h/x?y HTTP/1.1\r\n", ("GET", "/x")),
            ("GET http://user:pass@h HTTP/1.1\r\n", ("GET", "")),
            ("CONNECT h:443 HTTP/1.1\r\n", ("CONNECT", "")),
            ("GET /a\u{1}b HTTP/1.1\r\n", ("GET", "/a")),
            ("GET /a://b HTTP/1.1\r\n", ("GET", "/a://b")),
            ("OPTIONS * HTTP/1.1\r\n", ("OPTIONS", "")),
            ("Authorization: Bearer s\r\n", ("", "")),
            ("eyJhbGciOiJub25lIn0.e30. /a HTTP/1.1\r\n", ("", "")),
            ("\u{16}\u{3}\u{1} /", ("", "")),
            ("GET", ("", "")),
            ("", ("", "")),
        ] {
            assert_eq!(line(head.as_bytes(), &limits), line_of_it, "{head:?}");
        }
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000));
        let (method, path) = line(long.as_bytes(), &limits);
        assert!(method == "GET" && (200..300).contains(&path.len()), "{}", path.len());
    }
}
