//! The model's HTTP/1.1 client: writes as the script has it, reads what comes, and waits or does not.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use h2::Reason;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::chance::Chance;
use super::ends::Incoming;
use super::ends::Io;
use super::ends::field;
use super::ends::pause;
use super::script::Framing;
use super::script::GivesUp;
use super::script::Request;
use super::script::Script;
use super::script::chunk;

/// A final answer as the client got it.
#[derive(Debug, Default)]
pub(crate) struct Got {
    pub(crate) status: u16,
    /// The request that the backend says it is for; answers of the gateway's own say nothing.
    pub(crate) names: Option<usize>,
    pub(crate) body: Vec<u8>,
    /// As far as its framing tells.
    pub(crate) whole: bool,
    pub(crate) closes: bool,
    /// When its head came.
    pub(crate) at: Option<Instant>,
    /// Over HTTP/2: what ended the stream before the client had sent its request, and when it saw that.
    pub(crate) reset: Option<(Reason, Instant)>,
}

/// When a request was begun, and when the client last sent something of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) begun: Instant,
    pub(crate) last: Instant,
}

impl Sent {
    pub(crate) fn now() -> Self {
        let now = Instant::now();
        Self { begun: now, last: now }
    }
}

/// What the client saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) answers: Vec<Got>,
    /// The last one, not whole yet.
    pub(crate) partial: Option<Got>,
    /// How often it was told to go on.
    told: usize,
    pub(crate) ended: Option<End>,
    /// What came was no HTTP.
    pub(crate) nonsense: Option<String>,
    /// The requests whose heads were begun.
    pub(crate) sent: Vec<Sent>,
    /// It stopped reading or was gone before the end.
    pub(crate) left: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Closed,
    /// Without TLS's own close: a cut is not told from it.
    Cut,
    Reset,
}

impl End {
    /// Whatever came before it is all there is.
    pub(crate) fn is_orderly(self) -> bool {
        self == Self::Closed
    }
}

struct Client {
    script: Rc<Script>,
    io: Io,
    seen: Rc<RefCell<Seen>>,
    news: Rc<Notify>,
    /// How often, while the answer at hand was read.
    paused: Rc<Cell<usize>>,
}

/// Plays the client's part to its end.
pub(crate) async fn play(script: Rc<Script>, io: Io, mut chance: Chance) -> Rc<RefCell<Seen>> {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let news = Rc::new(Notify::new());
    let paused = Rc::default();
    let client =
        Client { script: script.clone(), io: io.clone(), seen: seen.clone(), news, paused };
    let mut reading = {
        let (client, chance) = (client.clone(), chance.split());
        tokio::task::spawn_local(client.read(chance))
    };
    let gave_up = client.write(&mut chance).await;
    match gave_up {
        None => {
            let _ = tokio::time::timeout(Duration::from_secs(60), client.until(usize::MAX)).await;
        }
        Some(how) => {
            seen.borrow_mut().left = true;
            match how {
                GivesUp::Resets => io.reset(),
                GivesUp::Hangs => tokio::time::sleep(Duration::from_secs(30)).await,
                GivesUp::ClosesItsSide => {
                    io.close_write().await;
                    tokio::time::sleep(Duration::from_secs(30)).await;
                }
                GivesUp::GoesSilent => {
                    let limit = Duration::from_secs(60);
                    let _ = tokio::time::timeout(limit, client.until(usize::MAX)).await;
                }
            }
        }
    }
    let closes = seen.borrow().answers.last().is_some_and(|got| got.closes);
    // How it ends then is the gateway's to show.
    let has_ended = script.gentle
        && closes
        && tokio::time::timeout(Duration::from_secs(60), &mut reading).await.is_ok();
    // Whoever got what it waited for hangs up, at some time.
    io.hang_up();
    if !has_ended {
        reading.abort();
        let _ = reading.await;
    }
    seen
}

impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            script: self.script.clone(),
            io: self.io.clone(),
            seen: self.seen.clone(),
            news: self.news.clone(),
            paused: self.paused.clone(),
        }
    }
}

impl Client {
    /// Until so many answers came, all did, or none more can.
    async fn until(&self, answers: usize) {
        loop {
            let news = self.news.notified();
            {
                let seen = self.seen.borrow();
                let enough = answers.min(self.script.requests.len());
                if seen.answers.len() >= enough || seen.ended.is_some() || seen.nonsense.is_some() {
                    return;
                }
            }
            news.await;
        }
    }

    /// Sends the requests. How the client gave up, if it did.
    async fn write(&self, chance: &mut Chance) -> Option<GivesUp> {
        let mut left = self.script.gives_up.map(|(after, _)| after);
        let mut waited = 0;
        for (at, request) in self.script.requests.iter().enumerate() {
            if !self.script.pipelined {
                self.until(at).await;
                // Longer than some backends keep their connections.
                pause(chance, 6, 2_200).await;
            }
            if self.seen.borrow().ended.is_some() {
                return None;
            }
            let head = head_of(request);
            self.seen.borrow_mut().sent.push(Sent::now());
            if !self.send(&head, &mut left, chance, false).await {
                return self.script.gives_up.map(|(_, how)| how);
            }
            if request.expects_continue {
                waited += 1;
                if self.is_refused_instead(at, waited).await {
                    // The server will not read it as a request: the connection ends here.
                    return None;
                }
            }
            if !self.send(&body_of(request), &mut left, chance, true).await {
                return self.script.gives_up.map(|(_, how)| how);
            }
        }
        None
    }

    /// Waits for 100. True if an answer came instead of it.
    async fn is_refused_instead(&self, at: usize, times: usize) -> bool {
        let told = async {
            loop {
                let news = self.news.notified();
                {
                    let seen = self.seen.borrow();
                    if seen.told >= times || seen.answers.len() > at || seen.ended.is_some() {
                        return;
                    }
                }
                news.await;
            }
        };
        // Others send after a while all the same; behind pipelined requests it takes longer.
        let _ = tokio::time::timeout(Duration::from_secs(20), told).await;
        let seen = self.seen.borrow();
        seen.answers.len() > at || seen.ended.is_some()
    }

    /// False where the client's end comes first.
    async fn send(
        &self,
        bytes: &[u8],
        left: &mut Option<usize>,
        chance: &mut Chance,
        pauses: bool,
    ) -> bool {
        let mut paused = false;
        let most = left.map_or(bytes.len(), |left| left.min(bytes.len()));
        let piece = (1 + chance.below(most.max(100))).max(most / 10);
        for piece in bytes[..most].chunks(piece) {
            if self.io.write(piece).await.is_err() {
                // The reader finds out why.
                tokio::time::sleep(Duration::from_secs(1)).await;
                return true;
            }
            if let Some(sent) = self.seen.borrow_mut().sent.last_mut() {
                sent.last = Instant::now();
            }
            // Once a message: between two pieces there may be nothing but framing.
            paused |= match (self.script.gentle, pauses) {
                (true, _) if paused => true,
                (true, true) => pause(chance, 6, 450).await,
                (true, false) => pause(chance, 20, 100).await,
                (false, _) => pause(chance, 20, 3_000).await,
            };
        }
        if let Some(left) = left {
            *left -= most;
        }
        most == bytes.len() && left.is_none_or(|left| left > 0)
    }

    async fn read(self, mut chance: Chance) {
        let mut incoming = Incoming::new(self.io.clone());
        let ended = loop {
            match self.answer(&mut incoming, &mut chance).await {
                Ok(true) => {}
                Ok(false) => break End::Closed,
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    self.seen.borrow_mut().nonsense = Some(error.to_string());
                    break End::Closed;
                }
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break End::Cut,
                Err(_) => break End::Reset,
            }
            self.news.notify_waiters();
        };
        self.seen.borrow_mut().ended = Some(ended);
        self.news.notify_waiters();
    }

    async fn fill(&self, incoming: &mut Incoming, chance: &mut Chance) -> std::io::Result<bool> {
        if let Some(most) = self.script.reads_at_most {
            let read: usize = self.read_so_far();
            if read >= most {
                self.seen.borrow_mut().left = true;
                tokio::time::sleep(Duration::from_secs(120)).await;
            }
        }
        // The gateway may be done with an answer that is still read here: it waits for the next request.
        let most = if self.script.gentle { 1 } else { usize::MAX };
        if self.paused.get() < most {
            let longest = if self.script.gentle { 350 } else { 2_000 };
            let paused = pause(chance, 20, longest).await;
            self.paused.set(self.paused.get() + usize::from(paused));
        }
        incoming.fill().await
    }

    fn read_so_far(&self) -> usize {
        let seen = self.seen.borrow();
        seen.answers.iter().chain(&seen.partial).map(|got| got.body.len() + 50).sum()
    }

    /// Reads one answer. False: the connection ended between two.
    async fn answer(&self, incoming: &mut Incoming, chance: &mut Chance) -> std::io::Result<bool> {
        self.paused.set(0);
        let nonsense = |what: &str| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
        while incoming.data().is_empty() {
            if !self.fill(incoming, chance).await? {
                return Ok(false);
            }
        }
        let Some(head) = incoming.head().await? else { return Ok(false) };
        let status: u16 = head
            .first()
            .and_then(|line| line.strip_prefix("HTTP/1.1 "))
            .and_then(|line| line.get(..3))
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| nonsense(&format!("{:?}", head.first())))?;
        if status < 200 {
            self.seen.borrow_mut().told += usize::from(status == 100);
            return Ok(true);
        }
        let at = self.seen.borrow().answers.len();
        let method = self.script.requests.get(at).map_or("GET", |request| request.method);
        let names = field(&head, "x-for").and_then(|id| id.parse().ok());
        let closes = field(&head, "connection") == Some("close");
        self.seen.borrow_mut().partial =
            Some(Got { status, names, closes, at: Some(Instant::now()), ..Got::default() });
        let chunked = field(&head, "transfer-encoding").is_some();
        let length = field(&head, "content-length").and_then(|length| length.parse().ok());
        let bodiless = method == "HEAD" || matches!(status, 204 | 304);
        let mut left: Option<usize> = match (bodiless, chunked, length) {
            (true, _, _) => Some(0),
            (_, true, _) => Some(0),
            (_, _, length) => length,
        };
        let chunked = chunked && !bodiless;
        let ends = loop {
            if chunked && left == Some(0) {
                let Some(line) = incoming.line().await? else { return Ok(false) };
                if line.is_empty() {
                    continue;
                }
                let size = usize::from_str_radix(&line, 16).map_err(|_| nonsense(&line))?;
                if size == 0 {
                    if incoming.head().await?.is_none() {
                        return Ok(false);
                    }
                    break true;
                }
                left = Some(size);
            }
            if left == Some(0) {
                break true;
            }
            if incoming.data().is_empty() && !self.fill(incoming, chance).await? {
                // To HTTP/1.0 the connection's end is the body's.
                break left.is_none();
            }
            let count = incoming.data().len().min(left.unwrap_or(usize::MAX));
            if let Some(got) = &mut self.seen.borrow_mut().partial {
                got.body.extend_from_slice(&incoming.data()[..count]);
            }
            incoming.consume(count);
            left = left.map(|left| left - count);
        };
        if !ends {
            return Ok(false);
        }
        let mut seen = self.seen.borrow_mut();
        if let Some(mut got) = seen.partial.take() {
            got.whole = true;
            seen.answers.push(got);
        }
        Ok(true)
    }
}

pub(crate) fn head_of(request: &Request) -> Vec<u8> {
    let version = if request.http10 { "1.0" } else { "1.1" };
    let mut head = format!("{} {} HTTP/{version}\r\nHost: h\r\n", request.method, request.target());
    if request.expects_continue {
        head.push_str("Expect: 100-continue\r\n");
    }
    if request.last {
        head.push_str("Connection: close\r\n");
    }
    match request.framing {
        Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
        Framing::Length => head.push_str(&format!("Content-Length: {}\r\n", request.body.len())),
        Framing::None => {}
    }
    head.push_str("\r\n");
    head.into_bytes()
}

fn body_of(request: &Request) -> Vec<u8> {
    if request.framing != Framing::Chunked {
        return request.body[..request.sends()].to_vec();
    }
    let mut out = Vec::new();
    if request.broken {
        chunk(&request.body[..request.body.len() / 2], &mut out, 1);
        // Where the last chunk should be: no chunk size, and then what looks like the next request.
        out.truncate(out.len() - b"0\r\n\r\n".len());
        out.extend_from_slice(b"zz\r\nGET /hidden HTTP/1.1\r\nHost: h\r\n\r\n");
    } else {
        chunk(&request.body, &mut out, 1);
    }
    if request.sends() < request.body.len() {
        // So many bytes with the framing are short of its end all the more.
        out.truncate(request.sends());
    }
    out
}
