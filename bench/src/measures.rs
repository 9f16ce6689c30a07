//! Named numbers, one a line: what `load` hands to `run`, and what `summary.txt` holds.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context as _, Result};

/// In the order they were noted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Measures(Vec<(String, f64)>);

impl Measures {
    pub(crate) fn note(&mut self, name: impl Into<String>, value: f64) {
        self.0.push((name.into(), value));
    }

    pub(crate) fn value(&self, name: &str) -> Result<f64> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value).with_context(|| format!("nothing measured as {name}"))
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.0 {
            // Counts stay whole numbers, so that a reader need not guess their precision.
            let digits = if value.fract() == 0.0 { 0 } else { 3 };
            let _ = writeln!(text, "{name} {value:.digits$}");
        }
        text
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut measures = Self::default();
        for line in text.lines() {
            let (name, value) = line.split_once(' ').with_context(|| format!("line {line:?}"))?;
            let value = value.parse().with_context(|| format!("value of {name}"))?;
            measures.note(name, value);
        }
        Ok(measures)
    }

    pub(crate) fn print(&self) -> Result<()> {
        std::io::stdout().write_all(self.text().as_bytes()).context("standard output")
    }
}

#[cfg(test)]
mod tests {
    use super::Measures;

    #[test]
    fn what_was_written_reads_back_the_same() -> anyhow::Result<()> {
        let mut measures = Measures::default();
        measures.note("requests", 60_000.0);
        measures.note("cpu_us", 15.125);
        assert_eq!(measures.text(), "requests 60000\ncpu_us 15.125\n");
        assert_eq!(Measures::parse(&measures.text())?, measures);
        assert_eq!(measures.value("cpu_us")?, 15.125);
        Ok(())
    }

    #[test]
    fn a_missing_name_or_a_word_for_a_number_is_an_error() {
        assert!(Measures::default().value("cpu_us").is_err());
        assert!(Measures::parse("cpu_us fast").is_err());
        assert!(Measures::parse("cpu_us").is_err());
    }
}
