//! How long an answer may be kept (RFC 9111 §5.2.2, §4.2.3).

use std::borrow::Cow;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::header;

use crate::introspection::Freshness;

pub(crate) fn freshness_of(headers: &HeaderMap) -> Freshness {
    let cache_control = joined(headers, &header::CACHE_CONTROL, "no-store");
    let age = joined(headers, &header::AGE, "");
    freshness(cache_control.as_deref(), age.as_deref())
}

/// The strictest directive counts; `Age` is subtracted, so that `max-age` is never a floor
/// (CAC-2). A lifetime that cannot be read is none.
pub(crate) fn freshness(cache_control: Option<&str>, age: Option<&str>) -> Freshness {
    let mut stated: Option<u64> = None;
    for directive in cache_control.unwrap_or_default().split(',') {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (directive.trim(), None),
        };
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Freshness::DoNotStore;
        }
        if name.eq_ignore_ascii_case("max-age") {
            let Some(seconds) = value.and_then(delta_seconds) else { return Freshness::DoNotStore };
            stated = Some(stated.map_or(seconds, |other| other.min(seconds)));
        }
    }
    let Some(seconds) = stated else { return Freshness::Unstated };
    let age = age.and_then(delta_seconds).unwrap_or(0);
    match seconds.saturating_sub(age) {
        0 => Freshness::DoNotStore,
        left => Freshness::For(Duration::from_secs(left)),
    }
}

/// RFC 9111 §1.2.2: digits alone; what is too large to hold is 2^31.
pub(crate) fn delta_seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().map_or(1 << 31, |seconds: u64| seconds.min(1 << 31)))
}

/// All lines of a field as one list; `unreadable` stands for a value that is not text.
fn joined<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    unreadable: &'static str,
) -> Option<Cow<'a, str>> {
    let mut lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or(unreadable));
    let first = lines.next()?;
    Some(lines.fold(Cow::Borrowed(first), |all, line| Cow::Owned(format!("{all},{line}"))))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// Rows: CAC-2
    #[test]
    fn max_age_minus_age_is_an_upper_bound() {
        let seconds = |n| Freshness::For(Duration::from_secs(n));
        for (cache_control, age, expected) in [
            (None, None, Freshness::Unstated),
            (Some(""), None, Freshness::Unstated),
            (Some("private"), None, Freshness::Unstated),
            (Some("private, max-age=300"), None, seconds(300)),
            (Some("Max-Age=\"300\""), None, seconds(300)),
            (Some("max-age=300"), Some("60"), seconds(240)),
            (Some("max-age=300"), Some("nonsense"), seconds(300)),
            (Some("max-age=300"), Some("300"), Freshness::DoNotStore),
            (Some("max-age=300, max-age=30"), None, seconds(30)),
            (Some("max-age=99999999999999999999"), None, seconds(1 << 31)),
            (Some("max-age=0"), None, Freshness::DoNotStore),
            (Some("max-age=-1"), None, Freshness::DoNotStore),
            (Some("max-age"), None, Freshness::DoNotStore),
            (Some("max-age=300, no-store"), None, Freshness::DoNotStore),
            (Some("NO-CACHE"), None, Freshness::DoNotStore),
            (Some("no-cache=\"x\""), None, Freshness::DoNotStore),
        ] {
            assert_eq!(freshness(cache_control, age), expected, "{cache_control:?} {age:?}");
        }
    }

    /// Rows: CAC-2
    #[test]
    fn several_lines_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append("cache-control", HeaderValue::from_static("max-age=60"));
        headers.append("cache-control", HeaderValue::from_static("no-store"));
        assert_eq!(freshness_of(&headers), Freshness::DoNotStore);
        let mut odd = HeaderMap::new();
        odd.append("cache-control", HeaderValue::from_bytes(b"max-age=\xff").unwrap());
        assert_eq!(freshness_of(&odd), Freshness::DoNotStore);
    }
}
