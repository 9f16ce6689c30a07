//! The trailer fields that may follow a body.

use phantom_wire::BodyDecoder;
use phantom_wire::Framing;

use crate::head::FieldKind;
use crate::head::starts_with;

/// Finds the pieces of one body in what was read.
#[must_use]
pub const fn decoder(framing: Framing) -> BodyDecoder {
    BodyDecoder::new(framing, is_allowed)
}

/// Returns whether a field of this name may be passed on as a trailer (HTP-12). Framing, routing, credentials and
/// content description cannot come late (RFC 9110 §6.5.1).
#[must_use]
pub(crate) fn is_allowed(name: &[u8]) -> bool {
    let refused: &[&[u8]] = &[
        b"age",
        b"cache-control",
        b"date",
        b"dpop",
        b"expires",
        b"location",
        b"max-forwards",
        b"pragma",
        b"range",
        b"retry-after",
        b"set-cookie",
        b"vary",
        b"warning",
        b"www-authenticate",
    ];
    FieldKind::of(name) == FieldKind::PassThrough
        && !starts_with(name, b"content-")
        && !starts_with(name, b"if-")
        && !refused.iter().any(|listed| name.eq_ignore_ascii_case(listed))
}
