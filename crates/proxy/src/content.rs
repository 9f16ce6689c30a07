//! The part of a request's body that was read before it is sent on.

use phantom_wire::Framing;
use phantom_wire::write_chunk;

#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    /// It is all of the body; else the rest follows as the client sends it.
    pub(crate) whole: bool,
}

impl Content {
    pub(crate) const fn whole(bytes: Vec<u8>) -> Self {
        Self { bytes, whole: true }
    }

    /// How the body goes out, of one that came in that framing.
    pub(crate) const fn framing(&self, from_client: Framing) -> Framing {
        if self.whole { Framing::Length(self.bytes.len() as u64) } else { from_client }
    }

    /// Puts it behind the head. How the rest is framed.
    pub(crate) fn write(&self, from_client: Framing, out: &mut Vec<u8>) -> Framing {
        match from_client {
            Framing::Chunked | Framing::UntilClose if !self.whole => write_chunk(&self.bytes, out),
            _ => out.extend_from_slice(&self.bytes),
        }
        if self.whole { Framing::None } else { from_client }
    }
}
