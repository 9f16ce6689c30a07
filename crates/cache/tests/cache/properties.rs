//! A million lives under clocks that do what they like: no statement is accepted past its end.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use super::support::*;
use phantom_cache::CachePolicy;
use phantom_cache::Lookup;
use phantom_core::Access;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Protection;
use phantom_core::Statement;
use phantom_core::Tick;
use phantom_core::Trust;
use phantom_core::UnixTime;
use phantom_core::authorize;
use phantom_core::authorize::Evidence;
use phantom_oauth::Freshness;
use phantom_oauth::Introspection;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Builder;

const CASES: u32 = 260_000;

/// One token: what the server says of it, and what the clocks do.
#[derive(Clone, Debug)]
struct Life {
    exp: Option<i64>,
    nbf: Option<i64>,
    freshness: Freshness,
    skew: u64,
    /// While the call is under way.
    call: Step,
    after: [Step; 3],
}

/// Milliseconds that each clock moves. The tick never goes back.
type Step = (i64, u64);

fn around(range: i64) -> Range<i64> {
    -range..range
}

fn any_freshness() -> impl Strategy<Value = Freshness> {
    prop_oneof![
        4 => (0u64..400_000).prop_map(|millis| Freshness::For(Duration::from_millis(millis))),
        4 => Just(Freshness::Unstated),
        1 => Just(Freshness::DoNotStore),
    ]
}

fn lives(step: impl Strategy<Value = Step> + Clone) -> impl Strategy<Value = Life> {
    (
        proptest::option::weighted(0.9, around(400_000)),
        proptest::option::weighted(0.3, around(100_000)),
        any_freshness(),
        0u64..=60_000,
        step.clone(),
        [step.clone(), step.clone(), step],
    )
        .prop_map(|(exp, nbf, freshness, skew, call, after)| Life {
            exp,
            nbf,
            freshness,
            skew,
            call,
            after,
        })
}

fn shifted(time: UnixTime, millis: i64) -> UnixTime {
    UnixTime::from_millis(time.as_millis().saturating_add_signed(millis))
}

/// Runs every life on one cache, each with a token of its own, and judges all that it hands out.
fn judge(lives: impl Strategy<Value = Life>, policy: &CachePolicy) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let next: Arc<Mutex<Option<(Introspection, Now)>>> = Arc::default();
    let clock = at_noon();
    let server = server({
        let (next, clock) = (Arc::clone(&next), Arc::clone(&clock));
        move |_, _| {
            let (answer, completed) = next.lock().unwrap().take().unwrap();
            clock.set(completed);
            Ok(answer)
        }
    });
    let rig = Rig::timed(Arc::clone(&clock), runtime.handle().clone(), policy.clone(), server);
    let access = Access::Protected(Protection::default());
    let (number, handed_out, accepted) = (Cell::new(0u64), Cell::new(0u32), Cell::new(0u32));

    let judged = TestRunner::new(ProptestConfig::with_cases(CASES)).run(&lives, |life| {
        number.set(number.get() + 1);
        let text = format!("token{}", number.get());
        let asked = Now { wall: NOON, tick: Tick::from_millis(1_000_000) };
        clock.set(asked);
        let moved = |now: Now, (wall, tick): Step| Now {
            wall: shifted(now.wall, wall),
            tick: now.tick.plus(Duration::from_millis(tick)),
        };
        let said = Arc::new(Statement {
            not_before: life.nbf.map(|nbf| shifted(NOON, nbf)),
            ..statement(life.exp.map(|exp| shifted(NOON, exp)))
        });
        let answer = Introspection::Active { statement: said, freshness: life.freshness };
        *next.lock().unwrap() = Some((answer, moved(asked, life.call)));
        let trust = Trust { clock_skew: Duration::from_millis(life.skew), ..Trust::default() };
        let accept = |statement: &Statement, now: UnixTime| {
            authorize(&access, Some(Evidence { statement, trust: &trust }), now).is_ok()
        };
        let past_end = |statement: &Statement, now: UnixTime| {
            statement.expires_at.is_some_and(|end| now >= end.plus(trust.clock_skew))
        };
        let before_start = |statement: &Statement, now: UnixTime| {
            statement.not_before.is_some_and(|start| now < start.minus(trust.clock_skew))
        };

        let fresh = runtime.block_on(rig.asking(&text)).unwrap();
        let mut now = clock.now();
        if accept(&fresh, now.wall) {
            prop_assert!(!past_end(&fresh, now.wall) && !before_start(&fresh, now.wall));
        }
        for step in life.after {
            now = moved(now, step);
            clock.set(now);
            let Lookup::Hit(kept) = rig.lookup(&text) else { continue };
            handed_out.set(handed_out.get() + 1);
            prop_assert!(kept.expires_at.is_none_or(|end| now.wall < end));
            let age = asked.tick.until(now.tick);
            prop_assert!(age < policy.cap);
            match life.freshness {
                Freshness::For(fresh) => prop_assert!(age < fresh),
                Freshness::Unstated => {
                    prop_assert!(kept.expires_at.is_some() || age < policy.without_expiry);
                }
                Freshness::DoNotStore => {
                    prop_assert!(policy.despite_no_store.is_some_and(|cap| age < cap));
                }
            }
            // Whatever the wall clock says: no more time has passed than the token had left.
            if let Some(end) = kept.expires_at {
                prop_assert!(age < NOON.until(end));
            }
            if accept(&kept, now.wall) {
                accepted.set(accepted.get() + 1);
                prop_assert!(!past_end(&kept, now.wall) && !before_start(&kept, now.wall));
            }
        }
        Ok(())
    });
    judged.unwrap();
    // The judge has seen enough of what it judges.
    assert!(handed_out.get() > CASES / 10, "{} handed out", handed_out.get());
    assert!(accepted.get() > CASES / 20, "{} accepted", accepted.get());
}

/// Rows: CAC-1
#[test]
fn no_statement_is_accepted_past_its_end_while_time_passes_evenly() {
    let step = (0u64..60_000).prop_map(|millis| (millis as i64, millis));
    judge(lives(step), &CachePolicy::default());
}

/// Rows: PITFALL-23
#[test]
fn no_statement_is_accepted_past_its_end_when_the_wall_clock_steps() {
    judge(lives((around(100_000), 0u64..60_000)), &CachePolicy::default());
}

/// Rows: PITFALL-23
#[test]
fn no_statement_is_accepted_past_its_end_when_the_machine_sleeps() {
    // The tick stands still or jumps; the wall clock goes on by itself.
    let tick = prop_oneof![Just(0u64), 0u64..90_000];
    judge(lives((0i64..90_000, tick)), &CachePolicy::default());
}

/// Rows: CAC-2
#[test]
fn no_statement_is_accepted_past_its_end_although_no_store_is_overridden() {
    let policy = CachePolicy { despite_no_store: Some(secs(120)), ..CachePolicy::default() };
    judge(lives((around(60_000), 0u64..60_000)), &policy);
}
