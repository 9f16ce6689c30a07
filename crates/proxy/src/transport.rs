//! A byte stream to a peer: plain or TLS, one type, no boxing of the plain case.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) enum Transport {
    Plain(TcpStream),
    TlsClient(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    TlsServer(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

impl Transport {
    pub(crate) const fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// Writes what it can. Zero is an error: the peer takes nothing more.
    pub(crate) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(self).poll_write(cx, bytes) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            other => other,
        }
    }
}

impl AsyncRead for Transport {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Self::TlsClient(io) => Pin::new(io).poll_read(cx, buf),
            Self::TlsServer(io) => Pin::new(io).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Self::TlsClient(io) => Pin::new(io).poll_write(cx, buf),
            Self::TlsServer(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(cx),
            Self::TlsClient(io) => Pin::new(io).poll_flush(cx),
            Self::TlsServer(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(cx),
            Self::TlsClient(io) => Pin::new(io).poll_shutdown(cx),
            Self::TlsServer(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

/// Bytes on their way to a peer.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) bytes: Vec<u8>,
    sent: usize,
}

impl Outbox {
    pub(crate) fn pending(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Sends all of it. The memory stays for the next message.
    pub(crate) fn poll_send_all(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut Transport,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while let Some(rest) = self.bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += std::task::ready!(io.poll_send(cx, rest))?;
        }
        self.bytes.clear();
        self.sent = 0;
        if io.is_tls() {
            // TLS records may still lie in the session's buffer.
            return Pin::new(io).poll_flush(cx);
        }
        Poll::Ready(Ok(()))
    }

    /// Gives memory back after something large.
    pub(crate) fn relax(&mut self) {
        if self.bytes.is_empty() && self.bytes.capacity() > 16 * 1024 {
            self.bytes = Vec::new();
        }
    }
}
