//! The name that tells a request from all others: in the access log, and where it is set so, at backend and client.

use phantom_pipeline::Field;
use phantom_pipeline::NamedFields;

use crate::head::RequestHead;

/// Longest that is taken from a trusted proxy.
const MOST: usize = 64;

#[derive(Clone, Copy)]
pub(crate) struct RequestId {
    bytes: [u8; MOST],
    length: u8,
}

impl RequestId {
    /// The name that a trusted proxy gives the request; else the trace it belongs to (W3C Trace Context); else
    /// `own`.
    pub(crate) fn of(head: &RequestHead, trusted: bool, own: u64) -> Self {
        let theirs = || match head.named("x-request-id") {
            Field::One(name) => Self::named(name),
            Field::Absent | Field::Repeated => None,
        };
        let named = if trusted { theirs() } else { None };
        let trace = || head.lines("traceparent").next().and_then(trace_id).and_then(Self::named);
        named.or_else(trace).unwrap_or_else(|| Self::own(own))
    }

    /// Nothing that a log line or a field could not hold.
    fn named(name: &[u8]) -> Option<Self> {
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(byte);
        if name.is_empty() || !name.iter().all(fits) {
            return None;
        }
        let mut bytes = [0; MOST];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self { bytes, length: name.len() as u8 })
    }

    /// Sixteen hexadecimal digits.
    pub(crate) fn own(number: u64) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0; MOST];
        for (at, byte) in bytes.iter_mut().take(16).enumerate() {
            let digit = (number >> (60 - 4 * at)) & 0xf;
            *byte = DIGITS.get(digit as usize).copied().unwrap_or(b'0');
        }
        Self { bytes, length: 16 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl std::fmt::Debug for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.as_bytes()))
    }
}

/// Returns whether a field is taken for the request's id, by whoever reads `_` as `-` too.
pub(crate) fn is_id_field(name: &[u8]) -> bool {
    let plain = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    name.len() == b"x-request-id".len() && name.iter().map(plain).eq(*b"x-request-id")
}

/// `traceparent`: version, trace id, parent, flags.
fn trace_id(traceparent: &[u8]) -> Option<&[u8]> {
    let id = traceparent.split(|byte| *byte == b'-').nth(1)?;
    (id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use crate::http1::request;

    const TRACE: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

    fn id(fields: &str, trusted: bool) -> String {
        let mut head = RequestHead::default();
        let request = format!("GET / HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        request::parse(request.as_bytes(), &mut head, &Limits::default()).unwrap().unwrap();
        format!("{:?}", RequestId::of(&head, trusted, 0x0123_4567_89ab_cdef))
    }

    #[test]
    fn an_id_is_a_trusted_proxys_else_the_traces_else_our_own() {
        let own = "0123456789abcdef";
        assert_eq!(id("", true), own);
        assert_eq!(id(TRACE, false), "0af7651916cd43dd8448eb211c80319c");
        let theirs = "X-Request-ID: 6b1c-x_y.z\r\n";
        assert_eq!(id(theirs, true), "6b1c-x_y.z");
        assert_eq!(id(theirs, false), own, "anybody could make two requests look like one");
        assert_eq!(id(&format!("{TRACE}{theirs}"), true), "6b1c-x_y.z");
        let long = format!("X-Request-Id: {}\r\n", "a".repeat(65));
        let twice = "X-Request-Id: a\r\nX-Request-Id: b\r\n";
        for odd in [&*long, twice, "X-Request-Id: a b\r\n", "X-Request-Id: \"a\"\r\n"] {
            assert_eq!(id(odd, true), own, "{odd}");
        }
        assert_eq!(id("traceparent: 00-zzz-1-01\r\n", true), own);
    }

    #[test]
    fn spellings_of_the_field_are_known() {
        for name in ["x-request-id", "X_Request_ID", "x-request_id"] {
            assert!(is_id_field(name.as_bytes()), "{name}");
        }
        assert!(!is_id_field(b"x-request-idx") && !is_id_field(b"x-request-i"));
    }
}
