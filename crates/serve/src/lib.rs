//! Accepts connections and serves a router on them: HTTP/1.1 and HTTP/2, with or without TLS.
//!
//! For the control plane and the development servers. The data plane has a server of its own. What never lives
//! here is an operation: whoever serves brings a router.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

mod pace;
mod request_body;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::HOST;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use phantom_core::places::Places;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use pace::{Pace, Patience, Standing};
use request_body::RequestBody;

/// Connections at once; further ones wait in the listen queue.
const MAX_CONNECTIONS: usize = 4096;
/// For a whole request header, and for the silence between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// What requests under way get when the server ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// hyper grows its HTTP/1.1 buffer by doubling, so a header may get to twice that.
const MAX_HEADER_BYTES: usize = 64 * 1024;
const MAX_STREAMS: u32 = 32;

/// In a row, 50 ms apart; after that the listener itself is lost.
const MAX_ACCEPT_FAILURES: u32 = 100;

const PLAIN_HTTP: &str = "This port speaks HTTPS: the request came without TLS.\n";

/// The peer of the connection, in the extensions of each request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Serves until told to stop, then lets open requests end for a few seconds. Of one source (an IPv4 address,
/// 64 bits of an IPv6 address) no more than `per_source` connections are kept; more are closed.
///
/// # Errors
///
/// The listener is lost.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    per_source: usize,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_with(Patience::USUAL, listener, tls, router, per_source, shutdown).await
}

async fn serve_with(
    patience: Patience,
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    per_source: usize,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let acceptor = tls.map(|config| TlsAcceptor::from(with_alpn(config)));
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let sources = Places::default();
    let (stop, stopped) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut failures = 0;
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((stream, peer, slot)) => {
                failures = 0;
                let Some(place) = sources.take(phantom_core::Peer::of(peer.ip()), per_source)
                else {
                    tracing::debug!(source = %peer.ip(), "a source has all its connections");
                    continue;
                };
                let acceptor = acceptor.clone();
                let serving =
                    Serving { router: router.clone(), patience, stopped: stopped.clone() };
                connections.spawn(async move {
                    connection(stream, acceptor, serving, Peer(peer)).await;
                    drop((slot, place));
                });
            }
            Err(error) => {
                failures += 1;
                if failures > MAX_ACCEPT_FAILURES {
                    return Err(error);
                }
                // Out of descriptors, most likely: waiting lets some close.
                tracing::warn!(%error, "accepting a connection failed");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop((listener, stop));
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(DRAIN_TIMEOUT, ended).await.is_err() {
        tracing::debug!("connections were cut after the drain timeout");
    }
    connections.shutdown().await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Fails only for a connection that is gone already; serving it will notice.
    let _ = stream.set_nodelay(true);
    Ok((stream, peer, slot))
}

/// What each connection is served with.
struct Serving {
    router: Router,
    patience: Patience,
    stopped: watch::Receiver<()>,
}

async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    serving: Serving,
    peer: Peer,
) {
    let Some(acceptor) = acceptor else {
        if let Ok(Ok(http2)) = timeout(HANDSHAKE_TIMEOUT, begins_http2(&stream)).await {
            speak(stream, http2, serving, peer).await;
        }
        return;
    };
    match timeout(HANDSHAKE_TIMEOUT, is_plain_http(&stream)).await {
        Ok(Ok(false)) => {}
        Ok(Ok(true)) => {
            let router = Router::new().fallback(async || (StatusCode::BAD_REQUEST, PLAIN_HTTP));
            return speak(stream, false, Serving { router, ..serving }, peer).await;
        }
        Ok(Err(_)) | Err(_) => return,
    }
    match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            speak(stream, http2, serving, peer).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake timed out"),
    }
}

/// A method begins with a capital letter, a TLS handshake (RFC 8446 section 5.1) with none.
async fn is_plain_http(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? > 0 && first[0].is_ascii_uppercase())
}

/// HTTP/2 with prior knowledge begins with `PRI` (RFC 9113 §3.4); no HTTP/1.1 method does.
async fn begins_http2(stream: &TcpStream) -> io::Result<bool> {
    const PREFACE: &[u8] = b"PRI";
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        let seen = first.get(..seen).unwrap_or_default();
        if seen.is_empty() || !PREFACE.starts_with(seen) {
            return Ok(false);
        }
        if seen == PREFACE {
            return Ok(true);
        }
        // Peeking again would see the same bytes at once.
        sleep(Duration::from_millis(5)).await;
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    serving: Serving,
    peer: Peer,
) {
    let Serving { router, patience, mut stopped } = serving;
    let (router, pace) = (TowerToHyperService::new(router), Pace::new());
    let requests = pace.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let under_way = requests.begin();
        let has_one_host = request.headers().get_all(HOST).iter().nth(1).is_none();
        let answer = has_one_host
            .then(|| router.call(request.map(|incoming| RequestBody::new(incoming, http2))));
        async move {
            let answer: Response<Body> = match answer {
                Some(answer) => answer.await?,
                None => two_hosts(),
            };
            Ok::<_, Infallible>(answer.map(|body| under_way.answer(body)))
        }
    });
    let builder = builder(http2);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let (mut looks, mut is_ending) = (interval(patience.look), false);
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            _ = stopped.changed(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = looks.tick() => match pace.standing(patience) {
                Standing::Fine => {}
                Standing::Idle if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                // Whoever did not take that either is not waited for.
                standing @ (Standing::Idle | Standing::Stalled) => {
                    return tracing::debug!(?standing, "a connection was given up");
                }
            },
        }
    }
}

/// RFC 9112 section 3.2: what is in front may have gone by the other one.
fn two_hosts() -> Response<Body> {
    let mut answer = Response::new(Body::from("The request has two Host fields.\n"));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer
}

fn builder(http2: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEADER_TIMEOUT)
        .keep_alive_timeout(HANDSHAKE_TIMEOUT)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES as u32);
    if http2 { builder.http2_only() } else { builder.http1_only() }
}

/// Offers HTTP/2 unless the caller decided on protocols.
fn with_alpn(config: Arc<rustls::ServerConfig>) -> Arc<rustls::ServerConfig> {
    if !config.alpn_protocols.is_empty() {
        return config;
    }
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

#[cfg(test)]
mod tests;
