//! Bodies that come in pieces. Each piece is made when the connection has room for it, so no body
//! is ever held in memory.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body::{Frame, SizeHint};
use phantom_serve::Peer;
use serde_json::json;
use tokio::time::{Interval, MissedTickBehavior};

use super::{echo, refuse};

const MAX_BYTES: u64 = 1024 * 1024 * 1024;
const MAX_LINES: u64 = 100;
/// Also the number of events where none is asked for: five and a half hours at the usual pace.
const MAX_EVENTS: u64 = 100_000;
const DEFAULT_INTERVAL_MS: u64 = 200;
const MAX_INTERVAL_MS: u64 = 60_000;
const CHUNK: usize = 64 * 1024;
static PATTERN: [u8; CHUNK] = [b'.'; CHUNK];

/// `count` bytes of one letter, with `Content-Length`.
pub(super) async fn bytes(Path(count): Path<u64>) -> Response {
    if count > MAX_BYTES {
        return refuse(StatusCode::BAD_REQUEST, "the count is more than 1 GiB").into_response();
    }
    streamed("application/octet-stream", Pattern { left: count })
}

/// Up to a hundred lines of JSON, each a frame of its own.
pub(super) async fn lines(
    Extension(peer): Extension<Peer>,
    Path(count): Path<u64>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (origin, url) = (echo::origin(&headers, peer), echo::url(&uri, &headers));
    let headers = echo::shown(&uri, &headers);
    let line = move |id: u64| {
        let value =
            json!({ "args": {}, "headers": headers, "id": id, "origin": origin, "url": url });
        Bytes::from(format!("{value}\n"))
    };
    streamed("application/json", Pieces { next: 0, count: count.min(MAX_LINES), pace: None, line })
}

/// Server-sent events: `?count=` of them, one each `?interval_ms=`.
pub(super) async fn events(uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let number = |name: &str, default: u64| -> Option<u64> {
        match form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name) {
            Some((_, value)) => value.parse().ok(),
            None => Some(default),
        }
    };
    let (Some(count), Some(interval)) =
        (number("count", MAX_EVENTS), number("interval_ms", DEFAULT_INTERVAL_MS))
    else {
        let refusal = "count and interval_ms are numbers";
        return refuse(StatusCode::BAD_REQUEST, refusal).into_response();
    };
    let interval = Duration::from_millis(interval.clamp(1, MAX_INTERVAL_MS));
    let mut pace = tokio::time::interval(interval);
    // A slow reader gets fewer events, not a burst.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let line = |id: u64| Bytes::from(format!("id: {id}\nevent: tick\ndata: {{\"id\":{id}}}\n\n"));
    let events = Pieces { next: 0, count: count.min(MAX_EVENTS), pace: Some(pace), line };
    let mut response = streamed("text/event-stream", events);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn streamed(
    media_type: &'static str,
    body: impl http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], Body::new(body)).into_response()
}

struct Pattern {
    left: u64,
}

impl http_body::Body for Pattern {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(self.left).map_or(CHUNK, |left| left.min(CHUNK));
        self.left -= length as u64;
        let chunk = Bytes::from_static(PATTERN.get(..length).unwrap_or(&PATTERN));
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// `count` frames, one at each tick of `pace` or as fast as they are taken.
struct Pieces<F> {
    next: u64,
    count: u64,
    pace: Option<Interval>,
    line: F,
}

impl<F: Fn(u64) -> Bytes + Unpin> http_body::Body for Pieces<F> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.next >= self.count {
            return Poll::Ready(None);
        }
        if let Some(pace) = &mut self.pace {
            ready!(pace.poll_tick(context));
        }
        let piece = (self.line)(self.next);
        self.next += 1;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.count
    }
}
