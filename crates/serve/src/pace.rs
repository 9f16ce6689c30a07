//! Whether a connection goes on: its client takes the answers it is given, or has asked for something
//! lately.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

/// How long is waited for clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a part of an answer to be taken. While we have none to give nothing is counted.
    pub(crate) stalled: Duration,
    /// Of a connection without requests. Over HTTP/1.1 its header timeout ends it before.
    pub(crate) idle: Duration,
    /// From one look at how a connection stands to the next.
    pub(crate) look: Duration,
}

impl Patience {
    pub(crate) const USUAL: Self = Self {
        stalled: Duration::from_secs(30),
        idle: Duration::from_secs(60),
        look: Duration::from_secs(5),
    };
}

/// Of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Pace(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    under_way: usize,
    /// Of the last request.
    ended_at: Instant,
    numbered: u64,
    /// Answers whose client has to take something, since when.
    handed: HashMap<u64, Instant>,
}

/// How it stands with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Fine,
    Idle,
    Stalled,
}

/// A request until its answer is given.
#[derive(Debug)]
pub(crate) struct UnderWay {
    pace: Pace,
    number: u64,
}

/// An answer that notes when its client takes it.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Body,
    under_way: UnderWay,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            under_way: 0,
            ended_at: Instant::now(),
            numbered: 0,
            handed: HashMap::new(),
        })))
    }

    pub(crate) fn begin(&self) -> UnderWay {
        let mut state = self.state();
        state.under_way += 1;
        state.numbered += 1;
        UnderWay { number: state.numbered, pace: self.clone() }
    }

    pub(crate) fn standing(&self, patience: Patience) -> Standing {
        let state = self.state();
        if state.handed.values().any(|since| since.elapsed() > patience.stalled) {
            return Standing::Stalled;
        }
        if state.under_way == 0 && state.ended_at.elapsed() > patience.idle {
            return Standing::Idle;
        }
        Standing::Fine
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    pub(crate) fn answer(self, body: Body) -> Answer {
        self.hand();
        Answer { body, under_way: self }
    }

    /// It is the client's turn.
    fn hand(&self) {
        self.pace.state().handed.insert(self.number, Instant::now());
    }

    /// It is ours.
    fn ask(&self) {
        self.pace.state().handed.remove(&self.number);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        state.under_way -= 1;
        state.ended_at = Instant::now();
        state.handed.remove(&self.number);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.under_way.ask();
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(_))) = &polled {
            self.under_way.hand();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
