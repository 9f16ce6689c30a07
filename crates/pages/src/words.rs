//! Numbers, times and sentences as people read them.

use std::time::Duration;

use phantom_core::UnixTime;

/// `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 API`, `2 APIs`.
pub fn several(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// With three digits that count, as `12,300`, `4.56` or `0.0123`.
pub fn decimal(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let size = number.abs();
    if size >= 100.0 || number.fract() == 0.0 {
        return count(number.round().max(0.0) as u64);
    }
    let places = if size >= 10.0 {
        1
    } else if size >= 1.0 {
        2
    } else {
        3
    };
    format!("{number:.places$}")
}

/// `a minute`, `every 2 hours`: how often, in units as plans name them.
pub fn each(units: i64, unit: &str) -> String {
    let (one, many) = match unit {
        "sec" => ("a second", "seconds"),
        "min" => ("a minute", "minutes"),
        "hour" | "hours" => ("an hour", "hours"),
        _ => ("a day", "days"),
    };
    match units {
        1 => one.to_owned(),
        units => format!("every {} {many}", count(u64::try_from(units).unwrap_or(0))),
    }
}

/// `5 requests a minute, and at most 1 a second`: with the second, shorter limit, if a plan has one.
pub fn with_burst(limit: String, burst: Option<(u64, &str)>) -> String {
    match burst {
        Some((number, unit)) => format!("{limit}, and at most {} {}", count(number), each(1, unit)),
        None => limit,
    }
}

/// `3 minutes`, rounded up: nobody is to come back too early.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    match seconds {
        0..=1 => "a second".to_owned(),
        2..=90 => several(seconds, "second", "seconds"),
        91..=5_400 => several(seconds.div_ceil(60), "minute", "minutes"),
        _ => several(seconds.div_ceil(3_600), "hour", "hours"),
    }
}

/// `3 minutes ago`.
pub fn ago(now: UnixTime, at: UnixTime) -> String {
    let seconds = at.until(now).as_secs();
    match seconds {
        0 if now < at => "in the future".to_owned(),
        0..=9 => "just now".to_owned(),
        10..=89 => format!("{seconds} seconds ago"),
        90..=5_399 => format!("{} ago", several((seconds + 30) / 60, "minute", "minutes")),
        5_400..=129_599 => format!("{} ago", several((seconds + 1_800) / 3_600, "hour", "hours")),
        _ => format!("{} ago", several((seconds + 43_200) / 86_400, "day", "days")),
    }
}

/// `2026-11-29 15:10:53 UTC`.
pub fn time(at: UnixTime) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => "an unknown time".to_owned(),
    }
}

/// With a capital letter.
pub fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators_and_words() {
        assert_eq!(
            [count(0), count(999), count(1000), count(1234567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!([several(1, "API", "APIs"), several(2, "API", "APIs")], ["1 API", "2 APIs"]);
        assert_eq!(
            [decimal(12345.6), decimal(4.561), decimal(0.01234)],
            ["12,346", "4.56", "0.012"]
        );
    }

    #[test]
    fn times_are_relative_and_waits_are_never_too_short() {
        let at = UnixTime::from_secs(1_000_000);
        let after = |seconds: u64| ago(UnixTime::from_secs(1_000_000 + seconds), at);
        assert_eq!(after(3), "just now");
        assert_eq!(
            [after(60), after(180), after(7_200)],
            ["60 seconds ago", "3 minutes ago", "2 hours ago"]
        );
        assert_eq!(duration(Duration::from_millis(61_500)), "62 seconds");
        assert_eq!(duration(Duration::from_secs(100)), "2 minutes");
        assert_eq!(time(UnixTime::from_secs(0)), "1970-01-01 00:00:00 UTC");
    }
}
