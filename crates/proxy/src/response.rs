//! Response heads from backends (RFC 9112 §4, §6), as strictly as request heads.

use std::mem::MaybeUninit;

use crate::config::Limits;
use crate::head::FieldKind;
use crate::head::FieldSpan;
use crate::head::Span;
use crate::head::starts_with;
use crate::normalize::members;
use crate::normalize::parse_length;
use phantom_wire::Framing;

/// Fields that there is room for on the stack.
const USUAL_FIELDS: usize = 128;

/// A response head: one run of bytes and where its parts lie. Reused from response to response.
#[derive(Debug, Default)]
pub struct ResponseHead {
    pub bytes: Vec<u8>,
    pub fields: Vec<FieldSpan>,
    pub status: u16,
    pub framing: Framing,
    /// The backend will take another request on this connection.
    pub reusable: bool,
    /// As the backend tells it, also where there is no body: `HEAD` and 304 may name one.
    length: Option<u64>,
    /// For so long, in seconds, if it says so (`Keep-Alive: timeout=`).
    pub keep_alive: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    #[error("the response head is malformed")]
    Malformed,
    #[error("the response head is larger than `max_response_header_bytes`")]
    TooLarge,
    #[error("the response head has more fields than `max_response_fields`")]
    TooManyFields,
    #[error("the response's framing is ambiguous")]
    Framing,
}

/// Parses the head at the start of `data`. `Ok(None)`: not complete yet. `method` is that of the
/// request answered: it takes part in the framing (RFC 9112 §6.3).
pub fn parse(
    data: &[u8],
    head: &mut ResponseHead,
    to_head_request: bool,
    limits: &Limits,
) -> Result<Option<usize>, InvalidResponse> {
    if let Some(known) = with_known_version(data) {
        return parse(&known, head, to_head_request, limits);
    }
    let mut room = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    match tokenise(data, head, to_head_request, &mut room, limits) {
        // Answers with so many fields are rare: they may cost an allocation.
        Err(InvalidResponse::TooManyFields) if limits.max_response_fields > USUAL_FIELDS => {
            let mut room = vec![MaybeUninit::uninit(); limits.max_response_fields];
            tokenise(data, head, to_head_request, &mut room, limits)
        }
        parsed => parsed,
    }
}

/// RFC 9110 §2.5: a minor version that we do not know is read as the highest that we do.
fn with_known_version(data: &[u8]) -> Option<Vec<u8>> {
    let minor = data.strip_prefix(b"HTTP/1.")?.first()?;
    if !matches!(minor, b'2'..=b'9') {
        return None;
    }
    let mut known = data.to_vec();
    *known.get_mut(b"HTTP/1.".len())? = b'1';
    Some(known)
}

fn tokenise<'a>(
    data: &'a [u8],
    head: &mut ResponseHead,
    to_head_request: bool,
    room: &mut [MaybeUninit<httparse::Header<'a>>],
    limits: &Limits,
) -> Result<Option<usize>, InvalidResponse> {
    let most = limits.max_response_header_bytes;
    let mut response = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    // RFC 9112 §5.1: a proxy removes it from a response. In a request it is refused.
    config.allow_spaces_after_header_name_in_responses(true);
    let outcome = config.parse_response_with_uninit_headers(&mut response, data, room);
    let length = match outcome {
        Ok(httparse::Status::Complete(length)) if length <= most => length,
        Ok(httparse::Status::Partial) if data.len() < most => return Ok(None),
        Ok(_) => return Err(InvalidResponse::TooLarge),
        Err(httparse::Error::TooManyHeaders) => return Err(InvalidResponse::TooManyFields),
        Err(_) => return Err(InvalidResponse::Malformed),
    };
    if response.headers.len() > limits.max_response_fields {
        return Err(InvalidResponse::TooManyFields);
    }
    head.keep_alive = None;
    head.bytes.clear();
    head.fields.clear();
    head.bytes.extend_from_slice(data.get(..length).unwrap_or_default());
    head.status = response.code.filter(|code| *code >= 100).ok_or(InvalidResponse::Malformed)?;
    head.reusable = response.version == Some(1);
    let (mut body_length, mut chunked) = (None, false);
    for field in response.headers.iter() {
        let mut kind = FieldKind::of(field.name.as_bytes());
        match kind {
            FieldKind::Connection => {
                for member in members(field.value) {
                    if member.eq_ignore_ascii_case(b"close") {
                        head.reusable = false;
                    } else if member.eq_ignore_ascii_case(b"keep-alive")
                        && response.version == Some(0)
                    {
                        head.reusable = true;
                    }
                }
            }
            FieldKind::ContentLength => {
                // RFC 9112 §6.3: the same length again and again is that length, in one field too.
                for member in field.value.split(|byte| *byte == b',') {
                    let named = parse_length(member.trim_ascii());
                    let named = named.ok_or(InvalidResponse::Framing)?;
                    if body_length.replace(named).is_some_and(|before| before != named) {
                        return Err(InvalidResponse::Framing);
                    }
                }
            }
            FieldKind::TransferEncoding => {
                // RFC 9110 §5.6.1.2: members of a list may be empty.
                for member in members(field.value) {
                    if chunked || !member.eq_ignore_ascii_case(b"chunked") {
                        return Err(InvalidResponse::Framing);
                    }
                    chunked = true;
                }
            }
            // A backend that echoes our credential would hand the JWT to the client (HTP-16).
            FieldKind::Authorization => kind = FieldKind::HopByHop,
            FieldKind::HopByHop if field.name.eq_ignore_ascii_case("keep-alive") => {
                head.keep_alive = keep_alive_timeout(field.value);
            }
            FieldKind::Lookalike => kind = FieldKind::PassThrough,
            _ => {}
        }
        let span = |part: &[u8]| {
            let start = part.as_ptr() as usize - data.as_ptr() as usize;
            Span::new(start, start + part.len())
        };
        let (name, value) = (span(field.name.as_bytes()), span(field.value));
        head.fields.push(FieldSpan { name, value, kind });
    }
    drop_named_by_connection(head);
    if chunked && body_length.is_some() {
        return Err(InvalidResponse::Framing);
    }
    // RFC 9112 §6.1: whoever speaks HTTP/1.0 does not know where such a body ends.
    head.reusable &= !(chunked && response.version == Some(0));
    head.length = body_length;
    let bodiless = to_head_request || matches!(head.status, 100..=199 | 204 | 304);
    head.framing = match (bodiless, chunked, body_length) {
        (true, _, _) => Framing::None,
        (false, true, _) => Framing::Chunked,
        (false, false, Some(length)) => Framing::Length(length),
        (false, false, None) => {
            head.reusable = false;
            Framing::UntilClose
        }
    };
    Ok(Some(length))
}

/// `timeout=5, max=100`: seconds that an idle connection is kept, as many backends say.
fn keep_alive_timeout(value: &[u8]) -> Option<u32> {
    members(value).find_map(|member| {
        let (name, seconds) = std::str::from_utf8(member).ok()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("timeout").then(|| seconds.trim().parse().ok())?
    })
}

fn drop_named_by_connection(head: &mut ResponseHead) {
    let ResponseHead { bytes, fields, .. } = head;
    let named: Vec<Vec<u8>> = fields
        .iter()
        .filter(|field| field.kind == FieldKind::Connection)
        .flat_map(|field| members(field.value.of(bytes)).map(<[u8]>::to_ascii_lowercase))
        .filter(|name| name != b"close" && name != b"keep-alive")
        .collect();
    if named.is_empty() {
        return;
    }
    for field in fields.iter_mut().filter(|field| field.kind == FieldKind::PassThrough) {
        if named.iter().any(|name| field.name.of(bytes).eq_ignore_ascii_case(name)) {
            field.kind = FieldKind::HopByHop;
        }
    }
}

impl ResponseHead {
    /// Fields that go on to the client: all but those of this hop and of framing.
    pub fn end_to_end(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .filter(|field| {
                !matches!(
                    field.kind,
                    FieldKind::Connection
                        | FieldKind::HopByHop
                        | FieldKind::Te
                        | FieldKind::TransferEncoding
                        | FieldKind::ContentLength
                )
            })
            .map(|field| (field.name.of(&self.bytes), field.value.of(&self.bytes)))
    }

    /// A server-sent event stream: it may end after any event without looking cut.
    #[must_use]
    pub fn is_event_stream(&self) -> bool {
        self.end_to_end().any(|(name, value)| {
            name.eq_ignore_ascii_case(b"content-type") && starts_with(value, b"text/event-stream")
        })
    }

    /// The length to tell the client (RFC 9110 §8.6).
    #[must_use]
    pub fn length_to_tell(&self) -> Option<u64> {
        self.length.filter(|_| !matches!(self.status, 100..=199 | 204))
    }

    /// Returns whether the client is told when the answer was made.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        self.fields.iter().any(|field| {
            field.kind == FieldKind::PassThrough
                && field.name.of(&self.bytes).eq_ignore_ascii_case(b"date")
        })
    }
}
