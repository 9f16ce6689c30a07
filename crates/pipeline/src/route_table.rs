//! From host, path and method to the route: the longest prefix on segment borders wins.

use std::sync::Arc;

use thiserror::Error;

use crate::config_hash::ConfigMap;
use crate::route::Route;

/// Routes of a snapshot, as a tree of path segments per host.
#[derive(Debug, Default)]
pub struct RouteTable {
    hosts: ConfigMap<Box<str>, Segment>,
    any_host: Segment,
    routes: Vec<Arc<Route>>,
    form_credentials: bool,
}

#[derive(Debug, Default)]
struct Segment {
    children: ConfigMap<Box<str>, Segment>,
    routes: Vec<Arc<Route>>,
}

/// The route for a request, or why there is none.
#[derive(Debug)]
pub(crate) enum Match<'t> {
    Found(&'t Arc<Route>),
    /// The prefix is there but none of its routes, which are never none, takes the method. A shorter
    /// prefix is not tried: it may be less protected.
    MethodNotAllowed {
        routes: &'t [Arc<Route>],
    },
    NoRoute,
}

/// Two routes, neither of which goes before the other.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("routes `{first}` and `{second}` take the same requests")]
pub struct Ambiguous {
    /// The name of the one that comes first in the file.
    pub first: Arc<str>,
    /// The name of the other.
    pub second: Arc<str>,
}

impl RouteTable {
    /// Refuses two routes that take the same host, prefix and method.
    ///
    /// # Errors
    ///
    /// [`Ambiguous`], with the first two that do.
    pub fn new(routes: Vec<Arc<Route>>) -> Result<Self, Ambiguous> {
        let form_credentials = routes.iter().any(|route| route.credentials.form);
        let mut table = Self { routes: routes.clone(), form_credentials, ..Self::default() };
        for route in routes {
            let root = match &route.matcher.host {
                Some(host) => table.hosts.entry(host.clone()).or_default(),
                None => &mut table.any_host,
            };
            let mut node = root;
            for segment in segments(&route.matcher.prefix) {
                node = node.children.entry(segment.into()).or_default();
            }
            if let Some(other) = node.routes.iter().find(|other| overlap(other, &route)) {
                return Err(Ambiguous { first: other.name.clone(), second: route.name.clone() });
            }
            node.routes.push(route);
        }
        Ok(table)
    }

    /// `host` in any case, with or without the dot of the root. A path with an empty segment matches
    /// nothing: a backend may read it as another path than we do.
    #[must_use]
    pub(crate) fn find(&self, host: &str, path: &str, method: &str) -> Match<'_> {
        if path.contains("//") {
            return Match::NoRoute;
        }
        let named = self.host(host).and_then(|root| root.deepest(path));
        let Some(routes) = named.or_else(|| self.any_host.deepest(path)) else {
            return Match::NoRoute;
        };
        match routes.iter().find(|route| route.matcher.takes_method(method)) {
            Some(route) => Match::Found(route),
            None => Match::MethodNotAllowed { routes },
        }
    }

    fn host(&self, host: &str) -> Option<&Segment> {
        if self.hosts.is_empty() {
            return None;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.hosts.get(host.to_ascii_lowercase().as_str())
        } else {
            self.hosts.get(host)
        }
    }

    /// Returns whether any route takes tokens from form bodies.
    #[must_use]
    pub(crate) const fn has_form_credentials(&self) -> bool {
        self.form_credentials
    }

    /// In the order of the file.
    #[must_use]
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }
}

impl Segment {
    /// Routes at the deepest node on the path that has any.
    fn deepest(&self, path: &str) -> Option<&[Arc<Route>]> {
        let mut node = self;
        let mut found = None;
        let mut rest = segments(path);
        loop {
            if !node.routes.is_empty() {
                found = Some(node.routes.as_slice());
            }
            let Some(child) = rest.next().and_then(|segment| node.children.get(segment)) else {
                return found;
            };
            node = child;
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1).filter(|segment| !segment.is_empty())
}

fn overlap(a: &Route, b: &Route) -> bool {
    let takes_one_of = |taker: &Route, other: &Route| {
        other.matcher.methods.iter().any(|method| taker.matcher.takes_method(method))
    };
    let all = |route: &Route| route.matcher.methods.is_empty();
    all(a) || all(b) || takes_one_of(a, b) || takes_one_of(b, a)
}

#[cfg(test)]
mod tests;
