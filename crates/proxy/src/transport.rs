//! A socket that counts what it has taken, and bytes on their way to it.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

/// A socket, and how much of what was written it has taken.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    taken: u64,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    /// The model's stand-in for one.
    #[cfg(test)]
    Model(crate::model::wire::End),
}

/// A byte stream to a peer.
pub(crate) type Transport = phantom_wire::Stream<Socket>;

impl Socket {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream: Stream::Tcp(stream), taken: 0 }
    }

    #[cfg(test)]
    pub(crate) const fn of_model(end: crate::model::wire::End) -> Self {
        Self { stream: Stream::Model(end), taken: 0 }
    }

    /// Bytes that it has taken so far: while it rises, the peer takes what it is sent. What lies in a TLS
    /// session does not count.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Has the connection end in a reset: the peer must not take what it has for the whole.
    pub(crate) fn reset_when_dropped(&self) {
        match &self.stream {
            // One that fails is closed already.
            Stream::Tcp(tcp) => drop(tcp.set_zero_linger()),
            #[cfg(test)]
            Stream::Model(end) => end.reset_when_dropped(),
        }
    }
}

impl AsyncRead for Stream {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buf),
            #[cfg(test)]
            Self::Model(end) => Pin::new(end).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, buf),
            #[cfg(test)]
            Self::Model(end) => Pin::new(end).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            #[cfg(test)]
            Self::Model(end) => Pin::new(end).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_write_vectored(),
            #[cfg(test)]
            Self::Model(_) => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_flush(cx),
            #[cfg(test)]
            Self::Model(end) => Pin::new(end).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            #[cfg(test)]
            Self::Model(end) => Pin::new(end).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Socket {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        let count = ready!(Pin::new(&mut socket.stream).poll_write(cx, buf))?;
        socket.taken += count as u64;
        Poll::Ready(Ok(count))
    }

    /// For TLS sessions, which have several records to write at once.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let socket = self.get_mut();
        let count = ready!(Pin::new(&mut socket.stream).poll_write_vectored(cx, parts))?;
        socket.taken += count as u64;
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Bytes on their way to a peer: here, or in a TLS session that the socket has not taken them from.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) bytes: Vec<u8>,
    sent: usize,
    in_session: bool,
}

impl Outbox {
    /// Bytes that lie here.
    pub(crate) fn pending(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// The socket has taken all.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending() == 0 && !self.in_session
    }

    /// Sends all of it, through a TLS session too. The memory stays for the next message.
    pub(crate) fn poll_send_all(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut Transport,
    ) -> Poll<io::Result<()>> {
        while let Some(rest) = self.bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
            self.sent += match ready!(Pin::new(&mut *io).poll_write(cx, rest))? {
                // The peer takes nothing more.
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => count,
            };
            self.in_session = io.is_tls();
        }
        self.bytes.clear();
        self.sent = 0;
        if self.in_session {
            ready!(Pin::new(io).poll_flush(cx))?;
            self.in_session = false;
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
