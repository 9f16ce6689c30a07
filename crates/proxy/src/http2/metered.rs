//! The bytes of an HTTP/2 connection, counted, and its frames weighed.
//!
//! Frames that ask for nothing cost the gateway and nobody else: a client that sends little but
//! SETTINGS, PING, WINDOW_UPDATE, PRIORITY or unknown frames is a flood. What a connection may send of
//! them is earned, by requests and by what moves in either direction.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

use crate::transport::Transport;
use phantom_wire::ReadBuffer;

/// The credit of a new connection, and the most that is saved up.
const START: u64 = 2_000;
const MOST: u64 = 20_000;
/// Worth of one request head.
const HEAD: u64 = 20;
/// Bytes that earn one frame. A client may answer every small piece of data with a frame or two.
const BYTES: u64 = 128;

const PREFACE: usize = 24;
const FRAME_HEADER: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// The counts of one connection.
#[derive(Debug)]
pub(super) struct Meter {
    received: Cell<u64>,
    sent: Cell<u64>,
    credit: Cell<u64>,
    flooded: Cell<bool>,
    /// Bytes of `sent` that have earned nothing yet.
    unpaid: Cell<u64>,
}

impl Meter {
    pub(super) const fn new() -> Self {
        Self {
            received: Cell::new(0),
            sent: Cell::new(0),
            credit: Cell::new(START),
            flooded: Cell::new(false),
            unpaid: Cell::new(0),
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.received.get()
    }

    /// Bytes that the transport has taken.
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }

    pub(super) fn is_flooded(&self) -> bool {
        self.flooded.get()
    }

    fn earn(&self, frames: u64) {
        self.credit.set(self.credit.get().saturating_add(frames).min(MOST));
    }

    fn sent_more(&self, bytes: u64) {
        self.sent.set(self.sent.get() + bytes);
        let unpaid = self.unpaid.get() + bytes;
        self.earn(unpaid / BYTES);
        self.unpaid.set(unpaid % BYTES);
    }

    fn frame(&self, kind: u8, length: u64) {
        match kind {
            HEADERS => self.earn(HEAD),
            // `h2` bounds these by itself.
            CONTINUATION => {}
            DATA => self.earn(length / BYTES),
            _ => match self.credit.get().checked_sub(1) {
                Some(left) => self.credit.set(left),
                None => self.flooded.set(true),
            },
        }
    }
}

/// Finds the frames in what is read.
#[derive(Debug)]
struct Frames {
    /// Bytes until the next frame header.
    skip: usize,
    header: [u8; FRAME_HEADER],
    have: usize,
}

impl Frames {
    const fn new() -> Self {
        Self { skip: PREFACE, header: [0; FRAME_HEADER], have: 0 }
    }

    fn pass(&mut self, mut bytes: &[u8], meter: &Meter) {
        meter.received.set(meter.received.get() + bytes.len() as u64);
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len());
                self.skip -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let taken = (FRAME_HEADER - self.have).min(bytes.len());
            let (here, rest) = bytes.split_at(taken);
            if let Some(room) = self.header.get_mut(self.have..self.have + taken) {
                room.copy_from_slice(here);
            }
            self.have += taken;
            bytes = rest;
            if self.have == FRAME_HEADER {
                let [high, middle, low, kind, ..] = self.header;
                let length = u32::from_be_bytes([0, high, middle, low]);
                meter.frame(kind, u64::from(length));
                (self.have, self.skip) = (0, length as usize);
            }
        }
    }
}

/// A transport some of whose bytes were read already.
#[derive(Debug)]
pub(super) struct Metered {
    received: ReadBuffer,
    transport: Transport,
    frames: Frames,
    meter: Rc<Meter>,
}

impl Metered {
    pub(super) fn new(received: ReadBuffer, transport: Transport, meter: Rc<Meter>) -> Self {
        Self { received, transport, frames: Frames::new(), meter }
    }

    fn took(&self, before: u64) {
        self.meter.sent_more(self.transport.socket().taken() - before);
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let count = this.received.data().len().min(buf.remaining());
        if count == 0 {
            ready!(Pin::new(&mut this.transport).poll_read(cx, buf))?;
        } else {
            buf.put_slice(this.received.data().get(..count).unwrap_or_default());
            this.received.consume(count);
        }
        this.frames.pass(buf.filled().get(before..).unwrap_or_default(), &this.meter);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let before = this.transport.socket().taken();
        let written = Pin::new(&mut this.transport).poll_write(cx, bytes);
        this.took(before);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = this.transport.socket().taken();
        let flushed = Pin::new(&mut this.transport).poll_flush(cx);
        this.took(before);
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![0, (length >> 8) as u8, length as u8, kind, 0, 0, 0, 0, 1];
        frame.resize(FRAME_HEADER + length, 0xff);
        frame
    }

    fn meter_of(frames: &[Vec<u8>], cut: usize) -> Meter {
        let meter = Meter::new();
        let mut found = Frames::new();
        let bytes = [vec![b'P'; PREFACE], frames.concat()].concat();
        for piece in bytes.chunks(cut) {
            found.pass(piece, &meter);
        }
        meter
    }

    #[test]
    fn frames_that_ask_for_nothing_are_a_flood_wherever_the_bytes_are_cut() {
        for kind in [2, 4, 6, 8, 0xbe] {
            for cut in [1, 7, 9, 1000] {
                let allowed = vec![frame(kind, 8); START as usize];
                assert!(!meter_of(&allowed, cut).is_flooded(), "{kind} {cut}");
                let flood = vec![frame(kind, 8); START as usize + 1];
                assert!(meter_of(&flood, cut).is_flooded(), "{kind} {cut}");
            }
        }
    }

    #[test]
    fn requests_and_data_earn_the_frames_that_go_with_them() {
        let request = [frame(HEADERS, 50), frame(8, 4), frame(6, 8), frame(DATA, 1024)];
        let many = vec![request.concat(); 10_000];
        assert!(!meter_of(&many, 4096).is_flooded());
        let meter = Meter::new();
        let mut frames = Frames::new();
        frames.pass(&[0; PREFACE], &meter);
        // A download of small pieces, each of which is answered by two window updates.
        for _ in 0..100_000 {
            meter.sent_more(256);
            frames.pass(&[frame(8, 4), frame(8, 4)].concat(), &meter);
        }
        assert!(!meter.is_flooded());
    }
}
