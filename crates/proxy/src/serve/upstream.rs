//! A permitted request on its way to a backend: collected, sent, sent again.

use std::future::poll_fn;

use phantom_pipeline::Forward;
use phantom_pipeline::route::Upstream;
use phantom_telemetry::Cause;
use phantom_telemetry::metrics::Ended;

use super::Client;
use super::Course;
use super::relay::Relay;
use crate::content::Content;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::forward;
use crate::forward::Outgoing;
use crate::head::FieldKind;
use crate::respond::ResponseEdits;
use crate::upstream::UpstreamConnection;
use phantom_wire::Framing;

pub(super) struct Sending<'p> {
    pub(super) permitted: &'p Forward,
    pub(super) upstream: &'p Upstream,
    /// The body, or the start of it, where that was read already.
    pub(super) content: Option<Content>,
    pub(super) grpc: bool,
}

/// Why a backend's answer did not go to the client whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unserved {
    /// The client has a part of it, or is gone: all that is left is to end what was begun.
    BrokenOff(Cause),
    /// Nothing was sent to the client yet.
    Failed(Failure),
}

impl From<Cause> for Unserved {
    fn from(cause: Cause) -> Self {
        Self::Failed(cause.into())
    }
}

impl<C: Client> Course<'_, C> {
    /// Forwards a permitted request and passes the answer on.
    pub(super) async fn forward(&mut self, mut sending: Sending<'_>) {
        match self.send_upstream(&mut sending).await {
            Ok(()) => (self.account.outcome, self.account.error) = (Ended::Forwarded, None),
            Err(Unserved::BrokenOff(cause)) => {
                self.client.cut(cause);
                self.account.broke_off(cause);
            }
            Err(Unserved::Failed(failure)) => {
                self.fail(sending.permitted, failure, sending.grpc).await;
            }
        }
    }

    /// Once more over a fresh connection where a kept one turns out to be closed, if nothing of the
    /// request can have been acted on twice (HTP-15).
    async fn send_upstream(&mut self, sending: &mut Sending<'_>) -> Result<(), Unserved> {
        self.collect(sending).await?;
        let bounds = sending.permitted.matched.bounds();
        let replayable =
            self.head.is_replayable(sending.content.as_ref().is_some_and(|read| read.whole));
        let mut fresh = false;
        loop {
            self.account.upstream = true;
            let now = self.worker.deadlines.now();
            let acquiring = self.worker.pool.acquire(sending.upstream, fresh, now, &bounds);
            let acquired = self.client.unless_lost(acquiring).await;
            let acquired = acquired.ok_or(Unserved::BrokenOff(Cause::ClientGone))?;
            let connection = acquired.map_err(|error| error.cause())?;
            match self.attempt(sending, connection).await {
                Err(Unserved::Failed(Failure { may_be_retried: true, .. }))
                    if replayable && !fresh =>
                {
                    fresh = true;
                }
                outcome => return outcome,
            }
        }
    }

    /// Reads a body of unknown length whole, where the route has it so.
    async fn collect(&mut self, sending: &mut Sending<'_>) -> Result<(), Unserved> {
        let matched = &sending.permitted.matched;
        let most = matched.bounds().max_body.unwrap_or(u64::MAX);
        if matches!(self.head.framing, Framing::Length(length) if length > most) {
            return Err(Cause::BodyTooLarge.into());
        }
        self.client.take_at_most(most);
        let Some(collected) = matched.route().and_then(|route| route.collect_body) else {
            return Ok(());
        };
        if sending.content.is_some() || self.head.framing != Framing::Chunked {
            return Ok(());
        }
        let most = collected.min(usize::try_from(most).unwrap_or(usize::MAX));
        let read = self.read_whole(most).await;
        let read = read.map_err(|fault| Failure::told(Cause::NotCollected, fault));
        sending.content = Some(read.map_err(Unserved::Failed)?);
        match self.worker.token_ended(sending.permitted) {
            Some(cause) => Err(cause.into()),
            None => Ok(()),
        }
    }

    async fn attempt(
        &mut self,
        sending: &Sending<'_>,
        mut connection: UpstreamConnection,
    ) -> Result<(), Unserved> {
        let (worker, head, id) = (self.worker, self.head, self.account.id);
        let &Sending { permitted, upstream, .. } = sending;
        let (content, from_client) = (sending.content.as_ref(), head.framing);
        let framing = content.map_or(from_client, |content| content.framing(from_client));
        let out = &mut connection.outbox.bytes;
        let origin = self.origin;
        let outgoing = Outgoing { forward: permitted, upstream, head, framing, origin, id };
        forward::write_head(&permitted.permit, outgoing, &worker.shared.config, out);
        let to_send = content.map_or(from_client, |content| content.write(from_client, out));
        let mut exchange =
            Exchange::new(connection, to_send, self.is_head_request(), worker.response_head());
        let mut relay = Relay::new(ResponseEdits::new(
            permitted.matched.cors(),
            head.values(FieldKind::Origin).next(),
            permitted.edits.private_response,
            worker.stamp(id),
        ));
        let outcome = poll_fn(|cx| self.poll_relay(cx, sending, &mut exchange, &mut relay)).await;
        self.client.deadline().clear();
        match outcome {
            // It was taken back: an answer of our own stands in its place.
            Err(Unserved::Failed(_)) => self.account.bytes = 0,
            // What lies here was never sent.
            Err(Unserved::BrokenOff(_)) => {
                self.account.bytes = self.account.bytes.saturating_sub(self.client.unsent());
            }
            Ok(()) => {}
        }
        let (connection, head) = exchange.finish();
        if let Some(connection) = connection {
            worker.pool.put(upstream, connection, worker.deadlines.now());
        }
        worker.recycle(head);
        outcome
    }
}
