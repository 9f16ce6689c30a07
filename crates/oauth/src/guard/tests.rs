use std::net::IpAddr;

use phantom_testkit::ManualClock;

use super::*;

const WIDE: Budget = Budget { burst: 1000, per_second: 1000 };

fn guard(calls: usize, budget: Budget, queue_wait: Duration) -> (Arc<ManualClock>, Arc<Guard>) {
    let clock = Arc::new(ManualClock::new());
    let limits = Limits { calls, waiting: 32, waiting_per_peer: 16, budget };
    (Arc::clone(&clock), Arc::new(Guard::new("test", clock, limits, queue_wait)))
}

fn peer(last: u8) -> Peer {
    Peer::of(IpAddr::from([192, 0, 2, last]))
}

fn token(text: &str) -> BearerToken<'_> {
    BearerToken::parse(text.as_bytes()).unwrap()
}

async fn admit(guard: &Guard, name: impl ToString, last: u8) -> Result<Call<'_>, NotAsked> {
    let name = name.to_string();
    guard.admit(token(&name), peer(last)).await
}

fn why(admitted: Result<Call<'_>, NotAsked>) -> Why {
    admitted.expect_err("not asked").why
}

/// The server fails ten tokens of four addresses.
async fn outage(guard: &Guard) {
    for number in 0..10 {
        drop(admit(guard, number, number % 4).await.unwrap());
    }
    assert!(guard.load().paused);
}

/// Rows: INT-14
#[tokio::test]
async fn calls_at_a_time_are_capped_and_the_wait_is_bounded() {
    let (_, guard) = guard(2, WIDE, Duration::from_millis(1));
    let (first, second) =
        (admit(&guard, "a", 1).await.unwrap(), admit(&guard, "b", 1).await.unwrap());
    assert_eq!(why(admit(&guard, "c", 1).await), Why::Late);
    assert_eq!(guard.load(), Load { calls: 2, waiting: 0, paused: false });
    drop(first);
    let third = admit(&guard, "c", 1).await.unwrap();
    drop((second, third));
    assert_eq!(guard.load().calls, 0);
}

/// Rows: INT-14
#[tokio::test]
async fn the_queue_is_bounded_and_its_turns_are_given() {
    let (_, guard) = guard(1, WIDE, Duration::from_secs(3600));
    let mut call = admit(&guard, "first", 1).await.unwrap();
    let waiting: Vec<_> = (0..16)
        .map(|number| {
            let guard = Arc::clone(&guard);
            tokio::spawn(async move { admit(&guard, number, 1).await.map(|mut c| c.vouched()) })
        })
        .collect();
    while guard.load().waiting < 16 {
        tokio::task::yield_now().await;
    }
    assert_eq!(why(admit(&guard, "last", 1).await), Why::Crowded, "at once");
    call.vouched();
    drop(call);
    for waiter in waiting {
        assert_eq!(waiter.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn a_turn_that_comes_to_nobody_is_passed_on() {
    let (_, guard) = guard(1, WIDE, Duration::from_secs(3600));
    let call = admit(&guard, "first", 1).await.unwrap();
    let wait = |name: &'static str| {
        let guard = Arc::clone(&guard);
        tokio::spawn(async move { admit(&guard, name, 1).await.map(drop) })
    };
    let (gone, stays) = (wait("gone"), wait("stays"));
    while guard.load().waiting < 2 {
        tokio::task::yield_now().await;
    }
    // Called, and gone before it hears of it.
    drop(call);
    gone.abort();
    drop(gone.await);
    assert_eq!(stays.await.unwrap(), Ok(()));
    assert_eq!(guard.load(), Load::default());
}

/// Rows: INT-14
#[tokio::test]
async fn an_open_breaker_refuses_at_once_and_says_for_how_long() {
    let (clock, guard) = guard(8, WIDE, Duration::from_secs(1));
    outage(&guard).await;
    let refused = admit(&guard, "new", 9).await.unwrap_err();
    assert_eq!(refused.why, Why::Paused);
    assert!(refused.retry_after <= Duration::from_secs(1));
    clock.advance(refused.retry_after);
    admit(&guard, "new", 9).await.unwrap().vouched();
    for number in 0..20 {
        admit(&guard, number, 9).await.unwrap().vouched();
    }
}

/// Rows: INT-14
#[tokio::test]
async fn after_outages_of_any_length_the_first_new_token_is_asked_about_within_six_seconds() {
    for seconds in [1, 10, 64, 3600] {
        let (clock, guard) = guard(8, WIDE, Duration::from_secs(1));
        outage(&guard).await;
        let step = Duration::from_millis(100);
        for number in 0..seconds * 10 {
            clock.advance(step);
            drop(admit(&guard, 1000 + number, (number % 7) as u8).await);
        }
        let mut waited = Duration::ZERO;
        while admit(&guard, "new", 99).await.map(|mut call| call.vouched()).is_err() {
            clock.advance(step);
            waited += step;
        }
        assert!(waited <= Duration::from_secs(6), "after {seconds} s: {waited:?}");
    }
}

#[tokio::test]
async fn a_token_with_which_the_server_asked_to_wait_is_held_and_no_other() {
    let (clock, guard) = guard(8, WIDE, Duration::from_secs(1));
    for (asked, held) in [(3, 3), (3600, 5)] {
        admit(&guard, "slow", 1).await.unwrap().failed(Some(Duration::from_secs(asked)));
        let refused = admit(&guard, "slow", 2).await.unwrap_err();
        assert_eq!((refused.why, refused.retry_after), (Why::Held, Duration::from_secs(held)));
        admit(&guard, "other", 1).await.unwrap().vouched();
        clock.advance(refused.retry_after);
        admit(&guard, "slow", 2).await.unwrap().vouched();
    }
}

#[tokio::test]
async fn a_server_that_asks_everybody_to_wait_is_left_alone_that_long() {
    let (clock, guard) = guard(8, WIDE, Duration::from_secs(1));
    for number in 0..10 {
        let wait = Some(Duration::from_secs(3));
        admit(&guard, number, number % 4).await.unwrap().failed(wait);
    }
    let refused = admit(&guard, "new", 9).await.unwrap_err();
    assert_eq!((refused.why, refused.retry_after), (Why::Paused, Duration::from_secs(3)));
    clock.advance(refused.retry_after);
    admit(&guard, "new", 9).await.unwrap().vouched();
}

/// Each of them alone: beside answers that are good they would be too few to count.
#[tokio::test]
async fn what_is_not_the_server_s_failure_never_opens_the_breaker() {
    for kind in ["not sent", "of no use", "undecided", "inactive"] {
        let (_, guard) = guard(1, WIDE, Duration::ZERO);
        for number in 0..200 {
            let admitted = admit(&guard, number, (number % 9) as u8).await;
            let mut call = admitted.unwrap_or_else(|refused| panic!("{kind}: {refused:?}"));
            match kind {
                "not sent" => call.not_sent(),
                "of no use" => call.answered(),
                "undecided" => call.undecided(),
                _ => call.inactive(),
            }
        }
        assert!(!guard.load().paused, "{kind}");
    }
}

#[tokio::test]
async fn time_in_our_own_queue_is_no_failure_of_the_server() {
    let (_, guard) = guard(1, WIDE, Duration::ZERO);
    let held = admit(&guard, "held", 99).await.unwrap();
    for number in 0..200 {
        // Too late for a turn: no call was made.
        assert_eq!(why(admit(&guard, number, (number % 9) as u8).await), Why::Late);
    }
    assert!(!guard.load().paused);
    drop(held);
    admit(&guard, "new", 1).await.unwrap().vouched();
}

#[tokio::test]
async fn junk_beyond_the_budget_of_an_address_is_told_its_own_rate() {
    let budget = Budget { burst: 3, per_second: 2 };
    let (clock, guard) = guard(8, budget, Duration::from_secs(1));
    for number in 0..3 {
        admit(&guard, number, 1).await.unwrap().inactive();
    }
    let refused = admit(&guard, "junk", 1).await.unwrap_err();
    assert_eq!(refused.why, Why::PeerBudget);
    assert_eq!(guard.check(token("junk"), peer(1)), Err(refused));
    admit(&guard, "good", 2).await.unwrap().vouched();
    clock.advance(refused.retry_after);
    admit(&guard, "junk", 1).await.unwrap().inactive();
    assert_eq!(why(admit(&guard, "junk", 1).await), Why::PeerBudget);
    guard.forgive(peer(1));
    admit(&guard, "good", 1).await.unwrap().vouched();
}

#[tokio::test]
async fn answers_of_which_nothing_can_be_made_are_to_an_address_s_account_once_others_get_verdicts()
{
    let budget = Budget { burst: 3, per_second: 2 };
    let (clock, guard) = guard(8, budget, Duration::from_secs(1));
    for number in 0..100 {
        // Of any token: the set-up is wrong, and has to be heard of.
        admit(&guard, number, 1).await.unwrap().answered();
    }
    admit(&guard, "good", 2).await.unwrap().vouched();
    for number in 0..3 {
        admit(&guard, number, 1).await.unwrap().answered();
    }
    assert_eq!(why(admit(&guard, "odd", 1).await), Why::PeerBudget);
    clock.advance(DOUBT);
    for number in 0..100 {
        admit(&guard, number, 1).await.unwrap().answered();
    }
}

#[tokio::test]
async fn a_budget_used_up_on_a_server_in_trouble_is_the_server_s_trouble() {
    let budget = Budget { burst: 3, per_second: 2 };
    let (_, guard) = guard(8, budget, Duration::from_secs(1));
    for number in 0..3 {
        drop(admit(&guard, number, 1).await.unwrap());
    }
    assert_eq!(why(admit(&guard, "new", 1).await), Why::PeerFailures);
    admit(&guard, "good", 2).await.unwrap().vouched();
    assert_eq!(why(admit(&guard, "new", 1).await), Why::PeerBudget, "others get verdicts");
}

#[tokio::test]
async fn who_waits_in_the_line_of_an_address_that_uses_its_budget_up_is_told_so() {
    let budget = Budget { burst: 2, per_second: 1 };
    let (_, guard) = guard(8, budget, Duration::from_secs(3600));
    let mut calls = [admit(&guard, "a", 1).await.unwrap(), admit(&guard, "b", 1).await.unwrap()];
    let waiter = {
        let guard = Arc::clone(&guard);
        tokio::spawn(async move { admit(&guard, "c", 1).await.map(drop) })
    };
    while guard.load().waiting == 0 {
        tokio::task::yield_now().await;
    }
    calls.iter_mut().for_each(Call::inactive);
    drop(calls);
    assert_eq!(waiter.await.unwrap().unwrap_err().why, Why::PeerBudget);
}

/// Rows: INT-14
#[tokio::test]
async fn retries_are_paid_for_by_answers() {
    let (_, guard) = guard(8, WIDE, Duration::from_secs(1));
    for _ in 0..RETRY_SAVINGS / RETRY_COST {
        assert!(guard.afford_retry());
    }
    assert!(!guard.afford_retry());
    for number in 0..RETRY_COST {
        assert!(!guard.afford_retry());
        admit(&guard, number, 1).await.unwrap().inactive();
    }
    assert!(guard.afford_retry());
}

/// Rows: INT-14
#[tokio::test]
async fn nobody_queues_for_a_dead_server() {
    let (_, guard) = guard(1, WIDE, Duration::from_secs(3600));
    let waiter = {
        let held = admit(&guard, "held", 1).await.unwrap();
        let guard_of_waiter = Arc::clone(&guard);
        let waiter = tokio::spawn(async move { admit(&guard_of_waiter, "w", 2).await.map(drop) });
        while guard.load().waiting == 0 {
            tokio::task::yield_now().await;
        }
        for number in 0..12_u8 {
            let question = Question { peer: peer(number % 4), token: u64::from(number) };
            let ended = Ended {
                at: guard.clock.now().tick,
                peer: question.peer,
                token: question.token,
                failed: true,
                wait: Duration::ZERO,
            };
            guard.state().breaker.record(ended, false, 0);
        }
        assert_eq!(why(admit(&guard, "new", 3).await), Why::Paused, "without a turn");
        drop(held);
        waiter
    };
    assert_eq!(waiter.await.unwrap().unwrap_err().why, Why::Paused, "nor does who waited call it");
    assert_eq!(guard.load().calls, 0);
}
