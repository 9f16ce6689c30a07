//! The requests sent: the same bytes each time but for the token's number.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::{Result, bail, ensure};

use super::Options;
use crate::backend::authorization_bytes;
use crate::http1::Message;

/// Which token a request carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tokens {
    None,
    /// So many, one after the other, over and over.
    Cycle(u64),
    Fresh,
}

impl FromStr for Tokens {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "one" => Ok(Self::Cycle(1)),
            "fresh" => Ok(Self::Fresh),
            number => match number.parse() {
                Ok(count) if count > 0 => Ok(Self::Cycle(count)),
                _ => bail!("expected none, one, fresh or a number of tokens"),
            },
        }
    }
}

impl std::fmt::Display for Tokens {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => out.write_str("none"),
            Self::Cycle(count) => write!(out, "{count}"),
            Self::Fresh => out.write_str("fresh"),
        }
    }
}

/// Makes the bytes of request number *n*, and checks the bytes of its answer.
#[derive(Debug)]
pub(crate) struct Requests {
    pub(crate) addr: SocketAddr,
    tokens: Tokens,
    seed: u64,
    /// Up to where the token's number stands.
    before: Vec<u8>,
    after: &'static [u8],
}

impl Requests {
    pub(crate) fn new(options: &Options) -> Self {
        let (addr, path, seed) = (options.addr, &options.path, options.seed);
        let mut before = format!(
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nUser-Agent: phantom-bench\r\n\
             Accept: application/json\r\n"
        );
        if options.tokens != Tokens::None {
            before += "Authorization: Bearer ";
        }
        let after: &[u8] = if options.tokens == Tokens::None { b"\r\n" } else { b"\r\n\r\n" };
        Self { addr, tokens: options.tokens, seed, before: before.into_bytes(), after }
    }

    /// Replace `output` with request `number`.
    pub(crate) fn write(&self, number: u64, output: &mut Vec<u8>) {
        output.clear();
        output.extend_from_slice(&self.before);
        match self.tokens {
            Tokens::None => {}
            Tokens::Cycle(count) => output.extend_from_slice(&self.token(number % count)),
            Tokens::Fresh => output.extend_from_slice(&self.token(number)),
        }
        output.extend_from_slice(self.after);
    }

    /// 39 characters, as opaque as most.
    fn token(&self, number: u64) -> Vec<u8> {
        format!("bench-{:016x}-{number:016x}", self.seed).into_bytes()
    }
}

/// The length of the whole answer, once it is there and right.
pub(crate) fn right_answer(received: &[u8]) -> Result<Option<usize>> {
    let Some(answer) = Message::parse(received)? else { return Ok(None) };
    let status = answer.head.status()?;
    if status != 200 {
        bail!("answered {status}: {}", String::from_utf8_lossy(answer.body));
    }
    // The one thing only the backend writes: no page of the proxy's own counts as an answer.
    ensure!(authorization_bytes(answer.body).is_some(), "answer is not the backend's");
    ensure!(answer.length == received.len(), "more bytes than one answer");
    Ok(Some(answer.length))
}
