use phantom_testkit::ManualClock;

use super::*;

fn guard(max_concurrent: usize, queue_wait: Duration) -> (Arc<ManualClock>, Guard) {
    let clock = Arc::new(ManualClock::new());
    (Arc::clone(&clock), Guard::new(clock, max_concurrent, queue_wait))
}

#[tokio::test]
async fn int_14_calls_at_a_time_are_capped_and_the_wait_is_bounded() {
    let (_, guard) = guard(2, Duration::from_millis(1));
    let (first, second) = (guard.admit().await.unwrap(), guard.admit().await.unwrap());
    assert_eq!(guard.admit().await.unwrap_err(), NotAdmitted::Crowded);
    first.succeeded();
    let third = guard.admit().await.unwrap();
    third.succeeded();
    second.succeeded();
}

#[tokio::test]
async fn int_14_the_queue_is_bounded() {
    let (_, guard) = guard(1, Duration::from_secs(3600));
    let guard = Arc::new(guard);
    let call = guard.admit().await.unwrap();
    let waiting: Vec<_> = (0..WAITERS_PER_CALL)
        .map(|_| {
            let guard = Arc::clone(&guard);
            tokio::spawn(async move { guard.admit().await.map(Call::succeeded) })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(guard.admit().await.unwrap_err(), NotAdmitted::Crowded, "at once");
    call.succeeded();
    for waiter in waiting {
        assert_eq!(waiter.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn int_14_an_open_breaker_refuses_at_once_and_says_for_how_long() {
    let (clock, guard) = guard(8, Duration::from_secs(1));
    for _ in 0..5 {
        guard.admit().await.unwrap().failed();
    }
    let refused = guard.admit().await.unwrap_err();
    assert_eq!(refused, NotAdmitted::Open { retry_after: Duration::from_secs(2) });
    clock.advance(Duration::from_secs(2));
    let probe = guard.admit().await.unwrap();
    assert!(guard.admit().await.is_err(), "one probe");
    probe.succeeded();
    guard.admit().await.unwrap().succeeded();
}

#[tokio::test]
async fn int_14_a_call_that_is_dropped_counts_as_failed() {
    let (clock, guard) = guard(8, Duration::from_secs(1));
    for _ in 0..5 {
        drop(guard.admit().await.unwrap());
    }
    assert!(guard.admit().await.is_err());
    clock.advance(Duration::from_secs(2));
    drop(guard.admit().await.unwrap());
    let refused = guard.admit().await.unwrap_err();
    assert_eq!(refused, NotAdmitted::Open { retry_after: Duration::from_secs(4) });
}

#[tokio::test]
async fn int_14_retries_are_paid_for_by_answers() {
    let (_, guard) = guard(8, Duration::from_secs(1));
    for _ in 0..RETRY_SAVINGS / RETRY_COST {
        assert!(guard.afford_retry());
    }
    assert!(!guard.afford_retry());
    for _ in 0..RETRY_COST {
        assert!(!guard.afford_retry());
        guard.admit().await.unwrap().succeeded();
    }
    assert!(guard.afford_retry());
}

#[tokio::test]
async fn int_14_nobody_queues_for_a_dead_server() {
    let (_, guard) = guard(1, Duration::from_secs(3600));
    for _ in 0..4 {
        guard.admit().await.unwrap().failed();
    }
    let held = guard.admit().await.unwrap();
    guard.record(false, false);
    assert!(matches!(guard.admit().await, Err(NotAdmitted::Open { .. })), "without a turn");
    held.succeeded();
}
