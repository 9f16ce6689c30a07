//! How the model's client and backend read and write.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

use super::chance::Chance;
use super::wire::End;

/// One end, plain or under TLS. Cloned, so that one task reads and another writes.
#[derive(Clone)]
pub(crate) struct Io(Rc<RefCell<Option<Kind>>>);

enum Kind {
    Plain(End),
    TlsClient(Box<tokio_rustls::client::TlsStream<End>>),
    TlsServer(Box<tokio_rustls::server::TlsStream<End>>),
}

impl Io {
    fn new(kind: Kind) -> Self {
        Self(Rc::new(RefCell::new(Some(kind))))
    }

    pub(crate) fn plain(end: End) -> Self {
        Self::new(Kind::Plain(end))
    }

    pub(crate) fn tls_client(tls: tokio_rustls::client::TlsStream<End>) -> Self {
        Self::new(Kind::TlsClient(Box::new(tls)))
    }

    pub(crate) fn tls_server(tls: tokio_rustls::server::TlsStream<End>) -> Self {
        Self::new(Kind::TlsServer(Box::new(tls)))
    }

    fn with<T>(
        &self,
        work: impl FnOnce(Pin<&mut dyn Both>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut *self.0.borrow_mut() {
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Some(Kind::Plain(end)) => work(Pin::new(end)),
            Some(Kind::TlsClient(tls)) => work(Pin::new(&mut **tls)),
            Some(Kind::TlsServer(tls)) => work(Pin::new(&mut **tls)),
        }
    }

    /// Some bytes; none at the end.
    pub(crate) async fn read(&self) -> io::Result<Vec<u8>> {
        let mut room = vec![0; 8 * 1024];
        let count = poll_fn(|cx| {
            let mut buf = ReadBuf::new(&mut room);
            ready!(self.with(|io| io.poll_read(cx, &mut buf)))?;
            Poll::Ready(io::Result::Ok(buf.filled().len()))
        })
        .await?;
        room.truncate(count);
        Ok(room)
    }

    pub(crate) async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = poll_fn(|cx| self.with(|io| io.poll_write(cx, bytes))).await?;
            bytes = &bytes[count..];
        }
        poll_fn(|cx| self.with(|io| io.poll_flush(cx))).await
    }

    pub(crate) async fn close_write(&self) {
        let _ = poll_fn(|cx| self.with(|io| io.poll_shutdown(cx))).await;
    }

    /// Ends the connection as dropping an end does: properly, or in a reset if something is unread.
    pub(crate) fn hang_up(&self) {
        drop(self.0.borrow_mut().take());
    }

    pub(crate) fn reset(&self) {
        match &*self.0.borrow() {
            Some(Kind::Plain(end)) => end.reset(),
            Some(Kind::TlsClient(tls)) => tls.get_ref().0.reset(),
            Some(Kind::TlsServer(tls)) => tls.get_ref().0.reset(),
            None => {}
        }
        self.hang_up();
    }
}

trait Both: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Both for T {}

/// For libraries that want a stream of their own.
impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|io| io.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|io| io.poll_shutdown(cx))
    }
}

/// Waits now and then, up to so many milliseconds. Whether it did.
pub(crate) async fn pause(chance: &mut Chance, one_in: usize, most: usize) -> bool {
    let waits = chance.one_in(one_in);
    if waits {
        tokio::time::sleep(Duration::from_millis(chance.below(most) as u64)).await;
    }
    waits
}

/// Bytes read and not looked at yet.
pub(crate) struct Incoming {
    io: Io,
    pub(crate) bytes: Vec<u8>,
    at: usize,
}

impl Incoming {
    pub(crate) fn new(io: Io) -> Self {
        Self { io, bytes: Vec::new(), at: 0 }
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.at += count;
        if self.at == self.bytes.len() {
            self.bytes.clear();
            self.at = 0;
        }
    }

    /// Reads once; false at the end.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        let more = self.io.read().await?;
        self.bytes.extend_from_slice(&more);
        Ok(!more.is_empty())
    }

    /// A line without its end; `None` where the stream ends first.
    pub(crate) async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.data().windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.data()[..end]).into_owned();
                self.consume(end + 2);
                return Ok(Some(line));
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Lines up to an empty one; `None` where the stream ends first.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Vec<String>>> {
        let mut lines = Vec::new();
        loop {
            match self.line().await? {
                None => return Ok(None),
                Some(line) if line.is_empty() => return Ok(Some(lines)),
                Some(line) => lines.push(line),
            }
        }
    }
}

/// The value of a field in lines of a head.
pub(crate) fn field<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    head.iter().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
