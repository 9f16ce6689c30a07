use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::testing::statement;

const NOON: Tick = Tick::from_millis(1_000_000);

fn peer(last: u8) -> Peer {
    Peer::of(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
}

fn two_a_minute(by: Party) -> RateLimit {
    RateLimit::new(Rate::new(2, Duration::from_secs(60)).unwrap(), by)
}

fn client(id: Option<&str>) -> Statement {
    Statement { client_id: id.map(Box::from), ..statement("read") }
}

/// Rows: RSP-11
#[test]
fn a_client_over_its_rate_is_told_when_to_come_back() {
    let limit = two_a_minute(Party::Client);
    let one = client(Some("one"));
    for _ in 0..2 {
        assert_eq!(limit.admit(Some(&one), peer(1), NOON), Ok(()));
    }
    let refused = limit.admit(Some(&one), peer(2), NOON).unwrap_err();
    assert_eq!(refused.reason, DenyReason::RateLimited);
    assert_eq!(refused.retry_after, Some(Duration::from_secs(30)));
    let later = NOON.plus(Duration::from_secs(30));
    assert_eq!(limit.admit(Some(&one), peer(1), later), Ok(()));
    assert!(limit.admit(Some(&one), peer(1), later).is_err());
}

/// Rows: PITFALL-42
#[test]
fn clients_of_one_audience_and_subject_have_a_rate_each() {
    let limit = two_a_minute(Party::Client);
    let (one, two) = (client(Some("one")), client(Some("two")));
    assert_eq!((&one.audience, &one.subject), (&two.audience, &two.subject));
    for _ in 0..2 {
        limit.admit(Some(&one), peer(1), NOON).unwrap();
    }
    assert!(limit.admit(Some(&one), peer(1), NOON).is_err());
    assert_eq!(limit.admit(Some(&two), peer(1), NOON), Ok(()));
}

#[test]
fn without_a_client_the_subject_counts_and_without_a_token_the_address() {
    let limit = two_a_minute(Party::Client);
    let subject = |name: &str| Statement { subject: Some(name.into()), ..client(None) };
    for _ in 0..2 {
        limit.admit(Some(&subject("a")), peer(1), NOON).unwrap();
        limit.admit(None, peer(1), NOON).unwrap();
    }
    assert!(limit.admit(Some(&subject("a")), peer(1), NOON).is_err());
    assert!(limit.admit(None, peer(1), NOON).is_err());
    assert!(limit.admit(Some(&subject("b")), peer(1), NOON).is_ok());
    assert!(limit.admit(None, peer(2), NOON).is_ok());
}

#[test]
fn a_rate_by_peer_does_not_look_at_the_token() {
    let limit = two_a_minute(Party::Peer);
    limit.admit(Some(&client(Some("one"))), peer(1), NOON).unwrap();
    limit.admit(Some(&client(Some("two"))), peer(1), NOON).unwrap();
    assert!(limit.admit(Some(&client(Some("three"))), peer(1), NOON).is_err());
    assert!(limit.admit(Some(&client(Some("one"))), peer(2), NOON).is_ok());
}

#[test]
fn an_address_is_not_a_client_of_that_name() {
    let limit = two_a_minute(Party::Client);
    for _ in 0..2 {
        limit.admit(Some(&client(Some("192.0.2.1"))), peer(9), NOON).unwrap();
    }
    assert!(limit.admit(None, peer(1), NOON).is_ok());
}

#[test]
fn a_flood_of_clients_is_remembered_in_bounded_memory() {
    let rate = Rate::new(1, Duration::from_secs(60)).unwrap();
    let limit = RateLimit::remembering(rate, Party::Client, 100);
    for number in 0..10_000 {
        let name = format!("{number}-{}", "x".repeat(100));
        limit.admit(Some(&client(Some(&name))), peer(1), NOON).unwrap();
    }
    // The shards of the store divide its room unevenly; they never take more than they have.
    assert!(limit.usage.len() <= 200, "{}", limit.usage.len());
}

#[test]
fn all_workers_share_one_count() {
    let limit = two_a_minute(Party::Peer);
    let admitted = std::thread::scope(|scope| {
        let admit = || {
            let worker = limit.clone();
            scope.spawn(move || {
                (0..50).filter(|_| worker.admit(None, peer(1), NOON).is_ok()).count()
            })
        };
        let workers: Vec<_> = (0..4).map(|_| admit()).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>()
    });
    assert_eq!(admitted, 2);
}

#[test]
fn the_addresses_of_an_ipv6_network_have_one_rate() {
    let limit = two_a_minute(Party::Peer);
    let peer = |text: &str| Peer::of(text.parse().unwrap());
    limit.admit(None, peer("2001:db8::1"), NOON).unwrap();
    limit.admit(None, peer("2001:db8::2"), NOON).unwrap();
    assert!(limit.admit(None, peer("2001:db8::3:4:5"), NOON).is_err());
    assert!(limit.admit(None, peer("2001:db8:0:1::1"), NOON).is_ok());
}
