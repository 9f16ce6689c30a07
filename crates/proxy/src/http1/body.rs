//! The rest of a request's body, and the proof that there is none.

use phantom_wire::BodyDecoder;
use phantom_wire::Framing;
use phantom_wire::InvalidChunk;
use phantom_wire::Piece;
use phantom_wire::ReadBuffer;

use crate::trailers::decoder;

/// Proof that all that belongs to earlier messages on a connection has been read: its next byte begins
/// a head.
///
/// Reading a head takes one. Only the start of a connection and a body read to its end give one, so
/// that no way a request can end lets the rest of its body be read as another (RFC 9112 §9.3).
#[derive(Debug)]
pub(crate) struct InStep(());

impl InStep {
    /// The step of a connection that nothing was read from.
    pub(super) const fn at_start() -> Self {
        Self(())
    }
}

/// The unread part of the body of a client's request.
#[derive(Debug)]
pub(crate) struct Unread {
    decoder: BodyDecoder,
    read: u64,
}

impl Unread {
    /// The whole body of the message whose head was read at that step.
    pub(super) const fn after_head(_: InStep, framing: Framing) -> Self {
        Self { decoder: decoder(framing), read: 0 }
    }

    /// The body of a message whose head cannot be read: nobody knows where it ends.
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
