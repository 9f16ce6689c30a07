//! The last decisions of one worker: a few of those that were let through, more of those that were not. The
//! oldest makes room.

use std::collections::VecDeque;
use std::time::Duration;
use std::time::Instant;

use phantom_core::DenyReason;
use phantom_core::UnixTime;
use phantom_core::traffic::Decided;
use phantom_pipeline::Known;
use phantom_pipeline::Matched;

use crate::access_log::RequestEvent;
use crate::cause::Cause;
use crate::request_id::RequestId;

const FAILED: usize = 128;
const PASSED: usize = 32;

/// One of them, of a fixed size.
#[derive(Debug)]
pub struct Line {
    ended: Instant,
    id: Option<RequestId>,
    method: Text<{ Decided::METHOD }>,
    path: Text<{ Decided::PATH }>,
    matched: Option<Matched>,
    known: Known,
    status: u16,
    reason: Option<DenyReason>,
    error: Option<Cause>,
    took: Duration,
}

/// The beginning of a text.
#[derive(Debug)]
struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    fn of(text: &str) -> Self {
        let text = Decided::shortened(text, N);
        let mut bytes = [0; N];
        if let Some(place) = bytes.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
        }
        Self { bytes, length: text.len() }
    }

    fn to_text(&self) -> String {
        String::from_utf8_lossy(self.bytes.get(..self.length).unwrap_or_default()).into_owned()
    }
}

#[derive(Debug, Default)]
pub(super) struct Last {
    failed: VecDeque<Line>,
    passed: VecDeque<Line>,
}

impl Last {
    pub(super) fn keep(&mut self, line: Line) {
        let failed = line.reason.is_some() || line.error.is_some();
        let (lines, most) =
            if failed { (&mut self.failed, FAILED) } else { (&mut self.passed, PASSED) };
        if lines.len() >= most {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All of them. `wall` is the time of `now`.
    pub(super) fn take(&mut self, wall: UnixTime, now: Instant) -> Vec<Decided> {
        let lines = self.failed.drain(..).chain(self.passed.drain(..));
        lines.map(|line| line.told(wall, now)).collect()
    }
}

impl Line {
    /// Of a request that has ended now. What it was for is told with [`Line::is_for`].
    #[must_use]
    pub fn of(event: &RequestEvent<'_>, ended: Instant) -> Self {
        Self {
            ended,
            id: event.id,
            method: Text::of(event.method),
            path: Text::of(event.path),
            matched: None,
            known: Known::default(),
            status: event.status,
            reason: event.reason,
            error: event.error,
            took: event.total,
        }
    }

    /// The route or operation that was found, and what is known of the caller.
    pub fn is_for(&mut self, matched: Option<Matched>, known: Known) {
        (self.matched, self.known) = (matched, known);
    }

    fn told(self, wall: UnixTime, now: Instant) -> Decided {
        let Self { matched, known, .. } = &self;
        let id = self.id.as_ref().map(RequestId::as_bytes).unwrap_or_default();
        let operation = matched.as_ref().and_then(Matched::operation);
        Decided {
            at: wall.minus(now.saturating_duration_since(self.ended)),
            id: String::from_utf8_lossy(id).into_owned(),
            method: self.method.to_text(),
            path: self.path.to_text(),
            api: Decided::shortened(matched.as_ref().map_or("none", Matched::name), 96).to_owned(),
            api_id: operation.map(|operation| operation.api.published.id),
            application: known.application,
            key_manager: known.key_manager.as_deref().map(str::to_owned),
            status: self.status,
            reason: self.reason.map(|reason| reason.name().to_owned()),
            error: self.error.map(|cause| cause.name().to_owned()),
            micros: u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            consulted: known.consulted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str, reason: Option<DenyReason>, ended: Instant) -> Line {
        Line {
            ended,
            id: Some(RequestId::own(7)),
            method: Text::of("GET"),
            path: Text::of(path),
            matched: None,
            known: Known::default(),
            status: 401,
            reason,
            error: None,
            took: Duration::from_millis(3),
        }
    }

    #[test]
    fn the_oldest_makes_room_and_refusals_are_not_crowded_out() {
        let (mut last, start) = (Last::default(), Instant::now());
        last.keep(line("/refused", Some(DenyReason::TokenExpired), start));
        for number in 0..1000 {
            last.keep(line(&format!("/{number}"), None, start));
        }
        let wall = UnixTime::from_secs(1000);
        let told = last.take(wall, start + Duration::from_secs(2));
        assert_eq!(told.len(), PASSED + 1);
        let first = &told[0];
        assert_eq!((&*first.path, first.at), ("/refused", UnixTime::from_secs(998)));
        assert_eq!(
            (&*first.id, first.reason.as_deref()),
            ("0000000000000007", Some("token_expired"))
        );
        assert_eq!(told[1].path, "/968");
        for _ in 0..1000 {
            last.keep(line("/", Some(DenyReason::TokenExpired), start));
        }
        assert_eq!(last.take(wall, start).len(), FAILED);
        assert!(last.take(wall, start).is_empty());
    }

    #[test]
    fn long_paths_are_cut_between_characters() {
        let text = Text::<5>::of("/ä/ö/ü");
        assert_eq!(text.to_text(), "/ä/");
    }
}
