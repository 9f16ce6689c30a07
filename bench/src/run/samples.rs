//! What the rounds measured, and what it comes to.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use super::gateway::Contender;
use crate::stats::Spread;

/// Values of one round each, by contender and quantity, in the order of the rounds.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<(&'static str, &'static str), Vec<f64>>);

impl Samples {
    pub(super) fn add(&mut self, contender: Contender, quantity: &'static str, value: f64) {
        self.0.entry((contender.name(), quantity)).or_default().push(value);
    }

    pub(super) fn spread(&self, contender: Contender, quantity: &str) -> Result<Spread> {
        Spread::of(self.values(contender, quantity)?).context("no rounds")
    }

    /// The ratio of the medians, with the least and most of any one round.
    pub(super) fn ratio(
        &self,
        upper: Contender,
        lower: Contender,
        quantity: &str,
    ) -> Result<Spread> {
        let (uppers, lowers) = (self.values(upper, quantity)?, self.values(lower, quantity)?);
        ensure!(uppers.len() == lowers.len(), "unequal numbers of rounds");
        let rounds: Vec<f64> =
            uppers.iter().zip(lowers).map(|(upper, lower)| upper / lower).collect();
        let spread = Spread::of(&rounds).context("no rounds")?;
        let upper = self.spread(upper, quantity)?.median;
        Ok(Spread { median: upper / self.spread(lower, quantity)?.median, ..spread })
    }

    fn values(&self, contender: Contender, quantity: &str) -> Result<&[f64]> {
        let name = contender.name();
        let values = self.0.iter().find(|(key, _)| **key == (name, quantity));
        values
            .map(|(_, values)| values.as_slice())
            .with_context(|| format!("no {quantity} of {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Contender, Samples, Spread};

    #[test]
    fn a_ratio_is_that_of_the_medians_and_spreads_as_the_rounds_did() -> anyhow::Result<()> {
        let mut samples = Samples::default();
        for (public, nginx) in [(10.0, 10.0), (12.0, 8.0), (11.0, 11.0)] {
            samples.add(Contender::Public, "cpu_us", public);
            samples.add(Contender::Nginx, "cpu_us", nginx);
        }
        let ratio = samples.ratio(Contender::Public, Contender::Nginx, "cpu_us")?;
        assert_eq!(ratio, Spread { median: 1.1, least: 1.0, most: 1.5 });
        Ok(())
    }

    #[test]
    fn what_was_not_measured_has_no_ratio() {
        let mut samples = Samples::default();
        samples.add(Contender::Public, "cpu_us", 10.0);
        assert!(samples.ratio(Contender::Public, Contender::Nginx, "cpu_us").is_err());
        assert!(samples.spread(Contender::Public, "p50_us").is_err());
    }
}
