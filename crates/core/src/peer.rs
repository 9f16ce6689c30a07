//! Who counts as one on the network.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

/// A client's address as far as it is one client's: all of an IPv4 address, the first 64 bits of an
/// IPv6 address, below which whoever holds one holds them all (RFC 4291 §2.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer(u128);

impl Peer {
    const NETWORK: u128 = !(u64::MAX as u128);
    const MAPPED: u128 = 0xffff_0000_0000;

    /// The client behind an address. IPv6 addresses that map IPv4 ones are those (RFC 4291 §2.5.5.2).
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V4(address) => return Self::v4(address),
            IpAddr::V6(address) => address,
        };
        match address.to_ipv4_mapped() {
            Some(address) => Self::v4(address),
            None => Self(address.to_bits() & Self::NETWORK),
        }
    }

    const fn v4(address: Ipv4Addr) -> Self {
        Self(Self::MAPPED | address.to_bits() as u128)
    }
}

/// An IPv4 address, or an IPv6 prefix with its length.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.0);
        match address.to_ipv4_mapped() {
            Some(address) => address.fmt(f),
            None => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::of(text.parse().unwrap())
    }

    #[test]
    fn an_ipv4_address_is_one_client_however_it_is_written() {
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
        assert_eq!(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
        assert_eq!(peer("192.0.2.1").to_string(), "192.0.2.1");
    }

    #[test]
    fn an_ipv6_network_of_64_bits_is_one_client() {
        assert_eq!(peer("2001:db8:0:7::1"), peer("2001:db8:0:7:ffff:1:2:3"));
        assert_ne!(peer("2001:db8:0:7::1"), peer("2001:db8:0:8::1"));
        assert_eq!(peer("2001:db8:0:7::1").to_string(), "2001:db8:0:7::/64");
    }

    #[test]
    fn loopback_addresses_of_both_kinds_are_two_clients() {
        assert_ne!(peer("::1"), peer("127.0.0.1"));
    }
}
