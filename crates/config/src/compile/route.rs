//! `[[route]]`: a route is public or protected, never both and never neither.

mod access;
mod matcher;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Access;
use phantom_core::quota::Rate;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::Route;
use phantom_pipeline::Target;
use phantom_pipeline::admit::Party;
use phantom_pipeline::admit::RateLimit;
use phantom_pipeline::route::Bounds;
use phantom_pipeline::route::CredentialSources;
use phantom_pipeline::route::JwtPolicy;
use phantom_pipeline::route::Matcher;

use crate::compile::PlannedRoute;
use crate::compile::cors;
use crate::compile::gateway::ERROR_FORMATS;
use crate::compile::key_manager::Named;
use crate::compile::upstream;
use crate::context::Context;
use crate::place::At;
use crate::place::Place;
use crate::raw::RawRateLimit;
use crate::raw::RawRoute;

pub(super) use matcher::is_token;

/// A body that is collected lies in memory, once for each request at a time.
const MOST_COLLECTED: u64 = 64 * 1024 * 1024;

impl PlannedRoute {
    pub(super) fn uses_tls_upstream(&self) -> bool {
        matches!(&self.route.target, Target::Upstream(upstream) if upstream.https)
    }

    /// The same route, whose limit nobody has used.
    pub fn unused(&self) -> Self {
        let Self { route, key_managers } = self;
        let rate_limit = route.rate_limit.as_ref().map(RateLimit::unused);
        let (route, key_managers) = (Route { rate_limit, ..route.clone() }, key_managers.clone());
        Self { route, key_managers }
    }

    pub(super) fn accepts_jwt(&self) -> bool {
        self.route.jwt == JwtPolicy::AcceptJwt
    }
}

pub(super) fn compile(
    raw: &[RawRoute],
    key_managers: &[Named],
    error_format: ErrorFormat,
    context: Context<'_>,
) -> Vec<PlannedRoute> {
    let mut names = Names::default();
    let mut planned: Vec<(Place, PlannedRoute)> = Vec::new();
    let mut used = HashSet::new();
    for raw in raw {
        // Looked at even where the route turns out to be unusable: its references are references.
        let access = access::compile(raw, key_managers, context);
        used.extend(access.key_managers.iter().copied());
        let target = upstream::target(raw, context);
        let Some(matcher) = matcher::compile(raw, context) else { continue };
        let name = names.name(raw, &matcher, context);
        let error_format = match &raw.error_format {
            None => error_format,
            at => context.choice(at.as_ref(), &ERROR_FORMATS),
        };
        let (cors, rate_limit, credentials, realm) = (
            raw.cors
                .as_ref()
                .map(|raw| cors::compile(raw, &matcher.methods, context))
                .map(Arc::new),
            raw.rate_limit.as_ref().and_then(|raw| rate_limit(raw, context)),
            credentials(raw, context),
            realm(raw, context),
        );
        let Some(target) = target else { continue };
        let index = planned.len();
        let route = Route {
            index,
            name,
            matcher,
            access: access.access,
            key_managers: Vec::new(),
            credentials,
            jwt: access.jwt,
            realm,
            error_format,
            cors,
            rate_limit,
            collect_body: collect_body(raw, &target, context),
            bounds: bounds(raw, &target, context),
            target,
        };
        note_ambiguity(&route, &raw.place, &planned, context);
        let key_managers = access.key_managers;
        planned.push((raw.place.clone(), PlannedRoute { route, key_managers }));
    }
    for (index, key_manager) in key_managers.iter().enumerate() {
        // Where something is wrong, it may be the very route that uses it.
        if !used.contains(&index) && !raw.is_empty() && !context.problems.has_errors() {
            let message = "no route uses this key manager";
            context.warning(key_manager.place(), message, "name it in a route, or remove it");
        }
    }
    note_openings(&planned, context);
    planned.into_iter().map(|(_, planned)| planned).collect()
}

/// What is public below a path that is protected may be meant so, or be a hole.
fn note_openings(planned: &[(Place, PlannedRoute)], context: Context<'_>) {
    let is_below = |inner: &Matcher, outer: &Matcher| {
        let rest = inner.prefix.strip_prefix(&*outer.prefix);
        let is_longer = rest.is_some_and(|rest| match &*outer.prefix {
            "/" => !rest.is_empty(),
            _ => rest.starts_with('/'),
        });
        let is_same_host = outer.host.is_none() || outer.host == inner.host;
        is_longer && is_same_host && share_methods(inner, outer)
    };
    for (place, open) in planned.iter().filter(|(_, each)| each.route.access == Access::Public) {
        let outer = planned
            .iter()
            .map(|(_, each)| &each.route)
            .filter(|route| route.access != Access::Public)
            .filter(|route| is_below(&open.route.matcher, &route.matcher))
            .max_by_key(|route| route.matcher.prefix.len());
        if let Some(outer) = outer {
            let message = format!(
                "anyone may call {}, though {} around it is protected",
                open.route.matcher.prefix, outer.matcher.prefix
            );
            let hint = "if that is not meant, remove public = true and name a key_manager";
            context.warning(place, message, hint);
        }
    }
}

fn share_methods(a: &Matcher, b: &Matcher) -> bool {
    a.methods.is_empty()
        || b.methods.is_empty()
        || a.methods.iter().any(|method| b.methods.contains(method))
}

/// Two routes that take the same requests: which would win is nobody's decision.
fn note_ambiguity(
    route: &Route,
    place: &Place,
    planned: &[(Place, PlannedRoute)],
    context: Context<'_>,
) {
    let overlap =
        |a: &Matcher, b: &Matcher| a.host == b.host && a.prefix == b.prefix && share_methods(a, b);
    let other = planned.iter().find(|(_, other)| overlap(&other.route.matcher, &route.matcher));
    if let Some((other, _)) = other {
        let message = format!("takes the same requests as {}", other.key);
        context.error(place, message, "give them different paths, hosts or methods");
    }
}

/// Names of routes: labels of metrics and logs, each used once.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn name(
        &mut self,
        raw: &RawRoute,
        matcher: &Matcher,
        context: Context<'_>,
    ) -> std::sync::Arc<str> {
        if let Some(at) = &raw.name {
            if at.value.is_empty() || at.value.chars().any(char::is_control) {
                context.error(&at.place, "is empty or holds control characters", "");
            } else if at.value == "none" {
                context.error(&at.place, "\"none\" stands for requests without a route", "");
            } else if !self.0.insert(at.value.clone()) {
                context.error(&at.place, format!("another route is named {:?}", at.value), "");
            }
            return at.value.as_str().into();
        }
        let base = format!("{}{}", matcher.host.as_deref().unwrap_or_default(), matcher.prefix);
        let mut name = base.clone();
        let mut count = 1;
        while !self.0.insert(name.clone()) {
            count += 1;
            name = format!("{base} #{count}");
        }
        name.into()
    }
}

fn credentials(raw: &RawRoute, context: Context<'_>) -> CredentialSources {
    if let Some(at) = raw.token_in_query.as_ref().filter(|at| at.value) {
        let message = "tokens in the query end up in logs and histories (RFC 9700 §4.3.2)";
        context.warning(&at.place, message, "clients can send the Authorization field");
    }
    CredentialSources {
        query: raw.token_in_query.as_ref().is_some_and(|at| at.value),
        form: raw.token_in_form.as_ref().is_some_and(|at| at.value),
        cookie: raw.token_cookie.as_ref().and_then(|raw| cors::cookie(raw, context)),
    }
}

/// CHL-3: what a quoted string takes without escapes.
fn realm(raw: &RawRoute, context: Context<'_>) -> Box<str> {
    let Some(at) = &raw.realm else { return "api".into() };
    let fits = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if at.value.is_empty() || !at.value.bytes().all(fits) {
        let hint = "printable ASCII without quotes and backslashes";
        context.error(&at.place, format!("{:?} does not fit a challenge", at.value), hint);
    }
    at.value.as_str().into()
}

fn collect_body(raw: &RawRoute, target: &Target, context: Context<'_>) -> Option<usize> {
    let at = raw.collect_body_bytes.as_ref()?;
    if matches!(target, Target::Directory(_)) {
        context.error(&at.place, "files take no request body", "remove it");
    }
    Some(context.number(Some(at), 1..=MOST_COLLECTED, 1))
}

/// What the route bounds otherwise than the gateway.
fn bounds(raw: &RawRoute, target: &Target, context: Context<'_>) -> Bounds {
    if matches!(target, Target::Directory(_)) {
        let idle = [
            raw.max_body_bytes.as_ref().map(|at| &at.place),
            raw.connect_timeout.as_ref().map(|at| &at.place),
            raw.upstream_idle_timeout.as_ref().map(|at| &at.place),
        ];
        for place in idle.into_iter().flatten() {
            context.error(place, "files have no backend and take no request body", "remove it");
        }
    }
    let most = raw.max_body_bytes.as_ref().map(|at| at.value);
    if let (Some(most), Some(at)) = (most, &raw.collect_body_bytes)
        && at.value > most
    {
        let message = format!("max_body_bytes refuses more than {most}");
        context.error(&at.place, message, "collect as much at most");
    }
    // What is no duration is noted; what is put in its place does not matter then.
    let duration = |at: &Option<At<Duration>>| {
        at.as_ref().map(|at| context.duration(Some(at), Duration::from_secs(1)))
    };
    Bounds {
        max_body: most,
        body_idle_timeout: duration(&raw.body_idle_timeout),
        connect_timeout: duration(&raw.connect_timeout),
        upstream_idle_timeout: duration(&raw.upstream_idle_timeout),
    }
}

fn rate_limit(raw: &RawRateLimit, context: Context<'_>) -> Option<RateLimit> {
    let requests = context.required(raw.requests.clone(), &raw.place, "requests", "100");
    let window = context.required(raw.window.clone(), &raw.place, "window", "\"1m\"");
    let by = [("client", RatedBy::Client), ("peer", RatedBy::Peer)];
    let by = match context.choice(raw.by.as_ref(), &by) {
        RatedBy::Client => Party::Client,
        RatedBy::Peer => Party::Peer,
    };
    if let Some(At { value: 0, place }) = &requests {
        context.error(place, "is no rate: at least 1 request", "");
        return None;
    }
    let (requests, window) = (requests?, window?);
    let rate = u32::try_from(requests.value).ok().and_then(|n| Rate::new(n, window.value));
    if rate.is_none() {
        let message = "is no rate: at least 1 request, and at most one a microsecond";
        context.error(&requests.place, message, "");
    }
    rate.map(|rate| RateLimit::new(rate, by))
}

#[derive(Clone, Copy, Default)]
enum RatedBy {
    #[default]
    Client,
    Peer,
}

/// What a route asks of its callers, and whom it asks about them.
#[derive(Debug)]
struct RouteAccess {
    access: Access,
    key_managers: Vec<usize>,
    jwt: JwtPolicy,
}
