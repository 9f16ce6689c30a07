use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

fn at(millis: u64) -> Tick {
    Tick::from_millis(1_000_000 + millis)
}

fn peer(number: u32) -> Peer {
    Peer::of(Ipv4Addr::from_bits(0x0a00_0000 + number).into())
}

fn ended(millis: u64, of: u32, token: u64, failed: bool) -> Ended {
    Ended { at: at(millis), peer: peer(of), token, failed, wait: Duration::ZERO }
}

/// A call of peer `of` about `token`, if it may be made. Its end opens or closes.
fn call(breaker: &mut Breaker, millis: u64, of: u32, token: u64, failed: bool) -> bool {
    match breaker.admit(peer(of), at(millis), 0) {
        Ok(probe) => {
            breaker.record(ended(millis, of, token, failed), probe, 0);
            true
        }
        Err(_) => false,
    }
}

/// Failures of many addresses and tokens.
fn outage(breaker: &mut Breaker, millis: u64) {
    for number in 0..12 {
        call(breaker, millis, number % 4, u64::from(number), true);
    }
    assert!(breaker.is_open());
}

/// Rows: INT-14
#[test]
fn a_server_that_fails_everybody_is_given_a_pause() {
    let mut breaker = Breaker::default();
    outage(&mut breaker, 0);
    assert_eq!(breaker.pause(peer(99), at(0)), Some(FIRST_PAUSE), "also for who never asked");
    assert_eq!(breaker.pause(peer(99), at(400)), Some(Duration::from_millis(600)));
    assert_eq!(breaker.pause(peer(99), at(1000)), None);
}

/// Rows: INT-14
#[test]
fn six_tokens_never_open_the_breaker_however_often_they_fail() {
    let mut breaker = Breaker::default();
    for round in 0..1000 {
        for token in 0..6 {
            assert!(call(&mut breaker, round * 100, token as u32, token, true));
        }
    }
}

/// Rows: INT-14
#[test]
fn failures_of_long_ago_do_not_add_up() {
    let mut breaker = Breaker::default();
    for token in 0..1000 {
        assert!(call(&mut breaker, token * 600, token as u32 % 7, token, true));
    }
}

/// Rows: INT-14
#[test]
fn one_address_whose_tokens_fail_is_held_back_alone() {
    let mut breaker = Breaker::default();
    for token in 0..10 {
        assert!(call(&mut breaker, 0, 1, token, true));
    }
    assert!(breaker.pause(peer(1), at(0)).is_some());
    assert!(call(&mut breaker, 0, 2, 100, false), "others are served");
    assert!(breaker.pause(peer(1), at(0)).is_some() && !breaker.is_open());
    // More fail: it was not that one.
    for token in 101..104 {
        call(&mut breaker, 0, 3, token, true);
        call(&mut breaker, 0, 4, token + 10, true);
        call(&mut breaker, 0, 5, token + 20, true);
    }
    assert!(breaker.pause(peer(9), at(0)).is_some() && breaker.is_open());
}

/// Rows: INT-14
#[test]
fn addresses_that_fail_one_after_the_other_are_each_held_back_alone() {
    let mut breaker = Breaker::default();
    for of in 0..40 {
        let millis = u64::from(of) * 10;
        for token in 0..10 {
            call(&mut breaker, millis, of, u64::from(of) * 100 + token, true);
        }
        for other in 100..150 {
            assert!(call(&mut breaker, millis + 5, other, u64::from(other) * 1000, false));
        }
        assert!(!breaker.is_open());
    }
    let mut alone = Breaker::default();
    for of in 0..40 {
        let millis = u64::from(of) * 6000;
        for token in 0..10 {
            let failed = ended(millis, of, u64::from(of) * 100 + token, true);
            alone.record(failed, false, 0);
        }
        assert!(!alone.is_open() && alone.open.as_ref().unwrap().for_whom.covers(peer(of)));
    }
    assert_eq!(alone.pause(peer(0), at(240_000)), None, "bounded");
}

/// Rows: INT-14
#[test]
fn an_address_of_a_thousand_failing_tokens_has_one_vote() {
    let mut breaker = Breaker::default();
    for of in 2..4 {
        call(&mut breaker, 0, of, u64::from(of), false);
    }
    for token in 10..1010 {
        assert!(call(&mut breaker, 0, 1, token, true) && breaker.open.is_none());
        if token % 50 == 0 {
            call(&mut breaker, 0, 2, token, false);
            call(&mut breaker, 0, 3, token + 20_000, false);
        }
    }
}

/// Rows: INT-14
#[test]
fn each_pause_ends_with_several_probes_and_one_that_succeeds_ends_them_all() {
    let mut breaker = Breaker::default();
    outage(&mut breaker, 0);
    let probes: Vec<bool> =
        (0..6).map(|of| breaker.admit(peer(of), at(1000), 0) == Ok(true)).collect();
    assert_eq!(probes, [true, true, true, true, false, false]);
    assert_eq!(breaker.pause(peer(7), at(1000)), Some(Duration::from_secs(2)));
    for of in 0..3 {
        breaker.record(ended(1100, of, 50 + u64::from(of), true), true, 0);
    }
    let change = breaker.record(ended(1100, 3, 60, false), true, 0);
    assert_eq!(change, Some(Change::Closed));
    assert!(call(&mut breaker, 1100, 7, 70, false));
}

/// Rows: INT-14
#[test]
fn a_token_that_always_fails_is_not_the_only_probe() {
    let mut breaker = Breaker::default();
    outage(&mut breaker, 0);
    for _ in 0..PROBES_PER_PEER {
        assert!(call(&mut breaker, 1000, 1, 1, true));
    }
    assert!(!call(&mut breaker, 1000, 1, 1, true), "others have probes left");
    assert!(call(&mut breaker, 1000, 2, 77, false) && breaker.open.is_none());
}

/// Rows: INT-14
#[test]
fn an_old_call_neither_closes_nor_prolongs() {
    let mut breaker = Breaker::default();
    outage(&mut breaker, 0);
    for (token, failed) in [(70, true), (71, false)] {
        assert_eq!(breaker.record(ended(500, 5, token, failed), false, 0), None);
    }
    assert_eq!(breaker.pause(peer(5), at(500)), Some(Duration::from_millis(500)));
}

/// Rows: INT-14
#[test]
fn gateways_of_one_server_do_not_come_back_together() {
    let pauses = [0, 250, 500, 750, 999].map(|dice| {
        let mut breaker = Breaker::default();
        for number in 0..12 {
            breaker.record(ended(0, number % 4, u64::from(number), true), false, dice);
        }
        breaker.pause(peer(1), at(0)).unwrap()
    });
    let times: std::collections::BTreeSet<_> = pauses.into_iter().collect();
    assert_eq!(times.len(), pauses.len(), "{pauses:?}");
    assert!(times.iter().all(|pause| (FIRST_PAUSE * 4 / 5..=FIRST_PAUSE).contains(pause)));
}

/// Rows: INT-14
#[test]
fn the_server_s_own_pause_is_respected_up_to_the_bound() {
    for (asked, expected) in [(0, 1), (3, 3), (5, 5), (3600, 5)] {
        let mut breaker = Breaker::default();
        for number in 0..12 {
            let wait = Duration::from_secs(asked);
            let ended = Ended { wait, ..ended(0, number % 4, u64::from(number), true) };
            breaker.record(ended, false, 999);
        }
        let pause = breaker.pause(peer(1), at(0)).unwrap();
        // By chance a fifth shorter, but never than was asked for.
        let (least, most) = (asked.min(5) * 1000, expected * 1000);
        let pause = u64::try_from(pause.as_millis()).unwrap();
        assert!((least..=most).contains(&pause), "{asked}: {pause}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However many tokens of some addresses it stumbles over, as long as it answers as many others.
    /// Rows: INT-14
    #[test]
    fn a_server_that_answers_others_well_is_never_given_a_pause(
        junk_senders in 1u32..8,
        more in 0u32..8,
        calls in proptest::collection::vec((any::<bool>(), any::<u32>(), 0u64..300, any::<u64>()), 1..300),
    ) {
        let mut breaker = Breaker::default();
        let good = junk_senders + more;
        let mut now = 0;
        for (number, (junk, of, gap, dice)) in calls.into_iter().enumerate() {
            now += gap;
            let token = 1000 + number as u64;
            // Everybody good is answered at least this often.
            for of in 0..good {
                let admitted = breaker.admit(peer(100 + of), at(now), dice);
                prop_assert_eq!(admitted, Ok(false));
                let ended = ended(now, 100 + of, 1_000_000 + token * 100 + u64::from(of), false);
                prop_assert_eq!(breaker.record(ended, false, dice), None);
            }
            let of = if junk { of % junk_senders } else { 100 + of % good };
            let admitted = breaker.admit(peer(of), at(now), dice);
            prop_assert_eq!(admitted, Ok(false));
            prop_assert_eq!(breaker.record(ended(now, of, token, junk), false, dice), None);
        }
    }

    /// Whatever happened during it, whoever is asked how often.
    /// Rows: INT-14
    #[test]
    fn after_any_outage_a_call_is_made_within_six_seconds(
        calls in proptest::collection::vec((0u32..40, any::<u64>(), 0u64..2000, any::<u64>()), 1..400),
        newcomer in 0u32..100,
    ) {
        let mut breaker = Breaker::default();
        let mut now = 0;
        let mut hanging = Vec::new();
        for (of, token, gap, dice) in calls {
            now += gap;
            if let Ok(probe) = breaker.admit(peer(of), at(now), dice) {
                // Every third call hangs for long.
                if token % 3 == 0 {
                    hanging.push((now + 2500, of, token, probe));
                } else {
                    breaker.record(ended(now, of, token, true), probe, dice);
                }
            }
            hanging.retain(|(until, of, token, probe)| {
                if *until <= now {
                    breaker.record(ended(now, *of, *token, true), *probe, dice);
                }
                *until > now
            });
        }
        // It is over. Somebody new comes every 100 ms.
        let back = (0..60).find(|step| {
            breaker.admit(peer(newcomer), at(now + step * 100), 0).is_ok()
        });
        prop_assert!(back.is_some());
        // And what they were told is when they are really let through.
        if let Some(told) = breaker.pause(peer(newcomer), at(now)) {
            prop_assert!(told <= LAST_PAUSE);
            let told = now + u64::try_from(told.as_millis()).unwrap();
            let mut later = breaker;
            prop_assert!(later.admit(peer(newcomer), at(told), 0).is_ok());
        }
    }
}
