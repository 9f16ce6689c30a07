//! The stretches of time that are reported: short ones of the last minutes, longer ones of the day. How many
//! rows there are is fixed by that, and how long each can be as well.

use std::time::Duration;

use phantom_core::UnixTime;
use phantom_core::traffic;
use phantom_core::traffic::Decided;
use phantom_core::traffic::Report;

/// Reports are kept for so long.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// One length of time, and how many of it are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub seconds: u64,
    pub slots: u64,
    /// APIs, applications and key managers that are told apart, of each.
    pub shares: usize,
    /// The last decisions that are kept, and how many of them may be of requests that were let through.
    pub decisions: usize,
    pub passed: usize,
}

impl Span {
    /// For ten minutes.
    pub const FINEST: Self =
        Self { seconds: 5, slots: 121, shares: 20, decisions: 100, passed: 20 };
    /// For three hours.
    pub const MINUTE: Self = Self { seconds: 60, slots: 181, shares: 12, decisions: 30, passed: 0 };
    /// For a day.
    pub const COARSEST: Self =
        Self { seconds: 600, slots: 145, shares: 12, decisions: 60, passed: 0 };
    pub const ALL: [Self; 3] = [Self::FINEST, Self::MINUTE, Self::COARSEST];

    /// The beginning of the one that holds `at`.
    #[must_use]
    pub const fn begin(self, at: UnixTime) -> UnixTime {
        UnixTime::from_secs(at.as_secs() / self.seconds * self.seconds)
    }

    pub(super) const fn slot(self, begun: UnixTime) -> u64 {
        begun.as_secs() / self.seconds % self.slots
    }

    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// For how long its rows are there.
    #[must_use]
    pub const fn kept(self) -> Duration {
        Duration::from_secs(self.seconds * (self.slots - 1))
    }
}

/// What is counted of the spans that go on.
#[derive(Debug)]
pub struct Spans(Vec<Open>);

#[derive(Debug)]
struct Open {
    span: Span,
    begun: UnixTime,
    report: Report,
    decided: Vec<Decided>,
    /// Its decisions are in the store.
    told: bool,
}

/// What has to be written now.
#[derive(Clone, Debug)]
pub struct Due {
    pub span: Span,
    pub begun: UnixTime,
    pub report: Report,
    pub decided: Vec<Decided>,
}

impl Spans {
    #[must_use]
    pub fn new(now: UnixTime) -> Self {
        let open = |span: Span| Open {
            span,
            begun: span.begin(now),
            report: Report::default(),
            decided: Vec::new(),
            told: false,
        };
        Self(Span::ALL.map(open).into())
    }

    /// Until the shortest ends.
    #[must_use]
    pub fn remaining(&self, now: UnixTime) -> Duration {
        let end = Span::FINEST.begin(now).plus(Span::FINEST.length());
        now.until(end).max(Duration::from_millis(1))
    }

    pub fn add(&mut self, report: &Report, decided: &[Decided]) {
        for open in &mut self.0 {
            open.report.add(report);
            open.decided.extend_from_slice(decided);
            traffic::newest(&mut open.decided, usize::MAX);
            let mut passed = 0;
            open.decided.retain(|one| {
                passed += usize::from(!one.failed());
                one.failed() || passed <= open.span.passed
            });
            traffic::newest(&mut open.decided, open.span.decisions);
        }
    }

    /// The shortest each time; with the end of a minute, the longest as well as far as it has got. `all`: the
    /// gateway stops.
    #[must_use]
    pub fn due(&self, now: UnixTime, all: bool) -> Vec<Due> {
        let minute = self.0.iter().any(|open| open.span == Span::MINUTE && open.is_over(now));
        let due = |open: &&Open| all || minute || open.span == Span::FINEST;
        self.0.iter().filter(due).map(Open::due).collect()
    }

    /// They were written.
    pub fn told(&mut self, due: &[Due]) {
        for open in &mut self.0 {
            open.told |= due.iter().any(|due| due.span == open.span);
        }
    }

    /// Those that are over begin anew. Counters that could not be written are gone; decisions wait for the next.
    pub fn go_on(&mut self, now: UnixTime) {
        for open in self.0.iter_mut().filter(|open| open.is_over(now)) {
            open.begun = open.span.begin(now);
            open.report = Report::default();
            if open.told {
                open.decided.clear();
            }
            open.told = false;
        }
    }
}

impl Open {
    /// Also where the clock was set back.
    fn is_over(&self, now: UnixTime) -> bool {
        self.span.begin(now) != self.begun
    }

    fn due(&self) -> Due {
        let report = self.report.abridged(self.span.shares);
        Due { span: self.span, begun: self.begun, report, decided: self.decided.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    fn decided(path: &str, at: u64, refused: bool) -> Decided {
        Decided {
            at: UnixTime::from_secs(at),
            id: "1".to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            api: "none".to_owned(),
            api_id: None,
            application: None,
            key_manager: None,
            status: 401,
            reason: refused.then(|| "token_expired".to_owned()),
            error: None,
            micros: 1,
            consulted: None,
        }
    }

    /// Which spans are written when, over so many seconds.
    fn written(seconds: u64) -> Vec<(u64, u64)> {
        let mut spans = Spans::new(at(1200));
        let mut written = Vec::new();
        for now in (1205..=1200 + seconds).step_by(5).map(at) {
            let due = spans.due(now, false);
            written.extend(due.iter().map(|due| (due.span.seconds, due.begun.as_secs())));
            spans.told(&due);
            spans.go_on(now);
        }
        written
    }

    #[test]
    fn one_row_is_written_in_each_interval_and_two_more_each_minute() {
        let written = written(24 * 3600);
        let of = |span| written.iter().filter(|(seconds, _)| *seconds == span).count();
        assert_eq!((of(5), of(60), of(600)), (17_280, 1_440, 1_440));
        let rows: std::collections::BTreeSet<_> = written
            .iter()
            .map(|(seconds, begun)| {
                let span = Span::ALL.into_iter().find(|span| span.seconds == *seconds);
                (*seconds, span.map(|span| span.slot(at(*begun))))
            })
            .collect();
        assert!(rows.len() <= 121 + 181 + 145, "{} rows", rows.len());
    }

    #[test]
    fn refusals_come_first_and_wait_for_the_store() {
        let mut spans = Spans::new(at(0));
        let passed = (0..500).map(|n| decided(&format!("/{n}"), n, false));
        let all: Vec<_> = passed.chain([decided("/no", 1, true)]).collect();
        spans.add(&Report::default(), &all);
        let due = spans.due(at(5), false);
        assert_eq!(due[0].decided.len(), 21);
        assert!(due[0].decided.iter().any(|one| one.path == "/no"));
        // It could not be written.
        spans.go_on(at(5));
        assert_eq!(spans.due(at(10), false)[0].decided.len(), 21);
        let due = spans.due(at(10), true);
        assert_eq!(due[1].decided.len(), 1, "of a minute, refusals alone");
        spans.told(&due);
        spans.go_on(at(10));
        assert!(spans.due(at(15), false)[0].decided.is_empty());
    }

    #[test]
    fn the_longest_decisions_there_can_be_do_not_grow_a_row_beyond_its_bound() {
        let mut spans = Spans::new(at(0));
        let long = |length| "\"".repeat(length);
        let worst = (0..1_000).map(|n| Decided {
            id: long(64),
            method: long(Decided::METHOD),
            api: long(96),
            key_manager: Some(long(100)),
            ..decided(&long(Decided::PATH), n, true)
        });
        spans.add(&Report::default(), &worst.collect::<Vec<_>>());
        let due = spans.due(at(5), false);
        let bytes = serde_json::to_string(&due[0].decided).unwrap().len();
        assert!(bytes < 128 * 1024, "{bytes} bytes");
    }
}
