//! Backends of our own. The good one says in each answer which request it answers.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::door::Door;
use super::wire;
use crate::http1::Message;
use crate::serve::write_answer;

/// Longer than any client of ours waits.
const FROZEN: Duration = Duration::from_secs(120);
/// Bytes of `/big`: more than all the buffers on the way together.
pub(super) const BIG: usize = 3 << 20;

#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(u8)]
pub(super) enum Manner {
    Good,
    /// Reads the head of a request and closes.
    Reset,
    /// Takes requests and says nothing.
    Frozen,
    /// Answers as soon as it has the head, then closes with the body unread, which resets.
    Early,
}

#[derive(Debug)]
pub(super) struct Backend {
    door: Arc<Door>,
    manner: Arc<AtomicU8>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Backend {
    pub(super) fn start(manner: Manner) -> Result<Self> {
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let manner = Arc::new(AtomicU8::new(manner as u8));
        let (now, notes) = (Arc::clone(&manner), Arc::clone(&heard));
        let door = Door::open(move |stream| {
            let _ = serve(stream, &now, &notes);
        })?;
        Ok(Self { door, manner, heard })
    }

    pub(super) fn port(&self) -> u16 {
        self.door.port
    }

    pub(super) fn set(&self, manner: Manner) {
        self.manner.store(manner as u8, Ordering::SeqCst);
    }

    pub(super) fn set_refusing(&self, refusing: bool) {
        self.door.set_shut(refusing);
    }

    /// Heads of requests that came to a backend of the manner `Early`.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.door.close();
    }
}

fn serve(mut stream: &TcpStream, manner: &AtomicU8, heard: &Mutex<Vec<String>>) -> Result<()> {
    let is = |other: Manner| manner.load(Ordering::SeqCst) == other as u8;
    if is(Manner::Early) {
        let head = wire::head(stream)?;
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        let mut answer = Vec::new();
        write_answer(&mut answer, "413 Content Too Large", "", b"early")?;
        stream.write_all(&answer)?;
        thread::sleep(Duration::from_millis(20));
        return Ok(());
    }
    wire::converse(stream, |request, output| {
        if is(Manner::Reset) {
            anyhow::bail!("as wanted");
        }
        if is(Manner::Frozen) {
            thread::sleep(FROZEN);
        }
        if request.head.target()?.ends_with("/big") {
            return write_big(stream);
        }
        answer(request, output)
    })
}

/// In pieces: what an attacker lets us make of it must not cost others the processor.
fn write_big(mut stream: &TcpStream) -> Result<()> {
    static PIECE: [u8; 32 << 10] = [b'x'; 32 << 10];
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n")?;
    for _ in 0..BIG / PIECE.len() {
        stream.write_all(&PIECE)?;
    }
    Ok(())
}

fn answer(request: &Message<'_>, output: &mut Vec<u8>) -> Result<()> {
    let target = request.head.target()?;
    let credential = request.head.field("authorization").map_or(0, str::len);
    let body = format!("{{\"target\":\"{target}\",\"authorization_bytes\":{credential}}}");
    write_answer(output, "200 OK", "Content-Type: application/json\r\n", body.as_bytes())
}
