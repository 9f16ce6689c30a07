//! Where a request has its name from, and which fields would be taken for one.

use phantom_pipeline::Field;
use phantom_pipeline::NamedFields;
use phantom_telemetry::RequestId;

use crate::head::RequestHead;

/// The name that a trusted proxy gives the request; else the trace it belongs to (W3C Trace Context); else `own`.
pub(crate) fn identify(head: &RequestHead, trusted: bool, own: u64) -> RequestId {
    let theirs = || match head.named("x-request-id") {
        Field::One(name) => RequestId::named(name),
        Field::Absent | Field::Repeated => None,
    };
    let named = if trusted { theirs() } else { None };
    let trace = || head.lines("traceparent").next().and_then(trace_id).and_then(RequestId::named);
    named.or_else(trace).unwrap_or_else(|| RequestId::own(own))
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
        format!("{:?}", identify(&head, trusted, 0x0123_4567_89ab_cdef))
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
