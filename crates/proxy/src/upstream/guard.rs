//! Endpoints of APIs are named by their owners, who must not reach through the gateway what only this
//! machine may reach: its management listener, other services' loopback ports, a cloud's metadata.
//!
//! Addresses are looked at as they are connected to, so that a name cannot lead elsewhere in between.

use std::net::IpAddr;
use std::net::SocketAddr;

use phantom_core::address::is_local;
use phantom_pipeline::route::Upstream;
use thiserror::Error;
use tokio::net::TcpStream;

/// The endpoint of an API is where it must not be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("it is on this machine or its link: control.allow_local_endpoints permits that")]
pub(crate) struct IsLocal;

/// Those addresses of an upstream that may be connected to.
pub(super) fn permitted(
    upstream: &Upstream,
    addresses: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, IsLocal> {
    let mut addresses: Vec<SocketAddr> = addresses.collect();
    let had_any = !addresses.is_empty();
    addresses.retain(|address| !upstream.guarded || !is_local(address.ip()));
    if had_any && addresses.is_empty() { Err(IsLocal) } else { Ok(addresses) }
}

/// Returns whether a connection leads away from this machine: one to an address of our own comes from it as
/// well. Nothing has been sent on it.
pub(super) fn check(upstream: &Upstream, connection: &TcpStream) -> Result<(), IsLocal> {
    let ends = (connection.local_addr(), connection.peer_addr());
    match ends {
        (Ok(here), Ok(there)) if upstream.guarded && is_same(here.ip(), there.ip()) => Err(IsLocal),
        _ => Ok(()),
    }
}

fn is_same(here: IpAddr, there: IpAddr) -> bool {
    here.to_canonical() == there.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(guarded: bool) -> Upstream {
        Upstream { https: false, host: "b".into(), port: 1, path: "".into(), guarded }
    }

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[test]
    fn a_name_with_any_other_address_is_called_there() {
        let all = addresses(&["127.0.0.1:1", "[::1]:1", "10.0.0.1:1", "169.254.169.254:1"]);
        let permitted_of =
            |guarded, list: &[SocketAddr]| permitted(&upstream(guarded), list.iter().copied());
        assert_eq!(permitted_of(false, &all).as_deref(), Ok(&*all));
        assert_eq!(permitted_of(true, &all), Ok(addresses(&["10.0.0.1:1"])));
        assert_eq!(permitted_of(true, &addresses(&["127.0.0.1:1"])), Err(IsLocal));
        assert_eq!(permitted_of(true, &[]), Ok(Vec::new()));
    }

    #[tokio::test]
    async fn a_connection_to_an_address_of_this_machine_is_known_by_its_own_end() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connection = TcpStream::connect(address).await.unwrap();
        assert_eq!(check(&upstream(true), &connection), Err(IsLocal));
        assert_eq!(check(&upstream(false), &connection), Ok(()));
    }
}
