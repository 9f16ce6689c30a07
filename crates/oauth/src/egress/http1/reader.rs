//! One HTTP/1.1 answer (RFC 9112), read from bytes as they come. Knows no I/O.

use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_wire::BodyDecoder;
use phantom_wire::Framing;
use phantom_wire::InvalidChunk;
use phantom_wire::Piece;
use phantom_wire::ReadBuffer;
use thiserror::Error;

use crate::egress::Answer;

const MAX_HEAD: usize = 32 * 1024;
const MAX_FIELDS: usize = 100;
/// Answers that are none: 1xx before the one that counts.
const MAX_INTERIM: usize = 16;
/// The room that an answer of unknown length gets at first.
const USUAL_BODY: usize = 2 * 1024;

/// The fields of an answer that anybody here looks at. Others are checked and left out.
const WANTED: [HeaderName; 4] =
    [header::AGE, header::CACHE_CONTROL, header::CONTENT_TYPE, header::RETRY_AFTER];

/// Finds one answer in what was read.
#[derive(Debug)]
pub(super) struct Reader {
    limit: usize,
    /// Where the body ends; there is one once the head was read.
    decoder: Option<BodyDecoder>,
    /// Bytes of a head in which its end was not found.
    scanned: usize,
    interim: usize,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    reusable: bool,
    keep_alive: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum ReadError {
    #[error("the answer's head is malformed")]
    Head,
    #[error("the answer's framing is ambiguous")]
    Framing,
    #[error("the answer's chunked coding is malformed")]
    Chunk,
    #[error("the answer is longer than allowed")]
    TooLong,
    #[error("the answer is compressed")]
    Encoded,
}

/// A whole answer, and what its sender says of the connection.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) answer: Answer,
    pub(super) reusable: bool,
    /// How long an idle connection is kept (`Keep-Alive: timeout=`).
    pub(super) keep_alive: Option<Duration>,
}

impl Reader {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            decoder: None,
            scanned: 0,
            interim: 0,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Vec::new(),
            reusable: false,
            keep_alive: None,
        }
    }

    /// Takes what belongs to the answer from the start of `input`. True when it is whole.
    pub(super) fn read(&mut self, input: &mut ReadBuffer) -> Result<bool, ReadError> {
        while self.decoder.is_none() {
            let Some(length) = head_end(input.data(), &mut self.scanned)? else {
                return Ok(false);
            };
            self.scanned = 0;
            self.head(input.data().get(..length).unwrap_or_default())?;
            input.consume(length);
        }
        while let Some(decoder) = &mut self.decoder {
            match decoder.next(input).map_err(|InvalidChunk| ReadError::Chunk)? {
                Piece::Data(count) if count > self.limit - self.body.len() => {
                    return Err(ReadError::TooLong);
                }
                Piece::Data(count) => {
                    self.body.extend_from_slice(input.data().get(..count).unwrap_or_default());
                    input.consume(count);
                    decoder.took(count);
                }
                Piece::End => return Ok(true),
                Piece::NeedMore => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The connection has ended. True if that is how the answer ends.
    pub(super) fn ends_here(&mut self) -> bool {
        self.decoder.as_mut().is_some_and(BodyDecoder::closed)
    }

    pub(super) fn whole(self) -> Whole {
        let Self { status, headers, body, reusable, keep_alive, .. } = self;
        Whole { answer: Answer { status, headers, body }, reusable, keep_alive }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<(), ReadError> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
            _ => return Err(ReadError::Head),
        }
        let status = head.code.and_then(|code| StatusCode::from_u16(code).ok());
        self.status = status.ok_or(ReadError::Head)?;
        if self.status.is_informational() {
            self.interim += 1;
            // Nothing was said of another protocol.
            return match self.status {
                StatusCode::SWITCHING_PROTOCOLS => Err(ReadError::Head),
                _ if self.interim > MAX_INTERIM => Err(ReadError::Head),
                _ => Ok(()),
            };
        }
        self.reusable = head.version == Some(1);
        let (mut length, mut chunked, mut encoded) = (None, false, false);
        for field in head.headers.iter() {
            let (name, value) = (field.name, field.value);
            if name.eq_ignore_ascii_case("content-length") {
                let named = content_length(value).ok_or(ReadError::Framing)?;
                if length.replace(named).is_some_and(|before| before != named) {
                    return Err(ReadError::Framing);
                }
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(ReadError::Framing);
                }
                chunked = true;
            } else if name.eq_ignore_ascii_case("connection") {
                self.connection(value, head.version == Some(0));
            } else if name.eq_ignore_ascii_case("keep-alive") {
                self.keep_alive = keep_alive(value);
            } else if name.eq_ignore_ascii_case("content-encoding") {
                encoded |= !value.eq_ignore_ascii_case(b"identity");
            } else if let Some(wanted) =
                WANTED.iter().find(|wanted| name.eq_ignore_ascii_case(wanted.as_str()))
            {
                let value = HeaderValue::from_bytes(value).map_err(|_| ReadError::Head)?;
                self.headers.append(wanted, value);
            }
        }
        // RFC 9112 §6.3.
        let framing = match (self.status, chunked, length) {
            (_, true, Some(_)) => return Err(ReadError::Framing),
            (StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED, _, _) => Framing::None,
            _ if encoded => return Err(ReadError::Encoded),
            (_, true, None) => Framing::Chunked,
            (_, false, Some(length)) => Framing::Length(length),
            (_, false, None) => Framing::UntilClose,
        };
        self.reusable &= framing != Framing::UntilClose;
        let room = match framing {
            Framing::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > self.limit {
                    return Err(ReadError::TooLong);
                }
                length
            }
            Framing::None => 0,
            Framing::Chunked | Framing::UntilClose => USUAL_BODY.min(self.limit),
        };
        self.body.reserve_exact(room);
        // What trailers say is not looked at.
        self.decoder = Some(BodyDecoder::new(framing, |_| false));
        Ok(())
    }

    fn connection(&mut self, value: &[u8], old_version: bool) {
        for member in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            if member.eq_ignore_ascii_case(b"close") {
                self.reusable = false;
            } else if old_version && member.eq_ignore_ascii_case(b"keep-alive") {
                self.reusable = true;
            }
        }
    }
}

/// Where the head at the start of `data` ends. Looks at every byte once.
fn head_end(data: &[u8], scanned: &mut usize) -> Result<Option<usize>, ReadError> {
    // The end may have begun in what was looked at before.
    let begin = scanned.saturating_sub(2);
    let seen = data.get(begin..).unwrap_or_default();
    for (at, _) in seen.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let end = match seen.get(at + 1..).unwrap_or_default() {
            [b'\n', ..] => at + 2,
            [b'\r', b'\n', ..] => at + 3,
            _ => continue,
        };
        return if begin + end > MAX_HEAD { Err(ReadError::Head) } else { Ok(Some(begin + end)) };
    }
    *scanned = data.len();
    if data.len() > MAX_HEAD { Err(ReadError::Head) } else { Ok(None) }
}

/// Digits alone.
fn content_length(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

/// `timeout=5, max=100`.
fn keep_alive(value: &[u8]) -> Option<Duration> {
    std::str::from_utf8(value).ok()?.split(',').find_map(|member| {
        let (name, seconds) = member.split_once('=')?;
        let seconds = name.trim().eq_ignore_ascii_case("timeout").then_some(seconds)?;
        Some(Duration::from_secs(u64::from(seconds.trim().parse::<u32>().ok()?)))
    })
}

#[cfg(test)]
mod tests;
