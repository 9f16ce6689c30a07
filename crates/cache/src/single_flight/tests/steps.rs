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

fn poll<T: Clone>(waiter: &mut Waiter<T>, alarm: &Arc<Alarm>) -> Poll<Arrival<T>> {
    pin!(waiter).poll(&mut Context::from_waker(&Arc::clone(alarm).into()))
}

fn start(flights: &Arc<SingleFlight<u8>>) -> (Pilot<u8>, Waiter<u8>) {
    match flights.board(digest(1)) {
        Boarding::Pilot(pilot, waiter) => (pilot, waiter),
        _ => panic!("somebody else flies"),
    }
}

fn join(flights: &Arc<SingleFlight<u8>>) -> Waiter<u8> {
    match flights.board(digest(1)) {
        Boarding::Passenger(waiter) => waiter,
        _ => panic!("nobody flies"),
    }
}

#[test]
fn cac_10_waiters_inherit_the_outcome_of_the_one_call() {
    let flights = SingleFlight::new(9);
    let (pilot, mut first) = start(&flights);
    let mut second = join(&flights);
    let alarms = [Arc::new(Alarm::default()), Arc::new(Alarm::default())];
    assert!(poll(&mut first, &alarms[0]).is_pending());
    assert!(poll(&mut second, &alarms[1]).is_pending());
    assert_eq!((flights.flights(), flights.waiters()), (1, 2));
    pilot.land(7);
    for (waiter, alarm) in [&mut first, &mut second].into_iter().zip(&alarms) {
        assert_eq!(alarm.0.load(SeqCst), 1);
        assert!(matches!(poll(waiter, alarm), Poll::Ready(Arrival::Landed(7))));
    }
    drop((first, second));
    assert_eq!((flights.flights(), flights.waiters()), (0, 0));
}

#[test]
fn cac_10_one_waiter_takes_over_from_a_lost_pilot_and_the_rest_go_on_waiting() {
    let flights = SingleFlight::new(9);
    let (pilot, mut first) = start(&flights);
    let mut second = join(&flights);
    let alarm = Arc::new(Alarm::default());
    assert!(poll(&mut first, &alarm).is_pending() && poll(&mut second, &alarm).is_pending());
    drop(pilot);
    assert_eq!(alarm.0.load(SeqCst), 2, "all are woken");
    let Poll::Ready(Arrival::Vacant(pilot)) = poll(&mut second, &alarm) else { panic!("no seat") };
    assert!(poll(&mut first, &alarm).is_pending(), "the seat is taken");
    pilot.land(7);
    assert!(matches!(poll(&mut first, &alarm), Poll::Ready(Arrival::Landed(7))));
    assert!(matches!(poll(&mut second, &alarm), Poll::Ready(Arrival::Landed(7))));
}

#[test]
fn pitfall_21_when_pilots_keep_dying_all_waiters_are_told() {
    let flights = SingleFlight::new(9);
    let (pilot, mut first) = start(&flights);
    let mut second = join(&flights);
    let alarm = Arc::new(Alarm::default());
    drop(pilot);
    let Poll::Ready(Arrival::Vacant(pilot)) = poll(&mut first, &alarm) else { panic!("no seat") };
    drop(pilot);
    assert!(matches!(poll(&mut first, &alarm), Poll::Ready(Arrival::Lost)));
    assert!(matches!(poll(&mut second, &alarm), Poll::Ready(Arrival::Lost)));
    assert_eq!(flights.flights(), 0, "the next caller starts afresh");
}

#[test]
fn pitfall_21_a_newcomer_takes_the_seat_that_no_waiter_has_taken_yet() {
    let flights = SingleFlight::new(9);
    let (pilot, mut first) = start(&flights);
    drop(pilot);
    let (pilot, newcomer) = start(&flights);
    let alarm = Arc::new(Alarm::default());
    assert!(poll(&mut first, &alarm).is_pending());
    pilot.land(7);
    assert!(matches!(poll(&mut first, &alarm), Poll::Ready(Arrival::Landed(7))));
    drop(newcomer);
}

#[test]
fn cac_11_a_waiter_that_leaves_ends_nothing_and_is_not_woken() {
    let flights = SingleFlight::new(9);
    let (pilot, mut first) = start(&flights);
    let alarm = Arc::new(Alarm::default());
    assert!(poll(&mut first, &alarm).is_pending());
    drop(first);
    assert_eq!(Arc::strong_count(&alarm), 1, "its waker is gone");
    assert_eq!((flights.flights(), flights.waiters()), (1, 0), "the call goes on");
    let mut late = join(&flights);
    pilot.land(7);
    assert!(matches!(poll(&mut late, &alarm), Poll::Ready(Arrival::Landed(7))));
    assert_eq!(alarm.0.load(SeqCst), 0);
}

#[test]
fn a_flight_that_all_have_left_is_forgotten() {
    let flights = SingleFlight::new(9);
    let (pilot, waiter) = start(&flights);
    drop(waiter);
    drop(pilot);
    assert_eq!(flights.flights(), 0, "nobody left to take over");

    let (pilot, waiter) = start(&flights);
    drop(pilot);
    assert_eq!(flights.flights(), 1);
    drop(waiter);
    assert_eq!(flights.flights(), 0, "the last of them left a vacant seat");
}

#[test]
fn flights_are_bounded_and_joining_one_is_free() {
    let flights = SingleFlight::new(1);
    let (pilot, first) = start(&flights);
    assert!(matches!(flights.board(digest(2)), Boarding::Full));
    let second = join(&flights);
    pilot.land(7);
    assert!(matches!(flights.board(digest(2)), Boarding::Pilot(..)));
    drop((first, second));
}
