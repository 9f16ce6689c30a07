//! Clocks that step (pitfall 23).

use super::support::*;
use phantom_cache::Lookup;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_oauth::Freshness;

/// Rows: PITFALL-23
#[tokio::test]
async fn a_wall_clock_set_back_prolongs_nothing() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    rig.resolve("abc").await.unwrap();
    rig.clock.advance(secs(50));
    rig.clock.set_wall(NOON.minus(secs(3600)));
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
    rig.clock.advance(secs(50));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
}

/// Rows: PITFALL-23
#[tokio::test]
async fn a_wall_clock_set_forward_past_exp_ends_the_entry_at_once() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    rig.resolve("abc").await.unwrap();
    rig.clock.set_wall(NOON.plus(secs(100)));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
    rig.clock.set_wall(NOON);
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
}

/// Rows: PITFALL-23
#[tokio::test]
async fn a_machine_that_slept_wakes_to_expired_entries() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    rig.resolve("abc").await.unwrap();
    // The wall clock went on, the tick did not.
    let tick = rig.clock.now().tick;
    rig.clock.set(Now { wall: NOON.plus(secs(7200)), tick });
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
}

/// Rows: PITFALL-23
#[tokio::test]
async fn freshness_is_counted_by_the_tick() {
    let rig = Rig::scripted(|_, _| active(expiring(10_000), Freshness::For(secs(20))));
    rig.resolve("abc").await.unwrap();
    rig.clock.set_wall(NOON.plus(secs(5000)));
    assert_matches!(rig.lookup("abc"), Lookup::Hit(_));
    rig.clock.set_wall(NOON.minus(secs(5000)));
    rig.clock.advance(secs(20));
    assert_matches!(rig.lookup("abc"), Lookup::Miss);
}
