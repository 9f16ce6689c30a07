//! The demands of a request's course on a protocol.

use std::task::Context;
use std::task::Poll;

use phantom_pipeline::Answer;
use phantom_telemetry::Cause;

use crate::deadline::Deadline;
use crate::exchange::RequestBody;
use crate::exchange::Turn;
use crate::respond::ResponseEdits;
use crate::respond::Stamp;
use crate::response::ResponseHead;

/// The client of one request: gives its body, takes its answer.
pub(crate) trait Client: RequestBody {
    fn deadline(&self) -> &Deadline;

    /// Who is waited for, and what has moved so far: one whose client does not go on may have to give its
    /// place to others.
    fn waits_for(&self, turn: Turn, moved: u64);

    /// Bytes of the answer that the client has taken, as far as can be told.
    fn taken(&self) -> u64;

    /// Bounds the body: so many bytes of it are taken, and no more.
    fn take_at_most(&mut self, bytes: u64);

    /// Why nobody waits for the answer any more. Polled before anything else is.
    fn poll_lost(&mut self, cx: &mut Context<'_>) -> Option<Cause>;

    /// Returns whether the client has hung up, where only reading on tells. Asked when all of its body is here.
    fn has_hung_up(&mut self, cx: &mut Context<'_>) -> bool;

    /// Works for as long as somebody waits for it.
    async fn unless_lost<T>(&mut self, work: impl Future<Output = T>) -> Option<T>;

    /// Before an answer of our own, after which nobody reads on of the body. `close`: what follows it
    /// cannot be trusted.
    async fn get_past_body(&mut self, close: bool);

    /// Begins an answer of our own. `whole`: no content follows.
    fn start_own(
        &mut self,
        answer: &Answer,
        length: Option<u64>,
        whole: bool,
        stamp: &Stamp,
    ) -> Result<(), Cause>;

    /// Passes on that an answer will come (RFC 9110 §15.2).
    fn interim(&mut self, cx: &mut Context<'_>, head: &ResponseHead) -> Result<(), Cause>;

    /// Begins a backend's answer.
    fn start(&mut self, head: &ResponseHead, edits: &ResponseEdits) -> Result<(), Cause>;

    /// Takes back what was begun. False: the client may have seen it.
    fn take_back(&mut self) -> bool;

    /// How much may be passed on now, of so many bytes.
    fn poll_room(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<Result<usize, Cause>>;

    /// Passes on what there was room for.
    fn pass(&mut self, data: &[u8]) -> Result<(), Cause>;

    /// Ends the answer, with trailer fields as lines.
    fn end(&mut self, trailers: &[u8]) -> Result<(), Cause>;

    /// Ends an answer that may end anywhere, properly, with its token (STR-2). False: this one may not.
    fn end_with_token(&mut self, grpc: bool) -> bool;

    /// Gives what was passed on to the client, as it takes it.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Cause>>;

    /// The client has to take something before it gets more.
    fn is_behind(&self) -> bool;

    /// Bytes that were passed on and never left.
    fn unsent(&self) -> u64;

    /// Nothing comes any more: the client must not take what it has for the whole.
    fn cut(&mut self, cause: Cause);
}
