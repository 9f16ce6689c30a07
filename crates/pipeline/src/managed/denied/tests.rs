use std::net::Ipv4Addr;
use std::net::Ipv6Addr;

use proptest::prelude::*;

use super::*;
use crate::testing::managed::application;

fn addresses(first: &str, last: &str, invert: bool) -> DenyPolicy {
    let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
    DenyPolicy::Addresses { first, last, invert }
}

fn deny(policies: &[DenyPolicy], peer: &str) -> bool {
    let peer = peer.parse().unwrap();
    let denied = Denied::new(policies).address(peer);
    assert_eq!(policies.iter().any(|policy| policy.denies_address(peer)), denied, "{peer}");
    denied
}

#[test]
fn an_address_is_denied_however_it_is_written_and_its_neighbours_are_not() {
    let one = [addresses("192.0.2.7", "192.0.2.7", false)];
    assert!(deny(&one, "192.0.2.7") && deny(&one, "::ffff:192.0.2.7"));
    assert!(!deny(&one, "192.0.2.6") && !deny(&one, "192.0.2.8") && !deny(&one, "::1"));
    let mapped = [addresses("::ffff:192.0.2.7", "::ffff:192.0.2.9", false)];
    assert!(deny(&mapped, "192.0.2.8") && !deny(&mapped, "192.0.2.10"));
}

#[test]
fn both_ends_of_a_range_are_denied() {
    let range = [addresses("2001:db8::5", "2001:db8::7", false)];
    for (peer, denied) in [("4", false), ("5", true), ("6", true), ("7", true), ("8", false)] {
        assert_eq!(deny(&range, &format!("2001:db8::{peer}")), denied, "{peer}");
    }
}

#[test]
fn an_inverted_policy_denies_everybody_else_of_either_family() {
    let inverted = [addresses("10.0.0.1", "10.0.0.9", true)];
    assert!(!deny(&inverted, "10.0.0.1") && !deny(&inverted, "10.0.0.9"));
    assert!(deny(&inverted, "10.0.0.0") && deny(&inverted, "10.0.0.10"));
    assert!(deny(&inverted, "::1"));
    let everybody = [addresses("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true)];
    assert!(deny(&everybody, "192.0.2.1") && !deny(&everybody, "::2"));
}

#[test]
fn an_application_is_denied_by_owner_and_name() {
    let policy = |owner: &str, name: &str| {
        Denied::new(&[DenyPolicy::Application { owner: owner.into(), name: name.into() }])
    };
    assert!(policy("alice", "app").caller(&application(), None));
    assert!(!policy("bob", "app").caller(&application(), None));
    assert!(!policy("alice", "App").caller(&application(), None));
}

#[test]
fn a_user_is_denied_with_the_tenants_name_and_without() {
    for (denied, user) in [
        ("mallory", "mallory"),
        ("mallory@carbon.super", "mallory"),
        ("mallory", "mallory@carbon.super"),
    ] {
        let policy = Denied::new(&[DenyPolicy::User(denied.into())]);
        assert!(policy.caller(&application(), Some(user)), "{denied} {user}");
        assert!(!policy.caller(&application(), Some("mallory@example.com")));
        assert!(!policy.caller(&application(), None));
    }
}

fn address() -> impl Strategy<Value = IpAddr> {
    // Few enough to meet, with both ends of both families.
    let edge = prop_oneof![0u32..12, (u32::MAX - 12)..=u32::MAX];
    prop_oneof![
        edge.clone().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        edge.prop_map(|bits| {
            let high = if bits < 12 { 0x2001 << 112 } else { u128::MAX ^ u128::from(u32::MAX) };
            IpAddr::V6(Ipv6Addr::from_bits(high | u128::from(bits)))
        }),
    ]
}

proptest! {
    #[test]
    fn the_compiled_policies_deny_whom_one_of_them_denies(
        policies in proptest::collection::vec((address(), address(), any::<bool>()), 0..8),
        peer in address(),
    ) {
        let policies: Vec<_> = policies
            .into_iter()
            .filter(|(a, b, _)| a.is_ipv4() == b.is_ipv4())
            .map(|(a, b, invert)| DenyPolicy::Addresses { first: a.min(b), last: a.max(b), invert })
            .collect();
        let expected = policies.iter().any(|policy| policy.denies_address(peer));
        prop_assert_eq!(Denied::new(&policies).address(peer), expected);
    }
}
