//! A client with an address of its own, one connection and a clear idea of the right answer.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use socket2::{Domain, Socket, Type};

use crate::http1::Message;
use crate::http1::buffer::Buffer;
use crate::jwt::JWT_BYTES;

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    closes: bool,
}

impl Answer {
    /// The good backend's, to this very request, with the JWT where a token was sent.
    pub(super) fn is_right(&self, target: &str, with_token: bool) -> bool {
        let credential = if with_token { "Bearer ".len() + JWT_BYTES } else { 0 };
        let body = format!("{{\"target\":\"{target}\",\"authorization_bytes\":{credential}}}");
        self.status == 200 && self.body == body.as_bytes()
    }
}

#[derive(Debug)]
pub(super) struct Client {
    from: Ipv4Addr,
    to: SocketAddr,
    patience: Duration,
    stream: Option<TcpStream>,
    input: Buffer,
}

impl Client {
    pub(super) fn new(from: Ipv4Addr, to: SocketAddr, patience: Duration) -> Self {
        Self { from, to, patience, stream: None, input: Buffer::new() }
    }

    /// Connects ahead of the first request.
    pub(super) fn open(&mut self) -> Result<()> {
        self.stream = Some(connect(self.from, self.to, self.patience, None)?);
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.stream = None;
    }

    /// On the connection there is. Where the server has closed it meanwhile, once more on a new one, as
    /// every client does with a GET.
    pub(super) fn get(&mut self, target: &str, token: Option<&str>) -> Result<Answer> {
        let mut request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n", self.to);
        if let Some(token) = token {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        request += "\r\n";
        let reused = self.stream.is_some();
        match self.exchange(request.as_bytes()) {
            Err(_) if reused && self.input.received().is_empty() => {
                self.exchange(request.as_bytes())
            }
            result => result,
        }
    }

    fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.from, self.to, self.patience, None)?,
        };
        self.input.consume(usize::MAX);
        stream.write_all(request)?;
        loop {
            let count = stream.read(self.input.room()?)?;
            if count == 0 {
                bail!("connection closed");
            }
            self.input.fill(count);
            let Some(message) = Message::parse(self.input.received())? else { continue };
            let closes = message.head.field("connection").is_some_and(|value| value == "close");
            let (status, body) = (message.head.status()?, message.body.to_vec());
            if message.length != self.input.received().len() {
                bail!("more than one answer");
            }
            let answer = Answer { status, body, closes };
            if !answer.closes {
                self.stream = Some(stream);
            }
            self.input.consume(usize::MAX);
            return Ok(answer);
        }
    }
}

/// From an address of the loopback network, with a small receive buffer where wanted.
pub(super) fn connect(
    from: Ipv4Addr,
    to: SocketAddr,
    patience: Duration,
    receive_buffer: Option<usize>,
) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    if let Some(size) = receive_buffer {
        socket.set_recv_buffer_size(size)?;
    }
    socket.bind(&SocketAddr::from((from, 0)).into()).context("binding the client")?;
    socket.connect_timeout(&to.into(), patience)?;
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// One request on a connection of its own.
pub(super) fn fetch(to: SocketAddr, target: &str) -> Result<Answer> {
    Client::new(Ipv4Addr::LOCALHOST, to, Duration::from_secs(5)).get(target, None)
}
