//! Durations with a unit: `"2500ms"`, `"10s"`, `"5m"`, `"1h"`. A bare number has none, and a unit
//! mistaken makes a limit days long (pitfall 34).

use std::time::Duration;

/// `None` unless it is one whole number and one unit.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: PITFALL-34
    #[test]
    fn a_duration_has_a_unit() {
        let cases = [
            ("2500ms", Some(2500)),
            ("10s", Some(10_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("0s", Some(0)),
            ("10", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("10 s", None),
            ("10sec", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text), millis.map(Duration::from_millis), "{text}");
        }
    }
}
