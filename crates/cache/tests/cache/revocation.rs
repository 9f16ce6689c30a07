//! Marks against answers (CAC-16, pitfall 41).

use super::support::*;
use phantom_cache::CachePolicy;
use phantom_cache::Lookup;
use phantom_cache::NoStatement;
use phantom_oauth::Freshness;
use phantom_oauth::Introspection;

/// Cap and longest call of the usual policy.
const LIFE: u64 = 330;

fn rig() -> Rig {
    Rig::scripted(|_, _| active(expiring(10_000), Freshness::Unstated))
}

/// Rows: CAC-16
#[tokio::test]
async fn a_revoked_token_is_denied_at_once_although_it_was_cached() {
    let rig = rig();
    rig.resolve("abc").await.unwrap();
    rig.resolve("other").await.unwrap();
    rig.revoke("abc");
    assert_matches!(rig.lookup("abc"), Lookup::Revoked);
    assert_matches!(rig.lookup("other"), Lookup::Hit(_));
    assert_eq!((rig.cache.stats().entries, rig.cache.stats().marks), (1, 1));
    assert!(rig.cache.is_revoked(&rig.cache.digest(token("abc"))));
    assert!(!rig.cache.is_revoked(&rig.cache.digest(token("other"))));
}

/// Rows: PITFALL-41
#[tokio::test]
async fn a_mark_beats_an_answer_that_was_asked_for_before_it() {
    for freshness in [Freshness::Unstated, Freshness::DoNotStore] {
        let server = server(move |_, _| active(expiring(100), freshness));
        server.close();
        let rig = Rig::new(CachePolicy::default(), server);
        let waiting = [tokio::spawn(rig.asking("abc")), tokio::spawn(rig.asking("abc"))];
        let bystander = tokio::spawn(rig.asking("other"));
        rig.until(|rig| rig.server.calls() == 2 && rig.cache.stats().single_flight_waiters == 3)
            .await;
        rig.revoke("abc");
        rig.server.open();
        for waiting in waiting {
            assert_matches!(waiting.await.unwrap(), Err(NoStatement::Revoked));
        }
        bystander.await.unwrap().unwrap();
        assert_matches!(rig.lookup("abc"), Lookup::Revoked);
        rig.clock.advance(secs(LIFE));
        assert_matches!(rig.lookup("abc"), Lookup::Miss);
    }
}

#[tokio::test]
async fn what_is_forgotten_is_asked_for_once_more_and_answers_on_their_way_are_not_believed() {
    let rig = rig();
    rig.resolve("abc").await.unwrap();
    rig.cache.forget();
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    rig.resolve("abc").await.unwrap();
    assert_eq!(rig.server.calls(), 2);
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));

    rig.server.close();
    let waiting = tokio::spawn(rig.asking("other"));
    rig.until(|rig| rig.server.calls() == 3).await;
    rig.cache.forget();
    rig.server.open();
    waiting.await.unwrap().unwrap();
    assert_eq!(rig.server.calls(), 4, "it was asked for before");
    assert_matches!(rig.lookup("other"), Lookup::Hit(_));
}

/// Rows: CAC-16
#[tokio::test]
async fn a_marked_token_costs_no_call() {
    let rig = rig();
    rig.revoke("abc");
    assert_matches!(rig.asking("abc").await, Err(NoStatement::Revoked));
    assert_eq!(rig.server.calls(), 0);
}

/// Rows: CAC-16
#[tokio::test]
async fn a_mark_lasts_as_long_as_the_longest_call_and_the_cap() {
    let rig = rig();
    rig.revoke("abc");
    rig.clock.advance(secs(LIFE - 1));
    assert_matches!(rig.lookup("abc"), Lookup::Revoked);
    rig.clock.advance(secs(1));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    rig.cache.sweep();
    assert_eq!(rig.cache.stats().marks, 0);
    rig.revoke("abc");
    assert_matches!(rig.lookup("abc"), Lookup::Revoked);
}

/// Rows: CAC-16
#[tokio::test]
async fn after_its_mark_a_token_is_what_the_server_says_it_is() {
    let rig = Rig::scripted(|call, _| match call {
        1 => active(expiring(10_000), Freshness::Unstated),
        _ => Ok(Introspection::Inactive),
    });
    rig.resolve("abc").await.unwrap();
    rig.revoke("abc");
    rig.clock.advance(secs(LIFE));
    assert_matches!(rig.resolve("abc").await, Err(NoStatement::Inactive));
    assert_matches!(rig.lookup("abc"), Lookup::Inactive);
}

/// Rows: PITFALL-41
#[tokio::test]
async fn a_call_that_outlives_marks_asks_again_before_it_is_believed() {
    let server = server(|call, _| match call {
        1 => active(expiring(10_000), Freshness::Unstated),
        _ => Ok(Introspection::Inactive),
    });
    server.close();
    let rig = Rig::new(CachePolicy::default(), server);
    let waiting = tokio::spawn(rig.asking("abc"));
    rig.until(|rig| rig.server.calls() == 1).await;
    rig.revoke("abc");
    rig.clock.advance(secs(LIFE));
    rig.cache.sweep();
    rig.server.open();
    assert_matches!(waiting.await.unwrap(), Err(NoStatement::Inactive));
    assert_eq!(rig.server.calls(), 2);
}

/// Rows: CAC-16
#[tokio::test]
async fn more_marks_than_are_kept_let_no_older_answer_through_and_empty_no_cache() {
    let server = server(|call, token| match (token, call) {
        ("kept", _) | (_, 2) => active(expiring(10_000), Freshness::Unstated),
        _ => Ok(Introspection::Inactive),
    });
    let rig = Rig::new(CachePolicy::default(), server);
    rig.resolve("kept").await.unwrap();
    rig.server.close();
    let waiting = tokio::spawn(rig.asking("abc"));
    rig.until(|rig| rig.server.calls() == 2).await;
    rig.revoke("abc");
    for n in 0..100_000 {
        rig.revoke(&format!("flood{n}"));
    }
    assert_eq!(rig.cache.stats().marks, 100_000);
    rig.server.open();
    assert_matches!(waiting.await.unwrap(), Err(NoStatement::Inactive));
    assert_eq!(rig.server.calls(), 3, "the answer from before was not believed");
    assert_matches!(rig.lookup("kept"), Lookup::Hit(_));
}

/// Rows: PITFALL-41
#[tokio::test]
async fn a_mark_beats_an_answer_that_has_completed_but_was_not_taken_yet() {
    let server = server(|_, _| active(expiring(100), Freshness::DoNotStore));
    server.close();
    let rig = Rig::new(CachePolicy::default(), server);
    let mut waiting = Box::pin(rig.asking("abc"));
    tokio::select! {
        biased;
        answer = &mut waiting => panic!("answered early: {answer:?}"),
        () = rig.until(|rig| rig.server.calls() == 1) => {}
    }
    rig.server.open();
    rig.until(|rig| rig.cache.stats().flights == 0).await;
    rig.revoke("abc");
    assert_matches!(waiting.await, Err(NoStatement::Revoked));
}
