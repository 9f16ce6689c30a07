//! The body of a client's request, read from its connection as the backend takes it.

use std::task::Context;
use std::task::Poll;
use std::task::ready;

use crate::exchange::BodyError;
use crate::exchange::RequestBody;
use crate::exchange::Sink;
use crate::http1::body::Piece;
use crate::http1::body::Unread;
use crate::http1::buffer::ReadBuffer;
use crate::transport::Outbox;
use crate::transport::Transport;

pub(super) struct ClientBody<'a> {
    pub(super) io: &'a mut Transport,
    pub(super) received: &'a mut ReadBuffer,
    pub(super) decoder: &'a mut Unread,
    pub(super) outbox: &'a mut Outbox,
    pub(super) expects_continue: &'a mut bool,
    /// More of it than so many bytes is not taken.
    pub(super) most: u64,
}

impl ClientBody<'_> {
    /// Hands the next piece over. `Ready(Ok(false))`: that was all.
    pub(super) fn poll_raw(
        &mut self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&[u8]),
    ) -> Poll<Result<bool, BodyError>> {
        if std::mem::take(self.expects_continue) {
            // The verdict is in (HTP-13): now the client may send.
            self.outbox.bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        loop {
            if let Poll::Ready(Err(_)) = self.outbox.poll_send_all(cx, self.io) {
                return Poll::Ready(Err(BodyError::Broken));
            }
            match self.decoder.next(self.received).map_err(|_| BodyError::Broken)? {
                Piece::Data(count) => {
                    if self.decoder.read().saturating_add(count as u64) > self.most {
                        return Poll::Ready(Err(BodyError::TooLarge));
                    }
                    take(self.received.data().get(..count).unwrap_or_default());
                    self.received.consume(count);
                    self.decoder.took(count);
                    return Poll::Ready(Ok(true));
                }
                Piece::End => return Poll::Ready(Ok(false)),
                Piece::NeedMore => {}
            }
            match ready!(self.received.poll_fill(cx, self.io)) {
                Ok(count) if count > 0 => {}
                _ => return Poll::Ready(Err(BodyError::Broken)),
            }
        }
    }
}

impl RequestBody for ClientBody<'_> {
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, BodyError>> {
        let more = ready!(self.poll_raw(cx, |data| sink.data(data)))?;
        if !more {
            sink.end(self.decoder.trailers());
        }
        Poll::Ready(Ok(more))
    }

    fn is_held_back(&self) -> bool {
        *self.expects_continue
    }
}
