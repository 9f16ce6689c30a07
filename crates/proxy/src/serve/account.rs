//! The account of a request, written down when its course ends, however it ends.

use std::net::IpAddr;
use std::time::Instant;

use phantom_core::DenyReason;
use phantom_pipeline::Forward;
use phantom_pipeline::Known;
use phantom_pipeline::Matched;
use phantom_telemetry::Cause;
use phantom_telemetry::RequestId;
use phantom_telemetry::access_log::RequestEvent;
use phantom_telemetry::metrics::Ended;
use phantom_telemetry::traffic::Line;

use crate::forward::Origin;
use crate::head::RequestHead;
use crate::worker::Published;
use crate::worker::Worker;

pub(super) struct Account<'r> {
    worker: &'r Worker,
    published: &'r Published,
    pub(super) method: &'r str,
    pub(super) path: &'r str,
    protocol: &'static str,
    pub(super) peer: IpAddr,
    pub(super) id: Option<RequestId>,
    started: Instant,
    decided_at: Option<Instant>,
    /// A backend was asked, or tried.
    pub(super) upstream: bool,
    pub(super) matched: Option<Matched>,
    pub(super) reason: Option<DenyReason>,
    pub(super) known: Known,
    cache: Option<&'static str>,
    pub(super) outcome: Ended,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) error: Option<Cause>,
    /// What the client was told of it, where that says more.
    pub(super) detail: Option<&'static str>,
}

impl<'r> Account<'r> {
    pub(super) fn new(
        worker: &'r Worker,
        published: &'r Published,
        head: &'r RequestHead,
        origin: Origin,
    ) -> Self {
        Self {
            worker,
            published,
            method: head.method(),
            path: head.path(),
            protocol: head.version.name(),
            peer: origin.peer,
            id: worker.identify(head, origin.peer),
            started: Instant::now(),
            decided_at: None,
            upstream: false,
            matched: None,
            reason: None,
            known: Known::default(),
            cache: None,
            // Until an answer stands, all that can end the course is the gateway's own end.
            outcome: Ended::Failed,
            status: 0,
            bytes: 0,
            error: Some(Cause::Stopped),
            detail: None,
        }
    }

    pub(super) fn decided(&mut self) {
        self.decided_at = Some(Instant::now());
    }

    pub(super) fn permitted(&mut self, permitted: &mut Forward) {
        self.matched = Some(permitted.matched.clone());
        self.known = std::mem::take(&mut permitted.known);
        self.cache = permitted.exchanged.as_ref().map(|exchanged| exchanged.source.name());
    }

    /// The client has a part of the answer, or nothing.
    pub(super) const fn broke_off(&mut self, cause: Cause) {
        (self.outcome, self.error) = (Ended::Failed, Some(cause));
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        let Some(metrics) = self.published.metrics(self.matched.as_ref()) else { return };
        let ended = Instant::now();
        let event = RequestEvent {
            api: self.matched.as_ref().map_or("none", Matched::name),
            method: self.method,
            path: self.path,
            protocol: self.protocol,
            peer: self.peer,
            id: self.id,
            outcome: self.outcome,
            status: self.status,
            reason: self.reason,
            decided: self.decided_at.is_some(),
            // Whoever vouched for the token: of one that was refused the log tells none.
            key_manager: self.known.key_manager.as_deref().filter(|_| self.cache.is_some()),
            cache: self.cache,
            bytes: self.bytes,
            total: ended - self.started,
            decision: self.decided_at.map(|at| at - self.started).unwrap_or_default(),
            upstream: self.decided_at.filter(|_| self.upstream).map(|since| ended - since),
            error: self.error,
            detail: self.detail,
        };
        event.record(metrics, &self.worker.log);
        if let Some(book) = self.worker.book() {
            let mut book = book.borrow_mut();
            book.note(&event, self.matched.as_ref(), &self.known);
            let mut line = Line::of(&event, ended);
            line.is_for(self.matched.take(), std::mem::take(&mut self.known));
            book.keep(line);
        }
    }
}
