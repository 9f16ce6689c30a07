//! The decision, hop by hop: route, credential, exchange, authorisation, rate, edits.

mod managed;
mod route;

use std::net::IpAddr;
use std::sync::Arc;

use phantom_core::Clock;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Permit;
use phantom_core::Statement;
use phantom_core::catalog::EntityId;
use phantom_core::traffic::Consulted;

use crate::answer::Answer;
use crate::cors::Cors;
use crate::edits::Edits;
use crate::error_format::ErrorFormat;
use crate::exchange::Exchanged;
use crate::exchange::KeyManagerHandle;
use crate::facts::RequestFacts;
use crate::managed::Throttle;
use crate::matched::Matched;
use crate::route::Target;
use crate::route_table::Match;
use crate::snapshot::Snapshot;
use crate::trace::Trace;

/// What helps where an audience is expected and none is named.
const NO_AUDIENCE: &str = "the token names no audience at all: have the server name one, set \
                           minted_audience where the JWT is minted here, or leave expected_audience \
                           out";

/// The same of a scope.
const NO_SCOPE: &str = "the token names no scope at all: have the server name what it grants, or leave scope out \
                        of the route";

/// Decides on requests. One per process; the snapshot is an argument, loaded once a request.
#[derive(Clone, Debug)]
pub struct Pipeline {
    clock: Arc<dyn Clock>,
    throttle: Throttle,
}

/// The way that a request goes on.
#[derive(Debug)]
pub enum Decision {
    /// Answer it here. `reason` is set where that is a refusal.
    Answer {
        /// To be sent as it is: with the fields for pages of other origins.
        answer: Answer,
        /// `None`: the answer belongs to no route and no operation.
        matched: Option<Matched>,
        /// `None`: no refusal, as with a preflight.
        reason: Option<DenyReason>,
        /// As much as was found before the answer was clear.
        known: Known,
    },
    /// Permitted, or for a public route.
    Forward(Box<Forward>),
}

/// What was found out of the caller on the way, for those who count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The one that vouched for the token, or would have had to.
    pub key_manager: Option<Arc<str>>,
    /// The managed application that the token's client acts for.
    pub application: Option<EntityId>,
    /// `None`: no token was looked up.
    pub consulted: Option<Consulted>,
}

/// A request to be forwarded, with the proof that it may be.
#[derive(Debug)]
pub struct Forward {
    /// Made by `core::authorize` alone.
    pub permit: Permit,
    /// The route or operation, for its bounds, its answers and its label.
    pub matched: Matched,
    /// The route's, or the API's endpoint for the caller's kind of key.
    pub target: Target,
    /// To be applied before anything is sent.
    pub edits: Edits,
    /// The exchange behind the permit; `None` on public routes.
    pub exchanged: Option<Exchanged>,
    /// The client's address, which a deny policy may name while the answer is under way.
    pub peer: IpAddr,
    /// Bytes of the path that the upstream's own path takes the place of.
    pub consumed: usize,
    /// Taken by the account of the request.
    pub known: Known,
}

impl Pipeline {
    /// Counters of quotas begin at zero.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, throttle: Throttle::new() }
    }

    /// For one decision, to which no request before it counts.
    #[must_use]
    pub fn for_one(clock: Arc<dyn Clock>) -> Self {
        Self { clock, throttle: Throttle::for_one() }
    }

    /// The time that decisions go by.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// Hops 3 to 6. A cached token passes no await point that waits.
    pub async fn decide(
        &self,
        snapshot: &Snapshot,
        facts: &RequestFacts<'_>,
        trace: &mut impl Trace,
    ) -> Decision {
        let mut deciding = Deciding {
            pipeline: self,
            snapshot,
            facts,
            trace,
            key_manager: None,
            application: None,
            consulted: None,
        };
        match deciding.decide().await {
            Ok(forward) => Decision::Forward(forward),
            Err(Answered { mut answer, matched, reason, cors }) => {
                answer.fields.extend(cors.into_iter().flat_map(|cors| cors.answer_fields(facts)));
                let known = deciding.known(None);
                Decision::Answer { answer, matched, reason, known }
            }
        }
    }
}

/// One request on its way through the hops.
struct Deciding<'d, T> {
    pipeline: &'d Pipeline,
    snapshot: &'d Snapshot,
    facts: &'d RequestFacts<'d>,
    trace: &'d mut T,
    key_manager: Option<&'d Arc<KeyManagerHandle>>,
    application: Option<EntityId>,
    consulted: Option<Consulted>,
}

/// An answer from here. It is told to browsers of other origins as `cors` has it.
struct Answered<'d> {
    answer: Answer,
    matched: Option<Matched>,
    reason: Option<DenyReason>,
    cors: Option<&'d Cors>,
}

impl From<Answer> for Answered<'_> {
    /// Nobody's refusal.
    fn from(answer: Answer) -> Self {
        Self { answer, matched: None, reason: None, cors: None }
    }
}

impl<'d, T: Trace> Deciding<'d, T> {
    async fn decide(&mut self) -> Result<Box<Forward>, Answered<'d>> {
        let (snapshot, facts) = (self.snapshot, self.facts);
        if let Some(keys) = &snapshot.published_keys
            && facts.path == Snapshot::KEYS_PATH
            && matches!(facts.method, "GET" | "HEAD")
        {
            self.trace.step("route", || "our own key set".to_owned());
            return Err(Answer::json(keys.clone()).into());
        }
        if !facts.entry.serves_routes() {
            return self.managed().await;
        }
        if let Some(preflight) = self.preflight() {
            return Err(preflight);
        }
        match snapshot.routes.find(facts.host, facts.path, facts.method) {
            Match::Found(route) => self.route(route).await,
            Match::MethodNotAllowed { routes } => Err(self.not_allowed(routes)),
            Match::NoRoute if facts.entry.serves_apis() => self.managed().await,
            Match::NoRoute => {
                self.trace.step("route", || "none matches host and path".to_owned());
                Err(self.no_route())
            }
        }
    }

    fn now(&self) -> Now {
        self.pipeline.now()
    }

    fn known(&self, exchanged: Option<&Exchanged>) -> Known {
        let key_manager = exchanged.map(|exchanged| &exchanged.key_manager).or(self.key_manager);
        Known {
            key_manager: key_manager.map(|key_manager| key_manager.name.clone()),
            application: self.application,
            consulted: self.consulted,
        }
    }

    /// Tells what a hop came to.
    fn traced<R>(
        &mut self,
        hop: &'static str,
        outcome: Result<R, impl Into<Deny>>,
    ) -> Result<R, Deny> {
        let outcome = outcome.map_err(Into::into);
        self.trace.step(hop, || match &outcome {
            Ok(_) => "passed".to_owned(),
            Err(deny) => format!("refused: {deny} ({})", deny.reason.name()),
        });
        outcome
    }

    /// Told before the refusal, which says the same of a token that is for somebody else.
    fn trace_audience<R>(
        &mut self,
        outcome: &Result<R, DenyReason>,
        statement: Option<&Statement>,
    ) {
        let open = statement.is_some_and(|said| said.audience.members().next().is_none());
        if open && outcome.as_ref().err() == Some(&DenyReason::AudienceMismatch) {
            self.trace.step("audience", || NO_AUDIENCE.to_owned());
        }
    }

    /// The same of a scope: where the server names none, another token has none either.
    fn trace_scope<R>(&mut self, outcome: &Result<R, DenyReason>, statement: Option<&Statement>) {
        let open = statement.is_some_and(|said| said.scope.is_empty());
        if open && outcome.as_ref().err() == Some(&DenyReason::InsufficientScope) {
            self.trace.step("scope", || NO_SCOPE.to_owned());
        }
    }

    fn no_route(&self) -> Answered<'d> {
        let format = self.snapshot.error_format_at(self.facts.entry);
        self.refused(&DenyReason::NoRoute.into(), None, format, None)
    }

    fn refused(
        &self,
        deny: &Deny,
        matched: Option<Matched>,
        format: ErrorFormat,
        cors: Option<&'d Cors>,
    ) -> Answered<'d> {
        let answer = Answer::deny(deny, matched.as_ref(), format, self.facts.is_grpc());
        Answered { answer, matched, reason: Some(deny.reason), cors }
    }

    /// Tells which edits will be made.
    fn told(&mut self, edits: Edits) -> Edits {
        self.trace.step("edits", || match edits.bearer {
            Some(_) => {
                "credential removed, `Authorization: Bearer` set to the phantom token".to_owned()
            }
            None => "none".to_owned(),
        });
        edits
    }
}

#[cfg(test)]
mod tests;
