//! Request out, answer back, both at once, in constant memory.

use std::task::Context;
use std::task::Poll;
use std::task::ready;

use phantom_telemetry::Cause;

use super::Client;
use super::Course;
use super::upstream::Sending;
use super::upstream::Unserved;
use crate::exchange::Exchange;
use crate::exchange::Heard;
use crate::exchange::Turn;
use crate::failure::Failure;
use crate::respond::ResponseEdits;
use phantom_wire::Framing;
use phantom_wire::Piece;

/// Progress of an answer.
pub(super) struct Relay {
    phase: Phase,
    edits: ResponseEdits,
    /// It ends before its time, once what is there has been sent.
    ends: Option<Cause>,
    /// Who is waited for, and what had moved when the deadline was last put off.
    waits_for: Turn,
    moved: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Body,
    Flush,
    Head,
}

impl Relay {
    pub(super) const fn new(edits: ResponseEdits) -> Self {
        let (phase, waits_for, moved) = (Phase::Head, Turn::Backend, u64::MAX);
        Self { phase, edits, ends: None, waits_for, moved }
    }
}

impl<C: Client> Course<'_, C> {
    pub(super) fn poll_relay(
        &mut self,
        cx: &mut Context<'_>,
        sending: &Sending<'_>,
        exchange: &mut Exchange,
        relay: &mut Relay,
    ) -> Poll<Result<(), Unserved>> {
        self.put_off_deadline(sending, exchange, relay);
        if self.client.deadline().has_passed(cx) {
            return Poll::Ready(Err(self.failed(relay.waits_for.timeout())));
        }
        if let Some(cause) = self.client.poll_lost(cx) {
            return Poll::Ready(Err(Unserved::BrokenOff(cause)));
        }
        if !exchange.is_upload_done()
            && let Poll::Ready(Err(error)) = exchange.poll_upload(cx, self.client)
        {
            return Poll::Ready(Err(self.failed(error.cause())));
        }
        let mut polled = self.poll_answer(cx, exchange, relay);
        if polled.is_pending() {
            if let Some(cause) = self.poll_token_ended(sending, exchange, relay) {
                if relay.phase == Phase::Head || !self.client.end_with_token(sending.grpc) {
                    return Poll::Ready(Err(self.failed(cause)));
                }
                (relay.phase, relay.ends) = (Phase::Flush, Some(cause));
                polled = self.poll_answer(cx, exchange, relay);
            }
            if exchange.is_upload_done() && self.client.has_hung_up(cx) {
                return Poll::Ready(Err(Unserved::BrokenOff(Cause::ClientGone)));
            }
            self.put_off_deadline(sending, exchange, relay);
        }
        polled
    }

    /// While something moves, or somebody else is waited for than before.
    fn put_off_deadline(&self, sending: &Sending<'_>, exchange: &Exchange, relay: &mut Relay) {
        let turn = if self.client.is_behind() {
            Turn::Client
        } else if relay.phase == Phase::Head {
            exchange.turn()
        } else {
            Turn::Backend
        };
        let moved = exchange.moved() + self.client.taken();
        if (relay.moved, relay.waits_for) != (moved, turn) {
            (relay.moved, relay.waits_for) = (moved, turn);
            let limits = &self.worker.shared.config.limits;
            self.client.deadline().set(turn.patience(limits, &sending.permitted.matched.bounds()));
            self.client.waits_for(turn, moved);
        }
    }

    /// A stream that lasts ends with its token (STR-1), an upload no less than an answer. Looked at now
    /// and then.
    fn poll_token_ended(
        &self,
        sending: &Sending<'_>,
        exchange: &Exchange,
        relay: &Relay,
    ) -> Option<Cause> {
        sending.permitted.exchanged.as_ref()?;
        let deadline = self.client.deadline();
        deadline.watch();
        let lasts = match relay.phase {
            Phase::Body => true,
            Phase::Flush => false,
            Phase::Head => !exchange.is_upload_done(),
        };
        if lasts && deadline.is_watch_due() {
            self.worker.token_ended(sending.permitted)
        } else {
            None
        }
    }

    fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange,
        relay: &mut Relay,
    ) -> Poll<Result<(), Unserved>> {
        let broken_off = Unserved::BrokenOff;
        loop {
            match relay.phase {
                Phase::Head => {
                    match ready!(exchange.poll_head(cx, &self.worker.shared.config.limits)) {
                        Ok(Heard::Interim) => {
                            self.client.interim(cx, &exchange.head).map_err(broken_off)?;
                        }
                        Ok(Heard::Final) => {
                            self.account.status = exchange.head.status;
                            self.client.start(&exchange.head, &relay.edits).map_err(broken_off)?;
                            let whole = exchange.head.framing == Framing::None;
                            relay.phase = if whole { Phase::Flush } else { Phase::Body };
                        }
                        Err(error) => {
                            let may_be_retried = exchange.was_stale(&error);
                            tracing::debug!(%error, "no answer from a backend");
                            let failure = Failure::from(error.cause());
                            let failure = Failure { may_be_retried, ..failure };
                            return Poll::Ready(Err(Unserved::Failed(failure)));
                        }
                    }
                }
                Phase::Body => match exchange.poll_piece(cx) {
                    Poll::Ready(Ok(Piece::Data(here))) => {
                        let room = ready!(self.client.poll_room(cx, here)).map_err(broken_off)?;
                        self.client.pass(exchange.data(room)).map_err(broken_off)?;
                        exchange.took(room);
                        self.account.bytes += room as u64;
                    }
                    Poll::Ready(Ok(Piece::End | Piece::NeedMore)) => {
                        self.client.end(exchange.trailers()).map_err(broken_off)?;
                        relay.phase = Phase::Flush;
                    }
                    Poll::Ready(Err(error)) => {
                        tracing::debug!(%error, "a backend broke off");
                        match self.failed(error.cause()) {
                            // The client gets what there is, and can see that it is not all.
                            Unserved::BrokenOff(cause) => {
                                (relay.phase, relay.ends) = (Phase::Flush, Some(cause));
                            }
                            failed @ Unserved::Failed(_) => return Poll::Ready(Err(failed)),
                        }
                    }
                    Poll::Pending => {
                        // What came goes on at once: events are not held back.
                        if let Poll::Ready(sent) = self.client.poll_flush(cx) {
                            sent.map_err(broken_off)?;
                        }
                        return Poll::Pending;
                    }
                },
                Phase::Flush => {
                    ready!(self.client.poll_flush(cx)).map_err(broken_off)?;
                    return Poll::Ready(match relay.ends {
                        None => Ok(()),
                        Some(cause) => Err(broken_off(cause)),
                    });
                }
            }
        }
    }

    /// Before the client was told anything this is an answer; after, only the end is left.
    fn failed(&mut self, cause: Cause) -> Unserved {
        if self.client.take_back() { cause.into() } else { Unserved::BrokenOff(cause) }
    }
}
