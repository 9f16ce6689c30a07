//! The wire: reads requests, writes replies as they were ordered.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::Framing;
use super::Recorded;
use super::Reply;
use super::Shared;

pub(super) async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.state().connections += 1;
        drop(stream.set_nodelay(true));
        connections.spawn(connection(stream, tls.clone(), Arc::clone(&shared)));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let Some(tls) = tls else {
        drop(http1(stream, false, &shared).await);
        return;
    };
    let Ok(stream) = tls.accept(stream).await else { return };
    let session = stream.get_ref().1;
    let certificate = session.peer_certificates().is_some();
    if session.alpn_protocol() == Some(b"h2") {
        http2(stream, certificate, shared).await;
    } else {
        drop(http1(stream, certificate, &shared).await);
    }
}

async fn http1<S>(mut stream: S, client_certificate: bool, shared: &Shared) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = Vec::new();
    loop {
        let Some(mut request) = read_request(&mut stream, &mut buffer).await? else {
            return Ok(());
        };
        request.client_certificate = client_certificate;
        let reply = shared.take(request);
        if !write_reply(&mut stream, &reply).await? {
            return stream.shutdown().await;
        }
    }
}

/// One request with its `Content-Length` body; what follows stays in the buffer.
async fn read_request<S: AsyncRead + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Recorded>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    buffer.drain(..head_end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().expect("a length"));
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = String::from_utf8_lossy(&buffer.drain(..length).collect::<Vec<u8>>()).into_owned();
    let (client_certificate, http2) = (false, false);
    Ok(Some(Recorded { method, path, headers, body, client_certificate, http2 }))
}

/// Whether the connection goes on.
async fn write_reply<S: AsyncWrite + Unpin>(stream: &mut S, reply: &Reply) -> io::Result<bool> {
    tokio::time::sleep(reply.delay).await;
    let length = reply.body.len();
    let framing_field = match reply.framing {
        Framing::Hang => return std::future::pending().await,
        Framing::Close => return Ok(false),
        Framing::Chunked => "transfer-encoding: chunked\r\n".to_owned(),
        Framing::CloseDelimited => "connection: close\r\n".to_owned(),
        _ if matches!(reply.status, 204 | 304) => String::new(),
        _ => format!("content-length: {length}\r\n"),
    };
    let fields: String =
        reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {} X\r\n{fields}{framing_field}\r\n", reply.status);
    let whole = [head.as_bytes(), &reply.body].concat();
    match reply.framing {
        Framing::Hang | Framing::Close => {}
        Framing::ContentLength | Framing::CloseDelimited => stream.write_all(&whole).await?,
        Framing::Interim => {
            let interim =
                b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n";
            stream.write_all(interim).await?;
            stream.flush().await?;
            stream.write_all(&whole).await?;
        }
        Framing::Chunked => {
            stream.write_all(head.as_bytes()).await?;
            for part in reply.body.chunks(7) {
                stream.write_all(format!("{:x};ext=1\r\n", part.len()).as_bytes()).await?;
                stream.write_all(part).await?;
                stream.write_all(b"\r\n").await?;
            }
            stream.write_all(b"0\r\ntrailer: x\r\n\r\n").await?;
        }
        Framing::Segments => write_slowly(stream, &whole, Duration::ZERO).await?,
        Framing::Drip(pause) => write_slowly(stream, &whole, pause).await?,
        Framing::HangAfterHead => {
            stream.write_all(head.as_bytes()).await?;
            stream.flush().await?;
            return std::future::pending().await;
        }
        Framing::Cut => {
            stream.write_all(&whole[..head.len() + length / 2]).await?;
            stream.flush().await?;
            return Ok(false);
        }
    }
    stream.flush().await?;
    Ok(reply.framing != Framing::CloseDelimited)
}

async fn write_slowly<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    pause: Duration,
) -> io::Result<()> {
    for byte in bytes.chunks(1) {
        stream.write_all(byte).await?;
        stream.flush().await?;
        match pause {
            Duration::ZERO => tokio::task::yield_now().await,
            pause => tokio::time::sleep(pause).await,
        }
    }
    Ok(())
}

async fn http2<S>(stream: S, client_certificate: bool, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let closing = Arc::new(Notify::new());
    let closed = Arc::clone(&closing);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (shared, closing) = (Arc::clone(&shared), Arc::clone(&closing));
        async move {
            let reply = http2_reply(request, client_certificate, &shared, &closing).await;
            Ok::<_, Infallible>(reply)
        }
    });
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    tokio::select! {
        _ = server.serve_connection(TokioIo::new(stream), service) => {}
        () = closed.notified() => {}
    }
}

async fn http2_reply(
    request: hyper::Request<Incoming>,
    client_certificate: bool,
    shared: &Shared,
    closing: &Notify,
) -> hyper::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let reply = shared.take(Recorded {
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        headers: head.headers.iter().map(|(n, v)| (n.to_string(), text(v))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
        client_certificate,
        http2: true,
    });
    tokio::time::sleep(reply.delay).await;
    match reply.framing {
        Framing::Hang => return std::future::pending().await,
        Framing::Close => {
            closing.notify_one();
            return std::future::pending().await;
        }
        _ => {}
    }
    let mut response = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(reply.body))).expect("a well-formed reply")
}
