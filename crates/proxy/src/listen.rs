//! Sockets: opening them, accepting from them, and telling the protocols apart.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use socket2::Domain;
use socket2::Protocol;
use socket2::Type;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::config::Listener;
use crate::forward::Origin;
use crate::http1::buffer::ReadBuffer;
use crate::http1::connection::Http1Connection;
use crate::http2;
use crate::proxy_protocol;
use crate::server::Worker;
use crate::transport::Socket;
use crate::transport::Transport;
use crate::vitals::Acceptor;

const BACKLOG: i32 = 4096;
/// Bytes that may wait unsent in a client's socket before it takes no more.
const UNSENT: u32 = 256 * 1024;
/// What an HTTP/2 client with prior knowledge says first (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A listening socket whose port the workers of this process share.
pub(crate) fn open(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket =
        socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    // Accepted sockets inherit it. A client that takes little is seen to take it, and less memory
    // lies in the kernel for those that take nothing.
    socket.set_tcp_notsent_lowat(UNSENT)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Accepts until aborted. Connections are owned by `connections`.
pub(crate) async fn accept(
    worker: Rc<Worker>,
    listener: Listener,
    socket: Arc<std::net::TcpListener>,
    connections: TaskTracker,
    acceptor: &Acceptor,
) {
    let socket = socket.try_clone().and_then(TcpListener::from_std);
    let socket = match socket {
        Ok(socket) => socket,
        Err(error) => {
            tracing::error!(%error, address = %listener.bind, "cannot accept connections");
            return;
        }
    };
    let limits = &worker.shared.config.limits;
    let most = (limits.max_connections / worker.shared.config.workers.max(1)).max(1);
    loop {
        // Over the limit nothing is accepted: clients wait in the listen queue.
        while connections.len() >= most {
            acceptor.hold();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        acceptor.wait();
        match socket.accept().await {
            Ok((tcp, peer)) => {
                acceptor.accepted();
                let serving = serve(worker.clone(), listener.clone(), tcp, peer);
                connections.spawn_local(serving);
            }
            Err(error) => {
                // Out of descriptors, most likely: a pause lets some connections end.
                acceptor.hold();
                tracing::warn!(%error, address = %listener.bind, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(worker: Rc<Worker>, listener: Listener, tcp: TcpStream, peer: SocketAddr) {
    let metrics = worker.shared.metrics.clone();
    metrics.connections.inc();
    // What goes wrong before the first request concerns nobody but this peer.
    if let Err(error) = establish(worker, listener, tcp, peer).await {
        tracing::debug!(%error, "a connection ended before it was established");
    }
    metrics.connections.dec();
}

async fn establish(
    worker: Rc<Worker>,
    listener: Listener,
    tcp: TcpStream,
    peer: SocketAddr,
) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let limit = worker.shared.config.limits.header_timeout;
    let mut origin = Origin {
        peer: peer.ip().to_canonical(),
        tls: listener.tls.is_some(),
        entry: listener.serves,
    };
    let mut tcp = tcp;
    if listener.proxy_protocol {
        let header = tokio::time::timeout(limit, proxy_protocol::read(&mut tcp)).await??;
        origin.peer = header.unwrap_or(origin.peer);
    }
    let mut received = ReadBuffer::default();
    let (transport, http2) = match listener.tls {
        Some(config) => {
            let accepting = TlsAcceptor::from(config).accept(Socket::new(tcp));
            let tls = tokio::time::timeout(limit, accepting).await??;
            let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            (Transport::TlsServer(Box::new(tls)), http2)
        }
        None => {
            let mut transport = Transport::Plain(Socket::new(tcp));
            let http2 =
                listener.http2 && knows_http2(&worker, &mut transport, &mut received).await?;
            (transport, http2)
        }
    };
    if http2 {
        http2::serve(worker, transport, received, origin).await;
    } else {
        Http1Connection::new(worker, transport, received, origin).serve().await;
    }
    Ok(())
}

/// Reads until the first bytes are the HTTP/2 preface, or cannot be.
async fn knows_http2(
    worker: &Rc<Worker>,
    io: &mut Transport,
    received: &mut ReadBuffer,
) -> io::Result<bool> {
    let deadline = worker.deadlines.register();
    deadline.set(worker.shared.config.limits.header_timeout);
    std::future::poll_fn(|cx| {
        loop {
            let data = received.data();
            if data.len() >= PREFACE.len() {
                return std::task::Poll::Ready(Ok(data.starts_with(PREFACE)));
            }
            if !PREFACE.starts_with(data) {
                return std::task::Poll::Ready(Ok(false));
            }
            if deadline.has_passed(cx) || worker.ending.get() {
                return std::task::Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if std::task::ready!(received.poll_fill(cx, io))? == 0 {
                return std::task::Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    })
    .await
}
