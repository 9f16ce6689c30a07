//! A new connection to a backend; or why there is none, told apart so that whoever reads it knows
//! where to look.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use phantom_pipeline::route::Upstream;
use phantom_telemetry::Cause;
use phantom_tls::race;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::net::TcpStream;

use crate::network::Network;
use crate::transport::Socket;
use crate::transport::Transport;
use crate::upstream::guard;

/// Whose certificates backends may have.
const CA_SETTING: &str = "upstream_ca_file in [gateway]";

#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    #[error("its name has no address: {0}")]
    Dns(io::Error),
    #[error("it refuses connections: {0}")]
    Refused(io::Error),
    #[error("no way leads to it: {0}")]
    Unreachable(io::Error),
    #[error("it broke off while {0}: {1}")]
    Reset(Step, io::Error),
    #[error("TLS with it fails: {said}", said = phantom_tls::said(.0, CA_SETTING))]
    Tls(io::Error),
    #[error("its name is not one a certificate can hold")]
    Name,
    #[error(transparent)]
    Local(#[from] super::guard::IsLocal),
    #[error("{0} took too long")]
    Timeout(Step),
    /// Ours, most likely: no descriptors, no ports.
    #[error("{0}")]
    Io(io::Error),
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Resolving,
    Connecting,
    Handshake,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "looking up its name",
            Self::Connecting => "connecting",
            Self::Handshake => "the TLS handshake",
        })
    }
}

impl ConnectError {
    pub(crate) const fn cause(&self) -> Cause {
        match self {
            Self::Timeout(_) => Cause::ConnectTimeout,
            Self::Dns(_) => Cause::ConnectDns,
            Self::Refused(_) => Cause::ConnectRefused,
            Self::Unreachable(_) => Cause::ConnectUnreachable,
            Self::Reset(..) => Cause::ConnectReset,
            Self::Tls(_) | Self::Name => Cause::ConnectTls,
            Self::Local(_) => Cause::ConnectLocal,
            Self::Io(_) => Cause::ConnectFailed,
        }
    }

    fn at(step: Step, error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        match (error.kind(), step) {
            (Kind::TimedOut, _) => Self::Timeout(step),
            (_, Step::Resolving) => Self::Dns(error),
            (Kind::ConnectionRefused, _) => Self::Refused(error),
            (Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::AddrNotAvailable, _) => {
                Self::Unreachable(error)
            }
            (
                Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe
                | Kind::UnexpectedEof
                | Kind::NotConnected,
                _,
            ) => Self::Reset(step, error),
            (_, Step::Connecting) => Self::Io(error),
            // What rustls has to say of certificates, versions and alerts, as of what is no TLS.
            (_, Step::Handshake) => Self::Tls(error),
        }
    }
}

/// Its addresses are tried one beside the other; all of it together takes no longer than `limit`.
pub(super) async fn connect(
    upstream: &Upstream,
    network: &Network,
    tls: &Arc<rustls::ClientConfig>,
    limit: Duration,
) -> Result<Transport, ConnectError> {
    let step = Cell::new(Step::Resolving);
    let connecting = async {
        let socket = match network {
            Network::Tcp => Socket::new(tcp(upstream, &step).await?),
            #[cfg(test)]
            Network::Model(backends) => backends
                .connect(upstream.port)
                .map_err(|error| ConnectError::at(Step::Connecting, error))?,
        };
        if !upstream.https {
            return Ok(Transport::Plain(socket));
        }
        let name =
            ServerName::try_from(upstream.host.to_string()).map_err(|_| ConnectError::Name)?;
        step.set(Step::Handshake);
        let tls = tokio_rustls::TlsConnector::from(tls.clone());
        let shaken = tls.connect(name, socket).await;
        let tls = shaken.map_err(|error| ConnectError::at(Step::Handshake, error))?;
        Ok(Transport::TlsClient(Box::new(tls)))
    };
    let connected = tokio::time::timeout(limit, connecting).await;
    connected.unwrap_or_else(|_| Err(ConnectError::Timeout(step.get())))
}

async fn tcp(upstream: &Upstream, step: &Cell<Step>) -> Result<TcpStream, ConnectError> {
    let addresses = tokio::net::lookup_host((&*upstream.host, upstream.port)).await;
    let addresses = addresses.map_err(|error| ConnectError::at(Step::Resolving, error))?;
    let addresses = guard::permitted(upstream, addresses)?;
    step.set(Step::Connecting);
    let connected = race::first(addresses.into_iter(), async |address| {
        let tcp = TcpStream::connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    });
    match connected.await {
        Some(connected) => {
            let tcp = connected.map_err(|error| ConnectError::at(Step::Connecting, error))?;
            guard::check(upstream, &tcp)?;
            Ok(tcp)
        }
        None => Err(ConnectError::Dns(io::Error::other("the answer is empty"))),
    }
}
