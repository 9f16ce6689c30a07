//! Times as a file has them, and other people's text as a terminal may have it.

use phantom_core::UnixTime;

/// [`UnixTime::MAX`]: the last day of the last year, which no timestamp of jiff's reaches.
const END_OF_TIME: &str = "9999-12-31T23:59:59Z";

/// RFC 3339, in UTC.
pub(crate) fn time_text(time: UnixTime) -> String {
    let millis = i64::try_from(time.as_millis()).ok();
    let time = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| END_OF_TIME.to_owned(), |time| time.to_string())
}

/// `None` for what is no time, or one before 1970.
pub(crate) fn parse_time(text: &str) -> Option<UnixTime> {
    if text == END_OF_TIME {
        return Some(UnixTime::MAX);
    }
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok().map(UnixTime::from_millis)
}

/// Text of a file or a store as a terminal may have it: short, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 200;
    let mut shown = String::new();
    for (at, character) in text.chars().enumerate() {
        if at == LONGEST {
            shown.push('…');
            break;
        }
        match character.is_control() {
            true => shown.extend(character.escape_unicode()),
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_and_come_back_to_the_millisecond() {
        let time = UnixTime::from_millis(1_792_112_345_678);
        assert_eq!(time_text(time), "2026-10-16T00:59:05.678Z");
        for time in [time, UnixTime::from_secs(0), UnixTime::MAX] {
            assert_eq!(parse_time(&time_text(time)), Some(time));
        }
        assert_eq!(parse_time("2026-10-16T02:59:05.678+02:00"), Some(time));
        for wrong in ["", "yesterday", "2026-10-15", "1969-12-31T23:59:59Z", "2026-13-01T00:00:00Z"]
        {
            assert_eq!(parse_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_terminal_gets_no_control_characters_and_no_endless_names() {
        assert_eq!(shown("a\u{1b}[2Jb ü"), "a\\u{1b}[2Jb ü");
        assert_eq!(shown(&"x".repeat(5000)).chars().count(), 201);
    }
}
