//! What both sides of the gateway are going to do.

use super::chance::Chance;
use super::oracle::COLLECTED;
use super::world::LARGEST_HEAD;
use super::world::MOST_FIELDS;

/// Requests that hide in bodies: none may ever reach a backend.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";

/// Of a message; shown by its length.
pub(crate) struct Content(Vec<u8>);

impl std::ops::Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

#[derive(Debug)]
pub(crate) struct Script {
    /// Both sides keep the rules and their time: then all has to succeed.
    pub(crate) gentle: bool,
    pub(crate) protocol: Protocol,
    pub(crate) tls: bool,
    /// The protocols that the client names in its handshake.
    pub(crate) offers: &'static [&'static str],
    pub(crate) backend_tls: bool,
    /// The client sends its next request without waiting for the answer before.
    pub(crate) pipelined: bool,
    pub(crate) window: usize,
    pub(crate) requests: Vec<Request>,
    /// The client's end comes after so many bytes, unless it waits for all answers.
    pub(crate) gives_up: Option<(usize, GivesUp)>,
    /// The client reads so many bytes and no more.
    pub(crate) reads_at_most: Option<usize>,
    /// The worker drains in the middle of it, after so many milliseconds.
    pub(crate) drains_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivesUp {
    ClosesItsSide,
    GoesSilent,
    Hangs,
    Resets,
}

/// Where a request leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To a backend, its body collected if its length is unknown.
    Collected,
    /// To a backend that cannot be reached.
    Nowhere,
    /// To a refusal, for want of a token.
    Refused,
    ToBackend,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Chunked,
    Length,
    None,
}

/// Who falls silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silent {
    /// It reads so much of the body as it would have for its answer, and gives none.
    Backend,
    /// Behind so many bytes of the body.
    Client(usize),
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: usize,
    pub(crate) method: &'static str,
    pub(crate) leads: Leads,
    pub(crate) http10: bool,
    pub(crate) framing: Framing,
    pub(crate) body: Content,
    pub(crate) expects_continue: bool,
    /// `Connection: close`.
    pub(crate) last: bool,
    /// Its chunked coding is broken in the middle.
    pub(crate) broken: bool,
    /// In the middle of it, for longer than anybody waits.
    pub(crate) silent: Option<Silent>,
    pub(crate) answer: Answer,
}

/// What the backend does with a request.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Bytes of the body that are read before the answer.
    pub(crate) reads: usize,
    pub(crate) version: &'static str,
    pub(crate) interim: usize,
    pub(crate) head: Head,
    pub(crate) status: u16,
    pub(crate) framing: AnswerFraming,
    pub(crate) body: Content,
    /// The answer's bytes end here.
    pub(crate) cut_at: Option<usize>,
    pub(crate) then: Then,
    pub(crate) keep_alive: Option<u32>,
    /// Another answer follows at once, for which nobody asked.
    pub(crate) another: bool,
}

/// What the head of an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    Few,
    /// Nearly as many fields as the gateway is set to take.
    Many,
    TooLarge,
    TooMany,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerFraming {
    Chunked,
    Length,
    /// 204: none.
    None,
    UntilClose,
    /// Chunk sizes of sixteen digits.
    WideChunks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Closes,
    GoesOn,
    GoesSilent,
    Resets,
}

impl Script {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        let gentle = chance.one_in(2);
        let protocol = if chance.one_in(4) { Protocol::Http2 } else { Protocol::Http1 };
        let tls = chance.one_in(40);
        let offers: &[&[&str]] = match protocol {
            Protocol::Http1 => &[&[], &["http/1.0"], &["http/1.0", "http/1.1"], &["http/1.1"]],
            Protocol::Http2 => &[&["h2"], &["h2", "http/1.1"]],
        };
        let backend_tls = chance.one_in(60);
        let count = 1 + chance.below(5);
        let window = chance.of(&[1, 16, 500, 5_000, 70_000, 1 << 20]);
        let mut requests: Vec<_> =
            (0..count).map(|id| Request::new(chance, id, gentle, protocol, window)).collect();
        if let Some(request) = requests.last_mut().filter(|_| gentle) {
            // How the gateway ends a connection is to be seen.
            request.last = protocol == Protocol::Http1 && chance.one_in(3);
            request.fall_silent(chance);
        }
        let total: usize =
            requests.iter().map(|request| request.body.len() + request.answer.body.len()).sum();
        let large = requests.iter().any(|request| request.answer.head != Head::Few);
        let window = window.max(total / 100).max(if large { 500 } else { 0 });
        // TLS reads nothing while it has more to write of a handshake than there is room for.
        let window = if tls || backend_tls { window.max(2_000) } else { window };
        let sent: usize = requests.iter().map(|request| request.body.len() + 100).sum();
        let gives_up = (!gentle && chance.one_in(3)).then(|| {
            let how =
                [GivesUp::ClosesItsSide, GivesUp::GoesSilent, GivesUp::Hangs, GivesUp::Resets];
            (chance.below(sent), chance.of(&how))
        });
        let reads_at_most = (!gentle && chance.one_in(8)).then(|| chance.below(total + 100));
        let drains_after = chance.one_in(20).then(|| chance.below(2_000) as u64);
        Self {
            gentle,
            protocol,
            tls,
            offers: chance.of(offers),
            backend_tls,
            pipelined: chance.one_in(3),
            window,
            requests,
            gives_up,
            reads_at_most,
            drains_after: drains_after.filter(|_| !gentle),
        }
    }
}

impl Request {
    fn new(
        chance: &mut Chance,
        id: usize,
        gentle: bool,
        protocol: Protocol,
        window: usize,
    ) -> Self {
        let method = chance.of(&["GET", "GET", "HEAD", "POST", "POST", "POST", "PUT"]);
        let leads = match chance.below(10) {
            0 => Leads::Refused,
            1 if !gentle => Leads::Nowhere,
            2 => Leads::Collected,
            _ => Leads::ToBackend,
        };
        let with_body = matches!(method, "POST" | "PUT") || chance.one_in(20);
        let http10 = protocol == Protocol::Http1 && !gentle && chance.one_in(15);
        let framing = match with_body {
            false => Framing::None,
            true if http10 => Framing::Length,
            true => chance.of(&[Framing::Chunked, Framing::Length]),
        };
        let mut size = if framing == Framing::None { 0 } else { chance.size() };
        if size > 0 && chance.one_in(4) {
            // More than the way there holds: some of it is still with the client when an answer comes.
            size = size.max(chance.below(8 * window.clamp(100, 5_000)));
        }
        if gentle && leads == Leads::Refused {
            // What is got past so that the connection goes on.
            size = size.min(10_000);
        }
        if gentle && leads == Leads::Collected && framing == Framing::Chunked {
            size = size.min(COLLECTED);
        }
        if protocol == Protocol::Http2 && size > 0 && leads == Leads::ToBackend && chance.one_in(4)
        {
            // More than a stream's window.
            size = size.max(chance.below(60_000));
        }
        if leads == Leads::Refused && !gentle && size > 0 && chance.one_in(6) {
            // More than anybody should keep of what nobody wants.
            size = 300_000;
        }
        // A backend that answers at once, reads nothing more and resets, with most still on its way.
        let hasty = !gentle
            && framing != Framing::None
            && leads == Leads::ToBackend
            && window <= 5_000
            && chance.one_in(3);
        if hasty {
            size = size.max(4 * window.max(100) + chance.below(1_000));
        }
        let body = pattern(&format!("<{id}>"), HIDDEN, size);
        let expects_continue = with_body && size > 0 && !http10 && chance.one_in(6);
        let broken = framing == Framing::Chunked
            && !gentle
            && protocol == Protocol::Http1
            && chance.one_in(10);
        // Over HTTP/2 an early answer to one stream is nothing to the others.
        let early = protocol == Protocol::Http2 && leads == Leads::ToBackend;
        let mut answer = Answer::new(chance, id, gentle, early, method, body.len());
        if hasty {
            answer.reads = chance.below(50);
            (answer.framing, answer.then) = (AnswerFraming::Length, Then::Resets);
            answer.cut_at = None;
        }
        Self {
            id,
            method,
            leads,
            http10,
            framing,
            expects_continue: expects_continue && !(gentle && leads == Leads::Refused),
            last: !gentle && chance.one_in(12),
            broken,
            silent: None,
            answer,
            body,
        }
    }

    /// Has one side fall silent, now and then.
    fn fall_silent(&mut self, chance: &mut Chance) {
        if !matches!(self.leads, Leads::Collected | Leads::ToBackend) || !chance.one_in(6) {
            return;
        }
        let is_early = self.answer.reads != usize::MAX;
        if self.body.is_empty() || chance.one_in(3) {
            if !is_early && chance.one_in(2) {
                self.answer.reads = chance.below(self.body.len() + 1);
            }
            (self.answer.cut_at, self.answer.then) = (Some(0), Then::GoesSilent);
            self.silent = Some(Silent::Backend);
        } else {
            let sent = chance.below(self.body.len());
            if is_early {
                self.answer.reads = self.answer.reads.min(sent);
            }
            self.silent = Some(Silent::Client(sent));
        }
    }

    /// How much of its body the client sends.
    pub(crate) fn sends(&self) -> usize {
        match self.silent {
            Some(Silent::Client(sent)) => sent,
            Some(Silent::Backend) | None => self.body.len(),
        }
    }

    pub(crate) fn target(&self) -> String {
        let folder = match self.leads {
            Leads::Collected => "collected",
            Leads::Nowhere => "nowhere",
            Leads::Refused => "api",
            Leads::ToBackend => "r",
        };
        format!("/{folder}/{}", self.id)
    }
}

impl Answer {
    fn new(
        chance: &mut Chance,
        id: usize,
        gentle: bool,
        may_be_early: bool,
        method: &str,
        uploaded: usize,
    ) -> Self {
        let framings = [
            AnswerFraming::Chunked,
            AnswerFraming::Length,
            AnswerFraming::Length,
            AnswerFraming::Length,
            AnswerFraming::None,
            AnswerFraming::UntilClose,
            AnswerFraming::WideChunks,
        ];
        let framing = chance.of(&framings);
        let size =
            if framing == AnswerFraming::None || method == "HEAD" { 0 } else { chance.size() };
        let body = pattern(&format!("[{id}]"), "answer ", size);
        let early =
            (!gentle || may_be_early && framing != AnswerFraming::UntilClose) && chance.one_in(4);
        let reads = if early { chance.below(uploaded + 1) } else { usize::MAX };
        let then = match chance.below(10) {
            _ if framing == AnswerFraming::UntilClose => Then::Closes,
            0 if !gentle => Then::Resets,
            1 if !gentle => Then::Closes,
            2 if !gentle => Then::GoesSilent,
            _ if !gentle && early && chance.one_in(2) => Then::Resets,
            _ => Then::GoesOn,
        };
        Self {
            reads,
            version: chance.of(&["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.2"]),
            head: match chance.below(60) {
                0 => Head::Many,
                1 => Head::TooLarge,
                2 => Head::TooMany,
                _ => Head::Few,
            },
            interim: if chance.one_in(10) { 1 + chance.below(3) } else { 0 },
            status: if framing == AnswerFraming::None { 204 } else { chance.of(&[200, 200, 404]) },
            framing,
            cut_at: (!gentle && chance.one_in(8)).then(|| chance.below(size + 150)),
            body,
            then,
            keep_alive: chance.one_in(8).then(|| chance.below(4) as u32),
            another: framing != AnswerFraming::UntilClose && chance.one_in(12),
        }
    }

    /// Where its head is more than the gateway takes: what the log calls that, and what the client is told.
    pub(crate) const fn refused(&self) -> Option<(&'static str, &'static str)> {
        match self.head {
            Head::Few | Head::Many => None,
            Head::TooLarge => {
                Some(("upstream_head_too_large", "a larger head than this gateway takes"))
            }
            Head::TooMany => {
                Some(("upstream_too_many_fields", "more header fields than this gateway takes"))
            }
        }
    }

    /// What is sent of the body of an answer that ends orderly before it is whole. `None`: it is whole, or is cut
    /// so that some of it may be lost.
    pub(crate) fn broken_body(&self, id: usize) -> Option<usize> {
        let orderly = self.framing == AnswerFraming::Length
            && self.reads == usize::MAX
            && matches!(self.then, Then::Closes | Then::GoesOn);
        let (sent, whole) = self.bytes(id, false);
        let of_whole = self.head_and_body(id, false).len();
        (orderly && !whole).then(|| (sent.len() + self.body.len()).saturating_sub(of_whole))
    }

    /// As it goes over the wire, up to where it is cut.
    pub(crate) fn bytes(&self, id: usize, to_head: bool) -> (Vec<u8>, bool) {
        let mut out = self.head_and_body(id, to_head);
        match self.cut_at {
            Some(at) if at < out.len() => {
                out.truncate(at);
                (out, false)
            }
            _ => (out, true),
        }
    }

    fn head_and_body(&self, id: usize, to_head: bool) -> Vec<u8> {
        use std::io::Write;
        let mut out = Vec::new();
        for _ in 0..self.interim {
            out.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
        }
        let _ = write!(out, "{} {} Any\r\nX-For: {id}\r\n", self.version, self.status);
        if let Some(seconds) = self.keep_alive {
            let _ = write!(out, "Keep-Alive: timeout={seconds}\r\n");
        }
        match self.head {
            Head::Few => {}
            // Besides those that are above and below.
            Head::Many => out.extend_from_slice(&b"X: y\r\n".repeat(MOST_FIELDS - 3)),
            Head::TooLarge => {
                let _ = write!(out, "X: {}\r\n", "y".repeat(LARGEST_HEAD));
            }
            Head::TooMany => out.extend_from_slice(&b"X: y\r\n".repeat(MOST_FIELDS)),
        }
        match self.framing {
            AnswerFraming::Length => {
                let _ = write!(out, "Content-Length: {}\r\n", self.body.len());
            }
            AnswerFraming::Chunked | AnswerFraming::WideChunks => {
                out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            }
            AnswerFraming::None | AnswerFraming::UntilClose => {}
        }
        out.extend_from_slice(b"\r\n");
        match self.framing {
            _ if to_head => {}
            AnswerFraming::Length | AnswerFraming::UntilClose => out.extend_from_slice(&self.body),
            AnswerFraming::None => {}
            AnswerFraming::Chunked => chunk(&self.body, &mut out, 1),
            AnswerFraming::WideChunks => chunk(&self.body, &mut out, 16),
        }
        out
    }
}

/// Chunked coding, with sizes of so many digits at least.
pub(crate) fn chunk(body: &[u8], out: &mut Vec<u8>, digits: usize) {
    use std::io::Write;
    for piece in body.chunks(7_000) {
        let _ = write!(out, "{:0digits$x}\r\n", piece.len());
        out.extend_from_slice(piece);
        out.extend_from_slice(b"\r\n");
    }
    let _ = write!(out, "{:0digits$x}\r\n\r\n", 0);
}

fn pattern(start: &str, cycle: &str, size: usize) -> Content {
    Content(start.bytes().chain(cycle.bytes().cycle()).take(size).collect())
}
