//! One introspection however many ask, whoever leaves, whatever dies.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::support::*;
use phantom_cache::CachePolicy;
use phantom_cache::Lookup;
use phantom_cache::NoStatement;
use phantom_core::Statement;
use phantom_oauth::Freshness;
use phantom_oauth::IntrospectError;
use phantom_oauth::NotAsked;
use phantom_oauth::Why;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

const CALLERS: usize = 1000;

type Call = JoinHandle<Result<Arc<Statement>, NoStatement>>;

fn ask_many(rig: &Rig, callers: usize) -> Vec<Call> {
    (0..callers).map(|_| tokio::spawn(rig.asking("abc"))).collect()
}

async fn waiting(rig: &Rig, callers: usize) {
    rig.until(|rig| rig.cache.stats().single_flight_waiters == callers && rig.server.calls() > 0)
        .await;
}

async fn closed(script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Rig {
    let server = server(script);
    server.close();
    Rig::new(CachePolicy::default(), server)
}

/// Rows: CAC-10, WSO2-10.4
#[tokio::test]
async fn a_thousand_first_requests_with_one_new_token_make_one_introspection() {
    for freshness in [Freshness::Unstated, Freshness::DoNotStore] {
        let rig = closed(move |_, _| active(expiring(100), freshness)).await;
        let calls = ask_many(&rig, CALLERS);
        waiting(&rig, CALLERS).await;
        rig.server.open();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(rig.server.calls(), 1, "{freshness:?}");
        let stats = rig.cache.stats();
        assert_eq!((stats.single_flight_waiters, stats.flights), (0, 0));
    }
}

/// Rows: CAC-11
#[tokio::test]
async fn the_introspection_goes_on_when_the_first_caller_disconnects() {
    let rig = closed(|_, _| active(expiring(100), Freshness::Unstated)).await;
    let first = tokio::spawn(rig.asking("abc"));
    waiting(&rig, 1).await;
    let others = ask_many(&rig, CALLERS - 1);
    waiting(&rig, CALLERS).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    rig.server.open();
    for call in others {
        call.await.unwrap().unwrap();
    }
    assert_eq!(rig.server.calls(), 1);
}

/// Rows: CAC-11
#[tokio::test]
async fn the_introspection_goes_on_when_every_caller_disconnects() {
    let rig = closed(|_, _| active(expiring(100), Freshness::Unstated)).await;
    let calls = ask_many(&rig, 10);
    waiting(&rig, 10).await;
    for call in calls {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    assert_eq!(rig.cache.stats().single_flight_waiters, 0);
    rig.server.open();
    rig.until(|rig| matches!(rig.lookup("abc"), Lookup::Hit(_))).await;
    assert_eq!(rig.server.calls(), 1);
}

/// The retry belongs to the introspection client (INT-14): to us it is one, longer call.
/// Rows: CAC-10
#[tokio::test]
async fn a_first_try_that_fails_makes_still_one_introspection() {
    let tries = Arc::new(AtomicUsize::new(0));
    let server = Arc::new(FakeIntrospect::scripted_async({
        let tries = Arc::clone(&tries);
        move |_, _| {
            let tries = Arc::clone(&tries);
            async move {
                while tries.fetch_add(1, SeqCst) == 0 {
                    tokio::task::yield_now().await;
                }
                active(expiring(100), Freshness::Unstated)
            }
        }
    }));
    server.close();
    let rig = Rig::new(CachePolicy::default(), server);
    let calls = ask_many(&rig, CALLERS);
    waiting(&rig, CALLERS).await;
    rig.server.open();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!((rig.server.calls(), tries.load(SeqCst)), (1, 2));
}

/// Rows: CAC-10
#[tokio::test]
async fn all_waiters_inherit_a_failure_together() {
    let rig = closed(|_, _| unavailable()).await;
    let calls = ask_many(&rig, CALLERS);
    waiting(&rig, CALLERS).await;
    rig.server.open();
    for call in calls {
        assert_matches!(
            call.await.unwrap(),
            Err(NoStatement::NoVerdict(IntrospectError::Unavailable { .. }))
        );
    }
    assert_eq!(rig.server.calls(), 1);
}

/// Rows: PITFALL-21
#[tokio::test]
async fn one_waiter_retries_after_the_task_of_the_first_panicked() {
    let rig = closed(|call, _| match call {
        1 => panic!("scripted"),
        _ => active(expiring(100), Freshness::Unstated),
    })
    .await;
    let calls = ask_many(&rig, CALLERS);
    waiting(&rig, CALLERS).await;
    rig.server.open();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(rig.server.calls(), 2);
}

/// Rows: PITFALL-21
#[tokio::test]
async fn nobody_hangs_when_every_task_panics() {
    let rig = closed(|_, _| panic!("scripted")).await;
    let calls = ask_many(&rig, CALLERS);
    waiting(&rig, CALLERS).await;
    rig.server.open();
    for call in calls {
        assert_matches!(
            call.await.unwrap(),
            Err(NoStatement::NoVerdict(IntrospectError::Unavailable { .. }))
        );
    }
    assert_eq!(rig.server.calls(), 2);
    assert_eq!(rig.cache.stats().flights, 0);
}

/// Rows: PITFALL-21
#[test]
fn nobody_hangs_when_the_runtime_of_the_call_stops() {
    let carrier = Runtime::new().unwrap();
    let server = server(|_, _| active(expiring(100), Freshness::Unstated));
    server.close();
    let rig = Rig::on(carrier.handle().clone(), CachePolicy::default(), server);
    Builder::new_current_thread().build().unwrap().block_on(async {
        let calls = ask_many(&rig, 10);
        waiting(&rig, 10).await;
        carrier.shutdown_background();
        for call in calls {
            assert_matches!(
                call.await.unwrap(),
                Err(NoStatement::NoVerdict(IntrospectError::Unavailable { .. }))
            );
        }
        assert_matches!(
            rig.asking("abc").await,
            Err(NoStatement::NoVerdict(IntrospectError::Unavailable { .. }))
        );
    });
}

#[test]
fn a_call_can_be_awaited_from_runtimes_of_other_threads() {
    let carrier = Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let server = server(|_, _| active(expiring(100), Freshness::Unstated));
    server.close();
    let rig = Rig::on(carrier.handle().clone(), CachePolicy::default(), server);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let call = rig.asking("abc");
            // No timer and no I/O: only the carrier needs them.
            std::thread::spawn(|| Builder::new_current_thread().build().unwrap().block_on(call))
        })
        .collect();
    while rig.cache.stats().single_flight_waiters < 4 {
        std::thread::yield_now();
    }
    rig.server.open();
    for worker in workers {
        worker.join().unwrap().unwrap();
    }
    assert_eq!(rig.server.calls(), 1);
}

/// Rows: CAC-10
#[tokio::test]
async fn a_caller_that_looked_before_a_flight_completed_makes_no_second_call() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    let late = rig.asking("abc");
    rig.resolve("abc").await.unwrap();
    late.await.unwrap();
    assert_eq!(rig.server.calls(), 1);
}

/// Rows: PITFALL-21
#[tokio::test]
async fn an_introspection_that_never_ends_is_ended() {
    let server = Arc::new(FakeIntrospect::scripted_async(|_, _| std::future::pending()));
    let longest_call = Duration::from_millis(20);
    let rig = Rig::new(CachePolicy { longest_call, ..CachePolicy::default() }, server);
    assert_matches!(
        rig.resolve("abc").await,
        Err(NoStatement::NoVerdict(IntrospectError::Unavailable { .. }))
    );
    assert_eq!(rig.cache.stats().flights, 0);
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
}

#[tokio::test]
async fn calls_under_way_are_bounded() {
    let rig = closed(|_, _| active(expiring(100), Freshness::Unstated)).await;
    let calls: Vec<_> =
        (0..10_000).map(|n| tokio::spawn(rig.asking(&format!("token{n}")))).collect();
    rig.until(|rig| rig.cache.stats().flights == 10_000).await;
    assert_matches!(
        rig.asking("one-more").await,
        Err(NoStatement::NoVerdict(IntrospectError::Unavailable { .. }))
    );
    rig.server.open();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    rig.asking("one-more").await.unwrap();
}

#[tokio::test]
async fn a_question_is_put_once_and_for_whoever_came_first() {
    let rig = closed(|_, _| active(expiring(100), Freshness::Unstated)).await;
    let first = tokio::spawn(rig.asking_for("abc", peer(1)));
    waiting(&rig, 1).await;
    let others: Vec<_> = (2..9).map(|n| tokio::spawn(rig.asking_for("abc", peer(n)))).collect();
    waiting(&rig, 8).await;
    rig.server.open();
    assert!(first.await.unwrap().put);
    for other in others {
        let other = other.await.unwrap();
        assert!(other.outcome.is_ok() && !other.put);
    }
    assert_eq!(rig.server.peers(), [peer(1)]);
}

#[tokio::test]
async fn whoever_shares_a_question_is_not_refused_for_the_budget_of_who_came_first() {
    let rig = closed(|call, _| match call {
        1 => Err(OVER_BUDGET.into()),
        _ => active(expiring(100), Freshness::Unstated),
    })
    .await;
    let first = tokio::spawn(rig.asking_for("abc", peer(1)));
    waiting(&rig, 1).await;
    let other = tokio::spawn(rig.asking_for("abc", peer(2)));
    waiting(&rig, 2).await;
    rig.server.open();
    let first = first.await.unwrap().outcome;
    assert_matches!(
        first,
        Err(NoStatement::NoVerdict(IntrospectError::NotAsked(not_asked))) if *not_asked == OVER_BUDGET
    );
    assert!(other.await.unwrap().outcome.is_ok());
    assert_eq!(rig.server.peers(), [peer(1), peer(2)]);
}

#[tokio::test]
async fn a_question_that_would_not_be_put_costs_no_call() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    rig.server.refuses(Some(OVER_BUDGET));
    assert_matches!(
        rig.resolve("abc").await,
        Err(NoStatement::NoVerdict(IntrospectError::NotAsked(not_asked))) if *not_asked == OVER_BUDGET
    );
    let paused = NotAsked { why: Why::Paused, retry_after: secs(4) };
    rig.server.refuses(Some(paused));
    assert_matches!(
        rig.resolve("abc").await,
        Err(NoStatement::NoVerdict(IntrospectError::NotAsked(not_asked))) if *not_asked == paused
    );
    assert_eq!((rig.server.calls(), rig.cache.stats().introspections), (0, 0));
    rig.server.refuses(None);
    rig.resolve("abc").await.unwrap();
    rig.server.refuses(Some(OVER_BUDGET));
    rig.resolve("abc").await.unwrap();
}
