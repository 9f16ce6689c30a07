//! What is left of a request's body, and which trailer fields may follow one.

use phantom_wire::BodyDecoder;
use phantom_wire::Framing;
use phantom_wire::InvalidChunk;
use phantom_wire::Piece;
use phantom_wire::ReadBuffer;

use crate::head::FieldKind;
use crate::head::starts_with;

/// Proof that all that belongs to earlier messages on a connection has been read: its next byte begins
/// a head.
///
/// Reading a head takes one. Only the start of a connection and a body read to its end give one, so
/// that no way a request can end lets the rest of its body be read as another (RFC 9112 §9.3).
#[derive(Debug)]
pub(crate) struct InStep(());

impl InStep {
    /// Of a connection that nothing was read from.
    pub(super) const fn at_start() -> Self {
        Self(())
    }
}

/// What has not been read of the body of a client's request.
#[derive(Debug)]
pub(crate) struct Unread {
    decoder: BodyDecoder,
    read: u64,
}

impl Unread {
    /// Of the message whose head was read at that step.
    pub(super) const fn after_head(_: InStep, framing: Framing) -> Self {
        Self { decoder: decoder(framing), read: 0 }
    }

    /// Of a message whose head cannot be read: nobody knows where it ends.
    pub(super) const fn without_end() -> Self {
        Self { decoder: decoder(Framing::UntilClose), read: 0 }
    }

    pub(super) fn is_done(&self) -> bool {
        self.decoder.is_done()
    }

    /// Bytes of it that were read.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// The next step, if there is nothing left.
    pub(super) fn end(self) -> Option<InStep> {
        self.is_done().then_some(InStep(()))
    }

    pub(super) fn next(&mut self, buffer: &mut ReadBuffer) -> Result<Piece, InvalidChunk> {
        self.decoder.next(buffer)
    }

    pub(super) const fn took(&mut self, count: usize) {
        self.decoder.took(count);
        self.read = self.read.saturating_add(count as u64);
    }

    pub(super) fn trailers(&self) -> &[u8] {
        self.decoder.trailers()
    }
}

/// Finds the pieces of one body in what was read.
#[must_use]
pub const fn decoder(framing: Framing) -> BodyDecoder {
    BodyDecoder::new(framing, is_allowed_trailer)
}

/// Whether a field of this name may be passed on as a trailer (HTP-12). Framing, routing, credentials and
/// content description cannot come late (RFC 9110 §6.5.1).
#[must_use]
pub fn is_allowed_trailer(name: &[u8]) -> bool {
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
