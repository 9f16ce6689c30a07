//! From a place to a stream: addresses, TCP, TLS.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use phantom_tls::race;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;
use url::Url;

use crate::egress::http1::Stream;
use crate::egress::is_public;

#[derive(Debug, Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Tcp(#[from] io::Error),
    /// The peer is there; TLS with it failed.
    #[error(transparent)]
    Tls(io::Error),
}

#[derive(Debug, Error)]
#[error("the name has no public address")]
pub(super) struct NoPublicAddress;

#[derive(Clone)]
pub(super) struct Connector {
    tls: TlsConnector,
    timeout: Duration,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Connector {
    pub(super) fn new(mut tls: ClientConfig, timeout: Duration) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { tls: TlsConnector::from(Arc::new(tls)), timeout }
    }

    /// `public_only`: what was checked is what is connected to, so a name cannot change its answer in
    /// between.
    pub(super) async fn connect(
        &self,
        url: &Url,
        public_only: bool,
    ) -> Result<Stream, ConnectError> {
        tokio::time::timeout(self.timeout, self.stream(url, public_only))
            .await
            .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }

    async fn stream(&self, url: &Url, public_only: bool) -> Result<Stream, ConnectError> {
        let (host, port) = (url.host(), url.port_or_known_default());
        let (Some(host), Some(port)) = (host, port) else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
        };
        let stream = first_to_connect(addresses(&host, port, public_only).await?).await?;
        stream.set_nodelay(true)?;
        if url.scheme() != "https" {
            return Ok(Stream::Plain(stream));
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned())
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(address)),
        };
        let stream = self.tls.connect(name, stream).await.map_err(ConnectError::Tls)?;
        Ok(Stream::TlsClient(Box::new(stream)))
    }
}

async fn addresses(host: &Host<&str>, port: u16, public_only: bool) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<SocketAddr> = match host {
        Host::Domain(name) => tokio::net::lookup_host((*name, port)).await?.collect(),
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
    };
    if public_only {
        addresses.retain(|address| is_public(address.ip()));
        if addresses.is_empty() {
            return Err(io::Error::other(NoPublicAddress));
        }
    }
    Ok(addresses)
}

async fn first_to_connect(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let connected = race::first(addresses.into_iter(), TcpStream::connect::<SocketAddr>).await;
    connected.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A listener whose backlog is full: further connections get no answer.
    fn silent_address() -> (SocketAddr, Vec<std::net::TcpStream>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        while let Ok(stream) =
            std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100))
        {
            held.push(stream);
        }
        std::mem::forget(listener);
        (address, held)
    }

    #[tokio::test]
    async fn an_address_that_refuses_makes_room_for_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let refusing = {
            let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            gone.local_addr().unwrap()
        };
        let stream = first_to_connect(vec![refusing, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        // Neither is one that says nothing waited for, as a firewall makes it: a full backlog does.
        let (silent, _held) = silent_address();
        let stream = first_to_connect(vec![silent, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        let nobody = first_to_connect(vec![refusing, refusing]).await.unwrap_err();
        assert_eq!(nobody.kind(), io::ErrorKind::ConnectionRefused);
    }
}
