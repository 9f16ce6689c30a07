//! A request's body that is read before the request is sent on: for its credential, or for its length.

use std::future::poll_fn;
use std::task::Poll;

use phantom_pipeline::Fault;
use phantom_pipeline::FormWanted;

use super::Client;
use super::Course;
use super::Source;
use super::facts;
use crate::content::Content;
use crate::exchange::Sink;
use crate::exchange::Turn;
use phantom_wire::Framing;

impl<C: Client> Course<'_, C> {
    /// Reads a form where the route takes credentials from one: all of it where it may hold the
    /// credential, else its start. Bounded.
    pub(super) async fn read_form(&mut self, source: Source) -> Result<Option<Content>, Fault> {
        let wanted = self.published.snapshot.wants_form(&facts(self.head, None, source));
        if wanted == FormWanted::No || self.head.framing == Framing::None {
            return Ok(None);
        }
        let read = self.read_start(self.worker.shared.config.limits.max_form_bytes).await?;
        if wanted == FormWanted::Whole && !read.whole {
            return Err(Fault::LengthTooLarge);
        }
        Ok(Some(read))
    }

    /// Reads a body whole, up to so many bytes.
    pub(super) async fn read_whole(&mut self, most: usize) -> Result<Content, Fault> {
        let read = self.read_start(most).await?;
        if read.whole { Ok(read) } else { Err(Fault::LengthTooLarge) }
    }

    /// Reads a body until its end, or until there is more than so many bytes of it.
    async fn read_start(&mut self, most: usize) -> Result<Content, Fault> {
        let patience = self.worker.shared.config.limits.body_idle_timeout;
        let client = &mut *self.client;
        client.deadline().set(patience);
        client.waits_for(Turn::Client, 0);
        let mut bytes = Vec::new();
        let whole = poll_fn(|cx| {
            loop {
                if client.deadline().has_passed(cx) || client.poll_lost(cx).is_some() {
                    return Poll::Ready(Err(Fault::RequestTimeout));
                }
                match client.poll_piece(cx, &mut Sink::Plain(&mut bytes)) {
                    Poll::Ready(Ok(true)) if bytes.len() > most => return Poll::Ready(Ok(false)),
                    Poll::Ready(Ok(true)) => {
                        client.deadline().set(patience);
                        client.waits_for(Turn::Client, bytes.len() as u64);
                    }
                    Poll::Ready(Ok(false)) => return Poll::Ready(Ok(true)),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error.fault())),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await?;
        client.deadline().clear();
        client.waits_for(Turn::Backend, bytes.len() as u64);
        Ok(Content { bytes, whole })
    }
}
