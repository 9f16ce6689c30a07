//! The one outgoing client: introspection, key sets, metadata.
//!
//! Questions that requests wait for go over `http1`; documents, and servers that speak HTTP/2, over
//! the general client.
//!
//! No redirects, no proxies from the environment, no compressed answers; every call has a deadline
//! and every body a bound (INT-12 to INT-15).

mod connect;
pub mod exchange;
mod http1;
mod kept;
mod tls;

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::Version;
use http::header;
use phantom_core::causes::causes;
use phantom_core::causes::with_causes;
use reqwest::Client;
use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error;
use url::Host;
use url::Url;

use connect::ConnectError;
use connect::Connector;
use connect::NoPublicAddress;
use http1::Answered;
use http1::CallError;
use http1::Connection;
use kept::Kept;
use kept::Place;

use phantom_core::address::is_local_name;
pub(crate) use phantom_core::address::is_public;
pub use tls::ClientIdentity;
pub use tls::ServerTrust;
pub use tls::TlsError;

/// Bound on answers, unless the caller states another.
pub(crate) const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

const USER_AGENT: &str = concat!("phantom-gateway/", env!("CARGO_PKG_VERSION"));

/// Where a call goes, and whether whoever named the place may send us into private networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(crate) url: Url,
    /// Named by a document, not by the operator: only public addresses are connected to (DSC-4).
    pub(crate) guarded: bool,
}

impl Target {
    /// A place the operator configured.
    #[must_use]
    pub const fn configured(url: Url) -> Self {
        Self { url, guarded: false }
    }
}

/// Host and port, for whoever has to look for what is wrong there.
fn address(url: &Url) -> Box<str> {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}").into(),
        None => host.into(),
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. Of the address it names host and port alone, and nothing of the content.
#[derive(Debug, Error)]
pub enum EgressError {
    /// No connection: name not found or without a public address, refused, not within
    /// `connect_timeout`. Nothing was sent, so it may be sent again.
    #[error("cannot connect to {to}")]
    Connect {
        /// Host and port.
        to: Box<str>,
        /// What the system or the resolver says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// In words, with the setting that would help.
    #[error("TLS with it fails: {0}")]
    Tls(Box<str>),
    /// The URL has a literal address that is not public, and the operator did not name it (DSC-4).
    /// Nothing was sent.
    #[error("the address is not a public one")]
    ForbiddenAddress,
    /// [`EgressConfig::timeout`] was over before the last byte of the answer.
    #[error("no answer in time")]
    Deadline,
    /// The server may have seen the request.
    #[error("the connection failed during the call{}", if *.plain { " (where the port speaks TLS, the address begins with https)" } else { "" })]
    Cut {
        /// It was not TLS.
        plain: bool,
        /// What ended it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Given up as soon as that was known: by `Content-Length` or by what came.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// Bytes of the body that the caller takes.
        limit: usize,
    },
    /// Any `Content-Encoding` but `identity`: nothing is decompressed here.
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
    /// Neither HTTP/1.1 nor, where the server chose it, HTTP/2.
    #[error("what came is no HTTP answer")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl EgressError {
    /// The error and its causes in one line.
    pub(crate) fn with_causes(&self) -> Arc<str> {
        with_causes(self).into()
    }

    /// Returns whether nobody was asked because the place has no public address, and the operator did not name it.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        let Self::Connect { source, .. } = self else {
            return matches!(self, Self::ForbiddenAddress);
        };
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&**source);
        while let Some(error) = cause {
            let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            if error.is::<NoPublicAddress>()
                || inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<NoPublicAddress>)
            {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// Returns whether the server did answer, with something of which nothing can be made.
    pub(crate) const fn is_answered(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::Encoded | Self::Malformed(_))
    }
}

/// Why there is no document.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The server was not reached, or did not answer to the end.
    #[error(transparent)]
    NoAnswer(#[from] EgressError),
    /// Redirects are among these: they are not followed.
    #[error("the answer is {0}, not 200")]
    Status(StatusCode),
}

/// How to reach one authorization server.
#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// For finding the address, TCP and TLS together; a part of `timeout`.
    pub connect_timeout: Duration,
    /// For the whole call, to the last byte of the body.
    pub timeout: Duration,
    /// Whose certificates we take.
    pub trust: ServerTrust,
    /// Which setting says whom to trust, for those who read why that fails.
    pub trust_setting: &'static str,
    /// Shown to servers that ask for a certificate. `None`: none is shown.
    pub identity: Option<ClientIdentity>,
    /// Documents may name private addresses: for authorization servers inside.
    pub allow_private: bool,
    /// Idle connections kept per host.
    pub max_idle: usize,
}

impl Default for EgressConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_millis(1000),
            timeout: Duration::from_millis(2500),
            trust: ServerTrust::System,
            trust_setting: "ca_file",
            identity: None,
            allow_private: false,
            max_idle: 32,
        }
    }
}

/// Why there is no client. Found at start; nobody was called.
#[derive(Debug, Error)]
pub enum EgressBuildError {
    /// A certificate or a key that was configured is not usable.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The library refuses settings of ours.
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

/// The client. Clones share its connections; they are made for one configuration of TLS.
#[derive(Clone, Debug)]
pub struct Egress {
    open: Client,
    /// Connects to public addresses only.
    guarded: Client,
    direct: Arc<Direct>,
    allow_private: bool,
    timeout: Duration,
    trust_setting: &'static str,
}

/// The short way: connections of our own.
#[derive(Debug)]
struct Direct {
    connector: Connector,
    kept: Kept,
    /// The server has been seen to choose HTTP/1.1 where it could choose over TLS.
    chose_http1: AtomicBool,
    /// The general client has asked before, and may have kept its connection.
    general_keeps: AtomicBool,
}

impl Egress {
    /// A client that has not called anybody yet.
    ///
    /// # Errors
    ///
    /// [`EgressBuildError`] where certificates or the key cannot be used.
    pub fn build(config: &EgressConfig) -> Result<Self, EgressBuildError> {
        let tls = tls::client_config(&config.trust, config.identity.as_ref())?;
        let builder = || {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(USER_AGENT)
                .default_headers(headers)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .connect_timeout(config.connect_timeout)
                .pool_idle_timeout(Duration::from_secs(55))
                .pool_max_idle_per_host(config.max_idle)
                .tcp_nodelay(true)
        };
        Ok(Self {
            open: builder().build()?,
            guarded: builder().dns_resolver(Arc::new(PublicOnly)).build()?,
            direct: Arc::new(Direct {
                connector: Connector::new(tls, config.connect_timeout),
                kept: Kept::new(config.max_idle),
                chose_http1: AtomicBool::new(false),
                general_keeps: AtomicBool::new(false),
            }),
            allow_private: config.allow_private,
            timeout: config.timeout,
            trust_setting: config.trust_setting,
        })
    }

    /// The document at a place that a user named: public addresses only, unless private ones are
    /// allowed; no redirects; at most `limit` bytes, within the deadline of every call.
    ///
    /// # Errors
    ///
    /// [`FetchError`]: no answer, or one whose status is not 200.
    pub async fn fetch(
        &self,
        url: &Url,
        accept: &'static str,
        limit: usize,
    ) -> Result<Vec<u8>, FetchError> {
        let target = Target { url: url.clone(), guarded: true };
        match self.get(&target, accept, limit).await? {
            Answer { status: StatusCode::OK, body, .. } => Ok(body),
            Answer { status, .. } => Err(FetchError::Status(status)),
        }
    }

    /// Whether what others name by this URL may be called, as far as the URL itself tells: a name that leads to
    /// a private address is found out when it is called.
    #[must_use]
    pub fn may_call(&self, url: &Url) -> bool {
        let leads_here = url.domain().is_some_and(is_local_name);
        let target = Target { url: url.clone(), guarded: true };
        self.public_only(&target).is_ok_and(|public_only| !(public_only && leads_here))
    }

    pub(crate) async fn get(
        &self,
        target: &Target,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, EgressError> {
        let client = if self.public_only(target)? { &self.guarded } else { &self.open };
        let request = client.get(target.url.clone()).header(header::ACCEPT, accept);
        self.in_time(async {
            let response = request.send().await.map_err(|error| self.no_answer(error))?;
            self.read(response, limit).await
        })
        .await
    }

    /// The server is asked in the protocol it prefers (ALPN). Whatever it is, what is asked here must
    /// change nothing there: it may be asked twice where a kept connection ends just then.
    pub(crate) async fn post_form(
        &self,
        target: &Target,
        headers: HeaderMap,
        form: String,
        limit: usize,
    ) -> Result<Answer, EgressError> {
        let public_only = self.public_only(target)?;
        self.in_time(async {
            let direct = &*self.direct;
            let is_tls = target.url.scheme() == "https";
            if !is_tls || direct.chose_http1.load(Ordering::Relaxed) {
                let request = http1::post(&target.url, &headers, &form);
                match direct.call(&target.url, public_only, &request, limit).await {
                    // Nothing was asked yet: it may want another protocol by now.
                    Err(DirectError::Tls) => direct.chose_http1.store(false, Ordering::Relaxed),
                    Err(DirectError::Egress(error)) => return Err(error),
                    Ok(answer) => return Ok(answer),
                }
            }
            let client = if public_only { &self.guarded } else { &self.open };
            let send = async || {
                let request = client.post(target.url.clone()).headers(headers.clone());
                request.body(form.clone()).send().await.map_err(|error| self.no_answer(error))
            };
            let response = match send().await {
                // It may have been a kept connection that was ending when we asked.
                Err(EgressError::Cut { .. }) if direct.general_keeps.load(Ordering::Relaxed) => {
                    send().await?
                }
                sent => sent?,
            };
            let is_http1 = response.version() < Version::HTTP_2;
            direct.chose_http1.store(is_tls && is_http1, Ordering::Relaxed);
            direct.general_keeps.store(true, Ordering::Relaxed);
            self.read(response, limit).await
        })
        .await
    }

    /// Closes connections that nobody used for long.
    pub(crate) fn sweep(&self) {
        self.direct.kept.sweep();
    }

    async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, EgressError>>,
    ) -> Result<T, EgressError> {
        tokio::time::timeout(self.timeout, call).await.unwrap_or(Err(EgressError::Deadline))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        limit: usize,
    ) -> Result<Answer, EgressError> {
        let encodings = response.headers().get_all(header::CONTENT_ENCODING);
        if encodings.iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(EgressError::Encoded);
        }
        let stated = response.content_length().and_then(|length| usize::try_from(length).ok());
        if stated.is_some_and(|length| length > limit) {
            return Err(EgressError::TooLong { limit });
        }
        let mut body = Vec::with_capacity(stated.unwrap_or(2048));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.no_answer(error))? {
            if body.len() + chunk.len() > limit {
                return Err(EgressError::TooLong { limit });
            }
            body.extend_from_slice(&chunk);
        }
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status: response.status(), headers, body })
    }

    fn no_answer(&self, error: reqwest::Error) -> EgressError {
        let to = error.url().map(address).unwrap_or_default();
        let plain = error.url().is_some_and(|url| url.scheme() == "http");
        let error = error.without_url();
        // A server of TLS 1.3 refuses our certificate when the handshake is over.
        if let Some(said) = phantom_tls::tls_failure(&error, self.trust_setting) {
            return EgressError::Tls(said.into());
        }
        if error.is_connect() {
            return EgressError::Connect { to, source: error.into() };
        }
        let unreadable = causes(&error).any(|cause| {
            cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse)
                || cause.downcast_ref::<io::Error>().is_some_and(|error| {
                    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
                })
        });
        if unreadable {
            EgressError::Malformed(error.into())
        } else {
            EgressError::Cut { plain, source: error.into() }
        }
    }

    /// Returns whether only public addresses may be connected to.
    fn public_only(&self, target: &Target) -> Result<bool, EgressError> {
        if !target.guarded || self.allow_private {
            return Ok(false);
        }
        // A literal address never meets the resolver.
        let literal = match target.url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(EgressError::ForbiddenAddress),
        };
        match literal {
            Some(address) if !is_public(address) => Err(EgressError::ForbiddenAddress),
            _ => Ok(true),
        }
    }
}

enum DirectError {
    /// TLS with the server failed; it was asked nothing.
    Tls,
    Egress(EgressError),
}

impl Direct {
    async fn call(
        &self,
        url: &Url,
        public_only: bool,
        request: &[u8],
        limit: usize,
    ) -> Result<Answer, DirectError> {
        if let Some((connection, place)) = self.kept.take(url, public_only) {
            match connection.call(request, limit).await {
                // The server's last word to a connection it thinks idle, not to what we asked.
                Ok(Answered { answer, connection: None, .. })
                    if answer.status == StatusCode::REQUEST_TIMEOUT => {}
                // It was ending when we asked.
                Err(CallError::Unanswered(_)) => {}
                called => return self.ended(called, place, limit),
            }
        }
        let stream = match self.connector.connect(url, public_only).await {
            Ok(stream) => stream,
            Err(ConnectError::Tls(_)) => return Err(DirectError::Tls),
            Err(ConnectError::Tcp(error)) => {
                let to = address(url);
                return Err(DirectError::Egress(EgressError::Connect { to, source: error.into() }));
            }
        };
        let called = Connection::new(stream).call(request, limit).await;
        self.ended(called, Place::of(url, public_only), limit)
    }

    fn ended(
        &self,
        called: Result<Answered, CallError>,
        place: Place,
        limit: usize,
    ) -> Result<Answer, DirectError> {
        let plain = place.is_plain();
        let error = match called {
            Ok(Answered { answer, connection, keep_alive }) => {
                if let Some(connection) = connection {
                    self.kept.put(connection, place, keep_alive);
                }
                return Ok(answer);
            }
            Err(CallError::Unanswered(error) | CallError::Cut(error)) => {
                EgressError::Cut { plain, source: error.into() }
            }
            Err(CallError::TooLong) => EgressError::TooLong { limit },
            Err(CallError::Encoded) => EgressError::Encoded,
            Err(CallError::Malformed(error)) => EgressError::Malformed(error),
        };
        Err(DirectError::Egress(error))
    }
}

/// Resolves like the system, and leaves only public addresses to connect to: what was checked is
/// what is connected to, so a name cannot change its answer in between.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0))
                .await?
                .filter(|address| is_public(address.ip()))
                .collect();
            if addresses.is_empty() {
                return Err(NoPublicAddress.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests;
