//! The statistics the report stands on: medians of rounds, and percentiles of samples.

/// What one quantity did over the rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of nothing: a median of no rounds is not zero.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            (sorted.get(upper.checked_sub(1)?)? + sorted.get(upper)?) / 2.0
        } else {
            *sorted.get(upper)?
        };
        Some(Self { median, least, most })
    }
}

/// The value that `percent` of the samples do not exceed (nearest rank). `sorted` ascends.
pub(crate) fn percentile(sorted: &[u64], percent: f64) -> Option<u64> {
    if !(0.0..=100.0).contains(&percent) {
        return None;
    }
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::{Spread, percentile};

    #[test]
    fn median_of_an_odd_number_of_rounds_is_the_middle_one() {
        let spread = Spread::of(&[9.0, 1.0, 4.0]);
        assert_eq!(spread, Some(Spread { median: 4.0, least: 1.0, most: 9.0 }));
    }

    #[test]
    fn median_of_an_even_number_of_rounds_lies_between_the_two_middle_ones() {
        assert_eq!(Spread::of(&[1.0, 9.0, 4.0, 2.0]).map(|spread| spread.median), Some(3.0));
    }

    #[test]
    fn nothing_measured_has_no_median_and_no_percentile() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn percentiles_are_samples_that_occurred() {
        let samples: Vec<u64> = (1..=200).collect();
        for (percent, expected) in [(0.0, 1), (0.5, 1), (50.0, 100), (90.0, 180), (100.0, 200)] {
            assert_eq!(percentile(&samples, percent), Some(expected), "{percent}");
        }
        assert_eq!(percentile(&samples, 100.1), None);
        assert_eq!(percentile(&[7], 99.9), Some(7));
    }
}
