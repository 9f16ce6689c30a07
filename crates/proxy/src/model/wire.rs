//! A connection in memory: two directions with a window each, cut wherever chance has it, half-closed,
//! closed or reset as TCP would be.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

use super::chance::Chance;

/// One end of a connection. Dropped, it closes; with something unread, or told to, it resets.
pub(crate) struct End {
    incoming: Rc<RefCell<Direction>>,
    outgoing: Rc<RefCell<Direction>>,
    reset: Cell<bool>,
}

struct Direction {
    bytes: VecDeque<u8>,
    window: usize,
    /// The writer sends no more.
    closed: bool,
    /// The connection was reset: nothing is written any more, and what is unread may be lost.
    reset: bool,
    /// Nobody will read: a write is answered by a reset.
    deaf: bool,
    /// Bytes moved at once at most; zero: as many as there are.
    cut: usize,
    chance: Chance,
    kept: Kept,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What a reader keeps of what it read. One that is done with it has the same room for the next bytes as
/// it had for those.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    /// Room and bytes of the last read.
    last: (usize, usize),
    now: usize,
    most: usize,
}

/// Two ends, with windows of so many bytes from the first to the second and back.
pub(crate) fn pair(chance: &mut Chance, there: usize, back: usize) -> (End, End) {
    let there = Rc::new(RefCell::new(Direction::new(chance, there)));
    let back = Rc::new(RefCell::new(Direction::new(chance, back)));
    let first = End { incoming: back.clone(), outgoing: there.clone(), reset: Cell::new(false) };
    (first, End { incoming: there, outgoing: back, reset: Cell::new(false) })
}

impl Direction {
    fn new(chance: &mut Chance, window: usize) -> Self {
        // So that the largest message takes some thousand reads, not millions.
        let least = window / 20;
        let cut = if chance.one_in(3) { least + 1 + chance.below(64) } else { 0 };
        Self {
            bytes: VecDeque::new(),
            window,
            closed: false,
            reset: false,
            deaf: false,
            cut,
            chance: chance.split(),
            kept: Kept::default(),
            reader: None,
            writer: None,
        }
    }

    fn piece(&mut self, most: usize) -> usize {
        match self.cut {
            0 => most,
            cut => most.min(1 + self.chance.below(cut)),
        }
    }

    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    fn note_read(&mut self, room: usize, count: usize) {
        let Kept { last: (before, read), now, most } = self.kept;
        let now = if room == before { 0 } else { now + read };
        self.kept = Kept { last: (room, count), now, most: most.max(now) };
    }

    fn end_in_reset(&mut self) {
        self.reset = true;
        // What had arrived may be lost with it, or not.
        if self.chance.one_in(2) {
            self.bytes.clear();
        }
        self.wake();
    }
}

impl End {
    pub(crate) fn reset_when_dropped(&self) {
        self.reset.set(true);
    }

    /// The most bytes that the other end keeps as they came, to be asked when all is over.
    pub(crate) fn kept_there(&self) -> impl Fn() -> usize + use<> {
        let outgoing = self.outgoing.clone();
        move || outgoing.borrow().kept.most
    }

    /// Ends the connection for both, at once.
    pub(crate) fn reset(&self) {
        self.incoming.borrow_mut().end_in_reset();
        self.outgoing.borrow_mut().end_in_reset();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if self.reset.get() || !self.incoming.borrow().bytes.is_empty() {
            return self.reset();
        }
        let mut incoming = self.incoming.borrow_mut();
        incoming.deaf = true;
        incoming.wake();
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.closed = true;
        outgoing.wake();
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut incoming = self.incoming.borrow_mut();
        if incoming.bytes.is_empty() {
            if incoming.reset {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if incoming.closed {
                return Poll::Ready(Ok(()));
            }
            incoming.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let most = incoming.bytes.len().min(buf.remaining());
        let count = incoming.piece(most);
        incoming.note_read(buf.remaining(), count);
        let (front, back) = incoming.bytes.as_slices();
        let from_front = count.min(front.len());
        buf.put_slice(&front[..from_front]);
        buf.put_slice(&back[..count - from_front]);
        incoming.bytes.drain(..count);
        if let Some(writer) = incoming.writer.take() {
            writer.wake();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut outgoing = self.outgoing.borrow_mut();
        if outgoing.reset || outgoing.closed {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if outgoing.deaf {
            // As TCP: the write itself succeeds, and the reset comes back.
            outgoing.end_in_reset();
            drop(outgoing);
            self.incoming.borrow_mut().end_in_reset();
            return Poll::Ready(Ok(bytes.len()));
        }
        let room = outgoing.window.saturating_sub(outgoing.bytes.len()).min(bytes.len());
        if room == 0 && !bytes.is_empty() {
            outgoing.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = outgoing.piece(room);
        outgoing.bytes.extend(&bytes[..count]);
        if let Some(reader) = outgoing.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outgoing = self.outgoing.borrow_mut();
        outgoing.closed = true;
        outgoing.wake();
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").finish_non_exhaustive()
    }
}
