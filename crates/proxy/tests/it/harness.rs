//! A gateway, a backend that shows what it got, and a client that writes what it likes.

use std::collections::HashMap;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwap;
use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_cache::TokenCache;
use phantom_core::Access;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_core::Statement;
use phantom_core::Trust;
use phantom_core::UnixTime;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_core::catalog::ManagedKeyManager;
use phantom_pipeline::Entry;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::KeyManagerHandle;
use phantom_pipeline::ManagedTerms;
use phantom_pipeline::Pipeline;
use phantom_pipeline::Publication;
use phantom_pipeline::Route;
use phantom_pipeline::RouteTable;
use phantom_pipeline::Snapshot;
use phantom_pipeline::Target;
use phantom_pipeline::route::CredentialSources;
use phantom_pipeline::route::JwtPolicy;
use phantom_pipeline::route::Matcher;
use phantom_pipeline::route::Upstream;
use phantom_proxy::Limits;
use phantom_proxy::Listener;
use phantom_proxy::ProxyConfig;
use phantom_proxy::Published;
use phantom_proxy::Server;
use phantom_proxy::Shared;
use phantom_telemetry::Metrics;
use phantom_testkit::FakeIntrospect;
use phantom_testkit::ManualClock;
use phantom_testkit::introspect::active;
use phantom_testkit::statement_of;

pub(crate) const TOKEN: &str = "_0XBPWQQ_good";
pub(crate) const JWT: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl";
pub(crate) const EXPIRES: u64 = 1_800_000_300;

fn statement() -> Statement {
    Statement {
        issuer: Some("https://as.example".into()),
        subject: Some("alice".into()),
        client_id: Some("client-one".into()),
        scope: Scope::parse("read").unwrap(),
        expires_at: Some(UnixTime::from_secs(EXPIRES)),
        ..statement_of(JWT)
    }
}

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    pub(crate) publication: Publication,
    clock: Arc<ManualClock>,
    pub(crate) cache: Arc<TokenCache>,
    registry: prometheus_client::registry::Registry,
    server: Option<Server>,
    runtime: Option<tokio::runtime::Runtime>,
}

pub(crate) struct Setup {
    pub(crate) limits: Limits,
    pub(crate) listener: Listener,
    pub(crate) routes: Vec<Route>,
    pub(crate) trusted_proxies: Vec<&'static str>,
    pub(crate) upstream_roots: rustls::RootCertStore,
    pub(crate) access_log: Option<phantom_telemetry::AccessLog>,
    pub(crate) request_id: bool,
    pub(crate) drain: Duration,
    /// Managed APIs; `None`: no catalog has been published.
    pub(crate) catalog: Option<Catalog>,
}

impl Setup {
    /// `/api` is protected, `/` public, both at this backend; both keep their path.
    pub(crate) fn new(backend: SocketAddr) -> Self {
        let api = route("api", "/api", target(backend, "/api"), protected());
        let open = route("open", "/", target(backend, ""), Access::Public);
        Self::with_routes(vec![api, open])
    }

    pub(crate) fn with_routes(routes: Vec<Route>) -> Self {
        let listener = Listener {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: None,
            http2: true,
            proxy_protocol: false,
            behind_tls: false,
            serves: Entry::All,
        };
        Self {
            limits: Limits::default(),
            listener,
            routes,
            trusted_proxies: Vec::new(),
            upstream_roots: rustls::RootCertStore::empty(),
            access_log: None,
            request_id: false,
            drain: Duration::from_secs(5),
            catalog: None,
        }
    }

    pub(crate) fn start(self) -> Gateway {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let clock = Arc::new(ManualClock::at(UnixTime::from_secs(EXPIRES - 300)));
        // Vouches for one token and for nothing else.
        let server = FakeIntrospect::new();
        server.says(TOKEN, active(statement()));
        let cache = Arc::new(TokenCache::new(
            &[b"https://as.example"],
            &CacheSecret::new([7; 32]),
            CachePolicy::default(),
            Arc::new(server),
            clock.clone(),
            runtime.handle().clone(),
        ));
        let key_manager = Arc::new(KeyManagerHandle {
            name: "curity".into(),
            trust: Trust { issuer: Some("https://as.example".into()), ..Trust::default() },
            opaque: Some(cache.clone()),
            jwt: None,
            managed: None,
        });
        let routes = self.routes.into_iter().enumerate().map(|(index, mut route)| {
            route.index = index;
            if matches!(route.access, Access::Protected(_)) {
                route.key_managers = vec![key_manager.clone()];
            }
            Arc::new(route)
        });
        let snapshot = Snapshot {
            version: 1,
            routes: Arc::new(RouteTable::new(routes.collect()).unwrap()),
            error_format: ErrorFormat::Curity,
            ..Snapshot::default()
        };
        let (opaque, trust) = (cache.clone(), key_manager.trust.clone());
        let bind = move |managed: &ManagedKeyManager| {
            Some(Arc::new(KeyManagerHandle {
                name: managed.name.clone(),
                trust: trust.clone(),
                opaque: Some(opaque.clone()),
                jwt: None,
                managed: Some(ManagedTerms::new(managed)),
            }))
        };
        let mut publication = Publication::new(snapshot, Box::new(bind));
        if let Some(catalog) = &self.catalog {
            publication.replace(catalog);
        }
        let snapshot = publication.snapshot();
        let mut registry = prometheus_client::registry::Registry::default();
        let metrics = Metrics::register(&mut registry);
        let shared = Arc::new(Shared {
            pipeline: Pipeline::new(clock.clone()),
            published: ArcSwap::from_pointee(Published::new(snapshot, &metrics)),
            config: ProxyConfig {
                workers: 1,
                limits: self.limits,
                trusted_proxies: self
                    .trusted_proxies
                    .iter()
                    .map(|net| net.parse().unwrap())
                    .collect(),
                drain_timeout: self.drain,
                request_id: self.request_id,
                via: "phantom".into(),
                upstream_tls: phantom_proxy::tls::upstream_config(self.upstream_roots),
            },
            metrics,
            access_log: self.access_log,
            sources: phantom_core::places::Places::default(),
            traffic: None,
        });
        let server = Server::start(&shared, &[self.listener]).unwrap();
        Gateway {
            address: server.addresses()[0],
            shared,
            publication,
            clock,
            cache,
            registry,
            server: Some(server),
            runtime: Some(runtime),
        }
    }
}

impl Gateway {
    /// The time comes at which [`TOKEN`] expires.
    pub(crate) fn expire_token(&self) {
        self.clock.set_wall(UnixTime::from_secs(EXPIRES));
    }

    /// As the control plane publishes it.
    pub(crate) fn apply(&mut self, change: &Change) {
        self.publication.apply(change);
        let snapshot = self.publication.snapshot();
        let next = self.shared.published.load().succeeded_by(snapshot, &self.shared.metrics);
        self.shared.published.store(Arc::new(next));
    }

    /// As a scrape would have it.
    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    pub(crate) fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).unwrap())
    }

    /// One connection, these bytes, all that comes back until the answer is whole or the end.
    pub(crate) fn send(&self, request: impl AsRef<[u8]>) -> Response {
        let mut client = self.connect();
        client.write(request);
        client.response()
    }

    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) fn route(name: &str, prefix: &str, target: Target, access: Access) -> Route {
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

pub(crate) fn target(backend: SocketAddr, path: &str) -> Target {
    Target::from(Upstream {
        https: false,
        host: backend.ip().to_string().into(),
        port: backend.port(),
        path: path.into(),
        guarded: false,
    })
}

pub(crate) fn protected() -> Access {
    let scope = RequiredScope::All(Scope::parse("read").unwrap());
    Access::Protected(Protection { scope, claims: Vec::new() })
}

/// A client that writes raw bytes.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffered: Vec<u8>,
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The connection was closed behind it.
    pub(crate) closed: bool,
}

impl Response {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffered: Vec::new() }
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // A peer that has closed already is for the reader to find out.
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Reads one final response; interim ones are skipped.
    pub(crate) fn response(&mut self) -> Response {
        self.response_to("GET")
    }

    pub(crate) fn response_to(&mut self, method: &str) -> Response {
        let head = loop {
            let head = self.head();
            if !head.starts_with("HTTP/1.1 1") {
                break head;
            }
        };
        let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut response = Response { status, head, body: Vec::new(), closed: false };
        let bodiless = method == "HEAD" || matches!(status, 204 | 304);
        if bodiless || response.status == 0 {
        } else if let Some(length) = response.field("content-length") {
            let length: usize = length.parse().unwrap();
            while self.buffered.len() < length && self.fill() {}
            let length = length.min(self.buffered.len());
            response.body = self.buffered.drain(..length).collect();
        } else if response.field("transfer-encoding").is_some() {
            response.body = self.chunked();
        } else {
            while self.fill() {}
            response.body = std::mem::take(&mut self.buffered);
        }
        response.closed = response.field("connection") == Some("close") && self.is_closed();
        response
    }

    /// A head up to its empty line; empty at the end of the stream.
    pub(crate) fn head(&mut self) -> String {
        loop {
            if let Some(end) = find(&self.buffered, b"\r\n\r\n") {
                let head = self.buffered.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            if !self.fill() {
                return String::new();
            }
        }
    }

    fn chunked(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            while find(&self.buffered, b"\r\n").is_none() {
                if !self.fill() {
                    body.extend_from_slice(b"<cut>");
                    return body;
                }
            }
            let end = find(&self.buffered, b"\r\n").unwrap();
            let line: Vec<u8> = self.buffered.drain(..end + 2).collect();
            let size =
                usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
            if size == 0 {
                let trailers = loop {
                    if self.buffered.starts_with(b"\r\n") {
                        break 2;
                    }
                    if let Some(end) = find(&self.buffered, b"\r\n\r\n") {
                        break end + 4;
                    }
                    assert!(self.fill(), "the trailers are cut");
                };
                let trailers: Vec<u8> = self.buffered.drain(..trailers).collect();
                if trailers.len() > 2 {
                    body.extend_from_slice(b"<trailers>");
                    body.extend_from_slice(&trailers);
                }
                return body;
            }
            while self.buffered.len() < size + 2 {
                if !self.fill() {
                    body.append(&mut self.buffered);
                    body.extend_from_slice(b"<cut>");
                    return body;
                }
            }
            body.extend(self.buffered.drain(..size));
            assert_eq!(self.buffered.drain(..2).collect::<Vec<_>>(), b"\r\n");
        }
    }

    /// Reads more; false at the end of the stream.
    pub(crate) fn fill(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.buffered.extend_from_slice(&bytes[..count]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => {
                panic!("no answer: {error}, got {:?}", String::from_utf8_lossy(&self.buffered))
            }
        }
    }

    pub(crate) fn is_closed(&mut self) -> bool {
        !self.fill()
    }
}

/// A backend that records raw requests and answers by a script.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicU64>,
}

impl Backend {
    /// Answers each request with the text the script makes of it.
    pub(crate) fn start(script: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = seen.clone();
        let backend = Self::custom(move |stream| {
            let mut client = Client::new(stream.try_clone().unwrap());
            let mut stream = stream;
            loop {
                let head = client.head();
                if head.is_empty() {
                    return;
                }
                let lower = head.to_ascii_lowercase();
                let body = if lower.contains("transfer-encoding: chunked") {
                    client.chunked()
                } else {
                    let length =
                        lower.lines().find_map(|line| line.strip_prefix("content-length: "));
                    let length: usize = length.map_or(0, |length| length.parse().unwrap());
                    while client.buffered.len() < length && client.fill() {}
                    client.buffered.drain(..length.min(client.buffered.len())).collect()
                };
                let request = format!("{head}{}", String::from_utf8_lossy(&body));
                record.lock().unwrap().push(request.clone());
                let answer = script(&request);
                if answer.is_empty() || stream.write_all(&answer).is_err() {
                    return;
                }
            }
        });
        Self { seen, ..backend }
    }

    /// Says `ok` to everything.
    pub(crate) fn ok() -> Self {
        Self::start(|_| ok("ok"))
    }

    /// Records the first head of each connection, then does as it likes.
    pub(crate) fn recording(serve: impl Fn(TcpStream, &str) + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = seen.clone();
        let backend = Self::custom(move |stream| {
            // Byte by byte: nothing behind the head is taken from the socket.
            let (mut head, mut reader) = (Vec::new(), &stream);
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && reader.read(&mut byte).is_ok_and(|got| got > 0) {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            record.lock().unwrap().push(head.clone());
            serve(stream, &head);
        });
        Self { seen, ..backend }
    }

    /// A thread per connection does as it likes.
    pub(crate) fn custom(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicU64::new(0));
        let (serve, count) = (Arc::new(serve), connections.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let serve = serve.clone();
                std::thread::spawn(move || serve(stream));
            }
        });
        Self { address, seen: Arc::default(), connections }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request that came.
    pub(crate) fn only(&self) -> Request {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        Request::new(&seen[0])
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A request as a backend got it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) fields: HashMap<String, Vec<String>>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn new(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let mut fields: HashMap<String, Vec<String>> = HashMap::new();
        for field in lines {
            let (name, value) = field.split_once(": ").unwrap();
            fields.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
        }
        Self { line, fields, body: body.to_owned() }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let values = self.fields.get(name)?;
        assert_eq!(values.len(), 1, "{name} is repeated: {values:?}");
        Some(&values[0])
    }
}

pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Waits for something that another thread brings about; bounded.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never: {what}");
}
