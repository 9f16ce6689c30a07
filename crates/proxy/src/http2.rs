//! HTTP/2 connections of clients. The protocol is hyper's; what is decided and forwarded is the
//! same as for HTTP/1.1.

use std::cell::Cell;
use std::future::Future;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;

use crate::forward::Origin;
use crate::http1::buffer::ReadBuffer;
use crate::server::Worker;
use crate::transport::Transport;

mod body;
mod request;
mod stream;

/// Silence after which the client is asked whether it is still there.
const PING_AFTER: Duration = Duration::from_secs(30);

/// Serves one connection until the client is done, idle for too long, or the worker drains.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    transport: Transport,
    received: ReadBuffer,
    origin: Origin,
) {
    let limits = worker.shared.config.limits.clone();
    let deadline = worker.deadlines.register();
    deadline.set(limits.keep_alive_timeout);
    let streams = Rc::new(Cell::new(0_usize));
    let service = {
        let (worker, streams) = (worker.clone(), streams.clone());
        service_fn(move |request: http::Request<Incoming>| {
            let open = OpenStream::new(streams.clone());
            stream::serve(worker.clone(), request, origin, open)
        })
    };
    let io = TokioIo::new(Rewound { received, transport });
    let connection = http2::Builder::new(LocalExecutor)
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(PING_AFTER)
        .adaptive_window(false)
        .initial_stream_window_size(256 * 1024)
        .initial_connection_window_size(1024 * 1024)
        .max_send_buf_size(256 * 1024)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let mut closing = false;
    let ended = poll_fn(|cx| {
        let idle = streams.get() == 0;
        if !idle {
            deadline.set(limits.keep_alive_timeout);
        }
        let late = deadline.has_passed(cx) && idle;
        if (late || worker.draining.get()) && !closing {
            closing = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(cx)
    })
    .await;
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP/2 connection ended in an error");
    }
}

/// Counts a stream for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenStream(Rc<Cell<usize>>);

impl OpenStream {
    fn new(streams: Rc<Cell<usize>>) -> Self {
        streams.set(streams.get() + 1);
        Self(streams)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// Streams are tasks of the worker's own thread; they end with their connection.
#[derive(Clone, Copy, Debug)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, stream: F) {
        tokio::task::spawn_local(async move {
            stream.await;
        });
    }
}

/// A transport some of whose bytes were read already.
#[derive(Debug)]
struct Rewound {
    received: ReadBuffer,
    transport: Transport,
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let count = self.received.data().len().min(buf.remaining());
        if count == 0 {
            return Pin::new(&mut self.transport).poll_read(cx, buf);
        }
        buf.put_slice(self.received.data().get(..count).unwrap_or_default());
        self.received.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
