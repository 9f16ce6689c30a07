//! The hops of a request for a route of the file.

use std::sync::Arc;

use phantom_core::Access;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Peer;
use phantom_core::authorize;
use phantom_core::authorize::Evidence;

use super::Answered;
use super::Deciding;
use super::Forward;
use crate::admit::Party;
use crate::admit::RateLimit;
use crate::answer::Answer;
use crate::cors;
use crate::credential;
use crate::edits::CredentialPlace;
use crate::edits::Edits;
use crate::exchange;
use crate::exchange::Exchanged;
use crate::exchange::Source;
use crate::route::Route;
use crate::route_table::Match;
use crate::trace::Trace;

impl<'d, T: Trace> Deciding<'d, T> {
    pub(super) async fn route(
        &mut self,
        route: &'d Arc<Route>,
    ) -> Result<Box<Forward>, Answered<'d>> {
        self.trace
            .step("route", || format!("`{}` by prefix `{}`", route.name, route.matcher.prefix));
        let permitted = self.permit(route).await;
        permitted.map_err(|deny| {
            let cors = route.cors.as_deref();
            self.refused(&deny, Some(route.into()), route.error_format, cors)
        })
    }

    async fn permit(&mut self, route: &'d Arc<Route>) -> Result<Box<Forward>, Deny> {
        let mut now = self.now();
        let peer = Peer::of(self.facts.peer);
        let mut edits = Edits::default();
        // Nobody is asked for one who is refused whatever the answer.
        let by_peer = route.rate_limit.as_ref().filter(|limit| limit.by() == Party::Peer);
        let exchanged = match &route.access {
            Access::Public => {
                self.trace
                    .step("credential", || "the route is public: none is asked for".to_owned());
                None
            }
            Access::Protected(_) => {
                let (place, exchanged) = self.exchanged_at(route, by_peer, now).await?;
                edits.place = place;
                if exchanged.source == Source::AuthorizationServer {
                    // The call took its time.
                    now = self.now();
                }
                Some(exchanged)
            }
        };
        let evidence = exchanged.as_ref().map(|exchanged| Evidence {
            statement: &exchanged.statement,
            trust: &exchanged.key_manager.trust,
        });
        let outcome = authorize(&route.access, evidence, now.wall);
        self.trace_audience(&outcome, evidence.map(|evidence| evidence.statement));
        self.trace_scope(&outcome, evidence.map(|evidence| evidence.statement));
        let permit = self.traced("authorize", outcome)?;
        let counted_before = exchanged.is_some() && by_peer.is_some();
        if let Some(limit) = route.rate_limit.as_ref().filter(|_| !counted_before) {
            let statement = evidence.map(|evidence| evidence.statement);
            self.traced("admit", limit.admit(statement, peer, now.tick))?;
        }
        edits.bearer = exchanged.as_ref().map(|exchanged| exchanged.statement.clone());
        // Caches in front of us keep answers to others than `Authorization` (RFC 9111 §3.5).
        edits.private_response =
            matches!(edits.place, CredentialPlace::Query | CredentialPlace::Cookie);
        Ok(Box::new(Forward {
            permit,
            matched: route.into(),
            target: route.target.clone(),
            edits: self.told(edits),
            known: self.known(exchanged.as_ref()),
            exchanged,
            peer: self.facts.peer,
            consumed: route.matcher.consumed(),
        }))
    }

    /// The one credential, and the statement behind it.
    async fn exchanged_at(
        &mut self,
        route: &'d Route,
        by_peer: Option<&RateLimit>,
        now: Now,
    ) -> Result<(CredentialPlace, Exchanged), Deny> {
        let (managed, peer) = (&self.snapshot.managed, Peer::of(self.facts.peer));
        let credential =
            self.traced("credential", credential::find(self.facts, &route.credentials))?;
        let token = credential.token()?;
        if managed.revocations.name(token, now.wall) {
            return self.traced("revocations", Err(DenyReason::TokenRevoked));
        }
        if let Some(limit) = by_peer {
            self.traced("admit", limit.admit(None, peer, now.tick))?;
        }
        if let [sole] = &route.key_managers[..] {
            self.key_manager = Some(sole);
        }
        let (trace, consulted) = (&mut *self.trace, &mut self.consulted);
        let (key_managers, jwt) = (&route.key_managers, route.jwt);
        let asking = exchange::exchange(key_managers, jwt, token, peer, now, trace, consulted);
        let exchanged = asking.await?;
        if managed.has_revoked(&exchanged) {
            return self.traced("revocations", Err(DenyReason::TokenRevoked));
        }
        Ok((credential.place, exchanged))
    }

    pub(super) fn not_allowed(&mut self, routes: &'d [Arc<Route>]) -> Answered<'d> {
        let facts = self.facts;
        self.trace.step("route", || format!("none of that path takes `{}`", facts.method));
        let first = routes.first();
        let format = first.map_or(self.snapshot.error_format, |route| route.error_format);
        Answered {
            answer: Answer::method_not_allowed(routes, format, facts.is_grpc()),
            matched: first.map(Into::into),
            reason: Some(DenyReason::MethodNotAllowed),
            cors: routes.iter().find_map(|route| route.cors.as_deref()),
        }
    }

    /// Answers a preflight where the route of the method it asks for has a CORS policy. Without one it
    /// is a request like all others.
    pub(super) fn preflight(&mut self) -> Option<Answered<'d>> {
        let facts = self.facts;
        let method = cors::preflight_method(facts)?;
        let routes = match self.snapshot.routes.find(facts.host, facts.path, method) {
            Match::Found(route) => std::slice::from_ref(route),
            Match::MethodNotAllowed { routes } => routes,
            Match::NoRoute => return None,
        };
        let (route, cors) = routes.iter().find_map(|route| Some((route, route.cors.as_ref()?)))?;
        self.trace
            .step("route", || format!("`{}` by prefix `{}`", route.name, route.matcher.prefix));
        self.trace.step("preflight", || "answered from the route's allow-list".to_owned());
        let answer = Answer::empty(204, cors.preflight(facts));
        Some(Answered { matched: Some(route.into()), ..answer.into() })
    }
}
