//! Conditional requests and ranges (RFC 9110 §13, §14): whether a client has the file already, and which
//! part of it it wants.

use std::ops::Range;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::head::RequestHead;

/// The validators that tell one state of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validators {
    /// Strong: of the time in nanoseconds and the length.
    pub(super) etag: String,
    /// In whole seconds, as fields tell it.
    pub(super) modified: SystemTime,
}

/// The verdict on a request for a file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    Part(Range<u64>),
    NotModified,
    PreconditionFailed,
    RangeNotSatisfiable,
}

impl Validators {
    pub(super) fn new(modified: SystemTime, length: u64) -> Self {
        let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            etag: format!("\"{:x}-{length:x}\"", since.as_nanos()),
            modified: UNIX_EPOCH + Duration::from_secs(since.as_secs()),
        }
    }

    /// In the order of RFC 9110 §13.2.2. Fields that cannot be read are as if they were not there.
    pub(super) fn judge(&self, head: &RequestHead, length: u64) -> Verdict {
        if head.has("if-match") {
            if !self.is_listed(head, "if-match", false) {
                return Verdict::PreconditionFailed;
            }
        } else if date(head, "if-unmodified-since").is_some_and(|date| self.modified > date) {
            return Verdict::PreconditionFailed;
        }
        let is_known = if head.has("if-none-match") {
            self.is_listed(head, "if-none-match", true)
        } else {
            date(head, "if-modified-since").is_some_and(|date| self.modified <= date)
        };
        if is_known {
            return Verdict::NotModified;
        }
        // Ranges are defined for GET alone.
        if head.method() != "GET" || !self.is_range_current(head) {
            return Verdict::Whole;
        }
        let Some(wanted) = one(head, "range").and_then(Wanted::parse) else {
            return Verdict::Whole;
        };
        wanted.within(length).map_or(Verdict::RangeNotSatisfiable, Verdict::Part)
    }

    /// Returns whether a list of entity tags has ours, or stands for all. `weak`: how a cache asks.
    fn is_listed(&self, head: &RequestHead, name: &str, weak: bool) -> bool {
        head.lines(name).any(|line| {
            line.trim_ascii() == b"*"
                || tags(line)
                    .any(|(is_weak, tag)| (weak || !is_weak) && tag == self.etag.as_bytes())
        })
    }

    /// A range of a state that is gone is of no use (RFC 9110 §13.1.5): only the same tag or date counts.
    fn is_range_current(&self, head: &RequestHead) -> bool {
        if !head.has("if-range") {
            return true;
        }
        one(head, "if-range") == Some(&*self.etag)
            || date(head, "if-range").is_some_and(|date| date == self.modified)
    }
}

/// The value of a field that stands once.
fn one<'h>(head: &'h RequestHead, name: &str) -> Option<&'h str> {
    let mut lines = head.lines(name);
    let line = lines.next().filter(|_| lines.next().is_none())?;
    std::str::from_utf8(line).ok().map(str::trim)
}

fn date(head: &RequestHead, name: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(one(head, name)?).ok()
}

/// The entity tags of a list, with their quotes, and whether they are weak. What is none ends it.
fn tags(line: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b','))?;
        let tag = rest.get(start..)?;
        let (is_weak, tag) = tag.strip_prefix(b"W/").map_or((false, tag), |tag| (true, tag));
        let inner = tag.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')? + 2;
        let (tag, after) = tag.split_at_checked(end)?;
        rest = after;
        Some((is_weak, tag))
    })
}

/// One range of bytes. Several are not served: the client gets the whole, as it may (RFC 9110 §14.2).
#[derive(Clone, Copy)]
enum Wanted {
    /// From the first to the last, or to the end.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

impl Wanted {
    fn parse(field: &str) -> Option<Self> {
        let (unit, range) = field.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = range.trim().split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// The part of it that there is; `None`: nothing.
    fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => {
                first..last.map_or(length, |last| last.saturating_add(1).min(length))
            }
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (!range.is_empty()).then_some(range)
    }
}

/// Digits; more than there are numbers for are the largest.
fn number(digits: &str) -> Option<u64> {
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use crate::http1::request;

    fn judge(method: &str, fields: &str) -> Verdict {
        let mut head = RequestHead::default();
        let request = format!("{method} / HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
        request::parse(request.as_bytes(), &mut head, &Limits::default()).unwrap().unwrap();
        let modified = UNIX_EPOCH + Duration::new(784_111_777, 5);
        Validators::new(modified, 100).judge(&head, 100)
    }

    const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const TAG: &str = "\"ae1b981bc490a05-64\"";

    #[test]
    fn a_client_that_has_the_file_is_told_so() {
        assert_eq!(Validators::new(UNIX_EPOCH + Duration::new(784_111_777, 5), 100).etag, TAG);
        let known = [
            format!("If-None-Match: {TAG}\r\n"),
            format!("If-None-Match: \"a,b\", W/{TAG}\r\n"),
            format!("If-None-Match: \"x\"\r\nIf-None-Match: {TAG}\r\n"),
            "If-None-Match: *\r\n".to_owned(),
            format!("If-Modified-Since: {THEN}\r\n"),
            format!("If-None-Match: {TAG}\r\nIf-Modified-Since: {BEFORE}\r\nRange: bytes=0-1\r\n"),
        ];
        for fields in known {
            assert_eq!(judge("GET", &fields), Verdict::NotModified, "{fields}");
            assert_eq!(judge("HEAD", &fields), Verdict::NotModified, "{fields}");
        }
        let unknown = [
            "If-None-Match: \"x\"\r\n".to_owned(),
            format!("If-None-Match: {}\r\n", TAG.trim_matches('"')),
            format!("If-None-Match: \"x\"\r\nIf-Modified-Since: {THEN}\r\n"),
            format!("If-Modified-Since: {BEFORE}\r\n"),
            "If-Modified-Since: yesterday\r\n".to_owned(),
            format!("If-Modified-Since: {THEN}\r\nIf-Modified-Since: {THEN}\r\n"),
            format!("If-Match: \"x\", {TAG}\r\n"),
            format!("If-Unmodified-Since: {THEN}\r\n"),
        ];
        for fields in unknown {
            assert_eq!(judge("GET", &fields), Verdict::Whole, "{fields}");
        }
        for fields in [
            "If-Match: \"x\"\r\n".to_owned(),
            format!("If-Match: W/{TAG}\r\n"),
            format!("If-Unmodified-Since: {BEFORE}\r\n"),
        ] {
            assert_eq!(judge("GET", &fields), Verdict::PreconditionFailed, "{fields}");
        }
    }

    #[test]
    fn one_range_is_served_as_far_as_it_is_there_and_of_the_state_that_is_meant() {
        let parts = [
            ("bytes=0-0", 0..1),
            ("Bytes=10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=90-1000", 90..100),
            ("bytes=99-99999999999999999999999", 99..100),
            ("bytes=-10", 90..100),
            ("bytes=-1000", 0..100),
        ];
        for (range, expected) in parts {
            let field = format!("Range: {range}\r\n");
            assert_eq!(judge("GET", &field), Verdict::Part(expected), "{range}");
            assert_eq!(judge("HEAD", &field), Verdict::Whole, "{range}");
        }
        for range in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"] {
            let field = format!("Range: {range}\r\n");
            assert_eq!(judge("GET", &field), Verdict::RangeNotSatisfiable, "{range}");
        }
        for range in
            ["bytes=5-4", "bytes=-", "bytes=a-b", "bytes=+1-2", "lines=0-1", "bytes=0-1,5-6", "0-1"]
        {
            assert_eq!(judge("GET", &format!("Range: {range}\r\n")), Verdict::Whole, "{range}");
        }
        let range = "Range: bytes=0-1\r\n";
        for current in [TAG, THEN] {
            assert_eq!(
                judge("GET", &format!("{range}If-Range: {current}\r\n")),
                Verdict::Part(0..2)
            );
        }
        for other in ["\"x\"", &format!("W/{TAG}"), BEFORE] {
            assert_eq!(judge("GET", &format!("{range}If-Range: {other}\r\n")), Verdict::Whole);
        }
    }
}
