//! Bytes received and not yet used up.

use anyhow::{Result, bail};

/// Longest message that is waited for.
const CAPACITY: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; CAPACITY], filled: 0 }
    }

    pub(crate) fn received(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// Where the next bytes go. Never empty: a read into no room would look like the peer's end.
    pub(crate) fn room(&mut self) -> Result<&mut [u8]> {
        match self.bytes.get_mut(self.filled..) {
            Some(room) if !room.is_empty() => Ok(room),
            _ => bail!("message of more than {CAPACITY} bytes"),
        }
    }

    pub(crate) fn fill(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.bytes.len());
    }

    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.filled);
        if count < self.filled {
            self.bytes.copy_within(count..self.filled, 0);
        }
        self.filled -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, CAPACITY};

    fn put(buffer: &mut Buffer, bytes: &[u8]) -> anyhow::Result<()> {
        buffer.room()?[..bytes.len()].copy_from_slice(bytes);
        buffer.fill(bytes.len());
        Ok(())
    }

    #[test]
    fn what_follows_a_consumed_message_moves_to_the_front() -> anyhow::Result<()> {
        let mut buffer = Buffer::new();
        put(&mut buffer, b"onetwo")?;
        buffer.consume(3);
        put(&mut buffer, b"three")?;
        assert_eq!(buffer.received(), b"twothree");
        buffer.consume(8);
        assert_eq!(buffer.received(), b"");
        Ok(())
    }

    #[test]
    fn a_full_buffer_is_an_error_and_not_the_end_of_the_connection() {
        let mut buffer = Buffer::new();
        buffer.fill(CAPACITY + 1);
        assert!(buffer.room().is_err());
    }
}
