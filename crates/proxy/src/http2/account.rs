//! What becomes of a request, written down when the stream ends however it ends.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use phantom_core::DenyReason;
use phantom_pipeline::Route;
use phantom_pipeline::exchange::Exchanged;

use super::OpenStream;
use super::stream::VERSION;
use crate::access_log::RequestEvent;
use crate::head::RequestHead;
use crate::metrics::Outcome;
use crate::request_id::RequestId;
use crate::server::Published;
use crate::server::Worker;

pub(super) struct Account {
    worker: Rc<Worker>,
    published: Arc<Published>,
    started: Instant,
    pub(super) open: OpenStream,
    method: String,
    path: String,
    pub(super) id: Option<RequestId>,
    peer: IpAddr,
    decision: Option<Duration>,
    upstream_since: Option<Instant>,
    pub(super) route: Option<Arc<Route>>,
    pub(super) reason: Option<DenyReason>,
    pub(super) exchanged: Option<Exchanged>,
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) error: Option<&'static str>,
}

impl Account {
    pub(super) fn new(
        worker: Rc<Worker>,
        published: Arc<Published>,
        started: Instant,
        open: OpenStream,
    ) -> Self {
        Self {
            worker,
            published,
            started,
            open,
            method: String::new(),
            path: String::new(),
            id: None,
            peer: IpAddr::from([0, 0, 0, 0]),
            decision: None,
            upstream_since: None,
            route: None,
            reason: None,
            exchanged: None,
            // Until an answer stands, the only thing that can happen is that the client goes.
            outcome: Outcome::Failed,
            status: 0,
            bytes: 0,
            error: Some("client_gone"),
        }
    }

    pub(super) fn describe(&mut self, head: &RequestHead, peer: IpAddr) {
        head.method().clone_into(&mut self.method);
        head.path().clone_into(&mut self.path);
        self.peer = peer;
    }

    /// What is refused for its form is told as it came.
    pub(super) fn describe_refused(&mut self, method: &str, path: &str, peer: IpAddr) {
        method.clone_into(&mut self.method);
        path.clone_into(&mut self.path);
        self.peer = peer;
    }

    pub(super) const fn decided(&mut self, took: Duration) {
        self.decision = Some(took);
    }

    pub(super) fn sent_upstream(&mut self) {
        self.upstream_since = Some(Instant::now());
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let Some(metrics) = self.published.metrics(self.route.as_deref()) else { return };
        let event = RequestEvent {
            api: self.route.as_ref().map_or("none", |route| &route.name),
            method: &self.method,
            path: &self.path,
            protocol: VERSION.name(),
            peer: self.peer,
            id: self.id,
            outcome: self.outcome,
            status: self.status,
            reason: self.reason,
            decided: self.decision.is_some(),
            key_manager: self.exchanged.as_ref().map(|exchanged| &*exchanged.key_manager.name),
            cache: self.exchanged.as_ref().map(|exchanged| exchanged.source.name()),
            bytes: self.bytes,
            total: self.started.elapsed(),
            decision: self.decision.unwrap_or_default(),
            upstream: self.upstream_since.map(|since| since.elapsed()),
            error: self.error,
        };
        event.record(metrics, &self.worker.log);
    }
}
