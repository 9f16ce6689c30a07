//! Response heads from backends (RFC 9112 §4, §6), as strictly as request heads.

use std::mem::MaybeUninit;

use crate::head::FieldKind;
use crate::head::FieldSpan;
use crate::head::Framing;
use crate::head::Span;
use crate::head::starts_with;
use crate::http1::request::MAX_FIELDS;
use crate::normalize::members;
use crate::normalize::parse_length;

/// Largest head taken from a backend.
const MAX_HEAD: usize = 64 * 1024;

/// A response head: one run of bytes and where its parts lie. Reused from response to response.
#[derive(Debug, Default)]
pub struct ResponseHead {
    pub bytes: Vec<u8>,
    pub fields: Vec<FieldSpan>,
    pub status: u16,
    pub framing: Framing,
    /// The backend will take another request on this connection.
    pub reusable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    #[error("the response head is malformed")]
    Malformed,
    #[error("the response head is too large")]
    TooLarge,
    #[error("the response's framing is ambiguous")]
    Framing,
}

/// Parses the head at the start of `data`. `Ok(None)`: not complete yet. `method` is that of the
/// request answered: it takes part in the framing (RFC 9112 §6.3).
pub fn parse(
    data: &[u8],
    head: &mut ResponseHead,
    to_head_request: bool,
) -> Result<Option<usize>, InvalidResponse> {
    let mut room = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let outcome = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        data,
        &mut room,
    );
    let length = match outcome {
        Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => length,
        Ok(httparse::Status::Partial) if data.len() < MAX_HEAD => return Ok(None),
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(InvalidResponse::TooLarge),
        Err(_) => return Err(InvalidResponse::Malformed),
    };
    head.bytes.clear();
    head.fields.clear();
    head.bytes.extend_from_slice(data.get(..length).unwrap_or_default());
    head.status = response.code.unwrap_or_default();
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
                let named = parse_length(field.value).ok_or(InvalidResponse::Framing)?;
                if body_length.replace(named).is_some_and(|before| before != named) {
                    return Err(InvalidResponse::Framing);
                }
            }
            FieldKind::TransferEncoding => {
                if chunked || !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(InvalidResponse::Framing);
                }
                chunked = true;
            }
            // A backend that echoes our credential would hand the JWT to the client (HTP-16).
            FieldKind::Authorization => kind = FieldKind::HopByHop,
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

    /// The length to tell the client, also where there is no body: `HEAD` and 304 may name one.
    #[must_use]
    pub fn content_length(&self) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.kind == FieldKind::ContentLength)?;
        Some(field.value.of(&self.bytes))
    }
}
