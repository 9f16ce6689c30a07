use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;

type Called = Rc<RefCell<Vec<u32>>>;

/// Writes down that it was called.
#[derive(Debug)]
struct Handle {
    number: u32,
    called: Called,
}

impl Call for Handle {
    fn call(self) -> bool {
        self.called.borrow_mut().push(self.number);
        true
    }
}

struct Rig {
    line: Line<Handle>,
    called: Called,
    now: Tick,
}

fn peer(number: u32) -> Peer {
    Peer::of(Ipv4Addr::from_bits(0x0a00_0000 + number).into())
}

const WIDE: Budget = Budget { burst: 1000, per_second: 1 };

impl Rig {
    fn new(calls: usize, waiting: usize, waiting_per_peer: usize, budget: Budget) -> Self {
        let limits = Limits { calls, waiting, waiting_per_peer, budget };
        let called = Called::default();
        Self { line: Line::new(limits), called, now: Tick::from_millis(1_000_000) }
    }

    fn enter(&mut self, of: u32, number: u32) -> Result<Entry, Refused> {
        let called = Rc::clone(&self.called);
        self.line.enter(peer(of), self.now, || Handle { number, called })
    }

    fn end(&mut self, of: u32, charged: bool) {
        self.line.end(peer(of), charged, self.now);
    }

    fn called(&self) -> Vec<u32> {
        self.called.borrow().clone()
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.plus(Duration::from_millis(millis));
    }
}

#[test]
fn where_there_is_room_nobody_waits() {
    let mut rig = Rig::new(2, 10, 5, WIDE);
    assert_eq!(rig.enter(1, 0), Ok(Entry::Begun));
    assert_eq!(rig.enter(1, 1), Ok(Entry::Begun));
    rig.end(1, false);
    rig.end(1, false);
    assert!(rig.line.peers.is_empty() && rig.line.turns.is_empty() && rig.called().is_empty());
}

#[test]
fn addresses_take_turns_however_long_their_lines_are() {
    let mut rig = Rig::new(1, 100, 50, WIDE);
    rig.enter(1, 0).unwrap();
    for number in 1..50 {
        assert!(matches!(rig.enter(1, number), Ok(Entry::Waits(_))));
    }
    rig.enter(2, 200).unwrap();
    rig.enter(2, 201).unwrap();
    rig.enter(3, 300).unwrap();
    rig.end(1, false);
    for of in [1, 2, 3, 1, 2] {
        rig.end(of, false);
    }
    assert_eq!(rig.called(), [1, 200, 300, 2, 201, 3]);
}

#[test]
fn a_line_is_bounded_and_a_short_one_finds_room_where_all_are_full() {
    let mut rig = Rig::new(1, 6, 4, WIDE);
    rig.enter(1, 0).unwrap();
    for number in 1..5 {
        rig.enter(1, number).unwrap();
    }
    assert_eq!(rig.enter(1, 5), Err(Refused::Crowded), "its own line is full");
    rig.enter(2, 20).unwrap();
    rig.enter(2, 21).unwrap();
    assert_eq!(rig.line.waiting(), 6);
    // The longest line loses its last.
    rig.enter(3, 30).unwrap();
    assert_eq!((rig.line.waiting(), rig.line.longest()), (6, 3));
    rig.enter(4, 40).unwrap();
    // Now there are lines of 2, 2, 1 and 1: nobody has more than a share.
    assert_eq!(rig.enter(5, 50), Ok(Entry::Waits(9)));
    assert_eq!(rig.enter(3, 31), Err(Refused::Crowded));
}

#[test]
fn what_comes_to_nothing_uses_the_budget_up_and_what_is_good_does_not() {
    let mut rig = Rig::new(10, 10, 5, Budget { burst: 3, per_second: 2 });
    for _ in 0..1000 {
        assert_eq!(rig.enter(1, 0), Ok(Entry::Begun));
        rig.end(1, false);
    }
    for _ in 0..3 {
        assert_eq!(rig.enter(1, 0), Ok(Entry::Begun));
        rig.end(1, true);
    }
    assert_eq!(rig.enter(1, 0), Err(Refused::Exhausted(Duration::from_millis(500))));
    assert_eq!(rig.enter(2, 0), Ok(Entry::Begun), "others have their own");
    rig.pass(500);
    assert_eq!(rig.enter(1, 0), Ok(Entry::Begun));
}

#[test]
fn more_calls_than_the_budget_has_places_wait_for_what_becomes_of_them() {
    let mut rig = Rig::new(10, 10, 5, Budget { burst: 2, per_second: 1 });
    rig.enter(1, 0).unwrap();
    rig.enter(1, 1).unwrap();
    assert!(matches!(rig.enter(1, 2), Ok(Entry::Waits(_))), "not refused: both may be good");
    rig.end(1, false);
    assert_eq!(rig.called(), [2]);
    rig.enter(1, 3).unwrap();
    rig.enter(1, 4).unwrap();
    rig.end(1, true);
    assert_eq!(rig.called(), [2], "one place is used up, one call is under way");
    rig.end(1, true);
    assert_eq!(rig.line.waiting(), 0, "both are: who waits is sent away");
    assert!(matches!(rig.enter(1, 5), Err(Refused::Exhausted(_))));
}

#[test]
fn the_more_an_address_has_wasted_the_shorter_is_its_line() {
    let mut rig = Rig::new(1, 100, 40, Budget { burst: 20, per_second: 10 });
    for _ in 0..16 {
        rig.enter(1, 0).unwrap();
        rig.end(1, true);
    }
    rig.enter(1, 0).unwrap();
    for number in 1..9 {
        assert!(matches!(rig.enter(1, number), Ok(Entry::Waits(_))));
    }
    let next_place = Duration::from_millis(100);
    assert_eq!(rig.enter(1, 9), Err(Refused::Exhausted(next_place)), "a fifth of the line");
    rig.end(1, true);
    assert_eq!(rig.line.waiting(), 5, "one was called, the others have three twentieths");
}

#[test]
fn a_place_that_was_given_back_is_taken_by_who_waits() {
    let mut rig = Rig::new(10, 10, 5, Budget { burst: 2, per_second: 1 });
    rig.enter(1, 0).unwrap();
    rig.end(1, true);
    rig.enter(1, 1).unwrap();
    assert!(matches!(rig.enter(1, 2), Ok(Entry::Waits(_))));
    rig.line.give_back(peer(1), rig.now);
    assert_eq!(rig.called(), [2]);
}

#[test]
fn who_leaves_takes_no_turn() {
    let mut rig = Rig::new(1, 10, 5, WIDE);
    rig.enter(1, 0).unwrap();
    let Ok(Entry::Waits(ticket)) = rig.enter(2, 20) else { panic!("there is no room") };
    rig.enter(3, 30).unwrap();
    rig.line.leave(peer(2), ticket, rig.now);
    rig.end(1, false);
    assert_eq!((rig.called(), rig.line.waiting()), (vec![30], 0));
    rig.end(3, false);
    assert!(rig.line.peers.is_empty() && rig.line.turns.is_empty() && rig.line.lengths.is_empty());
}

#[test]
fn a_flood_of_addresses_is_remembered_in_bounded_memory_and_forgets_no_heavy_offender() {
    let mut rig = Rig::new(10, 10, 5, Budget { burst: 50, per_second: 1 });
    for _ in 0..50 {
        rig.enter(7, 0).unwrap();
        rig.end(7, true);
    }
    for of in 1000..200_000 {
        rig.enter(of, 0).unwrap();
        rig.end(of, true);
        assert!(rig.line.peers.len() <= MOST_PEERS);
    }
    assert!(matches!(rig.enter(7, 0), Err(Refused::Exhausted(_))));
    rig.pass(60_000);
    rig.enter(8, 0).unwrap();
    rig.line.forget_idle(rig.now);
    assert_eq!(rig.line.peers.len(), 1, "what has come back need not be remembered");
}

#[derive(Clone, Debug)]
enum Step {
    Enter(u32),
    End(usize, bool),
    Leave(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0u32..5).prop_map(Step::Enter),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(which, bad)| Step::End(which, bad)),
        1 => any::<usize>().prop_map(Step::Leave),
        1 => (0u64..400).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..300)
}

proptest! {
    #[test]
    fn calls_lines_and_budgets_hold_their_bounds_in_any_order(
        steps in steps(), calls in 1usize..5, waiting in 1usize..9, burst in 1u32..8,
    ) {
        let budget = Budget { burst, per_second: 10 };
        let mut rig = Rig::new(calls, waiting, waiting.div_ceil(2), budget);
        // (number, address) under way; (number, address, ticket) waiting.
        let (mut under_way, mut waits) = (Vec::new(), Vec::new());
        let mut number = 0;
        let mut wasted: HashMap<u32, u64> = HashMap::new();
        let started = rig.now;
        for step in steps {
            match step {
                Step::Enter(of) => {
                    number += 1;
                    match rig.enter(of, number) {
                        Ok(Entry::Begun) => under_way.push((number, of)),
                        Ok(Entry::Waits(ticket)) => waits.push((number, of, ticket)),
                        Err(_) => {}
                    }
                }
                Step::End(which, bad) if !under_way.is_empty() => {
                    let (_, of) = under_way.remove(which % under_way.len());
                    *wasted.entry(of).or_default() += u64::from(bad);
                    rig.end(of, bad);
                }
                Step::Leave(which) if !waits.is_empty() => {
                    let (_, of, ticket) = waits.remove(which % waits.len());
                    rig.line.leave(peer(of), ticket, rig.now);
                }
                Step::Pass(millis) => rig.pass(millis),
                Step::End(..) | Step::Leave(_) => {}
            }
            for called in rig.called.borrow_mut().drain(..) {
                let at = waits.iter().position(|(number, ..)| *number == called);
                let (number, of, _) = waits.remove(at.expect("who is called has waited"));
                under_way.push((number, of));
            }
            // Those sent away have lost their handle; they are still in the list here.
            prop_assert!(rig.line.calls() == under_way.len() && rig.line.calls() <= calls);
            prop_assert!(rig.line.waiting() <= waiting);
            let longest = rig.line.peers.values().map(|party| party.waiting.len()).max();
            prop_assert_eq!(rig.line.longest(), longest.unwrap_or_default());
            let all: usize = rig.line.peers.values().map(|party| party.waiting.len()).sum();
            prop_assert_eq!(rig.line.waiting(), all);
            let seconds = started.until(rig.now).as_secs_f64();
            for wasted in wasted.values() {
                prop_assert!(*wasted as f64 <= f64::from(burst) + 10.0 * seconds + 1e-6);
            }
        }
        // Nobody is forgotten in the line: when all calls end well, all who wait are called.
        while let Some((_, of)) = under_way.pop() {
            rig.end(of, false);
            for called in rig.called.borrow_mut().drain(..) {
                let at = waits.iter().position(|(number, ..)| *number == called);
                let (number, of, _) = waits.remove(at.expect("who is called has waited"));
                under_way.push((number, of));
            }
        }
        prop_assert_eq!((rig.line.waiting(), rig.line.calls()), (0, 0));
        prop_assert!(rig.line.turns.is_empty());
    }
}
