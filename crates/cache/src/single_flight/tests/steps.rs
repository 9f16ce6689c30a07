use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;

use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Alarm(AtomicUsize);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn poll<T: Clone>(waiter: &mut Waiter<T>, alarm: &Arc<Alarm>) -> Poll<Wait<T>> {
    pin!(waiter).poll(&mut Context::from_waker(&Arc::clone(alarm).into()))
}

fn start(flights: &Arc<SingleFlight<u8>>) -> (Leader<u8>, Waiter<u8>) {
    match flights.join(digest(1)) {
        Joined::Leader(leader, waiter) => (leader, waiter),
        _ => panic!("somebody else flies"),
    }
}

fn join(flights: &Arc<SingleFlight<u8>>) -> Waiter<u8> {
    match flights.join(digest(1)) {
        Joined::Follower(waiter) => waiter,
        _ => panic!("nobody flies"),
    }
}

/// Rows: CAC-10
#[test]
fn waiters_inherit_the_outcome_of_the_one_call() {
    let flights = SingleFlight::new(9);
    let (leader, mut first) = start(&flights);
    let mut second = join(&flights);
    let alarms = [Arc::new(Alarm::default()), Arc::new(Alarm::default())];
    assert!(poll(&mut first, &alarms[0]).is_pending());
    assert!(poll(&mut second, &alarms[1]).is_pending());
    assert_eq!((flights.flights(), flights.waiters()), (1, 2));
    leader.complete(7);
    for (waiter, alarm) in [&mut first, &mut second].into_iter().zip(&alarms) {
        assert_eq!(alarm.0.load(SeqCst), 1);
        assert!(matches!(poll(waiter, alarm), Poll::Ready(Wait::Complete(7))));
    }
    drop((first, second));
    assert_eq!((flights.flights(), flights.waiters()), (0, 0));
}

/// Rows: CAC-10
#[test]
fn one_waiter_takes_over_from_a_lost_leader_and_the_rest_go_on_waiting() {
    let flights = SingleFlight::new(9);
    let (leader, mut first) = start(&flights);
    let mut second = join(&flights);
    let alarm = Arc::new(Alarm::default());
    assert!(poll(&mut first, &alarm).is_pending() && poll(&mut second, &alarm).is_pending());
    drop(leader);
    assert_eq!(alarm.0.load(SeqCst), 2, "all are woken");
    let Poll::Ready(Wait::Vacant(leader)) = poll(&mut second, &alarm) else { panic!("no lead") };
    assert!(poll(&mut first, &alarm).is_pending(), "the lead is taken");
    leader.complete(7);
    assert!(matches!(poll(&mut first, &alarm), Poll::Ready(Wait::Complete(7))));
    assert!(matches!(poll(&mut second, &alarm), Poll::Ready(Wait::Complete(7))));
}

/// Rows: PITFALL-21
#[test]
fn when_leaders_keep_dying_all_waiters_are_told() {
    let flights = SingleFlight::new(9);
    let (leader, mut first) = start(&flights);
    let mut second = join(&flights);
    let alarm = Arc::new(Alarm::default());
    drop(leader);
    let Poll::Ready(Wait::Vacant(leader)) = poll(&mut first, &alarm) else { panic!("no lead") };
    drop(leader);
    assert!(matches!(poll(&mut first, &alarm), Poll::Ready(Wait::Lost)));
    assert!(matches!(poll(&mut second, &alarm), Poll::Ready(Wait::Lost)));
    assert_eq!(flights.flights(), 0, "the next caller starts afresh");
}

/// Rows: PITFALL-21
#[test]
fn a_newcomer_takes_the_seat_that_no_waiter_has_taken_yet() {
    let flights = SingleFlight::new(9);
    let (leader, mut first) = start(&flights);
    drop(leader);
    let (leader, newcomer) = start(&flights);
    let alarm = Arc::new(Alarm::default());
    assert!(poll(&mut first, &alarm).is_pending());
    leader.complete(7);
    assert!(matches!(poll(&mut first, &alarm), Poll::Ready(Wait::Complete(7))));
    drop(newcomer);
}

/// Rows: CAC-11
#[test]
fn a_waiter_that_leaves_ends_nothing_and_is_not_woken() {
    let flights = SingleFlight::new(9);
    let (leader, mut first) = start(&flights);
    let alarm = Arc::new(Alarm::default());
    assert!(poll(&mut first, &alarm).is_pending());
    drop(first);
    assert_eq!(Arc::strong_count(&alarm), 1, "its waker is gone");
    assert_eq!((flights.flights(), flights.waiters()), (1, 0), "the call goes on");
    let mut late = join(&flights);
    leader.complete(7);
    assert!(matches!(poll(&mut late, &alarm), Poll::Ready(Wait::Complete(7))));
    assert_eq!(alarm.0.load(SeqCst), 0);
}

#[test]
fn a_flight_that_all_have_left_is_forgotten() {
    let flights = SingleFlight::new(9);
    let (leader, waiter) = start(&flights);
    drop(waiter);
    drop(leader);
    assert_eq!(flights.flights(), 0, "nobody left to take over");

    let (leader, waiter) = start(&flights);
    drop(leader);
    assert_eq!(flights.flights(), 1);
    drop(waiter);
    assert_eq!(flights.flights(), 0, "the last of them left it without a leader");
}

#[test]
fn flights_are_bounded_and_joining_one_is_free() {
    let flights = SingleFlight::new(1);
    let (leader, first) = start(&flights);
    assert!(matches!(flights.join(digest(2)), Joined::Full));
    let second = join(&flights);
    leader.complete(7);
    assert!(matches!(flights.join(digest(2)), Joined::Leader(..)));
    drop((first, second));
}
