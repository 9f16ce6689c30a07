//! One HTTP/1 connection of a client: request after request, each decided before it is forwarded.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use phantom_pipeline::Fault;
use tokio::io::AsyncWrite;

use crate::deadline::Deadline;
use crate::forward::Origin;
use crate::head::RequestHead;
use crate::http1::body::InStep;
use crate::http1::body::Unread;
use crate::http1::request;
use crate::serve;
use crate::serve::LINGER;
use crate::transport::Outbox;
use crate::transport::Transport;
use crate::worker::Worker;
use phantom_wire::ReadBuffer;

mod client;

use client::Http1Client;

/// The same while input goes on coming: a client that sends all before it reads gets so much time.
const LINGER_MOST: Duration = Duration::from_secs(10);

pub(crate) struct Http1Connection {
    worker: Rc<Worker>,
    io: Transport,
    received: ReadBuffer,
    outbox: Outbox,
    origin: Origin,
    deadline: Deadline,
    head: RequestHead,
    /// The answer to whatever is asked here.
    refused: Option<Fault>,
}

/// The fate of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The client was told that it may carry another request.
    GoOn,
    Close,
    /// Part of an answer is missing, and the connection's proper end would hide that.
    Reset,
}

impl Http1Connection {
    pub(crate) fn new(
        worker: Rc<Worker>,
        io: Transport,
        received: ReadBuffer,
        origin: Origin,
        deadline: Deadline,
    ) -> Self {
        let head = RequestHead::default();
        let outbox = Outbox::default();
        Self { worker, io, received, outbox, origin, deadline, head, refused: None }
    }

    pub(crate) fn refusing(self, fault: Fault) -> Self {
        Self { refused: Some(fault), ..self }
    }

    pub(crate) async fn serve(mut self) {
        let mut step = InStep::at_start();
        loop {
            let unread = match self.read_head(step).await {
                Ok(Some(unread)) => unread,
                Ok(None) => return self.close().await,
                Err(fault) => {
                    self.refuse(fault).await;
                    return self.linger().await;
                }
            };
            let (then, unread) = self.serve_request(unread).await;
            match (then, unread.end()) {
                (Then::GoOn, Some(next)) => step = next,
                (Then::GoOn | Then::Close, _) => return self.linger().await,
                (Then::Reset, _) => return self.io.socket().reset_when_dropped(),
            }
            self.received.relax();
            self.outbox.relax();
        }
    }

    /// Reads one whole head. `Ok(None)`: the client is done, or has been idle for too long.
    async fn read_head(&mut self, step: InStep) -> Result<Option<Unread>, Fault> {
        let limits = &self.worker.shared.config.limits;
        let (received, io, head) = (&mut self.received, &mut self.io, &mut self.head);
        let (deadline, draining) = (&self.deadline, &self.worker.ending);
        let refused = self.refused;
        let mut started = false;
        let mut parsed = 0;
        deadline.clear();
        deadline.set(limits.keep_alive_timeout);
        deadline.idle();
        let whole = poll_fn(|cx| {
            loop {
                let data = received.data();
                if !data.is_empty() && !started {
                    started = true;
                    deadline.set(limits.header_timeout);
                    deadline.beginning();
                }
                // Only a line's end can complete a head: bytes that drip in are not parsed anew.
                let fresh = data.get(parsed..).unwrap_or_default();
                let worthwhile =
                    memchr::memchr(b'\n', fresh).is_some() || data.len() >= limits.max_header_bytes;
                parsed = data.len();
                if worthwhile && let Some(length) = request::parse(data, head, limits)? {
                    if let Some(fault) = refused {
                        return Poll::Ready(Err(fault));
                    }
                    received.consume(length);
                    deadline.clear();
                    deadline.busy();
                    return Poll::Ready(Ok(true));
                }
                if deadline.has_passed(cx) {
                    return Poll::Ready(if started {
                        Err(Fault::RequestTimeout)
                    } else {
                        Ok(false)
                    });
                }
                if deadline.is_evicted() {
                    return Poll::Ready(Ok(false));
                }
                match received.poll_fill(cx, io) {
                    Poll::Ready(Ok(count)) if count > 0 => {}
                    Poll::Ready(_) => return Poll::Ready(Ok(false)),
                    // Only when there is nothing to read: a request that has arrived is answered.
                    Poll::Pending if !started && draining.get() => return Poll::Ready(Ok(false)),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await?;
        Ok(whole.then(|| Unread::after_head(step, self.head.framing)))
    }

    /// Serves the request whose head was read, and tells what is left of its body.
    async fn serve_request(&mut self, body: Unread) -> (Then, Unread) {
        let (mut client, origin) = self.client(body);
        serve::serve(client.worker, client.head, origin, &mut client).await;
        client.finish()
    }

    /// A head that could not be read: the answer, then the end.
    async fn refuse(&mut self, fault: Fault) {
        // It is there still: what cannot be taken is not consumed.
        let (method, path) = request::line(self.received.data(), &self.worker.shared.config.limits);
        let (method, path) = (method.to_owned(), path.to_owned());
        self.head.clear();
        let (mut client, origin) = self.client(Unread::without_end());
        let refused = (fault, &*method, &*path);
        serve::refuse(client.worker, client.head, origin, &mut client, refused).await;
    }

    fn client(&mut self, body: Unread) -> (Http1Client<'_>, Origin) {
        let Self { worker, io, received, outbox, origin, deadline, head, .. } = self;
        (Http1Client::new(worker, head, deadline, (io, received, outbox), body), *origin)
    }

    /// The end of a connection that nobody sends on any more. A TLS session is ended as its protocol
    /// has it: the client can tell this from a connection that was cut.
    async fn close(&mut self) {
        if !self.io.is_tls() {
            return;
        }
        self.deadline.set(LINGER);
        let (io, deadline) = (&mut self.io, &self.deadline);
        poll_fn(|cx| {
            if deadline.has_passed(cx) {
                return Poll::Ready(());
            }
            AsyncWrite::poll_shutdown(Pin::new(&mut *io), cx).map(|_| ())
        })
        .await;
    }

    /// Closes our side, and reads for a moment so that unread input does not turn into a reset that
    /// overtakes the answer (RFC 9112 §9.6).
    async fn linger(&mut self) {
        self.deadline.set(LINGER);
        self.deadline.idle();
        let until = self.worker.deadlines.now().plus(LINGER_MOST);
        let (io, received, deadline) = (&mut self.io, &mut self.received, &self.deadline);
        let deadlines = &self.worker.deadlines;
        let mut closing = true;
        poll_fn(|cx| {
            loop {
                if deadline.has_passed(cx) || deadline.is_evicted() {
                    return Poll::Ready(());
                }
                if closing {
                    std::task::ready!(AsyncWrite::poll_shutdown(Pin::new(&mut *io), cx)).ok();
                    closing = false;
                }
                match received.poll_fill(cx, io) {
                    Poll::Ready(Ok(count)) if count > 0 => {
                        received.consume(usize::MAX);
                        if deadlines.now() < until {
                            deadline.set(LINGER);
                        }
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}
