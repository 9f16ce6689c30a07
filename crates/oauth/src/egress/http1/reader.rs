//! One HTTP/1.1 answer (RFC 9112), read from bytes as they come. Knows no I/O.

use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use thiserror::Error;

use crate::egress::Answer;

const MAX_HEAD: usize = 32 * 1024;
const MAX_FIELDS: usize = 100;
/// Answers that are none: 1xx before the one that counts.
const MAX_INTERIM: usize = 16;
/// Longest line inside chunked coding: size with extensions, or one trailer field.
const MAX_LINE: usize = 4 * 1024;
/// All trailer fields of one body together.
const MAX_TRAILERS: usize = 16 * 1024;
/// What an answer of unknown length gets at first.
const USUAL_BODY: usize = 2 * 1024;

/// What anybody here looks at in an answer. Others are checked and left out.
const WANTED: [HeaderName; 4] =
    [header::AGE, header::CACHE_CONTROL, header::CONTENT_TYPE, header::RETRY_AFTER];

/// Finds one answer in what was read.
#[derive(Debug)]
pub(super) struct Reader {
    limit: usize,
    state: State,
    /// Bytes of a head in which its end was not found.
    scanned: usize,
    interim: usize,
    trailers: usize,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    reusable: bool,
    keep_alive: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    /// The CRLF behind a chunk's data.
    ChunkEnd,
    Trailers,
    UntilClose,
    Done,
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
            state: State::Head,
            scanned: 0,
            interim: 0,
            trailers: 0,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Vec::new(),
            reusable: false,
            keep_alive: None,
        }
    }

    /// Takes what belongs to the answer from the start of `input`. True when it is whole.
    pub(super) fn read(&mut self, input: &mut Vec<u8>) -> Result<bool, ReadError> {
        let mut rest = input.as_slice();
        let whole = self.advance(&mut rest);
        let taken = input.len() - rest.len();
        match input.len() == taken {
            true => input.clear(),
            false => drop(input.drain(..taken)),
        }
        whole
    }

    /// The connection has ended. True if that is how the answer ends.
    pub(super) fn ends_here(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.state == State::Done
    }

    pub(super) fn whole(self) -> Whole {
        let Self { status, headers, body, reusable, keep_alive, .. } = self;
        Whole { answer: Answer { status, headers, body }, reusable, keep_alive }
    }

    fn advance(&mut self, rest: &mut &[u8]) -> Result<bool, ReadError> {
        loop {
            match self.state {
                State::Done => return Ok(true),
                _ if rest.is_empty() => return Ok(false),
                State::Head => {
                    let Some(length) = head_end(rest, &mut self.scanned)? else {
                        return Ok(false);
                    };
                    let (head, behind) = rest.split_at(length);
                    *rest = behind;
                    self.scanned = 0;
                    self.head(head)?;
                }
                State::Length(left) => {
                    let left = self.take(rest, left)?;
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                }
                State::ChunkData(left) => {
                    let left = self.take(rest, left)?;
                    self.state = if left == 0 { State::ChunkEnd } else { State::ChunkData(left) };
                }
                State::UntilClose => {
                    self.take(rest, u64::MAX)?;
                }
                State::ChunkEnd => match rest {
                    [b'\r', b'\n', behind @ ..] => {
                        *rest = behind;
                        self.state = State::ChunkSize;
                    }
                    [b'\r'] => return Ok(false),
                    _ => return Err(ReadError::Chunk),
                },
                State::ChunkSize => {
                    let Some(line) = line(rest)? else { return Ok(false) };
                    self.state = match chunk_size(line)? {
                        0 => State::Trailers,
                        size => State::ChunkData(size),
                    };
                }
                State::Trailers => {
                    let Some(line) = line(rest)? else { return Ok(false) };
                    self.trailers += line.len() + 2;
                    if self.trailers > MAX_TRAILERS || !is_trailer(line) {
                        return Err(ReadError::Chunk);
                    }
                    if line.is_empty() {
                        self.state = State::Done;
                    }
                }
            }
        }
    }

    /// Up to so many bytes go to the body; how many are missing after that.
    fn take(&mut self, rest: &mut &[u8], left: u64) -> Result<u64, ReadError> {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        if here > self.limit - self.body.len() {
            return Err(ReadError::TooLong);
        }
        let (data, behind) = rest.split_at(here);
        self.body.extend_from_slice(data);
        *rest = behind;
        Ok(left - here as u64)
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
        self.state = match (self.status, chunked, length) {
            (_, true, Some(_)) => return Err(ReadError::Framing),
            (StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED, _, _) => State::Done,
            _ if encoded => return Err(ReadError::Encoded),
            (_, true, None) => State::ChunkSize,
            (_, false, Some(0)) => State::Done,
            (_, false, Some(length)) => State::Length(length),
            (_, false, None) => State::UntilClose,
        };
        self.reusable &= self.state != State::UntilClose;
        let room = match self.state {
            State::Length(length) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                if length > self.limit {
                    return Err(ReadError::TooLong);
                }
                length
            }
            State::Done => 0,
            _ => USUAL_BODY.min(self.limit),
        };
        self.body.reserve_exact(room);
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

/// A whole line without its CRLF; a bare LF or CR in it is refused.
fn line<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, ReadError> {
    let looked_at = rest.get(..=MAX_LINE).unwrap_or(rest);
    let Some(end) = looked_at.iter().position(|byte| *byte == b'\n') else {
        return if looked_at.len() > MAX_LINE { Err(ReadError::Chunk) } else { Ok(None) };
    };
    let (line, behind) = rest.split_at(end + 1);
    match line {
        [line @ .., b'\r', b'\n'] if !line.contains(&b'\r') => {
            *rest = behind;
            Ok(Some(line))
        }
        _ => Err(ReadError::Chunk),
    }
}

/// `1*HEXDIG` of 64 bits at most, then nothing or an extension, which is dropped (RFC 9112 §7.1.1).
fn chunk_size(line: &[u8]) -> Result<u64, ReadError> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (size, rest) = line.split_at(digits);
    let extension = rest.trim_ascii_start();
    let printable = extension.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e));
    if digits > 16 || !(rest.is_empty() || extension.starts_with(b";") && printable) {
        return Err(ReadError::Chunk);
    }
    let size = std::str::from_utf8(size).map_err(|_| ReadError::Chunk)?;
    u64::from_str_radix(size, 16).map_err(|_| ReadError::Chunk)
}

/// A field line, or the empty one at the end. What trailers say is not looked at.
fn is_trailer(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else { return line.is_empty() };
    let (name, value) = line.split_at(colon);
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let in_value = |byte: &u8| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..=0xff);
    !name.is_empty() && name.iter().all(in_name) && value.iter().all(in_value)
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
