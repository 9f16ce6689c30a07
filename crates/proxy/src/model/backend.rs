//! The model's backends: each connection reads requests and answers them as the script has it.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::chance::Chance;
use super::ends::Incoming;
use super::ends::Io;
use super::ends::field;
use super::ends::pause;
use super::script::Request;
use super::script::Script;
use super::script::Then;
use super::wire;
use super::wire::End;
use super::world::NOWHERE;
use crate::transport::Socket;

/// An answer to nobody: who gets it has somebody else's.
const ANOTHER: &[u8] = b"HTTP/1.1 200 OK\r\nX-For: 1000\r\nContent-Length: 6\r\n\r\nstolen";

/// Makes connections to a backend, and remembers what came over them.
#[derive(Clone)]
pub(crate) struct Backends(Rc<Inner>);

struct Inner {
    script: Rc<Script>,
    tls: Option<Arc<rustls::ServerConfig>>,
    chance: RefCell<Chance>,
    seen: RefCell<Vec<Seen>>,
}

/// A request as a backend got it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Method and target.
    pub(crate) line: String,
    pub(crate) id: Option<usize>,
    pub(crate) body: Vec<u8>,
    /// All of its body came.
    pub(crate) whole: bool,
    pub(crate) trailing: bool,
    pub(crate) has_length: bool,
    /// When the backend last read something of it, or had written the answer.
    pub(crate) last: Instant,
    /// What is missing of the chunk that is read.
    chunk: usize,
    /// All bytes of the answer were sent and none is missing.
    pub(crate) answered: bool,
}

impl fmt::Debug for Backends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backends").finish_non_exhaustive()
    }
}

impl Backends {
    pub(crate) fn new(
        script: Rc<Script>,
        tls: Option<Arc<rustls::ServerConfig>>,
        chance: Chance,
    ) -> Self {
        let (chance, seen) = (RefCell::new(chance), RefCell::default());
        Self(Rc::new(Inner { script, tls, chance, seen }))
    }

    pub(crate) fn seen(&self) -> std::cell::Ref<'_, Vec<Seen>> {
        self.0.seen.borrow()
    }

    pub(crate) fn connect(&self, port: u16) -> io::Result<Socket> {
        let mut chance = self.0.chance.borrow_mut();
        if port == NOWHERE || !self.0.script.gentle && chance.one_in(30) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let window = self.0.script.window;
        let (ours, theirs) = wire::pair(&mut chance, window, window);
        let (backends, chance) = (self.clone(), chance.split());
        tokio::task::spawn_local(async move {
            let _ = backends.serve(ours, chance).await;
        });
        Ok(Socket::of_model(theirs))
    }

    /// Two pauses in a row are still within the gateway's patience with backends, and one is beyond that
    /// with clients.
    fn patience(&self) -> usize {
        if self.0.script.gentle { 1_400 } else { 4_000 }
    }

    async fn serve(&self, end: End, mut chance: Chance) -> io::Result<()> {
        let io = match &self.0.tls {
            None => Io::plain(end),
            Some(config) => {
                let acceptor = tokio_rustls::TlsAcceptor::from(config.clone());
                Io::tls_server(acceptor.accept(end).await?)
            }
        };
        let mut incoming = Incoming::new(io.clone());
        let mut idle = Duration::from_secs(600);
        loop {
            let since = Instant::now();
            let Some(head) = incoming.head().await? else { return Ok(()) };
            // It means what it says of how long it keeps the connection: a request that comes later meets
            // the end of it on the way.
            if since.elapsed() >= idle {
                io.reset();
                return Ok(());
            }
            let line = head.first().cloned().unwrap_or_default();
            let id = line
                .split(' ')
                .nth(1)
                .and_then(|target| target.rsplit('/').next())
                .and_then(|id| id.parse::<usize>().ok());
            let script = self.0.script.clone();
            let request = id.and_then(|id| script.requests.get(id));
            let at = self.0.seen.borrow().len();
            self.0.seen.borrow_mut().push(Seen {
                line,
                id,
                body: Vec::new(),
                whole: false,
                trailing: false,
                has_length: field(&head, "content-length").is_some(),
                last: Instant::now(),
                chunk: 0,
                answered: false,
            });
            let Some(request) = request else {
                // The oracle tells of it; whoever asked gets something to be told by.
                io.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhidden").await?;
                continue;
            };
            let most = request.answer.reads;
            let got = self.read_body(&head, &mut incoming, most, at, &mut chance).await;
            if got.is_err() && request.answer.reads == usize::MAX {
                return Ok(());
            }
            if self.answer(request, &io, at, &mut chance).await? {
                return Ok(());
            }
            let seconds = request.answer.keep_alive.unwrap_or(600);
            idle = Duration::from_secs(seconds.into());
            // An early answer: the rest of the body is taken, so that the next head can be found.
            let rest = self.read_body(&head, &mut incoming, usize::MAX, at, &mut chance);
            if !self.0.seen.borrow()[at].whole {
                rest.await?;
            }
        }
    }

    /// Returns whether the connection ended with it.
    async fn answer(
        &self,
        request: &Request,
        io: &Io,
        at: usize,
        chance: &mut Chance,
    ) -> io::Result<bool> {
        let answer = &request.answer;
        let patience = self.patience();
        pause(chance, 12, patience).await;
        let (bytes, whole) = answer.bytes(request.id, request.method == "HEAD");
        // A head has one time-out as a whole.
        let head =
            if self.0.script.gentle { bytes.len() - answer.body.len().min(bytes.len()) } else { 0 };
        let (head, rest) = bytes.split_at(head);
        io.write(head).await?;
        // In one with the end of the answer: what is still under way when the connection is used again, nobody
        // can tell from an answer to that.
        let another =
            answer.another && whole && bytes.len() + ANOTHER.len() <= self.0.script.window;
        if another {
            io.write(&[rest, ANOTHER].concat()).await?;
        } else {
            let piece = 1 + chance.below(rest.len().max(200));
            for piece in rest.chunks(piece.max(rest.len() / 8)) {
                pause(chance, 12, patience).await;
                io.write(piece).await?;
            }
        }
        {
            let seen = &mut self.0.seen.borrow_mut()[at];
            (seen.answered, seen.last) = (whole, Instant::now());
        }
        match answer.then {
            Then::GoesOn if whole => return Ok(false),
            Then::GoesSilent => tokio::time::sleep(Duration::from_secs(60)).await,
            Then::Resets => io.reset(),
            Then::Closes | Then::GoesOn => io.close_write().await,
        }
        io.hang_up();
        Ok(true)
    }

    /// Reads up to so many bytes of a body, decoded, into what was seen.
    async fn read_body(
        &self,
        head: &[String],
        incoming: &mut Incoming,
        most: usize,
        at: usize,
        chance: &mut Chance,
    ) -> io::Result<()> {
        let patience = self.patience();
        let chunked = field(head, "transfer-encoding").is_some();
        let length = field(head, "content-length").and_then(|length| length.parse().ok());
        let already = self.0.seen.borrow()[at].body.len();
        let mut paused = false;
        let mut left: usize = match (chunked, length) {
            (true, _) => self.0.seen.borrow()[at].chunk,
            (false, length) => length.unwrap_or(0) - already,
        };
        loop {
            if self.0.seen.borrow()[at].body.len() >= most {
                return Ok(());
            }
            if left == 0 && chunked {
                let line = incoming.line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
                // Behind a chunk's data comes an empty line.
                if line.is_empty() {
                    continue;
                }
                left = usize::from_str_radix(&line, 16).map_err(io::Error::other)?;
                if left == 0 {
                    let trailers = incoming.head().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
                    self.0.seen.borrow_mut()[at].trailing = !trailers.is_empty();
                }
            }
            if left == 0 {
                self.0.seen.borrow_mut()[at].whole = true;
                return Ok(());
            }
            if incoming.data().is_empty() {
                // What the gateway got rid of long ago may still be read here: once is enough.
                if !paused || !self.0.script.gentle {
                    paused = pause(chance, 20, patience).await;
                }
                if !incoming.fill().await? {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let count = incoming.data().len().min(left);
            self.0.seen.borrow_mut()[at].body.extend_from_slice(&incoming.data()[..count]);
            incoming.consume(count);
            left -= count;
            let seen = &mut self.0.seen.borrow_mut()[at];
            (seen.chunk, seen.last) = (left, Instant::now());
        }
    }
}
