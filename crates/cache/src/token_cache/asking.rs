//! The miss path: one introspection per token, and what is kept of its answer.

use std::sync::Arc;

use phantom_core::BearerToken;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_core::TokenDigest;
use phantom_oauth::Freshness;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use zeroize::Zeroizing;

use super::Asked;
use super::Carrier;
use super::Lookup;
use super::NoStatement;
use crate::counters::Count;
use crate::counters::Counters;
use crate::inactive::InactiveTokens;
use crate::l1::L1;
use crate::lifetime::statement_life;
use crate::marks::Admission;
use crate::marks::Marks;
use crate::marks::Moment;
use crate::policy::CachePolicy;
use crate::single_flight::Joined;
use crate::single_flight::Leader;
use crate::single_flight::SingleFlight;
use crate::single_flight::Wait;

const MOST_FLIGHTS: usize = 10_000;
const MOST_MARKS: usize = 100_000;

/// Times one flight asks: again once, if marks were forgotten meanwhile.
const QUESTIONS: usize = 2;

type Answered = Result<Arc<Statement>, NoStatement>;

/// The state that callers, their flights and their tasks share.
pub(super) struct Asking {
    pub(super) policy: CachePolicy,
    pub(super) l1: L1,
    pub(super) inactive: InactiveTokens,
    pub(super) marks: Marks,
    pub(super) flights: Arc<SingleFlight<Answered>>,
    pub(super) counters: Counters,
    pub(super) clock: Arc<dyn Clock>,
    introspect: Arc<dyn Introspect>,
    carrier: Carrier,
}

/// A token that outlives the request it came with; zeroised.
#[derive(Clone)]
pub(super) struct HeldToken(Arc<Zeroizing<Box<[u8]>>>);

impl HeldToken {
    pub(super) fn of(token: BearerToken<'_>) -> Self {
        Self(Arc::new(Zeroizing::new(token.expose().as_bytes().into())))
    }

    /// It was a token when it was taken.
    fn bearer(&self) -> Option<BearerToken<'_>> {
        BearerToken::parse(&self.0).ok()
    }
}

/// When a question was put.
#[derive(Clone, Copy)]
struct AskedAt {
    now: Now,
    moment: Moment,
}

impl Asking {
    pub(super) fn new(
        policy: CachePolicy,
        introspect: Arc<dyn Introspect>,
        clock: Arc<dyn Clock>,
        carrier: Carrier,
    ) -> Self {
        Self {
            l1: L1::new(&policy),
            inactive: InactiveTokens::new(policy.inactive, policy.max_inactive_entries),
            marks: Marks::new(policy.cap.saturating_add(policy.longest_call), MOST_MARKS),
            flights: SingleFlight::new(MOST_FLIGHTS),
            counters: Counters::default(),
            policy,
            clock,
            introspect,
            carrier,
        }
    }

    pub(super) fn is_revoked(&self, digest: &TokenDigest) -> bool {
        self.marks.contains(digest, self.clock.now().tick)
    }

    pub(super) fn forgive(&self, peer: Peer) {
        self.introspect.forgive(peer);
    }

    pub(super) async fn ask_for(
        self: Arc<Self>,
        token: HeldToken,
        digest: TokenDigest,
        peer: Peer,
    ) -> Asked {
        let (asked, led) = self.share(&token, digest, peer).await;
        match asked.outcome {
            // That was the account of whoever came first: now it is this caller's.
            Err(ref error) if !led && error.is_peer_budget() => {
                self.share(&token, digest, peer).await.0
            }
            _ => asked,
        }
    }

    /// Tells besides whether this caller was the first.
    async fn share(
        self: &Arc<Self>,
        token: &HeldToken,
        digest: TokenDigest,
        peer: Peer,
    ) -> (Asked, bool) {
        let (leader, mut waiter) = match self.flights.join(digest) {
            Joined::Leader(leader, waiter) => (Some(leader), waiter),
            Joined::Follower(waiter) => (None, waiter),
            Joined::Full => {
                let outcome = Err(NoStatement::unavailable("too many introspections under way"));
                return (Asked { outcome, put: false }, true);
            }
        };
        let mut led = leader.is_some();
        let mut put = leader.is_some_and(|leader| self.lead(leader, token, digest, peer));
        let outcome = loop {
            match (&mut waiter).await {
                Wait::Complete(outcome) => break outcome,
                Wait::Vacant(leader) => {
                    led = true;
                    put |= self.lead(leader, token, digest, peer);
                }
                Wait::Lost => {
                    break Err(NoStatement::unavailable("introspection ended without an outcome"));
                }
            }
        };
        // A mark may have been made between the completion and now.
        let revoked = self.is_revoked(&digest);
        (Asked { outcome: if revoked { Err(NoStatement::Revoked) } else { outcome }, put }, led)
    }

    /// Starts the call, unless another flight completed since the caller looked (one introspection
    /// per token), or it would not be made: a flood costs no tasks. Whether it was started. The task
    /// ends with its call; if its runtime stops first, the leader tells.
    fn lead(
        self: &Arc<Self>,
        leader: Leader<Answered>,
        token: &HeldToken,
        digest: TokenDigest,
        peer: Peer,
    ) -> bool {
        let known = match self.look_up(&digest, self.clock.now()).0 {
            Lookup::Hit(statement) => Some(Ok(statement)),
            Lookup::Inactive => Some(Err(NoStatement::Inactive)),
            Lookup::Revoked => Some(Err(NoStatement::Revoked)),
            Lookup::Miss => match token.bearer().map(|t| self.introspect.check(t, peer)) {
                Some(Err(not_asked)) => Some(Err(IntrospectError::from(not_asked).into())),
                Some(Ok(())) | None => None,
            },
        };
        if let Some(outcome) = known {
            leader.complete(outcome);
            return false;
        }
        let (asking, token) = (Arc::clone(self), token.clone());
        self.carrier.carry(async move {
            let outcome = asking.ask_in_time(&token, digest, peer).await;
            leader.complete(outcome);
        });
        true
    }

    /// The one deadline of a flight, questions asked again included.
    async fn ask_in_time(&self, token: &HeldToken, digest: TokenDigest, peer: Peer) -> Answered {
        tokio::time::timeout(self.policy.longest_call, self.ask(token, digest, peer))
            .await
            .unwrap_or_else(|_| Err(NoStatement::unavailable("introspection took too long")))
    }

    async fn ask(&self, token: &HeldToken, digest: TokenDigest, peer: Peer) -> Answered {
        for _ in 0..QUESTIONS {
            let asked = AskedAt { moment: self.marks.moment(), now: self.clock.now() };
            let answer = self.introspect(token, peer).await?;
            let admission = match &answer {
                Introspection::Active { statement, freshness } => {
                    self.keep(digest, statement, *freshness, asked)
                }
                Introspection::Inactive | Introspection::RefreshToken => {
                    self.keep_inactive(digest, asked)
                }
            };
            match (admission, answer) {
                (Admission::Admitted, Introspection::Active { statement, .. }) => {
                    return Ok(statement);
                }
                (Admission::Admitted, Introspection::Inactive) => {
                    return Err(NoStatement::Inactive);
                }
                (Admission::Admitted, Introspection::RefreshToken) => {
                    return Err(NoStatement::RefreshToken);
                }
                (Admission::Revoked, _) => return Err(NoStatement::Revoked),
                (Admission::AskAgain, _) => {}
            }
        }
        Err(NoStatement::unavailable("revocations came faster than answers"))
    }

    async fn introspect(
        &self,
        token: &HeldToken,
        peer: Peer,
    ) -> Result<Introspection, NoStatement> {
        let Some(token) = token.bearer() else { return Err(NoStatement::Inactive) };
        let answer = self.introspect.introspect(token, peer).await;
        if !matches!(answer, Err(IntrospectError::NotAsked(_))) {
            self.counters.add(Count::Introspection);
        }
        Ok(answer?)
    }

    fn keep(
        &self,
        digest: TokenDigest,
        statement: &Arc<Statement>,
        freshness: Freshness,
        asked: AskedAt,
    ) -> Admission {
        let life = statement_life(&self.policy, freshness, statement.expires_at, asked.now.wall);
        self.marks.admit(&digest, asked.moment, self.clock.now().tick, || {
            self.inactive.remove(&digest);
            if let Some(life) = life {
                self.l1.insert(digest, Arc::clone(statement), asked.now.tick.plus(life));
            }
        })
    }

    fn keep_inactive(&self, digest: TokenDigest, asked: AskedAt) -> Admission {
        self.marks.admit(&digest, asked.moment, self.clock.now().tick, || {
            self.l1.remove(&digest);
            self.inactive.insert(digest, asked.now.tick);
        })
    }
}
