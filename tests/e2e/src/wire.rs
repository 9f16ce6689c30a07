//! HTTP/1.1 by hand, for tests that care about connections and bytes.

use std::io;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::tcp::OwnedWriteHalf;

/// What every wait of a connection ends within.
const DEADLINE: Duration = Duration::from_secs(60);

/// One connection, or the half of it that reads, used for request after request.
#[derive(Debug)]
pub struct Connection<S = TcpStream> {
    stream: S,
    buffer: Vec<u8>,
}

/// The head and the body, as text.
#[derive(Clone, Debug)]
pub struct Response {
    pub head: String,
    pub body: String,
}

impl Response {
    /// The status, or 0 for what has none.
    #[must_use]
    pub fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = fields.filter(|(held, _)| held.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim())
    }

    /// The server will not take another request on this connection.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

impl Connection {
    /// # Panics
    /// If nobody listens at `host:port`.
    pub async fn open(authority: &str) -> Self {
        Self::try_open(authority).await.expect("a connection")
    }

    /// # Errors
    /// If nobody listens at `host:port`.
    pub async fn try_open(authority: &str) -> io::Result<Self> {
        Ok(Self { stream: TcpStream::connect(authority).await?, buffer: Vec::new() })
    }

    /// For requests that do not wait for the answers before them.
    #[must_use]
    pub fn into_halves(self) -> (OwnedWriteHalf, Connection<OwnedReadHalf>) {
        let (read, write) = self.stream.into_split();
        (write, Connection { stream: read, buffer: self.buffer })
    }

    /// # Errors
    /// If the other side has gone.
    pub async fn send(&mut self, request: &str) -> io::Result<()> {
        self.stream.write_all(request.as_bytes()).await
    }
}

impl<S: AsyncRead + Unpin> Connection<S> {
    /// One response with `Content-Length`. `None`: the connection ended before its first byte.
    ///
    /// # Errors
    /// If the connection breaks, or ends in the middle of the response.
    pub async fn receive(&mut self) -> io::Result<Option<Response>> {
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        tokio::time::timeout(DEADLINE, self.read()).await.map_err(late)?
    }

    async fn read(&mut self) -> io::Result<Option<Response>> {
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                break String::from_utf8_lossy(&head).into_owned();
            }
            if !self.fill().await? {
                let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
                return if self.buffer.is_empty() { Ok(None) } else { Err(cut) };
            }
        };
        let mut response = Response { head, body: String::new() };
        let length = response.header("content-length").and_then(|length| length.parse().ok());
        let length: usize = length.unwrap_or_default();
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let body: Vec<u8> = self.buffer.drain(..length).collect();
        response.body = String::from_utf8_lossy(&body).into_owned();
        Ok(Some(response))
    }

    async fn fill(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

/// `GET` with a token, as HTTP/1.1 writes it.
#[must_use]
pub fn get(authority: &str, path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n\r\n")
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
