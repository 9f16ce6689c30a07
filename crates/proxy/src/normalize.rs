//! Refuses what two HTTP parsers could read in two ways, before anything is decided on it.
//!
//! One rule for paths (HTP-11): the path decided on is the path sent, byte for byte, and a path
//! with more than one spelling is refused. So these are refused: dot segments and empty segments,
//! plain or encoded; `\`, `;`, control and non-ASCII bytes; `%2F`, `%5C`, `%00`; percent-encoded
//! unreserved characters; broken percent-encoding.

use phantom_pipeline::Fault;

use crate::head::FieldKind;
use crate::head::RequestHead;
use crate::head::Span;
use crate::head::Version;
use phantom_wire::Framing;

/// Checks a whole head and fills in what follows from its fields: authority, framing, connection.
///
/// Fields, method, target and version are there already, and the authority where the request line
/// or `:authority` names one.
pub fn normalize(head: &mut RequestHead) -> Result<(), Fault> {
    check_method(head)?;
    check_path(head.path())?;
    check_query(head.query().unwrap_or_default())?;
    let mut seen = Seen::default();
    head.keep_alive = head.version != Version::Http10;
    for at in 0..head.fields.len() {
        let Some(field) = head.fields.get(at).copied() else { break };
        match field.kind {
            FieldKind::Connection => connection(head, field.value)?,
            FieldKind::ContentLength => seen.length(head.value(&field))?,
            FieldKind::Cookie => seen.cookies += 1,
            FieldKind::Expect => expect(head, field.value)?,
            FieldKind::Host => seen.host(field.value)?,
            FieldKind::Te => {
                let trailers = members(head.value(&field)).any(is_trailers);
                head.takes_trailers |= trailers;
            }
            FieldKind::TransferEncoding => seen.coding(head.value(&field))?,
            _ => {}
        }
    }
    if seen.cookies > 1 {
        join_cookies(head);
    }
    authority(head, &seen)?;
    head.framing = framing(head.version, &seen)?;
    Ok(())
}

#[derive(Default)]
struct Seen {
    host: Option<Span>,
    length: Option<u64>,
    chunked: bool,
    cookies: usize,
}

impl Seen {
    fn host(&mut self, value: Span) -> Result<(), Fault> {
        match self.host.replace(value) {
            None => Ok(()),
            Some(_) => Err(Fault::BadRequest("more than one Host field")),
        }
    }

    /// RFC 9112 §6.3: digits only; a list or a repetition is refused even where all agree.
    fn length(&mut self, value: &[u8]) -> Result<(), Fault> {
        let bad = Fault::BadRequest("Content-Length is not one number");
        let length = parse_length(value).ok_or(bad)?;
        match self.length.replace(length) {
            None => Ok(()),
            Some(_) => Err(bad),
        }
    }

    /// `chunked` alone: other codings, and `chunked` twice, are refused.
    fn coding(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::BadRequest("Transfer-Encoding is not `chunked`"));
        }
        self.chunked = true;
        Ok(())
    }
}

/// `1*DIGIT`, within what a body may ever be.
#[must_use]
pub fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 18 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn framing(version: Version, seen: &Seen) -> Result<Framing, Fault> {
    match (seen.chunked, seen.length) {
        // RFC 9112 §6.1: the request may be an attempt at smuggling.
        (true, Some(_)) => Err(Fault::BadRequest("both Transfer-Encoding and Content-Length")),
        (true, None) if version == Version::Http10 => {
            Err(Fault::BadRequest("Transfer-Encoding in HTTP/1.0"))
        }
        (true, None) => Ok(Framing::Chunked),
        (false, Some(length)) => Ok(Framing::Length(length)),
        (false, None) => Ok(Framing::None),
    }
}

/// Cookies in several fields are one string in pieces (RFC 9113 §8.2.3); in HTTP/1.1 as well, where
/// some clients and proxies send them so.
fn join_cookies(head: &mut RequestHead) {
    let crumbs = head.values(FieldKind::Cookie).map(<[u8]>::trim_ascii);
    let crumbs: Vec<&[u8]> = crumbs.filter(|crumb| !crumb.is_empty()).collect();
    let joined = crumbs.join(&b"; "[..]);
    let value = head.push(&joined);
    let mut is_first = true;
    head.fields.retain_mut(|field| {
        if field.kind != FieldKind::Cookie {
            return true;
        }
        field.value = value;
        std::mem::take(&mut is_first)
    });
}

/// RFC 9112 §3.2: exactly one valid Host in HTTP/1.1; an absolute-form target replaces it. In
/// HTTP/2 `:authority` and `host` have to agree (RFC 9113 §8.3.1).
fn authority(head: &mut RequestHead, seen: &Seen) -> Result<(), Fault> {
    let invalid = Fault::BadRequest("Host is not a host name with an optional port");
    let host = match seen.host {
        Some(host) => host.of(&head.bytes),
        None if head.version == Version::Http11 => return Err(Fault::BadRequest("no Host field")),
        None => b"",
    };
    // An absolute-form target replaces Host, but a broken Host is refused all the same.
    if !(is_authority(host) && is_authority(head.authority().as_bytes())) {
        return Err(invalid);
    }
    if head.authority().is_empty() {
        let host = std::str::from_utf8(host).map_err(|_| invalid)?.to_owned();
        head.set_authority(&host);
    } else if head.version == Version::Http2
        && seen.host.is_some()
        && !host.eq_ignore_ascii_case(head.authority().as_bytes())
    {
        return Err(Fault::BadRequest("`:authority` and `host` differ"));
    }
    Ok(())
}

/// Host and optional port (RFC 3986 §3.2.2): a name, an IPv4 address or a bracketed IPv6 address.
fn is_authority(value: &[u8]) -> bool {
    let (host, port) = match value.strip_prefix(b"[") {
        Some(rest) => match rest.iter().position(|byte| *byte == b']') {
            Some(end) => {
                let (address, rest) = rest.split_at(end);
                let inner = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
                if address.is_empty() || !address.iter().all(inner) {
                    return false;
                }
                (&b"x"[..], rest.get(1..).unwrap_or_default())
            }
            None => return false,
        },
        None => {
            let end = value.iter().position(|byte| *byte == b':').unwrap_or(value.len());
            value.split_at(end)
        }
    };
    let named = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let port_fits = match port {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // An empty Host is legal where the target has no authority; it just matches no named route.
    host.iter().all(named) && port_fits
}

/// RFC 9110 §7.6.1: what `Connection` names is for this hop alone. It must not name what we act on
/// or set ourselves (HTP-2).
fn connection(head: &mut RequestHead, value: Span) -> Result<(), Fault> {
    if head.version == Version::Http2 {
        return Err(Fault::BadRequest("a connection field in HTTP/2"));
    }
    let mut named: Vec<Vec<u8>> = Vec::new();
    for member in members(value.of(&head.bytes)) {
        if member.eq_ignore_ascii_case(b"keep-alive") {
            head.keep_alive = true;
        } else if member.eq_ignore_ascii_case(b"close") {
            head.keep_alive = false;
        } else if is_protected(member) {
            return Err(Fault::BadRequest("Connection names a field that is not for one hop"));
        } else {
            named.push(member.to_ascii_lowercase());
        }
    }
    if named.is_empty() {
        return Ok(());
    }
    let RequestHead { bytes, fields, .. } = head;
    for field in fields.iter_mut().filter(|field| field.kind == FieldKind::PassThrough) {
        let name = field.name.of(bytes);
        if named.iter().any(|listed| name.eq_ignore_ascii_case(listed)) {
            field.kind = FieldKind::HopByHop;
        }
    }
    Ok(())
}

fn is_protected(name: &[u8]) -> bool {
    let kind = FieldKind::of(name);
    name.eq_ignore_ascii_case(b"dpop")
        || !matches!(kind, FieldKind::PassThrough | FieldKind::HopByHop | FieldKind::Te)
}

fn expect(head: &mut RequestHead, value: Span) -> Result<(), Fault> {
    if !value.of(&head.bytes).eq_ignore_ascii_case(b"100-continue") {
        return Err(Fault::ExpectationFailed);
    }
    // HTTP/1.0 clients do not know 100 (RFC 9110 §10.1.1).
    head.expects_continue = head.version != Version::Http10;
    Ok(())
}

fn is_trailers(member: &[u8]) -> bool {
    member.eq_ignore_ascii_case(b"trailers")
}

/// Members of a comma-separated list, without empty ones (RFC 9110 §5.6.1).
pub fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// `TRACE` would show the client the JWT; `CONNECT` is for tunnels (HTP-10).
fn check_method(head: &RequestHead) -> Result<(), Fault> {
    match head.method() {
        "" => Err(Fault::BadRequest("the method is not a token")),
        "CONNECT" | "TRACE" => Err(Fault::MethodNotImplemented),
        method if method.len() > 32 => Err(Fault::BadRequest("the method is too long")),
        _ => Ok(()),
    }
}

/// The rule of the module's head.
pub fn check_path(path: &str) -> Result<(), Fault> {
    let bytes = path.as_bytes();
    if bytes.first() != Some(&b'/') {
        return Err(Fault::BadRequest("the path does not start with `/`"));
    }
    // One pass with a table tells the plain path from one that needs a closer look.
    let plain =
        bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_'));
    if !(plain || is_unambiguous(bytes)) {
        return Err(Fault::BadRequest(
            "the path has more than one spelling, or bytes no path may hold",
        ));
    }
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if segment == "." || segment == ".." {
            return Err(Fault::BadRequest("the path has dot segments"));
        }
        if segment.is_empty() && !last {
            return Err(Fault::BadRequest("the path has empty segments"));
        }
    }
    Ok(())
}

fn is_unambiguous(path: &[u8]) -> bool {
    let mut bytes = path.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digits = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                let (Some(high), Some(low)) = digits else { return false };
                let decoded = high << 4 | low;
                if is_unreserved(decoded) || matches!(decoded, 0 | b'/' | b'\\') {
                    return false;
                }
            }
            b';' | b'\\' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | b'#' | b'?' => {
                return false;
            }
            0x21..=0x7e => {}
            _ => return false,
        }
    }
    true
}

/// A query is passed on as it is; it only must not end the request line or hide bytes.
fn check_query(query: &str) -> Result<(), Fault> {
    if query.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && byte != b'#') {
        Ok(())
    } else {
        Err(Fault::BadRequest("the query holds bytes that no query may hold"))
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn hex(digit: &u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(*digit - b'0'),
        b'a'..=b'f' => Some(*digit - b'a' + 10),
        b'A'..=b'F' => Some(*digit - b'A' + 10),
        _ => None,
    }
}
