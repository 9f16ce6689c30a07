//! Care for an authorization server in trouble, and for ourselves (INT-14): who may ask now, how many
//! at once, which calls again, and when to stop calling.
//!
//! All of it is one short critical section when a call begins and one when it ends. Where nobody has
//! to wait there is no task, no timer and no wake-up in it.

mod breaker;
mod budget;
mod held;
mod line;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Peer;
use phantom_core::Tick;
use tokio::sync::oneshot;

pub(crate) use crate::guard::budget::Budget;
pub(crate) use crate::guard::line::Limits;

use crate::guard::breaker::Breaker;
use crate::guard::breaker::Change;
use crate::guard::breaker::Ended;
use crate::guard::breaker::LAST_PAUSE;
use crate::guard::held::HeldTokens;
use crate::guard::line::Entry;
use crate::guard::line::Line;
use crate::guard::line::Refused;
use crate::introspection::NotAsked;
use crate::introspection::Why;

/// Retries are paid for by answers: one for ten, and no more than ten saved up.
const RETRY_COST: u32 = 10;
const RETRY_SAVINGS: u32 = 100;

/// For those who find no place: nobody knows when there will be one.
const COME_BACK: Duration = Duration::from_secs(1);
/// Without a verdict for so long, failures are not the tokens' fault.
const DOUBT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Guard {
    key_manager: Box<str>,
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    queue_wait: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    breaker: Breaker,
    line: Line<oneshot::Sender<()>>,
    held: HeldTokens,
    retry_savings: u32,
    last_verdict: Option<Tick>,
    last_failure: Option<Tick>,
    settled: u64,
}

/// Who asks about what.
#[derive(Clone, Copy, Debug)]
struct Question {
    peer: Peer,
    /// A hash of the token.
    token: u64,
}

/// A call that is let through.
#[derive(Clone, Copy, Debug)]
enum CallEnd {
    /// Nothing was sent, for a reason of ours.
    NotSent,
    /// No answer, or one that says that there is none.
    Failed {
        wait: Option<Duration>,
    },
    /// An answer of which nothing can be made: the token's fault, or that of our set-up.
    Unusable,
    /// An answer that cannot be judged for now.
    Undecided,
    Inactive,
    Vouched,
}

/// A call in progress, that ends when it is dropped. One that was not told how it went has failed.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    guard: &'a Guard,
    question: Question,
    probe: bool,
    outcome: CallEnd,
}

/// The load of a guard, as far as there is anything to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Calls under way.
    pub calls: usize,
    /// Questions that wait for their turn.
    pub waiting: usize,
    /// The server is given a pause by everybody.
    pub paused: bool,
}

impl Guard {
    pub(crate) fn new(
        key_manager: &str,
        clock: Arc<dyn Clock>,
        limits: Limits,
        queue_wait: Duration,
    ) -> Self {
        Self {
            key_manager: key_manager.into(),
            clock,
            hasher: RandomState::new(),
            queue_wait,
            state: Mutex::new(State {
                breaker: Breaker::default(),
                line: Line::new(limits),
                held: HeldTokens::default(),
                retry_savings: RETRY_SAVINGS,
                last_verdict: None,
                last_failure: None,
                settled: 0,
            }),
        }
    }

    pub(crate) fn key_manager(&self) -> &str {
        &self.key_manager
    }

    /// A turn, after a bounded wait. The breaker is asked first, so that nobody waits for a dead
    /// server, and last, so that who waited while it died does not call it.
    pub(crate) async fn admit(
        &self,
        token: BearerToken<'_>,
        peer: Peer,
    ) -> Result<Call<'_>, NotAsked> {
        let question = self.question(token, peer);
        let waiting = {
            let now = self.clock.now().tick;
            let mut state = self.state();
            state.check(question, now)?;
            let mut turn = None;
            let entry = state.line.enter(peer, now, || {
                let (call, called) = oneshot::channel();
                turn = Some(called);
                call
            });
            match (entry.map_err(|refused| state.not_asked(refused, now))?, turn) {
                (Entry::Waits(ticket), Some(called)) => {
                    Some(Waiting { guard: self, peer, ticket, called, begun: false })
                }
                _ => None,
            }
        };
        let Some(mut waiting) = waiting else { return self.begin(question) };
        match tokio::time::timeout(self.queue_wait, &mut waiting.called).await {
            Ok(Ok(())) => {
                waiting.begun = true;
                drop(waiting);
                self.begin(question)
            }
            // Sent away: by its own address's waste, or for an address with fewer.
            Ok(Err(_)) => {
                let now = self.clock.now().tick;
                let state = self.state();
                state.check(question, now)?;
                let refused = state.line.check(peer, now).err().unwrap_or(Refused::Crowded);
                Err(state.not_asked(refused, now))
            }
            Err(_) => Err(NotAsked { why: Why::Late, retry_after: COME_BACK }),
        }
    }

    /// Returns whether a question would have a chance now; puts none.
    pub(crate) fn check(&self, token: BearerToken<'_>, peer: Peer) -> Result<(), NotAsked> {
        let question = self.question(token, peer);
        let now = self.clock.now().tick;
        let state = self.state();
        state.check(question, now)?;
        state.line.check(peer, now).map_err(|refused| state.not_asked(refused, now))
    }

    /// How long a question that just failed would not be put again.
    pub(crate) fn wait(&self, token: BearerToken<'_>, peer: Peer) -> Option<Duration> {
        self.check(token, peer).err().map(|refused| refused.retry_after)
    }

    /// Returns whether one more attempt is affordable; if so it is paid for.
    pub(crate) fn afford_retry(&self) -> bool {
        let mut state = self.state();
        match state.retry_savings.checked_sub(RETRY_COST) {
            Some(left) => {
                state.retry_savings = left;
                true
            }
            None => false,
        }
    }

    /// A question of this peer was not for nothing after all.
    pub(crate) fn forgive(&self, peer: Peer) {
        let now = self.clock.now().tick;
        self.state().line.give_back(peer, now);
    }

    pub(crate) fn load(&self) -> Load {
        let state = self.state();
        Load {
            calls: state.line.calls(),
            waiting: state.line.waiting(),
            paused: state.breaker.is_open(),
        }
    }

    /// The turn has come; the breaker has the last word.
    fn begin(&self, question: Question) -> Result<Call<'_>, NotAsked> {
        let now = self.clock.now().tick;
        let mut state = self.state();
        let dice = self.dice(&state);
        match state.breaker.admit(question.peer, now, dice) {
            Ok(probe) => {
                let outcome = CallEnd::Failed { wait: None };
                Ok(Call { guard: self, question, probe, outcome })
            }
            Err(retry_after) => {
                state.line.end(question.peer, false, now);
                Err(NotAsked { why: Why::Paused, retry_after })
            }
        }
    }

    fn settle(&self, question: Question, outcome: CallEnd, probe: bool) {
        let Question { peer, token } = question;
        let now = self.clock.now().tick;
        let mut state = self.state();
        state.settled += 1;
        let dice = self.dice(&state);
        let failed = matches!(outcome, CallEnd::Failed { .. });
        let wait = match outcome {
            CallEnd::Failed { wait } => wait.map(|wait| wait.min(LAST_PAUSE)),
            _ => None,
        };
        if let Some(wait) = wait {
            state.held.hold(token, now.plus(wait), now);
        }
        let free = match outcome {
            CallEnd::Vouched | CallEnd::NotSent | CallEnd::Undecided => true,
            // As long as nobody gets a verdict our set-up is wrong, not the token.
            CallEnd::Unusable => !state.decides(now),
            CallEnd::Inactive | CallEnd::Failed { .. } => false,
        };
        match outcome {
            CallEnd::Vouched | CallEnd::Inactive => state.last_verdict = Some(now),
            CallEnd::Failed { .. } | CallEnd::Unusable => state.last_failure = Some(now),
            CallEnd::NotSent | CallEnd::Undecided => {}
        }
        let mut change = None;
        if !matches!(outcome, CallEnd::NotSent) {
            if !failed {
                state.retry_savings = (state.retry_savings + 1).min(RETRY_SAVINGS);
            }
            let wait = wait.unwrap_or_default();
            let ended = Ended { at: now, peer, token, failed, wait };
            change = state.breaker.record(ended, probe, dice);
        }
        state.line.end(peer, !free, now);
        drop(state);
        let key_manager = &*self.key_manager;
        match change {
            Some(Change::Opened) => {
                tracing::warn!(key_manager, "the authorization server fails: it is given a pause");
            }
            Some(Change::HeldBack) => {
                tracing::warn!(
                    key_manager,
                    %peer,
                    "the authorization server fails the tokens of an address: they are given a pause"
                );
            }
            Some(Change::Closed) => {
                tracing::info!(key_manager, "the authorization server answers again");
            }
            None => {}
        }
    }

    fn question(&self, token: BearerToken<'_>, peer: Peer) -> Question {
        Question { peer, token: self.hasher.hash_one(token.expose()) }
    }

    fn dice(&self, state: &State) -> u64 {
        self.hasher.hash_one(state.settled)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The knowledge of server and token.
    fn check(&self, question: Question, now: Tick) -> Result<(), NotAsked> {
        if let Some(retry_after) = self.breaker.pause(question.peer, now) {
            return Err(NotAsked { why: Why::Paused, retry_after });
        }
        if let Some(retry_after) = self.held.wait(question.token, now) {
            return Err(NotAsked { why: Why::Held, retry_after });
        }
        Ok(())
    }

    fn not_asked(&self, refused: Refused, now: Tick) -> NotAsked {
        match refused {
            Refused::Crowded => NotAsked { why: Why::Crowded, retry_after: COME_BACK },
            Refused::Exhausted(retry_after) => {
                let why = if self.in_doubt(now) { Why::PeerFailures } else { Why::PeerBudget };
                NotAsked { why, retry_after }
            }
        }
    }

    /// Nobody got a verdict lately: an address that used its budget up did so on our troubles.
    fn in_doubt(&self, now: Tick) -> bool {
        !self.decides(now) && self.last_failure.is_some_and(|at| at.plus(DOUBT) > now)
    }

    /// Somebody got a verdict lately.
    fn decides(&self, now: Tick) -> bool {
        self.last_verdict.is_some_and(|at| at.plus(DOUBT) > now)
    }
}

impl Call<'_> {
    /// The server answered something. What it is worth may still be told.
    pub(crate) const fn answered(&mut self) {
        self.outcome = CallEnd::Unusable;
    }

    pub(crate) const fn not_sent(&mut self) {
        self.outcome = CallEnd::NotSent;
    }

    /// It did not answer, or said that it cannot, for this long.
    pub(crate) const fn failed(&mut self, wait: Option<Duration>) {
        self.outcome = CallEnd::Failed { wait };
    }

    pub(crate) const fn undecided(&mut self) {
        self.outcome = CallEnd::Undecided;
    }

    pub(crate) const fn inactive(&mut self) {
        self.outcome = CallEnd::Inactive;
    }

    pub(crate) const fn vouched(&mut self) {
        self.outcome = CallEnd::Vouched;
    }

    /// Returns whether one more attempt is affordable; if so it is paid for.
    pub(crate) fn afford_retry(&self) -> bool {
        self.guard.afford_retry()
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.guard.settle(self.question, self.outcome, self.probe);
    }
}

impl line::Call for oneshot::Sender<()> {
    fn call(self) -> bool {
        self.send(()).is_ok()
    }
}

/// A place in the line; given back when its holder goes away, before or after being called.
struct Waiting<'a> {
    guard: &'a Guard,
    peer: Peer,
    ticket: u64,
    called: oneshot::Receiver<()>,
    begun: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.begun {
            return;
        }
        let now = self.guard.clock.now().tick;
        let mut state = self.guard.state();
        match self.called.try_recv() {
            Ok(()) => state.line.end(self.peer, false, now),
            Err(oneshot::error::TryRecvError::Empty) => {
                state.line.leave(self.peer, self.ticket, now);
            }
            Err(oneshot::error::TryRecvError::Closed) => {}
        }
    }
}

#[cfg(test)]
mod tests;
