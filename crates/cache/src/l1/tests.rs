use std::time::Duration;

use phantom_core::UnixTime;

use super::*;

const FRESH: Tick = Tick::from_millis(60_000);

fn now() -> Now {
    Now { wall: UnixTime::from_secs(1_800_000_000), tick: Tick::default() }
}

fn statement(jwt_bytes: usize) -> Arc<Statement> {
    let jwt = format!("e30.{}.c2ln", "A".repeat(jwt_bytes - 9));
    let expires_at = Some(now().wall.plus(Duration::from_secs(60)));
    Arc::new(Statement { expires_at, ..phantom_testkit::statement_of(&jwt) })
}

/// Uniform, as HMACs are.
fn digest(n: u64) -> TokenDigest {
    let mac = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &n.to_be_bytes());
    TokenDigest::new(mac.as_ref().try_into().unwrap())
}

fn policy(max_entries: usize, max_bytes: usize) -> CachePolicy {
    CachePolicy { max_entries, max_bytes, ..CachePolicy::default() }
}

fn held(l1: &L1, range: std::ops::Range<u64>) -> usize {
    range.filter(|n| matches!(l1.find(&digest(*n), now()), Found::Live(_))).count()
}

/// Rows: CAC-14
#[test]
fn as_many_tokens_fit_as_the_policy_says() {
    let l1 = L1::new(&CachePolicy::default());
    let statement = statement(1024);
    for n in 0..50_000 {
        l1.insert(digest(n), Arc::clone(&statement), FRESH);
    }
    assert_eq!(held(&l1, 0..50_000), 50_000);
}

/// Rows: CAC-14
#[test]
fn entries_are_bounded_however_small() {
    for bound in [1, 10, 1000, 5000, 50_000] {
        let l1 = L1::new(&policy(bound, 256 << 20));
        let statement = statement(16);
        for n in 0..bound as u64 * 2 {
            l1.insert(digest(n), Arc::clone(&statement), FRESH);
        }
        let (entries, _) = l1.size();
        assert!((1..=bound.max(2) + bound / 8).contains(&entries), "{entries} of {bound}");
    }
}

/// Rows: CAC-14
#[test]
fn bytes_are_bounded_however_few() {
    let bound = 4 << 20;
    let l1 = L1::new(&policy(50_000, bound));
    let statement = statement(8192);
    for n in 0..1000 {
        l1.insert(digest(n), Arc::clone(&statement), FRESH);
    }
    let (entries, bytes) = l1.size();
    assert!(bytes <= bound && bytes > bound / 2, "{bytes} of {bound}");
    assert!(bytes >= entries * 8192, "the bytes of an entry are at least those of its JWT");
}

/// Rows: CAC-14
#[test]
fn the_heaviest_statement_is_admitted_by_every_shard() {
    for max_bytes in [1 << 20, 8 << 20, 256 << 20] {
        let l1 = L1::new(&policy(50_000, max_bytes));
        let heavy = statement(64 << 10);
        for n in 0..256 {
            l1.insert(digest(n), Arc::clone(&heavy), FRESH);
            assert_eq!(held(&l1, n..n + 1), 1, "{max_bytes}");
        }
    }
}

/// Rows: CAC-14
#[test]
fn tokens_seen_again_survive_a_flood_of_tokens_seen_once() {
    let l1 = L1::new(&policy(2000, 64 << 20));
    let statement = statement(1024);
    for n in 0..1000 {
        l1.insert(digest(n), Arc::clone(&statement), FRESH);
    }
    for flood in 0..20 {
        assert!(held(&l1, 0..1000) > 990, "after {flood} thousand");
        for n in 0..1000 {
            l1.insert(digest(1_000_000 + flood * 1000 + n), Arc::clone(&statement), FRESH);
        }
    }
}

#[test]
fn a_cache_of_nothing_holds_nothing() {
    for policy in [policy(0, 1 << 20), policy(10, 0)] {
        let l1 = L1::new(&policy);
        l1.insert(digest(1), statement(1024), FRESH);
        assert_eq!(l1.size(), (0, 0));
    }
}
