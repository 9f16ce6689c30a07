//! Sockets: opening them, accepting from them, and telling the protocols apart.

use std::io;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Peer;
use phantom_core::places::Place;
use phantom_pipeline::Fault;
use phantom_telemetry::vitals::Acceptor;
use socket2::Domain;
use socket2::Protocol;
use socket2::Type;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::config::Listener;
use crate::deadline::Deadline;
use crate::deadline::Evicted;
use crate::forward::Origin;
use crate::http1::connection::Http1Connection;
use crate::http2;
use crate::proxy_protocol;
use crate::transport::Socket;
use crate::transport::Transport;
use crate::worker::Worker;
use phantom_wire::ReadBuffer;

const BACKLOG: i32 = 4096;
/// Bytes that may wait unsent in a client's socket before it takes no more.
const UNSENT: u32 = 256 * 1024;
/// The preface of an HTTP/2 client with prior knowledge (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const PLAIN_HTTP: &str = "this port speaks HTTPS: the request came without TLS";

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

/// Whether `[::1]` can be listened on here.
#[must_use]
pub fn has_ipv6_loopback() -> bool {
    std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
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
        match socket.accept().await {
            Ok((tcp, peer)) => {
                acceptor.accepted();
                if connections.len() >= most {
                    worker.shared.metrics.held.at_limit.inc();
                }
                // This one waits here for a place, those behind it in the listen queue.
                while connections.len() >= most {
                    acceptor.hold();
                    make_room(&worker, "max_connections is reached").await;
                }
                acceptor.wait();
                let serving = serve(worker.clone(), listener.clone(), tcp, peer);
                connections.spawn_local(serving);
            }
            Err(error) => {
                // Out of descriptors, most likely.
                acceptor.hold();
                worker.shared.metrics.held.without_descriptor.inc();
                tracing::debug!(%error, address = %listener.bind, "cannot accept a connection");
                make_room(&worker, "cannot accept: out of descriptors or memory").await;
            }
        }
    }
}

/// Ends connections whose places are needed, and gives them the time to.
async fn make_room(worker: &Worker, why: &'static str) {
    let evicted = worker.deadlines.evict();
    let ended = &worker.shared.metrics.ended;
    ended.idle.inc_by(evicted.idle as u64);
    ended.slow.inc_by(evicted.slow as u64);
    if let Some(held_back) = worker.complains_of_connections() {
        let open = worker.shared.metrics.connections.get();
        tracing::warn!(
            open,
            held_back,
            "{why}: idle connections and those of slow clients are closed for new ones"
        );
    }
    tokio::task::yield_now().await;
    tokio::time::sleep(Duration::from_millis(if evicted == Evicted::default() { 10 } else { 1 }))
        .await;
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
    let deadline = worker.deadlines.register();
    deadline.set(worker.shared.config.limits.header_timeout);
    deadline.beginning();
    let mut origin = Origin {
        peer: peer.ip().to_canonical(),
        tls: listener.tls.is_some() || listener.behind_tls,
        entry: listener.serves,
    };
    let mut tcp = tcp;
    if listener.proxy_protocol {
        let header = deadline.bound(proxy_protocol::read(&mut tcp)).await?;
        origin.peer = header.source.unwrap_or(origin.peer);
        // Who ends TLS in front of us knows better than our configuration.
        origin.tls = listener.tls.is_some() || header.tls.unwrap_or(origin.tls);
    }
    let _place = place(&worker, origin.peer)?;
    if listener.tls.is_some() && deadline.bound(is_plain_http(&tcp)).await? {
        let transport = Transport::Plain(Socket::new(tcp));
        let (received, origin) = (ReadBuffer::default(), Origin { tls: false, ..origin });
        let connection = Http1Connection::new(worker, transport, received, origin, deadline);
        connection.refusing(Fault::BadRequest(PLAIN_HTTP)).serve().await;
        return Ok(());
    }
    converse(worker, listener, Socket::new(tcp), origin, deadline).await
}

/// A method begins with a capital letter, a TLS handshake (RFC 8446 section 5.1) with none.
async fn is_plain_http(tcp: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(tcp.peek(&mut first).await? > 0 && first[0].is_ascii_uppercase())
}

/// Tells the protocols apart and serves what is spoken.
pub(crate) async fn converse(
    worker: Rc<Worker>,
    listener: Listener,
    socket: Socket,
    origin: Origin,
    deadline: Deadline,
) -> io::Result<()> {
    let mut received = ReadBuffer::default();
    let (transport, http2) = match listener.tls {
        Some(config) => {
            let accepting = TlsAcceptor::from(config).accept(socket);
            let tls = deadline.bound(accepting).await?;
            let http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            (Transport::TlsServer(Box::new(tls)), http2)
        }
        None => {
            let mut transport = Transport::Plain(socket);
            let http2 = listener.http2
                && knows_http2(&worker, &deadline, &mut transport, &mut received).await?;
            (transport, http2)
        }
    };
    if http2 {
        http2::serve(worker, transport, received, origin, deadline).await;
    } else {
        Http1Connection::new(worker, transport, received, origin, deadline).serve().await;
    }
    Ok(())
}

/// The source's place for this connection, if it may have one more.
fn place(worker: &Worker, peer: IpAddr) -> io::Result<Option<Place<Peer>>> {
    let config = &worker.shared.config;
    if config.trusts(peer) {
        return Ok(None);
    }
    let most = config.limits.max_connections_per_source;
    let place = worker.shared.sources.take(Peer::of(peer), most);
    if place.is_none() {
        worker.shared.metrics.ended.source.inc();
        if let Some(held_back) = worker.complains_of_connections() {
            tracing::warn!(%peer, most, held_back, "max_connections_per_source is reached: its new ones are closed");
        }
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(place)
}

/// Reads until the first bytes are the HTTP/2 preface, or cannot be.
async fn knows_http2(
    worker: &Worker,
    deadline: &Deadline,
    io: &mut Transport,
    received: &mut ReadBuffer,
) -> io::Result<bool> {
    std::future::poll_fn(|cx| {
        loop {
            let data = received.data();
            if data.len() >= PREFACE.len() {
                return std::task::Poll::Ready(Ok(data.starts_with(PREFACE)));
            }
            if !PREFACE.starts_with(data) {
                return std::task::Poll::Ready(Ok(false));
            }
            if deadline.has_passed(cx) || deadline.is_evicted() || worker.ending.get() {
                return std::task::Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if std::task::ready!(received.poll_fill(cx, io))? == 0 {
                return std::task::Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    })
    .await
}
