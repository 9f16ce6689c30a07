//! Request bodies over HTTP/2 that their handler leaves unread.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long a stream with more to come is kept after its answer, and how much of it is thrown away.
const LINGER: Duration = Duration::from_secs(2);
const MAX_DISCARDED: usize = 64 * 1024;

/// A body that hyper must not reset as soon as it is dropped: clients may not drop an answer for such
/// a reset (RFC 9113 §8.1), but some do.
#[derive(Debug)]
pub(crate) struct RequestBody {
    /// `None` once it lingers.
    incoming: Option<Incoming>,
    lingers: bool,
}

impl RequestBody {
    /// Over HTTP/1.1 hyper reads or closes by itself.
    pub(crate) const fn new(incoming: Incoming, http2: bool) -> Self {
        Self { incoming: Some(incoming), lingers: http2 }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(incoming) = self.incoming.take() else { return };
        if !self.lingers || incoming.is_end_stream() {
            return;
        }
        // Outside of a runtime everything ends.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(timeout(LINGER, discard(incoming)));
        }
    }
}

async fn discard(mut incoming: Incoming) {
    let mut discarded = 0;
    while discarded <= MAX_DISCARDED {
        match incoming.frame().await {
            Some(Ok(frame)) => discarded += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) | None => return,
        }
    }
    std::future::pending::<()>().await;
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}
