use std::net::IpAddr;

use aws_lc_rs::hmac;
use phantom_core::Clock;
use phantom_testkit::ManualClock;
use secrecy::SecretString;

use super::*;

struct Bench {
    key: hmac::Key,
    clock: ManualClock,
    guesses: Guesses,
}

/// A password of an account that has `right`, or of a name that nobody has.
struct Try<'a> {
    name: &'a str,
    kept: Option<&'a str>,
    given: &'a str,
    from: IpAddr,
}

#[derive(Debug, PartialEq, Eq)]
enum Met {
    Known,
    Right,
    Wrong,
    Wait(u64),
}

impl Bench {
    fn new() -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        Self { key, clock: ManualClock::new(), guesses: Guesses::default() }
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn begin(&self, attempt: &Try<'_>) -> Result<Begun<'_>, Duration> {
        let given = SecretString::from(attempt.given);
        let attempt =
            Attempt::new(&self.key, attempt.name, attempt.kept, &given, Some(attempt.from));
        self.guesses.begin(&attempt, self.clock.now().tick)
    }

    fn guess(&self, attempt: &Try<'_>) -> Met {
        match self.begin(attempt) {
            Err(wait) => Met::Wait(wait.as_secs()),
            Ok(Begun::Known) => Met::Known,
            Ok(Begun::Guess(guess)) if attempt.kept == Some(attempt.given) => {
                guess.right(self.clock.now().tick);
                Met::Right
            }
            Ok(Begun::Guess(guess)) => {
                guess.wrong();
                Met::Wrong
            }
        }
    }

    fn guess_at(&self, name: &str, given: &str, from: IpAddr) -> Met {
        self.guess(&Try { name, kept: Some("right"), given, from })
    }

    fn guess_at_nobody(&self, name: &str, from: IpAddr) -> Met {
        self.guess(&Try { name, kept: None, given: "guess", from })
    }
}

fn ip(number: u32) -> IpAddr {
    IpAddr::from(number.to_be_bytes())
}

#[test]
fn guesses_under_way_are_within_the_budget_and_those_that_were_right_or_not_made_leave_it() {
    let bench = Bench::new();
    let wrong = Try { name: "sue", kept: Some("right"), given: "guess", from: ip(1) };
    let mut under_way: Vec<_> = (0..5)
        .map(|_| match bench.begin(&wrong).unwrap_or_else(|_| panic!("refused")) {
            Begun::Guess(guess) => guess,
            Begun::Known => panic!("known"),
        })
        .collect();
    assert!(matches!(bench.begin(&wrong), Err(wait) if wait == Duration::from_secs(2)));
    under_way.pop().unwrap().give_back();
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Right);
    under_way.pop().unwrap().give_back();
    // Whose request goes away has guessed all the same.
    drop(under_way);
    assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wait(2));
}

#[test]
fn pauses_double_up_to_five_minutes_and_end_with_the_row() {
    let bench = Bench::new();
    for _ in 0..5 {
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    }
    for pause in [2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Wait(pause));
        bench.wait(pause);
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    }
    bench.wait(3600);
    for _ in 0..5 {
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    }
    assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wait(2));
}

#[test]
fn made_up_names_push_no_real_pause_out_of_memory_and_meet_the_same_themselves() {
    let bench = Bench::new();
    for _ in 0..5 {
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    }
    for number in 0..100_000 {
        bench.guess_at_nobody(&format!("nobody {number}"), ip(1));
    }
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Wait(2));
    let books = bench.guesses.books();
    assert_eq!(books.real.len(), 1);
    assert!(books.made_up.len() <= MOST_MADE_UP);
    drop(books);
    for _ in 0..5 {
        assert_eq!(bench.guess_at_nobody("ghost", ip(1)), Met::Wrong);
    }
    assert_eq!(bench.guess_at_nobody("ghost", ip(1)), Met::Wait(2));
}

#[test]
fn accounts_nobody_guesses_at_make_room_before_those_with_a_pause() {
    let bench = Bench::new();
    for _ in 0..5 {
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    }
    for number in 0..2 * MOST_REAL {
        assert_eq!(bench.guess_at(&format!("user {number}"), "right", ip(1)), Met::Right);
    }
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Wait(2));
    assert!(bench.guesses.books().real.len() <= MOST_REAL);
}

#[test]
fn many_networks_have_a_slow_budget_together_and_where_somebody_signed_in_is_not_of_them() {
    let bench = Bench::new();
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Right);
    let met: Vec<Met> = (100..400).map(|from| bench.guess_at("sue", "guess", ip(from))).collect();
    assert_eq!(met.iter().filter(|met| **met == Met::Wrong).count(), 30);
    assert_eq!(met[30], Met::Wait(60));
    // From elsewhere even the right one waits; a day later, they have guessed once a minute.
    assert_eq!(bench.guess_at("sue", "right", ip(2)), Met::Wait(60));
    let mut guessed = 0;
    for minute in 0..1440 {
        bench.wait(60);
        let met = (0..10).map(|n| bench.guess_at("sue", "guess", ip(1000 + 10 * minute + n)));
        guessed += met.filter(|met| *met == Met::Wrong).count();
    }
    assert_eq!(guessed, 1440);
    // Not remembered any more, so it is checked; an error is no reason to wait.
    assert_eq!(bench.guess_at("sue", "mistyped", ip(1)), Met::Wrong);
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Right);
    bench.wait(14 * 86_400);
    for from in 100..130 {
        assert_eq!(bench.guess_at("sue", "guess", ip(from)), Met::Wrong);
    }
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Wait(60));
}

#[test]
fn a_right_credential_is_remembered_for_a_minute_where_it_was_shown_and_as_it_was() {
    let bench = Bench::new();
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Right);
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Known);
    assert_eq!(bench.guess_at("sue", "right", ip(2)), Met::Right, "from elsewhere it is checked");
    let changed = Try { name: "sue", kept: Some("changed"), given: "right", from: ip(1) };
    assert_eq!(bench.guess(&changed), Met::Wrong);
    assert_eq!(bench.guess(&Try { kept: None, ..changed }), Met::Wrong);
    bench.wait(60);
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Right);
}

#[test]
fn a_flood_from_the_same_network_refuses_no_remembered_credential_and_tries_a_hundred_at_most() {
    let bench = Bench::new();
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Right);
    for _ in 0..5 {
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wrong);
    }
    for _ in 0..99 {
        assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wait(2));
        assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Known);
    }
    assert_eq!(bench.guess_at("sue", "guess", ip(1)), Met::Wait(2));
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Wait(2), "it would be an oracle");
    bench.wait(2);
    assert_eq!(bench.guess_at("sue", "right", ip(1)), Met::Known);
}
