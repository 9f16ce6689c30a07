//! The table: a row per fault, with what was wanted and what was seen.

use std::fmt::Write as _;
use std::time::Duration;

use super::load::Tally;

/// One line of the table.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Of the list in docs/faults.md.
    pub(super) id: &'static str,
    pub(super) fault: String,
    pub(super) sent: u64,
    pub(super) right: u64,
    pub(super) introspections: Option<u64>,
    /// p99 of hot requests over that of the quiet run before.
    pub(super) p99: Option<f64>,
    pub(super) peak_mib: Option<f64>,
    pub(super) recovery: Option<Duration>,
    missed: Vec<String>,
    saw: Vec<String>,
}

impl Row {
    pub(super) fn new(id: &'static str, fault: impl Into<String>) -> Self {
        Self { id, fault: fault.into(), ..Self::default() }
    }

    /// That it could not be run is a miss too.
    pub(super) fn not_run(id: &'static str, why: &str) -> Self {
        let mut row = Self::new(id, "(the row)");
        row.want("to be run", false);
        row.saw(why.replace(['\n', '|'], " "));
        row
    }

    /// Requests that had to be answered rightly.
    pub(super) fn good(&mut self, tally: &Tally) {
        self.sent += tally.sent();
        self.right += tally.right();
    }

    pub(super) fn want(&mut self, what: impl Into<String>, met: bool) {
        if !met {
            self.missed.push(what.into());
        }
    }

    pub(super) fn saw(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !what.is_empty() {
            self.saw.push(what);
        }
    }

    pub(super) fn want_all(&mut self, name: &str, tally: &Tally) {
        self.want(format!("all {name} answered rightly"), tally.all_right());
        if !tally.all_right() {
            self.saw(format!("{name}: {}", tally.wrong()));
        }
    }

    /// Of hot requests, during over quiet; `most` is what is wanted.
    pub(super) fn compare(&mut self, quiet: &Tally, during: &Tally, most: Option<f64>) {
        let Some(ratio) = during.p99_over(quiet) else { return };
        self.p99 = Some(ratio);
        if let Some(most) = most {
            self.want(format!("p99 at most {most} × quiet"), ratio <= most);
        }
    }

    pub(super) fn recovered(&mut self, took: Option<Duration>, most: Duration) {
        self.recovery = took;
        let met = took.is_some_and(|took| took <= most);
        self.want(format!("recovery within {} s", most.as_secs()), met);
        if took.is_none() {
            self.saw("did not recover while it was looked at");
        }
    }

    pub(super) fn held(&self) -> bool {
        self.missed.is_empty()
    }

    pub(super) fn line(&self) -> String {
        let or_none = |shown: Option<String>| shown.unwrap_or_else(|| "–".to_owned());
        let mut verdict = if self.held() {
            "held".to_owned()
        } else {
            format!("**missed**: {}", self.missed.join("; "))
        };
        if !self.saw.is_empty() {
            let _ = write!(verdict, " ({})", self.saw.join("; "));
        }
        format!(
            "| {} | {} | {} / {} | {} | {} | {} | {} | {verdict} |",
            self.id,
            self.fault,
            self.sent,
            self.right,
            or_none(self.introspections.map(|count| count.to_string())),
            or_none(self.p99.map(|ratio| format!("{ratio:.2}"))),
            or_none(self.peak_mib.map(|mib| format!("{mib:.0}"))),
            or_none(self.recovery.map(|time| format!("{:.1} s", time.as_secs_f64()))),
        )
    }
}

pub(super) const HEAD: &str = "| | fault | good sent / right | introspections | p99 ÷ quiet | peak MiB | recovery | verdict |\n|---|---|---|---|---|---|---|---|";

#[cfg(test)]
mod tests {
    use super::{Duration, Row, Tally};

    #[test]
    fn a_row_says_what_it_missed_and_what_it_saw() {
        let mut row = Row::new("A2", "six junk tokens");
        row.want("no 401", true);
        assert!(row.held());
        assert_eq!(row.line(), "| A2 | six junk tokens | 0 / 0 | – | – | – | – | held |");
        row.recovered(Some(Duration::from_millis(6500)), Duration::from_secs(6));
        row.saw("503: 3");
        assert!(!row.held());
        assert!(row.line().ends_with("| 6.5 s | **missed**: recovery within 6 s (503: 3) |"));
    }

    #[test]
    fn nothing_sent_is_not_all_of_it_right() {
        let mut row = Row::new("A2", "six junk tokens");
        row.want_all("hot requests", &Tally::default());
        assert!(!row.held());
    }
}
