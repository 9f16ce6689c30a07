//! What all scripts share: routes, settings, certificates.

use std::sync::Arc;

use arc_swap::ArcSwap;
use phantom_core::Access;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_pipeline::Entry;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::Pipeline;
use phantom_pipeline::Route;
use phantom_pipeline::RouteTable;
use phantom_pipeline::Snapshot;
use phantom_pipeline::Target;
use phantom_pipeline::route::CredentialSources;
use phantom_pipeline::route::JwtPolicy;
use phantom_pipeline::route::Matcher;
use phantom_pipeline::route::Upstream;
use phantom_telemetry::AccessLog;
use phantom_telemetry::Metrics;
use phantom_telemetry::access_log::LogFormat;
use phantom_testkit::ManualClock;
use prometheus_client::registry::Registry;
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use std::time::Duration;

use super::ends::Io;
use super::oracle::COLLECTED;
use super::wire::End;
use crate::Limits;
use crate::Listener;
use crate::ProxyConfig;
use crate::Published;
use crate::Shared;
use crate::tls;

pub(crate) struct World {
    plain: Arc<Shared>,
    https: Arc<Shared>,
    pub(crate) server_tls: Arc<rustls::ServerConfig>,
    client_tls: Arc<rustls::ClientConfig>,
}

impl World {
    pub(crate) fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let server_tls =
            tls::server_config(vec![made.cert.der().clone()], key, None, true).unwrap();
        let client_tls = rustls::ClientConfig::builder()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        Self {
            plain: shared(false, &roots),
            https: shared(true, &roots),
            server_tls,
            client_tls: Arc::new(client_tls),
        }
    }

    pub(crate) fn shared(&self, https: bool) -> Arc<Shared> {
        if https { self.https.clone() } else { self.plain.clone() }
    }

    pub(crate) fn listener(&self, tls: bool) -> Listener {
        Listener {
            bind: ([127, 0, 0, 1], 0).into(),
            tls: tls.then(|| self.server_tls.clone()),
            http2: true,
            proxy_protocol: false,
            behind_tls: false,
            serves: Entry::All,
        }
    }

    pub(crate) async fn connect(&self, end: End, offers: &[&str]) -> Option<Io> {
        let mut config = (*self.client_tls).clone();
        config.alpn_protocols = offers.iter().map(|name| name.as_bytes().to_vec()).collect();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from("localhost").unwrap();
        let connecting = connector.connect(name, end);
        let tls = tokio::time::timeout(Duration::from_secs(20), connecting).await.ok()?.ok()?;
        Some(Io::tls_client(tls))
    }
}

fn shared(https: bool, roots: &RootCertStore) -> Arc<Shared> {
    let upstream = |folder: &str, port| {
        let host = "localhost".into();
        Target::from(Upstream { https, host, port, path: folder.into(), guarded: false })
    };
    let scope = RequiredScope::All(Scope::parse("read").unwrap());
    let protected = Access::Protected(Protection { scope, claims: Vec::new() });
    let mut collected =
        route("collected", "/collected", upstream("/collected", 80), Access::Public);
    collected.collect_body = Some(COLLECTED);
    let mut routes = vec![
        route("api", "/api", upstream("/api", 80), protected),
        collected,
        route("nowhere", "/nowhere", upstream("/nowhere", NOWHERE), Access::Public),
        route("open", "/", upstream("", 80), Access::Public),
    ];
    for (index, route) in routes.iter_mut().enumerate() {
        route.index = index;
    }
    let routes = routes.into_iter().map(Arc::new).collect();
    let snapshot = Snapshot {
        version: 1,
        routes: Arc::new(RouteTable::new(routes).unwrap()),
        error_format: ErrorFormat::Curity,
        ..Snapshot::default()
    };
    let metrics = Metrics::register(&mut Registry::default());
    Arc::new(Shared {
        pipeline: Pipeline::new(Arc::new(ManualClock::new())),
        published: ArcSwap::from_pointee(Published::new(snapshot, &metrics)),
        config: ProxyConfig {
            workers: 1,
            limits: Limits {
                max_response_header_bytes: LARGEST_HEAD,
                max_response_fields: MOST_FIELDS,
                header_timeout: Duration::from_secs(4),
                keep_alive_timeout: Duration::from_secs(3),
                body_idle_timeout: WITH_CLIENTS,
                connect_timeout: Duration::from_secs(4),
                upstream_idle_timeout: WITH_BACKENDS,
                ..Limits::default()
            },
            trusted_proxies: Vec::new(),
            drain_timeout: Duration::from_secs(5),
            request_id: false,
            via: "model".into(),
            upstream_tls: tls::upstream_config(roots.clone()),
        },
        metrics,
        access_log: Some(AccessLog::start(LogFormat::Json, std::io::sink()).unwrap()),
        sources: phantom_core::places::Places::default(),
        traffic: None,
    })
}

/// What the head of an answer may hold: more fields than most have, and fewer bytes than there are by default.
pub(crate) const MOST_FIELDS: usize = 160;
pub(crate) const LARGEST_HEAD: usize = 4 * 1024;

/// How long the gateway waits for a side that is silent.
pub(crate) const WITH_CLIENTS: Duration = Duration::from_secs(1);
pub(crate) const WITH_BACKENDS: Duration = Duration::from_secs(3);

/// The port where nobody listens.
pub(crate) const NOWHERE: u16 = 9;

fn route(name: &str, prefix: &str, target: Target, access: Access) -> Route {
    Route {
        index: 0,
        name: name.into(),
        matcher: Matcher { host: None, prefix: prefix.into(), methods: Box::default() },
        access,
        key_managers: Vec::new(),
        credentials: CredentialSources::default(),
        jwt: JwtPolicy::IntrospectOnly,
        realm: "api".into(),
        error_format: ErrorFormat::Curity,
        cors: None,
        rate_limit: None,
        collect_body: None,
        bounds: phantom_pipeline::route::Bounds::default(),
        target,
    }
}
