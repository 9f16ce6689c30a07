//! Settings of the data plane, each with its default and unit.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use phantom_pipeline::Entry;

#[derive(Clone, Debug)]
pub struct ProxyConfig {
    /// Threads, each with a runtime of its own.
    pub workers: usize,
    pub limits: Limits,
    /// Peers whose `X-Forwarded-*` fields are believed and added to (HTP-9).
    pub trusted_proxies: Vec<IpNet>,
    /// Time that open requests get at shutdown.
    pub drain_timeout: Duration,
    /// Backends and clients are told what the request is called in the log (`X-Request-Id`).
    pub request_id: bool,
    /// How this gateway calls itself in `Via` (RFC 9110 §7.6.3).
    pub via: Box<str>,
    /// Client side of TLS to backends.
    pub upstream_tls: Arc<rustls::ClientConfig>,
}

impl ProxyConfig {
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&peer.to_canonical()))
    }
}

/// One socket to listen on.
#[derive(Clone, Debug)]
pub struct Listener {
    pub bind: SocketAddr,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// HTTP/2 by ALPN, or by prior knowledge on a plain socket.
    pub http2: bool,
    /// Connections start with a PROXY protocol header, and others are refused.
    pub proxy_protocol: bool,
    /// TLS ends in front of it: clients' connections are TLS, though those that come here are not.
    pub behind_tls: bool,
    /// Which of routes and managed APIs are to be had here.
    pub serves: Entry,
}

/// Bounds on what a client or backend can make this process hold or wait for.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Request line and fields together, in bytes.
    pub max_header_bytes: usize,
    /// Number of header fields; at most [`crate::http1::request::MAX_FIELDS`].
    pub max_fields: usize,
    pub max_target_bytes: usize,
    /// Bytes of the head of a backend's answer.
    pub max_response_header_bytes: usize,
    pub max_response_fields: usize,
    /// From the first byte of a head to its last, however slowly it drips.
    pub header_timeout: Duration,
    /// Between requests on a connection.
    pub keep_alive_timeout: Duration,
    /// Between two pieces of a request body, and between two writes that the client takes.
    pub body_idle_timeout: Duration,
    pub connect_timeout: Duration,
    /// Between two pieces of a request that a backend takes, from the end of the request to the head
    /// of the response, and between two pieces of that.
    pub upstream_idle_timeout: Duration,
    /// Open client connections of the whole process. For one more the longest idle is closed; if none
    /// is idle, it waits in the listen queue.
    pub max_connections: usize,
    /// The most of them from one source: an IPv4 address, or a network of 64 bits of IPv6. More are closed at
    /// once, but for those of trusted proxies.
    pub max_connections_per_source: usize,
    /// Streams open at once on one HTTP/2 connection.
    pub max_concurrent_streams: u32,
    /// Idle connections kept per upstream and worker.
    pub max_idle_upstream: usize,
    pub upstream_keep_alive: Duration,
    /// Form bodies are read whole where a route takes credentials from them.
    pub max_form_bytes: usize,
    /// Rest of a request body that is read after an early refusal to keep the connection.
    pub max_drain_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_header_bytes: 32 * 1024,
            max_fields: 100,
            max_target_bytes: 8 * 1024,
            max_response_header_bytes: 64 * 1024,
            max_response_fields: 128,
            header_timeout: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(75),
            body_idle_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            upstream_idle_timeout: Duration::from_secs(300),
            max_connections: 20_000,
            max_connections_per_source: 5_000,
            max_concurrent_streams: 128,
            max_idle_upstream: 256,
            upstream_keep_alive: Duration::from_secs(60),
            max_form_bytes: 64 * 1024,
            max_drain_bytes: 64 * 1024,
        }
    }
}
