//! The one outgoing client: introspection, key sets, metadata.
//!
//! No redirects, no proxies from the environment, no compressed answers; every call has a deadline
//! and every body a bound (INT-12 to INT-15).

mod address;
mod tls;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use reqwest::Client;
use reqwest::dns::Addrs;
use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use thiserror::Error;
use url::Host;
use url::Url;

pub(crate) use address::is_public;
pub use tls::ClientIdentity;
pub use tls::ServerTrust;
pub use tls::TlsError;

/// Bound on answers, unless the caller states another.
pub const DEFAULT_BODY_LIMIT: usize = 64 * 1024;

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

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer. Names no address and no content.
#[derive(Debug, Error)]
pub enum EgressError {
    #[error("cannot connect")]
    Connect(#[source] reqwest::Error),
    #[error("the address is not a public one")]
    ForbiddenAddress,
    #[error("no answer in time")]
    Deadline,
    #[error("the connection failed during the call")]
    Cut(#[source] reqwest::Error),
    #[error("the answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
}

/// Why there is no document.
#[derive(Debug, Error)]
pub enum FetchError {
    #[error(transparent)]
    NoAnswer(#[from] EgressError),
    #[error("the answer is {0}, not 200")]
    Status(StatusCode),
}

/// How to reach one authorization server.
#[derive(Clone, Debug)]
pub struct EgressConfig {
    pub connect_timeout: Duration,
    /// For the whole call, to the last byte of the body.
    pub timeout: Duration,
    pub trust: ServerTrust,
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
            identity: None,
            allow_private: false,
            max_idle: 32,
        }
    }
}

#[derive(Debug, Error)]
pub enum EgressBuildError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

#[derive(Clone, Debug)]
pub struct Egress {
    open: Client,
    /// Connects to public addresses only.
    guarded: Client,
    allow_private: bool,
    timeout: Duration,
}

impl Egress {
    pub fn build(config: &EgressConfig) -> Result<Self, EgressBuildError> {
        let tls = tls::client_config(&config.trust, config.identity.as_ref())?;
        let builder = || {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("phantom-gateway/", env!("CARGO_PKG_VERSION")))
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
            allow_private: config.allow_private,
            timeout: config.timeout,
        })
    }

    /// The document at a place that a user named: public addresses only, unless private ones are
    /// allowed; no redirects; at most `limit` bytes, within the deadline of every call.
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

    pub(crate) async fn get(
        &self,
        target: &Target,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, EgressError> {
        let client = self.client(target)?;
        let request = client.get(target.url.clone()).header(header::ACCEPT, accept);
        self.call(request, limit).await
    }

    pub(crate) async fn post_form(
        &self,
        target: &Target,
        headers: HeaderMap,
        form: String,
    ) -> Result<Answer, EgressError> {
        let client = self.client(target)?;
        let request = client.post(target.url.clone()).headers(headers).body(form);
        self.call(request, DEFAULT_BODY_LIMIT).await
    }

    async fn call(
        &self,
        request: reqwest::RequestBuilder,
        limit: usize,
    ) -> Result<Answer, EgressError> {
        tokio::time::timeout(self.timeout, read_answer(request, limit))
            .await
            .unwrap_or(Err(EgressError::Deadline))
    }

    fn client(&self, target: &Target) -> Result<&Client, EgressError> {
        if !target.guarded || self.allow_private {
            return Ok(&self.open);
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
            _ => Ok(&self.guarded),
        }
    }
}

async fn read_answer(
    request: reqwest::RequestBuilder,
    limit: usize,
) -> Result<Answer, EgressError> {
    let mut response = request.send().await.map_err(|error| {
        let error = error.without_url();
        if error.is_connect() { EgressError::Connect(error) } else { EgressError::Cut(error) }
    })?;
    let encodings = response.headers().get_all(header::CONTENT_ENCODING);
    if encodings.iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(EgressError::Encoded);
    }
    let stated = response.content_length().and_then(|length| usize::try_from(length).ok());
    if stated.is_some_and(|length| length > limit) {
        return Err(EgressError::TooLong { limit });
    }
    let mut body = Vec::with_capacity(stated.unwrap_or(2048));
    while let Some(chunk) =
        response.chunk().await.map_err(|error| EgressError::Cut(error.without_url()))?
    {
        if body.len() + chunk.len() > limit {
            return Err(EgressError::TooLong { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body })
}

/// Resolves like the system, and leaves only public addresses to connect to: what was checked is
/// what is connected to, so a name cannot change its answer in between.
#[derive(Debug)]
struct PublicOnly;

#[derive(Debug, Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

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
