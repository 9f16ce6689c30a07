//! Fixed windows: so many requests from the first one on, then a new window with the next.

use std::time::Duration;

use crate::catalog::Limit;
use crate::time::Tick;

/// Requests of one party under one limit. A window begins with the request that finds none open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    began: Tick,
    used: u64,
}

impl Window {
    /// Takes one request into account, or says how long to wait for the next window.
    ///
    /// The limit is an argument: a change of plan counts at once, and what was used stays used.
    ///
    /// # Errors
    /// Time left until the next window.
    pub fn admit(self, limit: Limit, now: Tick) -> Result<Self, Duration> {
        let ends = self.began.plus(limit.window);
        if self.used == 0 || now >= ends {
            return Ok(Self { began: now, used: 1 });
        }
        if self.used >= limit.requests {
            return Err(now.until(ends));
        }
        Ok(Self { used: self.used + 1, ..self })
    }

    /// Takes one request into account that nothing stops.
    #[must_use]
    pub fn count(self, limit: Limit, now: Tick) -> Self {
        self.admit(limit, now).unwrap_or(Self { used: self.used.saturating_add(1), ..self })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    const fn limit(requests: u64, millis: u64) -> Limit {
        Limit { requests, window: Duration::from_millis(millis) }
    }

    /// Rows: WSO2-8.7
    #[test]
    fn a_window_begins_with_its_first_request_and_ends_for_good() {
        let three = limit(3, 60_000);
        let mut window = Window::default();
        for at in [5_000, 6_000, 64_999] {
            window = window.admit(three, Tick::from_millis(at)).unwrap();
        }
        assert_eq!(window.admit(three, Tick::from_millis(64_999)), Err(Duration::from_millis(1)));
        // Not at the next full minute, and not 60 s after the last: 60 s after the first.
        let next = window.admit(three, Tick::from_millis(65_000)).unwrap();
        assert_eq!(next, Window { began: Tick::from_millis(65_000), used: 1 });
    }

    /// Rows: WSO2-8.7
    #[test]
    fn a_change_of_plan_counts_at_once_and_forgives_nothing() {
        let now = Tick::from_millis(1);
        let mut window = Window::default();
        for _ in 0..5 {
            window = window.admit(limit(5, 1000), now).unwrap();
        }
        assert!(window.admit(limit(5, 1000), now).is_err());
        assert!(window.admit(limit(4, 1000), now).is_err());
        assert!(window.admit(limit(6, 1000), now).is_ok());
    }

    /// Rows: WSO2-8.7
    #[test]
    fn what_is_only_counted_is_never_stopped() {
        let mut window = Window::default();
        for _ in 0..9 {
            window = window.count(limit(2, 1000), Tick::from_millis(7));
        }
        assert_eq!(window, Window { began: Tick::from_millis(7), used: 9 });
        let next = window.count(limit(2, 1000), Tick::from_millis(1007));
        assert_eq!(next.used, 1);
    }

    /// Rows: WSO2-8.7
    #[test]
    fn the_number_is_exact_however_many_ask_at_once() {
        let (window, five) = (Mutex::new(Window::default()), limit(50, 1000));
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || {
                let once = |_: &usize| {
                    let mut window = window.lock().unwrap();
                    let next = window.admit(five, Tick::from_millis(3));
                    next.map(|next| *window = next).is_ok()
                };
                (0..100).filter(once).count()
            };
            let askers: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).sum()
        });
        assert_eq!(admitted, 50);
    }

    proptest! {
        /// Rows: WSO2-8.7
        #[test]
        fn never_more_than_the_number_in_any_window(
            requests in 1u64..10, gaps in proptest::collection::vec(0u64..300, 1..200)
        ) {
            let limit = limit(requests, 1000);
            let (mut window, mut now) = (Window::default(), 1);
            // Windows by the rule's own words: the first request opens one, for one second.
            let (mut opened, mut within) = (None, 0);
            for gap in gaps {
                now += gap;
                if opened.is_none_or(|opened| now >= opened + 1000) {
                    (opened, within) = (Some(now), 0);
                }
                let outcome = window.admit(limit, Tick::from_millis(now));
                within += 1;
                prop_assert_eq!(outcome.is_ok(), within <= requests);
                match outcome {
                    Ok(next) => window = next,
                    Err(wait) => {
                        let ends = opened.unwrap() + 1000;
                        prop_assert_eq!(wait, Duration::from_millis(ends - now));
                    }
                }
            }
        }
    }
}
