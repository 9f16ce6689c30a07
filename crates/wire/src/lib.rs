//! A connection, what was read from it, and where a body ends on it (RFC 9112 §6, §7): for whoever speaks
//! HTTP/1.1 by hand. Heads are not read here, since each side has rules of its own for them.

#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod body;
mod buffer;
mod stream;

pub use body::BodyDecoder;
pub use body::Framing;
pub use body::InvalidChunk;
pub use body::Piece;
pub use body::write_chunk;
pub use body::write_last_chunk;
pub use buffer::CHUNK;
pub use buffer::ReadBuffer;
pub use stream::Stream;
