//! What becomes of a request's body that no backend takes: read whole for its credential, or got
//! past after a refusal.

use std::future::poll_fn;
use std::task::Poll;

use phantom_pipeline::Fault;
use phantom_pipeline::FormWanted;

use super::Caller;
use super::ClientBody;
use super::Http1Connection;
use super::LINGER;
use super::facts;
use crate::content::Content;
use crate::forward::Origin;
use crate::head::Framing;
use crate::http1::body::Unread;
use crate::server::Published;

impl Http1Connection {
    /// Reads a form where the route takes credentials from one: all of it where it may hold the
    /// credential, else its start. Bounded.
    pub(super) async fn read_form(
        &mut self,
        published: &Published,
        body: &mut Unread,
    ) -> Result<Option<Content>, Fault> {
        let Origin { peer: address, entry, tls } = self.origin;
        let caller = Caller { address, entry, tls };
        let wanted = published.snapshot.wants_form(&facts(&self.head, None, caller));
        if wanted == FormWanted::No || self.head.framing == Framing::None {
            return Ok(None);
        }
        let most = self.worker.shared.config.limits.max_form_bytes;
        let read = self.read_start(body, most).await?;
        if wanted == FormWanted::Whole && !read.whole {
            return Err(Fault::LengthTooLarge);
        }
        Ok(Some(read))
    }

    /// Reads a body whole, up to so many bytes.
    pub(super) async fn read_whole(
        &mut self,
        body: &mut Unread,
        most: usize,
    ) -> Result<Content, Fault> {
        let read = self.read_start(body, most).await?;
        if read.whole { Ok(read) } else { Err(Fault::LengthTooLarge) }
    }

    /// Reads a body until its end, or until there is more than so many bytes of it.
    async fn read_start(&mut self, body: &mut Unread, most: usize) -> Result<Content, Fault> {
        let limit = self.worker.shared.config.limits.body_idle_timeout;
        self.deadline.set(limit);
        self.deadline.wait_for_client(0);
        let mut bytes = Vec::new();
        let mut source = ClientBody {
            io: &mut self.io,
            received: &mut self.received,
            decoder: body,
            outbox: &mut self.outbox,
            expects_continue: &mut self.head.expects_continue,
            most: u64::MAX,
        };
        let deadline = &self.deadline;
        let whole = poll_fn(|cx| {
            loop {
                if deadline.has_passed(cx) || deadline.is_given_up() {
                    return Poll::Ready(Err(Fault::RequestTimeout));
                }
                match source.poll_raw(cx, |data| bytes.extend_from_slice(data)) {
                    Poll::Ready(Ok(true)) if bytes.len() > most => return Poll::Ready(Ok(false)),
                    Poll::Ready(Ok(true)) => {
                        deadline.set(limit);
                        deadline.wait_for_client(bytes.len() as u64);
                    }
                    Poll::Ready(Ok(false)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Err(_)) => {
                        return Poll::Ready(Err(Fault::BadRequest(
                            "the request body is malformed",
                        )));
                    }
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await?;
        self.deadline.clear();
        self.deadline.busy();
        Ok(Content { bytes, whole })
    }

    /// Reads the rest of a small body. False: it is large, late or broken, so close instead. A client
    /// that waits for 100 may or may not send its body now: that connection cannot go on either.
    pub(super) async fn drain(&mut self, body: &mut Unread) -> bool {
        if body.is_done() {
            return true;
        }
        let limits = &self.worker.shared.config.limits;
        let most = limits.max_drain_bytes;
        if self.head.expects_continue
            || matches!(self.head.framing, Framing::Length(length) if length > most)
        {
            return false;
        }
        self.deadline.set(LINGER);
        let mut drained = 0;
        let mut source = ClientBody {
            io: &mut self.io,
            received: &mut self.received,
            decoder: body,
            outbox: &mut self.outbox,
            expects_continue: &mut self.head.expects_continue,
            most: u64::MAX,
        };
        let deadline = &self.deadline;
        let whole = poll_fn(|cx| {
            loop {
                if drained > most || deadline.has_passed(cx) {
                    return Poll::Ready(false);
                }
                match source.poll_raw(cx, |data| drained += data.len() as u64) {
                    Poll::Ready(Ok(true)) => {}
                    Poll::Ready(ended) => return Poll::Ready(ended.is_ok()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        self.deadline.clear();
        whole
    }
}
