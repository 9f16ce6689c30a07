//! The answer that a client gets: the backend's head with our edits, or an answer of our own.

use std::borrow::Cow;

use http::StatusCode;
use phantom_pipeline::Answer;
use phantom_pipeline::cors::Cors;
use phantom_pipeline::cors::HeaderList;
use phantom_telemetry::RequestId;

use crate::date::HttpDate;
use crate::head::Version;
use crate::request_id::is_id_field;
use crate::response::ResponseHead;
use phantom_wire::Framing;

/// Edits to a backend's response that follow from the route and the decision.
#[derive(Debug)]
pub(crate) struct ResponseEdits {
    cors: Option<HeaderList>,
    private: bool,
    stamp: Stamp,
}

/// The members that every answer tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// For one that tells none (RFC 9110 §6.6.1).
    pub(crate) date: HttpDate,
    /// Where it is to be told.
    pub(crate) id: Option<RequestId>,
}

impl ResponseEdits {
    pub(crate) fn new(
        cors: Option<&Cors>,
        origin: Option<&[u8]>,
        private: bool,
        stamp: Stamp,
    ) -> Self {
        Self { cors: cors.map(|cors| cors.fields_for(origin)), private, stamp }
    }

    /// The fields the client gets, in order; ours last.
    pub(crate) fn fields<'a>(
        &'a self,
        head: &'a ResponseHead,
    ) -> impl Iterator<Item = (&'a [u8], Cow<'a, [u8]>)> {
        let Stamp { date, id } = &self.stamp;
        let date = (!head.is_dated()).then_some((&b"date"[..], Cow::Borrowed(&date[..])));
        let id = id.as_ref().map(|id| (&b"x-request-id"[..], Cow::Borrowed(id.as_bytes())));
        let theirs = head.end_to_end().filter(|(name, _)| !self.replaces(name));
        let ours =
            self.cors.iter().flatten().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let passed = theirs.chain(ours).map(|(name, value)| (name, Cow::Borrowed(value)));
        // RFC 6750 §2.3: a token in the URI must not leave its answer in a shared cache.
        let private = self.private.then(|| (&b"cache-control"[..], private(head).into()));
        passed.chain(private).chain(date).chain(id)
    }

    fn replaces(&self, name: &[u8]) -> bool {
        (self.private && name.eq_ignore_ascii_case(b"cache-control"))
            || (self.cors.is_some() && crate::head::starts_with(name, b"access-control-"))
            || (self.stamp.id.is_some() && is_id_field(name))
    }
}

/// The backend's own words on caches, and that the answer is for one client. Whatever would let shared caches
/// have it all the same goes; everything else of it stays.
fn private(head: &ResponseHead) -> Vec<u8> {
    let theirs = head.end_to_end().filter(|(name, _)| name.eq_ignore_ascii_case(b"cache-control"));
    let kept = theirs.flat_map(|(_, value)| directives(value)).filter(|directive| {
        let end = directive.iter().position(|byte| *byte == b'=').unwrap_or(directive.len());
        let (name, argument) = directive.split_at(end);
        let is = |wanted: &[u8]| name.trim_ascii().eq_ignore_ascii_case(wanted);
        !(is(b"public") || is(b"s-maxage") || is(b"private") && argument.is_empty())
    });
    kept.chain([&b"private"[..]]).collect::<Vec<_>>().join(&b", "[..])
}

/// Members of a list whose commas may be quoted (RFC 9111 §5.2).
fn directives(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let members = value.split(move |byte| {
        quoted ^= *byte == b'"' && !escaped;
        escaped = quoted && *byte == b'\\' && !escaped;
        *byte == b',' && !quoted
    });
    members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// How the body goes to a client of that version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFraming {
    Chunked,
    Length,
    None,
    UntilClose,
}

impl ClientFraming {
    pub(crate) const fn new(from_backend: Framing, version: Version) -> Self {
        match (from_backend, version) {
            (Framing::None, _) => Self::None,
            (Framing::Length(_), _) => Self::Length,
            (Framing::Chunked | Framing::UntilClose, Version::Http10) => Self::UntilClose,
            (Framing::Chunked | Framing::UntilClose, _) => Self::Chunked,
        }
    }
}

/// Writes the head of a backend's response for an HTTP/1 client.
pub(crate) fn write_response_head(
    head: &ResponseHead,
    edits: &ResponseEdits,
    framing: ClientFraming,
    version: Version,
    keep_alive: bool,
    out: &mut Vec<u8>,
) {
    write_status(head.status, out);
    for (name, value) in edits.fields(head) {
        write_field(name, &value, out);
    }
    match framing {
        ClientFraming::Chunked => write_field(b"transfer-encoding", b"chunked", out),
        // `HEAD` and 304 may tell a length without having a body.
        ClientFraming::Length | ClientFraming::None => {
            if let Some(length) = head.length_to_tell() {
                write_field(b"content-length", itoa::Buffer::new().format(length).as_bytes(), out);
            }
        }
        ClientFraming::UntilClose => {}
    }
    write_connection(version, keep_alive, out);
    out.extend_from_slice(b"\r\n");
}

/// Passes an interim response on (RFC 9110 §15.2).
pub(crate) fn write_interim(head: &ResponseHead, out: &mut Vec<u8>) {
    write_status(head.status, out);
    for (name, value) in head.end_to_end() {
        write_field(name, value, out);
    }
    out.extend_from_slice(b"\r\n");
}

/// The length that an answer of our own tells: 304 would tell that of the content that it is not.
pub(crate) fn length_of(answer: &Answer) -> Option<u64> {
    (!matches!(answer.status, 204 | 304)).then_some(answer.body.len() as u64)
}

/// Writes the head of an answer of our own, for content of that length.
pub(crate) fn write_own_head(
    answer: &Answer,
    length: Option<u64>,
    version: Version,
    keep_alive: bool,
    stamp: &Stamp,
    out: &mut Vec<u8>,
) {
    write_status(answer.status, out);
    write_field(b"date", &stamp.date, out);
    if let Some(id) = &stamp.id {
        write_field(b"x-request-id", id.as_bytes(), out);
    }
    for (name, value) in &answer.fields {
        write_field(name.as_bytes(), value.as_bytes(), out);
    }
    if let Some(length) = length {
        write_field(b"content-length", itoa::Buffer::new().format(length).as_bytes(), out);
    }
    write_connection(version, keep_alive, out);
    out.extend_from_slice(b"\r\n");
}

/// An answer of our own for HTTP/2.
pub(crate) fn answer_head(answer: &Answer, stamp: &Stamp) -> http::Response<()> {
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in &answer.fields {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            response.headers_mut().append(http::HeaderName::from_static(name), value);
        }
    }
    if let Ok(date) = http::HeaderValue::from_bytes(&stamp.date) {
        response.headers_mut().insert(http::header::DATE, date);
    }
    if let Some(Ok(id)) = stamp.id.map(|id| http::HeaderValue::from_bytes(id.as_bytes())) {
        response.headers_mut().insert(http::HeaderName::from_static("x-request-id"), id);
    }
    response
}

fn write_status(status: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(itoa::Buffer::new().format(status).as_bytes());
    out.push(b' ');
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    out.extend_from_slice(reason.unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn write_connection(version: Version, keep_alive: bool, out: &mut Vec<u8>) {
    match (version, keep_alive) {
        (_, false) => write_field(b"connection", b"close", out),
        (Version::Http10, true) => write_field(b"connection", b"keep-alive", out),
        _ => {}
    }
}

pub(crate) fn write_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
