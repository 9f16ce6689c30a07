//! Where guesses come from.

use std::net::IpAddr;

/// What one party holds of addresses: one of IPv4, a /64 of IPv6 (RFC 6177 gives sites no less).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    Unknown,
    V4(u32),
    V6(u64),
}

impl Prefix {
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Unknown,
            Some(IpAddr::V4(address)) => Self::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }

    /// Another for each that there is: no /64 of the internet begins with 32 zero bits.
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::V4(bits) => bits as u64,
            Self::V6(bits) => bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(address: &str) -> Prefix {
        Prefix::of(Some(address.parse().unwrap()))
    }

    #[test]
    fn addresses_are_one_by_32_bits_of_ipv4_and_64_of_ipv6() {
        assert_eq!(prefix("2001:db8:0:1::1"), prefix("2001:db8:0:1:ffff:ffff:ffff:ffff"));
        assert_ne!(prefix("2001:db8:0:1::1"), prefix("2001:db8:0:2::1"));
        assert_ne!(prefix("192.0.2.1"), prefix("192.0.2.2"));
        assert_eq!(prefix("::ffff:192.0.2.1"), prefix("192.0.2.1"));
        assert_ne!(prefix("192.0.2.1"), Prefix::of(None));
    }
}
