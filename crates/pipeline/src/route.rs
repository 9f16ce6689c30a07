//! A route of the file: which requests it takes, what it asks of them, where they go.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Access;
use phantom_core::Endpoint;

use crate::admit::RateLimit;
use crate::cors::Cors;
use crate::error_format::ErrorFormat;
use crate::exchange::KeyManagerHandle;

/// One route of the snapshot. Everything a request needs is ready in it.
#[derive(Clone, Debug)]
pub struct Route {
    /// Place in the snapshot's list of routes, by which the transport finds what it keeps of it.
    pub index: usize,
    /// Label in metrics, logs and `explain`; unique in the snapshot.
    pub name: Arc<str>,
    /// Against host, path and method.
    pub matcher: Matcher,
    /// The terms on which it may be called.
    pub access: Access,
    /// Those asked about a credential, in this order. Empty on public routes.
    pub key_managers: Vec<Arc<KeyManagerHandle>>,
    /// Places of a token besides the `Authorization` field.
    pub credentials: CredentialSources,
    /// JWTs from clients.
    pub jwt: JwtPolicy,
    /// In challenges (RFC 9110 §11.5).
    pub realm: Box<str>,
    /// For refusals and faults of its requests.
    pub error_format: ErrorFormat,
    /// `None`: pages of other origins read nothing, and preflights are requests like others.
    pub cors: Option<Arc<Cors>>,
    /// `None`: requests are not counted.
    pub rate_limit: Option<RateLimit>,
    /// Public routes have one too.
    pub target: Target,
    /// Bodies that do not tell their length are read whole up to so many bytes, and sent with it: for
    /// backends that take no other. `None`: they stream.
    pub collect_body: Option<usize>,
    /// In place of the gateway's.
    pub bounds: Bounds,
}

/// The bounds of a route that are not those of the gateway. `None`: as the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of a request's body; the gateway has no bound of its own.
    pub max_body: Option<u64>,
    /// Longest pause in a request's body.
    pub body_idle_timeout: Option<Duration>,
    /// For a connection to the backend.
    pub connect_timeout: Option<Duration>,
    /// Longest silence of the backend.
    pub upstream_idle_timeout: Option<Duration>,
}

/// The requests that a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matcher {
    /// Lower-case host without port; `None`: any.
    pub host: Option<Box<str>>,
    /// Path prefix, matched on segment borders: `/`, or `/a/b` without a slash at the end.
    pub prefix: Box<str>,
    /// Empty: all methods.
    pub methods: Box<[Box<str>]>,
}

impl Matcher {
    /// Bytes of a path that the prefix takes.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.prefix.trim_end_matches('/').len()
    }

    #[must_use]
    pub(crate) fn takes_method(&self, method: &str) -> bool {
        // HEAD is GET without a body (RFC 9110 §9.3.2): who allows the one allows the other.
        let asked = |name: &str| self.methods.iter().any(|taken| &**taken == name);
        self.methods.is_empty() || asked(method) || (method == "HEAD" && asked("GET"))
    }
}

/// Where a client may put its token. The `Authorization` field always counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialSources {
    /// `access_token` in the query (RFC 6750 §2.3); clients must not, RFC 9700 §4.3.2.
    pub query: bool,
    /// `access_token` in a form body (RFC 6750 §2.2).
    pub form: bool,
    /// `None`: cookies pass as they are.
    pub cookie: Option<CookieSource>,
}

/// A token in a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSource {
    /// Case matters.
    pub name: Box<str>,
    /// `Origin` has to be one of these, for every method (TOK-8); where there is none, the browser
    /// has to call a safe request one of the same origin.
    pub trusted_origins: Box<[Box<str>]>,
}

/// The treatment of a credential that is a JWT already (JWT-15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JwtPolicy {
    /// Validated with the issuer's keys and passed on; never introspected.
    AcceptJwt,
    /// Asked about like any other token.
    #[default]
    IntrospectOnly,
}

/// Where a permitted request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Files below this directory (`static_dir`).
    Directory(Arc<Path>),
    /// A backend.
    Upstream(Arc<Upstream>),
}

impl From<Upstream> for Target {
    fn from(upstream: Upstream) -> Self {
        Self::Upstream(Arc::new(upstream))
    }
}

/// A backend: `scheme://authority` and the path that takes the place of the route's prefix.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// TLS to the backend.
    pub https: bool,
    /// Host in URI form, without brackets for IPv6.
    pub host: Box<str>,
    /// Never left out: 80 or 443 where the URL names none.
    pub port: u16,
    /// Without a slash at the end; empty for the root.
    pub path: Box<str>,
    /// Named by the owner of an API, not by the operator: it is not called on this machine or its link.
    pub guarded: bool,
}

impl From<Endpoint> for Upstream {
    fn from(Endpoint { https, host, port, path }: Endpoint) -> Self {
        Self { https, host, port, path, guarded: false }
    }
}

impl Upstream {
    /// Path and query to send upstream: the upstream's path plus what follows the part that the
    /// route or API `consumed`, percent-encoding untouched.
    pub fn write_target(
        &self,
        consumed: usize,
        path: &str,
        query: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let rest = path.get(consumed..).unwrap_or_default();
        if self.path.is_empty() && !rest.starts_with('/') {
            out.push(b'/');
        }
        out.extend_from_slice(self.path.as_bytes());
        out.extend_from_slice(rest.as_bytes());
        if let Some(query) = query {
            out.push(b'?');
            out.extend_from_slice(query.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upstream_path_takes_the_place_of_the_prefix() {
        let cases = [
            ("/api", "/api", "/api", None, "/api"),
            ("/api", "/api", "/api/x%2Cy", Some("a=%20"), "/api/x%2Cy?a=%20"),
            ("", "/api", "/api", None, "/"),
            ("", "/", "/", None, "/"),
            ("", "/", "/x", Some(""), "/x?"),
            ("/v2", "/", "/x/", None, "/v2/x/"),
            ("/v2", "/a/b", "/a/b/", None, "/v2/"),
        ];
        for (upstream, prefix, path, query, expected) in cases {
            let upstream = Upstream::from(Endpoint {
                https: false,
                host: "b".into(),
                port: 80,
                path: upstream.into(),
            });
            let mut out = Vec::new();
            let matcher = Matcher { host: None, prefix: prefix.into(), methods: Box::default() };
            upstream.write_target(matcher.consumed(), path, query, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{prefix} {path}");
        }
    }
}
