//! The name that tells a request from all others: in the access log, and where it is set so, at backend and client.

/// Longest that is taken from others.
const MOST: usize = 64;

/// What can stand in a log line and in a field, 64 bytes at most.
#[derive(Clone, Copy)]
pub struct RequestId {
    bytes: [u8; MOST],
    length: u8,
}

impl RequestId {
    /// A name that somebody else gave: nothing that a log line or a field could not hold.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(byte);
        if name.is_empty() || !name.iter().all(fits) {
            return None;
        }
        let mut bytes = [0; MOST];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { bytes, length: name.len() as u8 })
    }

    /// Sixteen hexadecimal digits.
    #[inline]
    #[must_use]
    pub fn own(number: u64) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0; MOST];
        for (at, byte) in bytes.iter_mut().take(16).enumerate() {
            let digit = (number >> (60 - 4 * at)) & 0xf;
            *byte = DIGITS.get(digit as usize).copied().unwrap_or(b'0');
        }
        Self { bytes, length: 16 }
    }

    /// As it is written.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}
