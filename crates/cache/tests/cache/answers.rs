//! What is kept of an answer, and for how long.

use super::support::*;
use phantom_cache::CachePolicy;
use phantom_cache::Lookup;
use phantom_cache::NoStatement;
use phantom_core::Access;
use phantom_core::DenyReason;
use phantom_core::Protection;
use phantom_core::RequiredScope;
use phantom_core::Scope;
use phantom_core::Trust;
use phantom_core::authorize;
use phantom_core::authorize::Evidence;
use phantom_oauth::Freshness;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_kept_statement_costs_no_second_call() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    let first = rig.resolve("abc").await.unwrap();
    let second = rig.resolve("abc").await.unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(rig.server.calls(), 1);
    let stats = rig.cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.introspections, stats.entries), (1, 1, 1, 1));
}

/// Rows: CAC-1, WSO2-10.4
#[tokio::test]
async fn an_entry_ends_with_the_least_of_exp_freshness_and_cap() {
    let cases = [
        (Some(100), Freshness::Unstated, 100),
        (Some(100), Freshness::For(secs(40)), 40),
        (Some(100), Freshness::For(secs(400)), 100),
        (Some(900), Freshness::For(secs(900)), 300),
        (Some(900), Freshness::Unstated, 300),
        (None, Freshness::Unstated, 60),
        (None, Freshness::For(secs(90)), 90),
    ];
    for (exp, freshness, life) in cases {
        let expires_at = exp.map(|exp| NOON.plus(secs(exp)));
        let rig = Rig::scripted(move |_, _| active(Arc::new(statement(expires_at)), freshness));
        rig.resolve("abc").await.unwrap();
        rig.clock.advance(secs(life) - Duration::from_millis(1));
        assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
        rig.clock.advance(Duration::from_millis(1));
        assert_matches!(rig.lookup("abc"), Lookup::Miss);
        assert_eq!(rig.cache.stats().expired, 1);
    }
}

/// Rows: CAC-2, WSO2-10.4
#[tokio::test]
async fn a_statement_not_to_be_stored_is_still_the_answer_to_its_question() {
    for freshness in [Freshness::DoNotStore, Freshness::For(Duration::ZERO)] {
        let rig = Rig::scripted(move |_, _| active(expiring(100), freshness));
        rig.resolve("abc").await.unwrap();
        assert_matches!(rig.lookup("abc"), Lookup::Miss);
        rig.resolve("abc").await.unwrap();
        assert_eq!(rig.server.calls(), 2);
    }
}

/// Rows: CAC-2
#[tokio::test]
async fn an_operator_may_override_no_store() {
    let policy = CachePolicy { despite_no_store: Some(secs(30)), ..CachePolicy::default() };
    let server = server(|_, _| active(expiring(100), Freshness::DoNotStore));
    let rig = Rig::new(policy, server);
    rig.resolve("abc").await.unwrap();
    rig.clock.advance(secs(29));
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
    rig.clock.advance(secs(1));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
}

/// Rows: CAC-3
#[tokio::test]
async fn a_statement_without_exp_is_asked_for_again_within_a_minute() {
    let rig = Rig::scripted(|_, _| active(Arc::new(statement(None)), Freshness::Unstated));
    rig.resolve("abc").await.unwrap();
    rig.clock.advance(secs(60));
    rig.resolve("abc").await.unwrap();
    assert_eq!(rig.server.calls(), 2);
}

/// Rows: CAC-1
#[tokio::test]
async fn time_spent_on_the_call_counts_as_life() {
    let server = server(|_, _| active(expiring(900), Freshness::For(secs(20))));
    server.close();
    let rig = Rig::new(CachePolicy::default(), server);
    let asking = tokio::spawn(rig.asking("abc"));
    rig.until(|rig| rig.server.calls() == 1).await;
    rig.clock.advance(secs(15));
    rig.server.open();
    asking.await.unwrap().unwrap();
    rig.clock.advance(secs(4));
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
    rig.clock.advance(secs(1));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
}

/// CAC-4, pitfall 18: what one route decided binds no other, since no decision is kept.
/// Rows: CAC-4
#[tokio::test]
async fn one_entry_serves_routes_that_decide_differently() {
    let scope = Scope::parse("read").unwrap();
    let granted =
        Arc::new(phantom_core::Statement { scope, ..statement(Some(NOON.plus(secs(100)))) });
    let rig = Rig::scripted(move |_, _| active(Arc::clone(&granted), Freshness::Unstated));
    let decide = |statement: &phantom_core::Statement, scope: &str| {
        let scope = RequiredScope::All(Scope::parse(scope).unwrap());
        let access = Access::Protected(Protection { scope, claims: Vec::new() });
        let trust = Trust::default();
        authorize(&access, Some(Evidence { statement, trust: &trust }), NOON).map(drop)
    };
    let asked = rig.resolve("abc").await.unwrap();
    assert_eq!(decide(&asked, "read"), Ok(()));
    let kept = rig.resolve("abc").await.unwrap();
    assert_eq!(decide(&kept, "write"), Err(DenyReason::InsufficientScope));
    assert_eq!(decide(&kept, "read"), Ok(()));
    assert_eq!(rig.server.calls(), 1);
}

/// Rows: PITFALL-17
#[tokio::test]
async fn an_expired_statement_is_never_found() {
    let rig = Rig::scripted(|_, _| active(expiring(10), Freshness::For(secs(300))));
    rig.resolve("abc").await.unwrap();
    for _ in 0..3 {
        rig.clock.advance(secs(10));
        assert_matches!(rig.lookup("abc"), Lookup::Miss);
    }
    assert_eq!(rig.cache.stats().entries, 1, "its room is taken back by the sweep");
    rig.cache.sweep();
    assert_eq!((rig.cache.stats().entries, rig.cache.stats().bytes), (0, 0));
}

/// Rows: CAC-8, WSO2-10.4
#[tokio::test]
async fn an_inactive_token_is_remembered_for_seconds() {
    let rig = Rig::scripted(|_, _| Ok(Introspection::Inactive));
    assert_matches!(rig.resolve("abc").await, Err(NoStatement::Inactive));
    rig.clock.advance(secs(10) - Duration::from_millis(1));
    assert_matches!(rig.lookup("abc"), Lookup::Inactive);
    assert_matches!(rig.resolve("abc").await, Err(NoStatement::Inactive));
    assert_eq!(rig.server.calls(), 1);
    rig.clock.advance(Duration::from_millis(1));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    rig.cache.sweep();
    assert_eq!(rig.cache.stats().negative_entries, 0);
    assert!(CachePolicy::default().inactive <= secs(10));
}

/// Rows: PITFALL-20
#[tokio::test]
async fn a_token_that_becomes_active_is_served_after_seconds() {
    let rig = Rig::scripted(|call, _| match call {
        1 => Ok(Introspection::Inactive),
        _ => active(expiring(100), Freshness::Unstated),
    });
    assert_matches!(rig.resolve("abc").await, Err(NoStatement::Inactive));
    rig.clock.advance(secs(10));
    rig.resolve("abc").await.unwrap();
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
}

/// Rows: PITFALL-20
#[tokio::test]
async fn a_flood_of_junk_evicts_no_good_token() {
    let policy =
        CachePolicy { max_inactive_entries: 50, max_entries: 50, ..CachePolicy::default() };
    let server = server(|_, token| match token.starts_with("good") {
        true => active(expiring(100), Freshness::Unstated),
        false => Ok(Introspection::Inactive),
    });
    let rig = Rig::new(policy, server);
    for n in 0..40 {
        rig.resolve(&format!("good{n}")).await.unwrap();
    }
    for n in 0..2000 {
        assert!(rig.resolve(&format!("junk{n}")).await.is_err());
    }
    for n in 0..40 {
        assert_matches!(rig.lookup(&format!("good{n}")), Lookup::Hit(_));
    }
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.negative_entries), (40, 50));
}

/// Rows: CAC-9
#[tokio::test]
async fn an_error_is_told_and_not_kept() {
    let rig = Rig::scripted(|call, _| match call {
        1 => unavailable(),
        2 => Err(IntrospectError::Misbehaved { cause: "status 401".into() }),
        _ => active(expiring(100), Freshness::Unstated),
    });
    assert_matches!(
        rig.resolve("abc").await,
        Err(NoStatement::NoVerdict(IntrospectError::Unavailable { retry_after: Some(_), .. }))
    );
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    assert_matches!(
        rig.resolve("abc").await,
        Err(NoStatement::NoVerdict(IntrospectError::Misbehaved { .. }))
    );
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    rig.resolve("abc").await.unwrap();
    let stats = rig.cache.stats();
    assert_eq!((stats.introspections, stats.negative_entries, stats.entries), (3, 0, 1));
}

/// Rows: PITFALL-19
#[tokio::test]
async fn no_failure_ever_reads_as_inactive() {
    let rig = Rig::scripted(|_, _| unavailable());
    for _ in 0..3 {
        assert_matches!(
            rig.resolve("abc").await,
            Err(NoStatement::NoVerdict(IntrospectError::Unavailable { retry_after: Some(_), .. }))
        );
    }
    assert_eq!((rig.server.calls(), rig.cache.stats().negative_entries), (3, 0));
}

/// Rows: CAC-9
#[tokio::test]
async fn a_failure_leaves_what_was_known_as_it_was() {
    let rig = Rig::scripted(|_, token| match token {
        "good" => active(expiring(100), Freshness::Unstated),
        _ => unavailable(),
    });
    rig.resolve("good").await.unwrap();
    assert!(rig.resolve("other").await.is_err());
    assert_matches!(rig.lookup("good"), Lookup::Hit(_));
}

/// Rows: CAC-14, WSO2-10.4
#[tokio::test]
async fn the_bound_on_entries_holds_for_the_exchange() {
    let policy = CachePolicy { max_entries: 100, max_bytes: 1 << 20, ..CachePolicy::default() };
    let server = server(|_, _| active(expiring(100), Freshness::Unstated));
    let rig = Rig::new(policy, server);
    for n in 0..500 {
        rig.resolve(&format!("token{n}")).await.unwrap();
    }
    let stats = rig.cache.stats();
    assert!(stats.entries <= 100 && stats.entries > 90, "{stats:?}");
    assert!(stats.bytes <= 1 << 20 && stats.bytes >= stats.entries * 12, "{stats:?}");
}
