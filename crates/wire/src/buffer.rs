//! Bytes read from a peer and not consumed yet.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::ReadBuf;

/// First reservation, enough for common heads.
const INITIAL: usize = 4 * 1024;
/// One read takes at most this much, so that no stream holds more per direction.
pub const CHUNK: usize = 64 * 1024;

/// Bytes of a peer, in the order in which they came.
#[derive(Debug, Default)]
pub struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl ReadBuffer {
    /// All that was read and not consumed.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Tells whether all was consumed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes so many bytes away from the start; all of them where there are fewer.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Gives memory back: called when a connection goes idle after something large.
    pub fn relax(&mut self) {
        if self.is_empty() && self.bytes.len() > INITIAL {
            self.bytes = Vec::new();
        }
    }

    /// Puts bytes in, as if they had been read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.end..self.end + bytes.len()) {
            room.copy_from_slice(bytes);
            self.end += bytes.len();
        }
    }

    /// Reads once, and tells how many bytes came. Zero: the peer has closed its side. Grows while reads fill it, up to [`CHUNK`].
    pub fn poll_fill<R: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut R,
    ) -> Poll<std::io::Result<usize>> {
        if self.end == self.bytes.len() {
            let full = self.bytes.len();
            self.make_room(full.clamp(INITIAL, CHUNK));
        }
        let room = self.bytes.get_mut(self.end..).unwrap_or_default();
        let mut room = ReadBuf::new(room);
        ready!(Pin::new(io).poll_read(cx, &mut room))?;
        let count = room.filled().len();
        self.end += count;
        Poll::Ready(Ok(count))
    }

    fn make_room(&mut self, count: usize) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() < self.end + count {
            self.bytes.resize(self.end + count, 0);
        }
    }
}
