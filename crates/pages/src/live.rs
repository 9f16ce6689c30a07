//! What a page shows of now, sent by the server as it changes, for as long as somebody looks at it
//! (server-sent events).
//!
//! A stream asks what the page asks, for the same user, every other second: whose session has ended, or
//! whose roles do not open the page any more, is told so and gets nothing further.

mod streams;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header;
use http::request::Parts;
use http_body::Frame;
use phantom_access::sessions;
use tokio::sync::Semaphore;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::streams::Place;
use self::streams::Streams;
use crate::answer::Answer;
use crate::answer::Failure;
use crate::guard::Needs;
use crate::guard::Opened;
use crate::session::gate;
use crate::visit::Visit;

/// From one look at the store to the next.
const EVERY: Duration = Duration::from_secs(2);
/// So long nothing is said: whatever stands between may take the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// A stream ends then, and who still looks opens another: that counts as a use of the session, which no
/// stream does.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// For what was said to be taken, and for the store to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Looks at the store at once, of all streams together.
const READS: usize = 2;

/// The streams of one console. In the extensions of each request.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    streams: Streams,
    reads: Arc<Semaphore>,
    /// The server ends: connections that stay open would hold it up.
    stop: CancellationToken,
}

/// What one stream has to know of its page.
struct Stream<D> {
    live: Live,
    visit: Visit,
    needs: Needs,
    draw: D,
    sender: mpsc::Sender<Bytes>,
    _place: Place,
}

/// What became of one look.
enum Look {
    Drawn(String),
    /// The session has, or what it opened.
    Ended,
    /// The store is away, or slow: the next look may find more.
    Nothing,
}

impl Live {
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { streams: Streams::new(), reads: Arc::new(Semaphore::new(READS)), stop }
    }
}

/// Somebody who follows what happens.
#[derive(Debug)]
pub struct Follower {
    live: Live,
    visit: Visit,
    /// What opens the page.
    needs: Needs,
}

impl Follower {
    /// Answers with what `draw` gives now, and each time that it gives something else. Where it gives nothing
    /// now, it says why as a page does.
    pub async fn answer<D, F>(self, draw: D) -> Answer
    where
        D: Fn(Visit) -> F + Send + Sync + 'static,
        F: Future<Output = Result<String, Failure>> + Send + 'static,
    {
        let Self { live, visit, needs } = self;
        let Some(place) = live.streams.take(&visit.caller.name) else {
            let words =
                "Too many pages are open that follow what happens. This one goes on by asking.\n";
            let headers = [(header::RETRY_AFTER, "60")];
            return Ok((StatusCode::TOO_MANY_REQUESTS, headers, words).into_response());
        };
        let first = draw(visit.clone()).await?;
        // One event waits at most: who reads slowly gets the latest, not all.
        let (sender, receiver) = mpsc::channel(1);
        let stream = Stream { live, visit, needs, draw, sender, _place: place };
        tokio::spawn(stream.run(first));
        let headers = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
            // Proxies that collect an answer before they pass it on are asked not to.
            (header::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        Ok((headers, Body::new(Events(receiver))).into_response())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Follower {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, state).await?;
        // Pages beside us may ask in the name of who is signed in here, and take their places.
        if !gate::is_from_here(&parts.headers) {
            return Err(Failure::NotForYou);
        }
        let live = parts.extensions.get::<Live>().cloned().ok_or(Failure::NoSuchPage)?;
        let Opened(needs) = parts.extensions.get().copied().ok_or(Failure::NoSuchPage)?;
        Ok(Self { live, visit, needs })
    }
}

impl<D, F> Stream<D>
where
    D: Fn(Visit) -> F + Send + Sync + 'static,
    F: Future<Output = Result<String, Failure>> + Send + 'static,
{
    async fn run(self, first: String) {
        let gone = self.sender.clone();
        let stop = self.live.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = gone.closed() => {}
            _ = timeout(LONGEST, self.follow(first)) => {}
        }
    }

    async fn follow(self, first: String) {
        if self.say(event(&first)).await.is_err() {
            return;
        }
        let (mut shown, mut said_at) = (first, Instant::now());
        loop {
            sleep(EVERY).await;
            let event = match timeout(PATIENCE, self.look()).await.unwrap_or(Look::Nothing) {
                Look::Ended => {
                    let _ = self.say("event: end\ndata:\n\n".to_owned()).await;
                    return;
                }
                Look::Drawn(drawn) if drawn != shown => {
                    shown = drawn;
                    Some(event(&shown))
                }
                _ if said_at.elapsed() >= SILENCE => Some(":\n\n".to_owned()),
                _ => None,
            };
            if let Some(event) = event {
                if self.say(event).await.is_err() {
                    return;
                }
                said_at = Instant::now();
            }
        }
    }

    async fn look(&self) -> Look {
        let Visit { control, secret, caller, .. } = &self.visit;
        let Ok(_turn) = self.live.reads.acquire().await else { return Look::Nothing };
        let caller = match sessions::still(control, secret, caller.address).await {
            Ok(Some(caller)) => caller,
            Ok(None) => return Look::Ended,
            Err(_) => return Look::Nothing,
        };
        let visit = Visit { caller, ..self.visit.clone() };
        if !visit.may(self.needs) {
            return Look::Ended;
        }
        match (self.draw)(visit).await {
            Ok(drawn) => Look::Drawn(drawn),
            Err(_) => Look::Nothing,
        }
    }

    /// Who does not take it for a while is given up.
    async fn say(&self, event: String) -> Result<(), ()> {
        let sent = timeout(PATIENCE, self.sender.send(event.into())).await;
        sent.map_err(drop)?.map_err(drop)
    }
}

/// With each line of the text as one of the event's: whatever ends a line within the text would begin a field
/// of the event.
fn event(text: &str) -> String {
    let mut event = String::with_capacity(text.len() + 64);
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event
}

/// What was said, as the body of an answer.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|said| said.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_event_or_begins_another() {
        let said = event("one\n\ntwo\rdata: x\r\n\r\nevent: end\n");
        assert_eq!(said, "data: one\ndata: two\ndata: data: x\ndata: event: end\n\n");
    }
}
