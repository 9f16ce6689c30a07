//! The body of a request, read from its connection as somebody takes it, or got past.

use std::future::poll_fn;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use phantom_wire::Framing;
use phantom_wire::Piece;

use super::Http1Client;
use crate::exchange::BodyError;
use crate::exchange::RequestBody;
use crate::exchange::Sink;
use crate::serve::LINGER;

impl Http1Client<'_> {
    /// Hands the next piece of the body over. `Ready(Ok(false))`: that was all.
    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&[u8]),
    ) -> Poll<Result<bool, BodyError>> {
        if std::mem::take(&mut self.held_back) {
            // The verdict is in: now the client may send.
            self.outbox.bytes.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        loop {
            if let Poll::Ready(Err(_)) = self.outbox.poll_send_all(cx, self.io) {
                return Poll::Ready(Err(BodyError::Broken));
            }
            match self.body.next(self.received).map_err(|_| BodyError::Broken)? {
                Piece::Data(count) => {
                    if self.body.read().saturating_add(count as u64) > self.most {
                        return Poll::Ready(Err(BodyError::TooLarge));
                    }
                    take(self.received.data().get(..count).unwrap_or_default());
                    self.received.consume(count);
                    self.body.took(count);
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

    /// Reads the rest of a small body. False: it is large, late or broken, so close instead. A client
    /// that waits for 100 may or may not send its body now: that connection cannot go on either.
    pub(super) async fn drain(&mut self) -> bool {
        if self.body.is_done() {
            return true;
        }
        let most = self.worker.shared.config.limits.max_drain_bytes;
        if self.held_back || matches!(self.head.framing, Framing::Length(length) if length > most) {
            return false;
        }
        self.most = u64::MAX;
        let deadline = self.deadline;
        deadline.set(LINGER);
        let mut drained = 0;
        let whole = poll_fn(|cx| {
            loop {
                if drained > most || deadline.has_passed(cx) {
                    return Poll::Ready(false);
                }
                match self.poll_data(cx, |data| drained += data.len() as u64) {
                    Poll::Ready(Ok(true)) => {}
                    Poll::Ready(ended) => return Poll::Ready(ended.is_ok()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        deadline.clear();
        whole
    }
}

impl RequestBody for Http1Client<'_> {
    fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
        sink: &mut Sink<'_>,
    ) -> Poll<Result<bool, BodyError>> {
        let more = ready!(self.poll_data(cx, |data| sink.data(data)))?;
        if !more {
            sink.end(self.body.trailers());
        }
        Poll::Ready(Ok(more))
    }

    fn is_held_back(&self) -> bool {
        self.held_back
    }
}
