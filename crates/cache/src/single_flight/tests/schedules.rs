use std::future::Future;
use std::pin::pin;
use std::task::Context;
use std::task::Waker;

use shuttle::future::block_on;
use shuttle::thread;

use super::*;

const SCHEDULES: usize = 20_000;

/// A store and the flights in front of it, used like the cache uses its own.
struct Scene {
    flights: Arc<SingleFlight<usize>>,
    stored: AtomicUsize,
    calls: AtomicUsize,
}

impl Scene {
    fn new() -> Arc<Self> {
        let (stored, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { flights: SingleFlight::new(9), stored, calls })
    }

    /// Makes the call in a thread of its own; its first `failures` calls lose their leader.
    fn lead(self: &Arc<Self>, leader: Leader<usize>, failures: usize) {
        let stored = self.stored.load(Ordering::SeqCst);
        if stored > 0 {
            return leader.complete(stored);
        }
        let scene = Arc::clone(self);
        thread::spawn(move || {
            let call = scene.calls.fetch_add(1, Ordering::SeqCst) + 1;
            if call > failures {
                scene.stored.store(call, Ordering::SeqCst);
                leader.complete(call);
            }
        });
    }

    /// One caller, from miss to outcome; `None` when the flight is lost.
    fn call(self: &Arc<Self>, failures: usize) -> Option<usize> {
        let mut waiter = match self.flights.join(digest(1)) {
            Joined::Leader(leader, waiter) => {
                self.lead(leader, failures);
                waiter
            }
            Joined::Follower(waiter) => waiter,
            Joined::Full => panic!("one token, one flight"),
        };
        loop {
            match block_on(&mut waiter) {
                Wait::Complete(outcome) => return Some(outcome),
                Wait::Vacant(leader) => self.lead(leader, failures),
                Wait::Lost => return None,
            }
        }
    }

    /// A caller that leaves after having waited a little.
    fn call_and_leave(self: &Arc<Self>, failures: usize) {
        let mut waiter = match self.flights.join(digest(1)) {
            Joined::Leader(leader, waiter) => {
                self.lead(leader, failures);
                waiter
            }
            Joined::Follower(waiter) => waiter,
            Joined::Full => panic!("one token, one flight"),
        };
        // A seat that it is given on its way out goes back by drop.
        let _ = pin!(&mut waiter).poll(&mut Context::from_waker(Waker::noop()));
    }

    fn assert_over(&self) {
        assert_eq!((self.flights.flights(), self.flights.waiters()), (0, 0));
    }
}

/// Both of shuttle's searches: uniformly random, and few well-placed preemptions. A schedule in
/// which somebody waits for ever is a deadlock, which shuttle reports.
fn under_all_schedules(scene: fn()) {
    shuttle::check_random(scene, SCHEDULES);
    shuttle::check_pct(scene, SCHEDULES, 3);
}

/// Rows: CAC-10
#[test]
fn concurrent_callers_make_exactly_one_call() {
    under_all_schedules(|| {
        let scene = Scene::new();
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let scene = Arc::clone(&scene);
                thread::spawn(move || scene.call(0))
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Some(1));
        }
        assert_eq!(scene.calls.load(Ordering::SeqCst), 1);
        scene.assert_over();
    });
}

/// Rows: CAC-10
#[test]
fn after_one_lost_leader_exactly_one_caller_retries() {
    under_all_schedules(|| {
        let scene = Scene::new();
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let scene = Arc::clone(&scene);
                thread::spawn(move || scene.call(1))
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Some(2));
        }
        assert_eq!(scene.calls.load(Ordering::SeqCst), 2);
        scene.assert_over();
    });
}

/// Rows: PITFALL-21
#[test]
fn nobody_hangs_when_every_leader_is_lost() {
    under_all_schedules(|| {
        let scene = Scene::new();
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let scene = Arc::clone(&scene);
                thread::spawn(move || scene.call(usize::MAX))
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), None);
        }
        // A caller that came after a flight was lost may have started another: two calls each.
        assert!((2..=6).contains(&scene.calls.load(Ordering::SeqCst)));
        scene.assert_over();
    });
}

/// Rows: CAC-11
#[test]
fn callers_that_leave_take_nothing_from_those_who_stay() {
    under_all_schedules(|| {
        let scene = Scene::new();
        let leaver = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || scene.call_and_leave(0))
        };
        let stayer = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || scene.call(0))
        };
        leaver.join().unwrap();
        assert_eq!(stayer.join().unwrap(), Some(1));
        assert_eq!(scene.calls.load(Ordering::SeqCst), 1);
    });
}

/// Rows: PITFALL-21
#[test]
fn nobody_hangs_when_leaders_are_lost_and_callers_leave() {
    under_all_schedules(|| {
        let scene = Scene::new();
        let leaver = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || scene.call_and_leave(1))
        };
        let stayer = {
            let scene = Arc::clone(&scene);
            thread::spawn(move || scene.call(1))
        };
        leaver.join().unwrap();
        // The leaver may lose the second leader with itself; then the stayer is told so.
        assert!(matches!(stayer.join().unwrap(), None | Some(2)));
    });
}

#[test]
fn a_flight_that_all_have_left_is_forgotten_in_every_order() {
    under_all_schedules(|| {
        let flights = SingleFlight::<usize>::new(9);
        let Joined::Leader(leader, first) = flights.join(digest(1)) else { panic!("alone") };
        let Joined::Follower(second) = flights.join(digest(1)) else { panic!("joins") };
        let leaving = [
            thread::spawn(move || drop(first)),
            thread::spawn(move || drop(second)),
            thread::spawn(move || drop(leader)),
        ];
        for thread in leaving {
            thread.join().unwrap();
        }
        assert_eq!((flights.flights(), flights.waiters()), (0, 0));
    });
}
