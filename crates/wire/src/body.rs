//! Message bodies (RFC 9112 §6, §7): where they end, and chunked coding in both directions.

use thiserror::Error;

use crate::buffer::ReadBuffer;

/// Longest line inside chunked coding: size with extensions, or one trailer field.
const MAX_LINE: usize = 4 * 1024;
/// All trailer fields of one body together.
const MAX_TRAILERS: usize = 16 * 1024;

/// How the end of a message body is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// In pieces, each with its size before it (RFC 9112 §7.1).
    Chunked,
    /// So many bytes.
    Length(u64),
    /// There is none.
    #[default]
    None,
    /// Until the connection closes: responses only.
    UntilClose,
}

/// Finds the pieces of one body in what was read.
#[derive(Debug)]
pub struct BodyDecoder {
    state: State,
    /// Of a trailer field, by its name: whether it is kept.
    is_kept: fn(&[u8]) -> bool,
    trailers: Vec<u8>,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    ChunkData(u64),
    /// The CRLF behind a chunk's data.
    ChunkEnd,
    ChunkSize,
    Done,
    Length(u64),
    Trailers,
    UntilClose,
}

/// What [`BodyDecoder::next`] found at the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// So many bytes of the body lie at the start of the buffer; consume them.
    Data(usize),
    /// The body is whole, its trailers with it.
    End,
    /// More has to be read from the peer first.
    NeedMore,
}

/// The peer's chunked coding breaks the grammar of RFC 9112 §7.1, or a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the chunked coding is malformed")]
pub struct InvalidChunk;

impl BodyDecoder {
    /// Keeps those trailer fields of whose names `is_kept` says so.
    #[must_use]
    pub const fn new(framing: Framing, is_kept: fn(&[u8]) -> bool) -> Self {
        let state = match framing {
            Framing::Chunked => State::ChunkSize,
            Framing::Length(0) | Framing::None => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, is_kept, trailers: Vec::new(), trailer_bytes: 0 }
    }

    /// Tells whether the body was read to its end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Trailer fields that were kept, as lines with CRLF.
    #[must_use]
    pub fn trailers(&self) -> &[u8] {
        &self.trailers
    }

    /// The peer closed: whether that ends the body properly.
    pub fn closed(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// Looks at the start of the buffer. Framing bytes are consumed here; data is left there.
    ///
    /// # Errors
    ///
    /// The chunked coding is malformed: nothing more can be read from the peer.
    pub fn next(&mut self, buffer: &mut ReadBuffer) -> Result<Piece, InvalidChunk> {
        loop {
            match self.state {
                State::Done => return Ok(Piece::End),
                _ if buffer.is_empty() => return Ok(Piece::NeedMore),
                State::UntilClose => return Ok(Piece::Data(buffer.data().len())),
                State::Length(left) | State::ChunkData(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.data().len());
                    return Ok(Piece::Data(here));
                }
                State::ChunkEnd => match buffer.data() {
                    [b'\r', b'\n', ..] => {
                        buffer.consume(2);
                        self.state = State::ChunkSize;
                    }
                    [b'\r'] => return Ok(Piece::NeedMore),
                    _ => return Err(InvalidChunk),
                },
                State::ChunkSize => {
                    let Some(line) = line(buffer)? else { return Ok(Piece::NeedMore) };
                    let size = parse_chunk_size(line)?;
                    let taken = line.len() + 2;
                    buffer.consume(taken);
                    self.state = if size == 0 { State::Trailers } else { State::ChunkData(size) };
                }
                State::Trailers => {
                    let Some(line) = line(buffer)? else { return Ok(Piece::NeedMore) };
                    let taken = line.len() + 2;
                    self.trailer_bytes += taken;
                    if self.trailer_bytes > MAX_TRAILERS {
                        return Err(InvalidChunk);
                    }
                    if line.is_empty() {
                        self.state = State::Done;
                    } else if (self.is_kept)(trailer_name(line)?) {
                        self.trailers.extend_from_slice(line);
                        self.trailers.extend_from_slice(b"\r\n");
                    }
                    buffer.consume(taken);
                }
            }
        }
    }

    /// Says that so many bytes of [`Piece::Data`] were consumed.
    pub const fn took(&mut self, count: usize) {
        let count = count as u64;
        self.state = match self.state {
            State::Length(left) if left <= count => State::Done,
            State::Length(left) => State::Length(left - count),
            State::ChunkData(left) if left <= count => State::ChunkEnd,
            State::ChunkData(left) => State::ChunkData(left - count),
            other => other,
        };
    }
}

/// A whole line without its CRLF; a bare LF or CR in it is refused.
fn line(buffer: &ReadBuffer) -> Result<Option<&[u8]>, InvalidChunk> {
    let data = buffer.data();
    match memchr::memchr(b'\n', data) {
        Some(at) if at <= MAX_LINE => match data.get(..at) {
            Some([line @ .., b'\r']) if !line.contains(&b'\r') => Ok(Some(line)),
            _ => Err(InvalidChunk),
        },
        Some(_) => Err(InvalidChunk),
        None if data.len() > MAX_LINE => Err(InvalidChunk),
        None => Ok(None),
    }
}

/// `1*HEXDIG` of 64 bits at most, then nothing or an extension, which is dropped (RFC 9112 §7.1.1).
fn parse_chunk_size(line: &[u8]) -> Result<u64, InvalidChunk> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > 16 {
        return Err(InvalidChunk);
    }
    let (size, rest) = line.split_at(digits);
    let extension = rest.trim_ascii_start();
    let printable = extension.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..));
    if !(extension.is_empty() && rest.is_empty() || extension.starts_with(b";") && printable) {
        return Err(InvalidChunk);
    }
    let size = std::str::from_utf8(size).map_err(|_| InvalidChunk)?;
    u64::from_str_radix(size, 16).map_err(|_| InvalidChunk)
}

/// The name of a well-formed field line.
fn trailer_name(line: &[u8]) -> Result<&[u8], InvalidChunk> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or(InvalidChunk)?;
    let (name, value) = line.split_at(colon);
    let in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let in_value = |byte: &u8| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..=0xff);
    if name.is_empty() || !name.iter().all(in_name) || !value.iter().all(in_value) {
        return Err(InvalidChunk);
    }
    Ok(name)
}

/// Writes one chunk.
pub fn write_chunk(data: &[u8], out: &mut Vec<u8>) {
    if data.is_empty() {
        return;
    }
    write_chunk_size(data.len(), out);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Writes the end of a chunked body, with trailer lines.
pub fn write_last_chunk(trailers: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    out.extend_from_slice(trailers);
    out.extend_from_slice(b"\r\n");
}

fn write_chunk_size(size: usize, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        let nibble = (size >> (digit * 4)) & 0xf;
        out.extend(DIGITS.get(nibble));
    }
    out.extend_from_slice(b"\r\n");
}
