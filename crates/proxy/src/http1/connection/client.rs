//! The client of one request on an HTTP/1 connection.

mod body;

use std::task::Context;
use std::task::Poll;
use std::task::ready;

use phantom_pipeline::Answer;
use phantom_telemetry::Cause;

use super::Then;
use crate::deadline::Deadline;
use crate::exchange::Turn;
use crate::head::RequestHead;
use crate::head::Version;
use crate::http1::body::Unread;
use crate::respond;
use crate::respond::ClientFraming;
use crate::respond::ResponseEdits;
use crate::respond::Stamp;
use crate::response::ResponseHead;
use crate::serve::Client;
use crate::transport::Outbox;
use crate::transport::Transport;
use crate::worker::Worker;
use phantom_wire::CHUNK;
use phantom_wire::Framing;
use phantom_wire::ReadBuffer;
use phantom_wire::write_chunk;
use phantom_wire::write_last_chunk;

pub(super) struct Http1Client<'c> {
    pub(super) worker: &'c Worker,
    pub(super) head: &'c RequestHead,
    deadline: &'c Deadline,
    io: &'c mut Transport,
    received: &'c mut ReadBuffer,
    outbox: &'c mut Outbox,
    body: Unread,
    /// The client sends its body when it is told to (HTP-13).
    held_back: bool,
    /// More of the body than so many bytes is not taken.
    most: u64,
    answer: OnTheWay,
}

/// An answer, as far as it has been made.
struct OnTheWay {
    framing: ClientFraming,
    /// The client is told that the connection may carry another request.
    keep_alive: bool,
    /// It may be ended early without looking whole: a server-sent event stream.
    ends_anywhere: bool,
    /// The client may have seen the head: from here on an answer of our own comes too late.
    committed: bool,
    /// Where the head lies in the outbox, to be taken back for as long as it is not committed.
    starts_at: Option<usize>,
    /// All of it was written.
    ended: bool,
    /// There will be no more of it, though it has not ended.
    cut: bool,
}

impl<'c> Http1Client<'c> {
    pub(super) const fn new(
        worker: &'c Worker,
        head: &'c RequestHead,
        deadline: &'c Deadline,
        (io, received, outbox): (&'c mut Transport, &'c mut ReadBuffer, &'c mut Outbox),
        body: Unread,
    ) -> Self {
        let answer = OnTheWay {
            framing: ClientFraming::None,
            keep_alive: false,
            ends_anywhere: false,
            committed: false,
            starts_at: None,
            ended: false,
            cut: false,
        };
        let held_back = head.expects_continue;
        Self {
            worker,
            head,
            deadline,
            io,
            received,
            outbox,
            body,
            held_back,
            most: u64::MAX,
            answer,
        }
    }

    /// The fate of the connection, and the rest of the request.
    pub(super) fn finish(self) -> (Then, Unread) {
        let OnTheWay { framing, keep_alive, ends_anywhere, ended, cut, .. } = self.answer;
        let then = match cut {
            // The connection's end is the body's: only a reset looks like a part of it.
            true if framing == ClientFraming::UntilClose && !ends_anywhere => Then::Reset,
            false if ended && keep_alive && self.outbox.is_empty() => Then::GoOn,
            _ => Then::Close,
        };
        (then, self.body)
    }

    fn may_keep_alive(&self) -> bool {
        self.head.keep_alive && !self.worker.draining.get()
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.answer.committed = true;
        self.outbox.poll_send_all(cx, self.io).map(|sent| sent.map_err(|_| Cause::ClientGone))
    }
}

impl Client for Http1Client<'_> {
    fn deadline(&self) -> &Deadline {
        self.deadline
    }

    fn waits_for(&self, turn: Turn, moved: u64) {
        match turn {
            Turn::Backend => self.deadline.busy(),
            Turn::Client => self.deadline.wait_for_client(moved),
        }
    }

    fn taken(&self) -> u64 {
        self.io.socket().taken()
    }

    fn take_at_most(&mut self, bytes: u64) {
        self.most = bytes;
    }

    fn poll_lost(&mut self, _: &mut Context<'_>) -> Option<Cause> {
        self.deadline.is_given_up().then_some(Cause::ClientSlow)
    }

    /// Input that comes meanwhile is the next request, and kept.
    fn has_hung_up(&mut self, cx: &mut Context<'_>) -> bool {
        if self.received.data().len() >= CHUNK {
            return false;
        }
        matches!(self.received.poll_fill(cx, self.io), Poll::Ready(Ok(0) | Err(_)))
    }

    async fn unless_lost<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        Some(work.await)
    }

    /// Reads on where that is cheap, so that the connection can go on (HTP-14).
    async fn get_past_body(&mut self, close: bool) {
        self.answer.keep_alive = self.may_keep_alive() && !close && self.drain().await;
    }

    fn start_own(
        &mut self,
        answer: &Answer,
        length: Option<u64>,
        _whole: bool,
        stamp: &Stamp,
    ) -> Result<(), Cause> {
        let OnTheWay { keep_alive, framing, .. } = &mut self.answer;
        *framing = ClientFraming::Length;
        let (version, out) = (self.head.version, &mut self.outbox.bytes);
        respond::write_own_head(answer, length, version, *keep_alive, stamp, out);
        Ok(())
    }

    fn interim(&mut self, cx: &mut Context<'_>, head: &ResponseHead) -> Result<(), Cause> {
        if self.head.version == Version::Http10 {
            return Ok(());
        }
        respond::write_interim(head, &mut self.outbox.bytes);
        match self.outbox.poll_send_all(cx, self.io) {
            Poll::Ready(Err(_)) => Err(Cause::ClientGone),
            _ => Ok(()),
        }
    }

    fn start(&mut self, head: &ResponseHead, edits: &ResponseEdits) -> Result<(), Cause> {
        let version = self.head.version;
        let framing = ClientFraming::new(head.framing, version);
        // An answer before the end of the request: what is left of it is not waited for.
        let in_step = self.body.is_done() && framing != ClientFraming::UntilClose;
        let keep_alive = self.may_keep_alive() && in_step;
        let out = &mut self.outbox.bytes;
        let starts_at = Some(out.len());
        respond::write_response_head(head, edits, framing, version, keep_alive, out);
        let ended = head.framing == Framing::None;
        let (ends_anywhere, committed, cut) = (head.is_event_stream(), false, false);
        self.answer =
            OnTheWay { framing, keep_alive, ends_anywhere, committed, starts_at, ended, cut };
        Ok(())
    }

    fn take_back(&mut self) -> bool {
        if self.answer.committed {
            return false;
        }
        if let Some(at) = self.answer.starts_at.take() {
            self.outbox.bytes.truncate(at);
        }
        true
    }

    fn poll_room(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<Result<usize, Cause>> {
        if self.outbox.pending() >= CHUNK {
            ready!(self.poll_send(cx))?;
        }
        Poll::Ready(Ok(wanted))
    }

    fn pass(&mut self, data: &[u8]) -> Result<(), Cause> {
        let out = &mut self.outbox.bytes;
        match self.answer.framing {
            ClientFraming::Chunked => write_chunk(data, out),
            ClientFraming::Length | ClientFraming::None | ClientFraming::UntilClose => {
                out.extend_from_slice(data);
            }
        }
        Ok(())
    }

    fn end(&mut self, trailers: &[u8]) -> Result<(), Cause> {
        if self.answer.framing == ClientFraming::Chunked {
            write_last_chunk(trailers, &mut self.outbox.bytes);
        }
        self.answer.ended = true;
        Ok(())
    }

    /// A server-sent event stream ends properly, and its reader comes back to a 401.
    fn end_with_token(&mut self, _grpc: bool) -> bool {
        if self.answer.ends_anywhere && self.answer.framing == ClientFraming::Chunked {
            write_last_chunk(b"", &mut self.outbox.bytes);
        }
        self.answer.ends_anywhere
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>> {
        self.poll_send(cx)
    }

    fn is_behind(&self) -> bool {
        !self.outbox.is_empty()
    }

    fn unsent(&self) -> u64 {
        self.outbox.pending() as u64
    }

    fn cut(&mut self, _cause: Cause) {
        self.answer.cut = true;
    }
}
