use proptest::prelude::*;

use super::*;

const NOON: UnixTime = UnixTime::from_secs(1_800_000_000);

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn policy(despite_no_store: Option<Duration>) -> CachePolicy {
    CachePolicy {
        cap: secs(300),
        without_expiry: secs(60),
        despite_no_store,
        ..CachePolicy::default()
    }
}

fn life(
    freshness: Freshness,
    exp_in: Option<u64>,
    despite_no_store: Option<Duration>,
) -> Option<Duration> {
    let expires_at = exp_in.map(|seconds| NOON.plus(secs(seconds)));
    statement_life(&policy(despite_no_store), freshness, expires_at, NOON)
}

/// Rows: CAC-1
#[test]
fn the_life_is_the_least_of_exp_freshness_and_cap() {
    use Freshness::For;
    use Freshness::Unstated;
    let table = [
        (For(secs(20)), Some(100), Some(secs(20))),
        (For(secs(200)), Some(100), Some(secs(100))),
        (For(secs(900)), Some(900), Some(secs(300))),
        (Unstated, Some(100), Some(secs(100))),
        (Unstated, Some(900), Some(secs(300))),
        (Unstated, Some(0), None),
        (For(secs(20)), Some(0), None),
    ];
    for (freshness, exp, expected) in table {
        assert_eq!(life(freshness, exp, None), expected, "{freshness:?} {exp:?}");
    }
    let gone = Some(NOON.minus(secs(5)));
    assert_eq!(statement_life(&policy(None), For(secs(20)), gone, NOON), None);
}

/// Rows: CAC-2
#[test]
fn no_store_is_obeyed_unless_an_operator_says_otherwise_with_a_cap_of_their_own() {
    use Freshness::DoNotStore;
    assert_eq!(life(DoNotStore, Some(100), None), None);
    assert_eq!(life(DoNotStore, Some(100), Some(secs(30))), Some(secs(30)));
    assert_eq!(life(DoNotStore, Some(10), Some(secs(30))), Some(secs(10)));
    assert_eq!(life(DoNotStore, Some(900), Some(secs(900))), Some(secs(300)));
    assert_eq!(life(DoNotStore, None, Some(secs(900))), Some(secs(60)));
    // The override is for `no-store` alone: it lengthens no freshness that was stated.
    assert_eq!(life(Freshness::For(secs(5)), Some(100), Some(secs(30))), Some(secs(5)));
}

/// Rows: PITFALL-16
#[test]
fn max_age_zero_is_not_the_default() {
    for exp in [None, Some(100), Some(900)] {
        assert_eq!(life(Freshness::For(Duration::ZERO), exp, None), None);
        assert_eq!(life(Freshness::For(Duration::ZERO), exp, Some(secs(30))), None);
        assert_eq!(life(Freshness::DoNotStore, exp, None), None);
    }
}

/// Rows: CAC-3
#[test]
fn a_statement_without_exp_and_freshness_lives_the_short_default() {
    assert_eq!(life(Freshness::Unstated, None, None), Some(secs(60)));
    assert_eq!(life(Freshness::For(secs(90)), None, None), Some(secs(90)));
    assert_eq!(life(Freshness::For(secs(900)), None, None), Some(secs(300)));
    assert!(CachePolicy::default().without_expiry <= secs(60));
}

fn any_freshness() -> impl Strategy<Value = Freshness> {
    prop_oneof![
        Just(Freshness::DoNotStore),
        Just(Freshness::Unstated),
        (0u64..2_000_000).prop_map(|millis| Freshness::For(Duration::from_millis(millis))),
        Just(Freshness::For(Duration::MAX)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200_000))]

    /// Rows: CAC-1
    #[test]
    fn no_life_is_longer_than_any_of_its_bounds(
        freshness in any_freshness(),
        exp in proptest::option::of(-1_000_000i64..1_000_000),
        caps in (0u64..1000, 0u64..60, proptest::option::of(0u64..1000)),
    ) {
        let policy = CachePolicy {
            cap: secs(caps.0),
            without_expiry: secs(caps.1),
            despite_no_store: caps.2.map(secs),
            ..CachePolicy::default()
        };
        let expires_at = exp.map(|millis| {
            UnixTime::from_millis(NOON.as_millis().saturating_add_signed(millis))
        });
        let Some(life) = statement_life(&policy, freshness, expires_at, NOON) else {
            return Ok(());
        };
        prop_assert!(life > Duration::ZERO && life <= policy.cap);
        match freshness {
            Freshness::For(fresh) => prop_assert!(life <= fresh),
            Freshness::DoNotStore => prop_assert!(policy.despite_no_store.is_some_and(|cap| life <= cap)),
            Freshness::Unstated => prop_assert!(expires_at.is_some() || life <= policy.without_expiry),
        }
        if let Some(end) = expires_at {
            prop_assert!(NOON.plus(life) <= end);
        }
    }
}
