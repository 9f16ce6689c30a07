//! A pipeline with everything around it, as tests want it: servers by script, routes, requests.

pub(crate) mod managed;

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_cache::TokenCache;
use phantom_core::Access;
use phantom_core::Audience;
use phantom_core::BearerToken;
use phantom_core::DenyReason;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::Trust;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use phantom_testkit::FakeIntrospect;
use phantom_testkit::ManualClock;
use phantom_testkit::Signer;
use phantom_testkit::introspect::Answer as Answered;
use phantom_testkit::introspect::active;
use phantom_testkit::statement_of;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Handle;

use crate::Answer;
use crate::Decision;
use crate::Entry;
use crate::Field;
use crate::Forward;
use crate::KeyManagerHandle;
use crate::KnownFields;
use crate::Matched;
use crate::NamedFields;
use crate::Pipeline;
use crate::RequestFacts;
use crate::Route;
use crate::RouteTable;
use crate::Snapshot;
use crate::Target;
use crate::route::CredentialSources;
use crate::route::JwtPolicy;
use crate::route::Matcher;
use crate::trace::Trace;
use crate::trace::Untraced;

pub(crate) const ISSUER: &str = "https://as.example";

static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::es256("k"));

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a server does when asked about a token.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Active(Statement),
    Inactive,
    Misbehaved,
    Refused,
    OverBudget,
    Unavailable,
}

impl From<Says> for Answered {
    fn from(says: Says) -> Self {
        let cause = || "its words: <secret-host>".into();
        match says {
            Says::Active(statement) => active(statement),
            Says::Inactive => Ok(Introspection::Inactive),
            Says::Misbehaved => Err(IntrospectError::Misbehaved { cause: cause() }),
            Says::Refused => Err(IntrospectError::Refused { cause: cause() }),
            Says::OverBudget => Err(NotAsked { why: Why::PeerBudget, retry_after: secs(3) }.into()),
            Says::Unavailable => {
                let (retry_after, cause) = (Some(secs(7)), cause());
                Err(IntrospectError::Unavailable { retry_after, cause })
            }
        }
    }
}

/// A key manager, the server behind its opaque tokens, and the one that verifies its JWTs.
pub(crate) struct KeyManager {
    pub(crate) handle: Arc<KeyManagerHandle>,
    pub(crate) server: Arc<FakeIntrospect>,
    pub(crate) verifier: Arc<FakeIntrospect>,
}

impl KeyManager {
    /// Of issuer [`ISSUER`]; tokens need the audience `api`.
    pub(crate) fn new(name: &str, clock: &Arc<ManualClock>) -> Self {
        Self::of_issuer(name, ISSUER, clock)
    }

    pub(crate) fn of_issuer(name: &str, issuer: &str, clock: &Arc<ManualClock>) -> Self {
        let trust =
            Trust { issuer: Some(issuer.into()), audience: Some("api".into()), ..Trust::default() };
        Self::of_trust(name, trust, clock)
    }

    fn of_trust(name: &str, trust: Trust, clock: &Arc<ManualClock>) -> Self {
        let (server, verifier) = (Arc::new(FakeIntrospect::new()), Arc::new(FakeIntrospect::new()));
        let cache = |server: &Arc<FakeIntrospect>, format: &str| {
            Arc::new(TokenCache::new(
                &[name.as_bytes(), format.as_bytes()],
                &CacheSecret::new([7; 32]),
                CachePolicy::default(),
                server.clone(),
                clock.clone(),
                Handle::current(),
            ))
        };
        let handle = Arc::new(KeyManagerHandle {
            name: name.into(),
            trust,
            opaque: Some(cache(&server, "opaque")),
            jwt: Some(cache(&verifier, "jwt")),
            managed: None,
        });
        Self { handle, server, verifier }
    }

    pub(crate) fn says(&self, token: &str, says: Says) {
        self.server.says(token, says);
    }

    pub(crate) fn revoke(&self, token: &str) {
        let opaque = self.handle.opaque.as_ref().unwrap();
        opaque.revoke(opaque.digest(BearerToken::parse(token.as_bytes()).unwrap()));
    }
}

/// Time, and the pipeline that lives in it.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) pipeline: Pipeline,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        Self { pipeline: Pipeline::new(clock.clone()), clock }
    }

    pub(crate) fn key_manager(&self, name: &str) -> KeyManager {
        KeyManager::new(name, &self.clock)
    }

    pub(crate) async fn decide(&self, snapshot: &Snapshot, request: Request<'_>) -> Decision {
        self.traced(snapshot, request, &mut Untraced).await
    }

    pub(crate) async fn traced(
        &self,
        snapshot: &Snapshot,
        request: Request<'_>,
        trace: &mut impl Trace,
    ) -> Decision {
        self.pipeline.decide(snapshot, &request.facts(), trace).await
    }

    /// The status, and 200 for what is forwarded.
    pub(crate) async fn status(&self, snapshot: &Snapshot, request: Request<'_>) -> u16 {
        match self.decide(snapshot, request).await {
            Decision::Answer { answer, .. } => answer.status,
            Decision::Forward(_) => 200,
        }
    }
}

/// Signed claims `sub`, `tenant` and those given, and a statement that follows them. Lives 300 s.
pub(crate) fn statement(scope: &str) -> Statement {
    let claims = json!({"iss": ISSUER, "sub": "claim-value-subject", "tenant": "acme"});
    Statement {
        issuer: Some(ISSUER.into()),
        subject: Some("claim-value-subject".into()),
        client_id: Some("claim-value-client".into()),
        audience: Audience::from_claim(&json!("api")).unwrap(),
        scope: Scope::parse(scope).unwrap(),
        expires_at: Some(ManualClock::START.plus(secs(300))),
        ..statement_of(&SIGNER.sign(&claims))
    }
}

/// A token in the shape of a JWT with these claims.
pub(crate) fn jwt(claims: &Value) -> String {
    SIGNER.sign(claims)
}

pub(crate) fn protected(scope: &str) -> Access {
    let scope = RequiredScope::All(Scope::parse(scope).unwrap());
    Access::Protected(Protection { scope, claims: Vec::new() })
}

/// A public route for all hosts and methods.
pub(crate) fn public_route(name: &str, prefix: &str) -> Route {
    Route {
        index: 0,
        name: name.into(),
        matcher: Matcher { host: None, prefix: prefix.into(), methods: Box::default() },
        access: Access::Public,
        key_managers: Vec::new(),
        credentials: CredentialSources::default(),
        jwt: JwtPolicy::default(),
        realm: "api".into(),
        error_format: crate::ErrorFormat::default(),
        cors: None,
        rate_limit: None,
        collect_body: None,
        bounds: crate::route::Bounds::default(),
        target: Target::Directory(Path::new("html").into()),
    }
}

/// A route that asks for a token of one of these key managers, and for no scope.
pub(crate) fn route(name: &str, prefix: &str, key_managers: &[&KeyManager]) -> Route {
    let key_managers = key_managers.iter().map(|key_manager| key_manager.handle.clone()).collect();
    Route { access: protected(""), key_managers, ..public_route(name, prefix) }
}

pub(crate) fn methods(methods: &[&str]) -> Box<[Box<str>]> {
    methods.iter().map(|method| Box::from(*method)).collect()
}

pub(crate) fn snapshot<const N: usize>(routes: [Route; N]) -> Snapshot {
    let routes = Arc::new(RouteTable::new(routes.map(Arc::new).to_vec()).unwrap());
    Snapshot { routes, ..Snapshot::default() }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) fields: &'a [(&'a str, &'a str)],
    pub(crate) form: Option<&'a [u8]>,
    pub(crate) peer: u8,
    pub(crate) entry: Entry,
    pub(crate) tls: bool,
}

impl NamedFields for Request<'_> {
    fn named(&self, name: &str) -> Field<'_> {
        let mut found = Field::Absent;
        for (_, value) in self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)) {
            found.add(value.as_bytes());
        }
        found
    }
}

impl<'a> Request<'a> {
    pub(crate) const fn get(path: &'a str, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            method: "GET",
            host: "gw.example",
            path,
            query: None,
            fields,
            form: None,
            peer: 1,
            entry: Entry::All,
            tls: false,
        }
    }

    pub(crate) fn facts(&self) -> RequestFacts<'_> {
        let fields = self.fields.iter();
        RequestFacts {
            method: self.method,
            host: self.host,
            path: self.path,
            query: self.query,
            fields: KnownFields::collect(
                fields.map(|(name, value)| (name.as_bytes(), value.as_bytes())),
            ),
            named: self,
            form: self.form,
            peer: IpAddr::V4(Ipv4Addr::new(192, 0, 2, self.peer)),
            entry: self.entry,
            tls: self.tls,
        }
    }
}

impl Decision {
    pub(crate) fn forwarded(self) -> Box<Forward> {
        match self {
            Self::Forward(forward) => forward,
            Self::Answer { answer, .. } => panic!("answered: {answer:?}"),
        }
    }

    pub(crate) fn answered(self) -> Answer {
        match self {
            Self::Answer { answer, .. } => answer,
            Self::Forward(forward) => panic!("forwarded: {forward:?}"),
        }
    }

    pub(crate) fn reason(&self) -> Option<DenyReason> {
        match self {
            Self::Answer { reason, .. } => *reason,
            Self::Forward(_) => None,
        }
    }
}

impl From<Route> for Matched {
    fn from(route: Route) -> Self {
        Self::Route(Arc::new(route))
    }
}

impl Answer {
    /// All values of a field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.fields.iter().filter(|(field, _)| *field == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The one value of a field, or nothing.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let values = self.values(name);
        assert!(values.len() <= 1, "{name}: {values:?}");
        values.first().copied()
    }
}
