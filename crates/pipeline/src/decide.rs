//! The decision, hop by hop: route, credential, exchange, authorisation, rate, edits.

mod managed;

use std::net::IpAddr;
use std::sync::Arc;

use phantom_core::Access;
use phantom_core::Clock;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::Permit;
use phantom_core::authorize;
use phantom_core::authorize::Evidence;
use phantom_core::catalog::KeyType;

use crate::admit::Party;
use crate::answer::Answer;
use crate::cors;
use crate::credential;
use crate::edits::CredentialPlace;
use crate::edits::Edits;
use crate::exchange;
use crate::exchange::Exchanged;
use crate::facts::RequestFacts;
use crate::managed::Throttle;
use crate::route::Route;
use crate::route::Target;
use crate::route_table::Match;
use crate::snapshot::Snapshot;
use crate::trace::Trace;

/// Decides on requests. One per process; the snapshot is an argument, loaded once a request.
#[derive(Clone, Debug)]
pub struct Pipeline {
    clock: Arc<dyn Clock>,
    throttle: Throttle,
}

/// What to do with a request.
#[derive(Debug)]
pub enum Decision {
    /// Answer it here. `reason` is set where that is a refusal.
    Answer {
        answer: Answer,
        route: Option<Arc<Route>>,
        reason: Option<DenyReason>,
    },
    Forward(Box<Forward>),
}

/// A request to be forwarded, with the proof that it may be.
#[derive(Debug)]
pub struct Forward {
    pub permit: Permit,
    pub route: Arc<Route>,
    pub edits: Edits,
    /// The exchange behind the permit; `None` on public routes.
    pub exchanged: Option<Exchanged>,
    /// The client's address, which a deny policy may name while the answer is under way.
    pub peer: IpAddr,
    /// Which endpoint of a managed API it goes to.
    pub key_type: KeyType,
    /// Bytes of the path that the upstream's own path takes the place of.
    pub consumed: usize,
}

impl Forward {
    /// Where it goes: the route's target, or the API's endpoint for the caller's kind of key.
    #[must_use]
    pub fn target(&self) -> &Target {
        let operation = self.route.managed.as_ref();
        let endpoint = operation.and_then(|operation| operation.api.endpoint(self.key_type));
        endpoint.unwrap_or(&self.route.target)
    }
}

impl Pipeline {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, throttle: Throttle::new() }
    }

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
        if let Some(keys) = &snapshot.published_keys
            && facts.path == Snapshot::KEYS_PATH
            && matches!(facts.method, "GET" | "HEAD")
        {
            trace.step("route", || "our own key set".to_owned());
            return Decision::Answer {
                answer: Answer::json(keys.clone()),
                route: None,
                reason: None,
            };
        }
        if !facts.entry.serves_routes() {
            return self.decide_managed(snapshot, facts, trace).await;
        }
        if let Some(preflight) = preflight(snapshot, facts, trace) {
            return preflight;
        }
        let route = match snapshot.routes.find(facts.host, facts.path, facts.method) {
            Match::Found(route) => route,
            Match::MethodNotAllowed { routes } => {
                return not_allowed(snapshot, facts, routes, trace);
            }
            Match::NoRoute if facts.entry.serves_apis() => {
                return self.decide_managed(snapshot, facts, trace).await;
            }
            Match::NoRoute => {
                trace.step("route", || "none matches host and path".to_owned());
                return no_route(snapshot, facts);
            }
        };
        trace.step("route", || format!("`{}` by prefix `{}`", route.name, route.matcher.prefix));
        match self.permit(snapshot, route, facts, trace).await {
            Ok(forward) => Decision::Forward(forward),
            Err(deny) => refuse(route, facts, &deny),
        }
    }

    async fn permit(
        &self,
        snapshot: &Snapshot,
        route: &Arc<Route>,
        facts: &RequestFacts<'_>,
        trace: &mut impl Trace,
    ) -> Result<Box<Forward>, Deny> {
        let mut now = self.clock.now();
        let mut edits = Edits::default();
        let (first, last) = match &route.rate_limit {
            Some(limit) if limit.by() == Party::Peer => (Some(limit), None),
            limit => (None, limit.as_ref()),
        };
        let exchanged = match &route.access {
            Access::Public => {
                trace.step("credential", || "the route is public: none is asked for".to_owned());
                None
            }
            Access::Protected(_) => {
                let credential = credential::find(facts, &route.credentials);
                let credential = traced(credential.map_err(Deny::from), "credential", trace)?;
                edits.place = credential.place;
                let token = credential.token()?;
                if snapshot.managed.revocations.name(token, now.wall) {
                    return traced(Err(DenyReason::TokenRevoked.into()), "revocations", trace);
                }
                let peer = Peer::of(facts.peer);
                // Nobody is asked for one who is refused whatever the answer.
                if let Some(limit) = first {
                    traced(limit.admit(None, peer, now.tick), "admit", trace)?;
                }
                let key_managers = &route.key_managers;
                let exchanged =
                    exchange::exchange(key_managers, route.jwt, token, peer, now, trace).await?;
                if exchanged.source == exchange::Source::AuthorizationServer {
                    // The call took its time.
                    now = self.clock.now();
                }
                if snapshot.managed.has_revoked(&exchanged) {
                    return traced(Err(DenyReason::TokenRevoked.into()), "revocations", trace);
                }
                Some(exchanged)
            }
        };
        let evidence = exchanged.as_ref().map(|exchanged| Evidence {
            statement: &exchanged.statement,
            trust: &exchanged.key_manager.trust,
        });
        let permit = authorize(&route.access, evidence, now.wall).map_err(Deny::from);
        let permit = traced(permit, "authorize", trace)?;
        if let Some(limit) = last.or(first.filter(|_| exchanged.is_none())) {
            let statement = evidence.map(|evidence| evidence.statement);
            traced(limit.admit(statement, Peer::of(facts.peer), now.tick), "admit", trace)?;
        }
        edits.bearer = exchanged.as_ref().map(|exchanged| exchanged.statement.clone());
        // Caches in front of us keep answers to others than `Authorization` (RFC 9111 §3.5).
        edits.private_response =
            matches!(edits.place, CredentialPlace::Query | CredentialPlace::Cookie);
        trace.step("edits", || match edits.bearer {
            Some(_) => {
                "credential removed, `Authorization: Bearer` set to the phantom token".to_owned()
            }
            None => "none".to_owned(),
        });
        Ok(Box::new(Forward {
            permit,
            route: route.clone(),
            edits,
            exchanged,
            peer: facts.peer,
            key_type: KeyType::Production,
            consumed: route.matcher.consumed(),
        }))
    }
}

fn traced<T>(
    outcome: Result<T, Deny>,
    hop: &'static str,
    trace: &mut impl Trace,
) -> Result<T, Deny> {
    trace.step(hop, || match &outcome {
        Ok(_) => "passed".to_owned(),
        Err(deny) => format!("refused: {deny} ({})", deny.reason.name()),
    });
    outcome
}

fn no_route(snapshot: &Snapshot, facts: &RequestFacts<'_>) -> Decision {
    let deny = DenyReason::NoRoute.into();
    let format = snapshot.error_format_at(facts.entry);
    let answer = Answer::deny(&deny, None, format, facts.is_grpc());
    Decision::Answer { answer, route: None, reason: Some(deny.reason) }
}

fn refuse(route: &Arc<Route>, facts: &RequestFacts<'_>, deny: &Deny) -> Decision {
    let mut answer = Answer::deny(deny, Some(route), route.error_format, facts.is_grpc());
    answer.fields.extend(route.cors.iter().flat_map(|cors| cors.answer_fields(facts)));
    Decision::Answer { answer, route: Some(route.clone()), reason: Some(deny.reason) }
}

fn not_allowed(
    snapshot: &Snapshot,
    facts: &RequestFacts<'_>,
    routes: &[Arc<Route>],
    trace: &mut impl Trace,
) -> Decision {
    trace.step("route", || format!("none of that path takes `{}`", facts.method));
    let format = routes.first().map_or(snapshot.error_format, |route| route.error_format);
    let mut answer = Answer::method_not_allowed(routes, format, facts.is_grpc());
    let cors = routes.iter().find_map(|route| route.cors.as_ref());
    answer.fields.extend(cors.into_iter().flat_map(|cors| cors.answer_fields(facts)));
    let route = routes.first().cloned();
    Decision::Answer { answer, route, reason: Some(DenyReason::MethodNotAllowed) }
}

/// Answers a preflight where the route of the method it asks for has a CORS policy. Without one it
/// is a request like all others.
fn preflight(
    snapshot: &Snapshot,
    facts: &RequestFacts<'_>,
    trace: &mut impl Trace,
) -> Option<Decision> {
    let method = cors::preflight_method(facts)?;
    let routes = match snapshot.routes.find(facts.host, facts.path, method) {
        Match::Found(route) => std::slice::from_ref(route),
        Match::MethodNotAllowed { routes } => routes,
        Match::NoRoute => return None,
    };
    let (route, cors) = routes.iter().find_map(|route| Some((route, route.cors.as_ref()?)))?;
    trace.step("route", || format!("`{}` by prefix `{}`", route.name, route.matcher.prefix));
    trace.step("preflight", || "answered from the route's allow-list".to_owned());
    let answer = Answer::empty(204, cors.preflight(facts));
    Some(Decision::Answer { answer, route: Some(route.clone()), reason: None })
}

#[cfg(test)]
mod tests;
