//! What the connections of a worker work with, and what all workers share.

use std::cell::Cell;
use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use arc_swap::ArcSwap;
use phantom_core::HeldBack;
use phantom_core::Peer;
use phantom_core::places::Places;
use phantom_pipeline::Forward;
use phantom_pipeline::Matched;
use phantom_pipeline::Pipeline;
use phantom_pipeline::Snapshot;
use phantom_telemetry::Cause;
use phantom_telemetry::RequestId;
use phantom_telemetry::access_log::AccessLog;
use phantom_telemetry::access_log::LogBuffer;
use phantom_telemetry::complaints::BackendComplaints;
use phantom_telemetry::metrics::ApiMetrics;
use phantom_telemetry::metrics::Metrics;
use phantom_telemetry::metrics::RouteMetrics;
use phantom_telemetry::traffic::Book;
use phantom_telemetry::traffic::Traffic;

use crate::config::ProxyConfig;
use crate::date::Dates;
use crate::deadline::Deadlines;
use crate::head::RequestHead;
use crate::network::Network;
use crate::request_id::identify;
use crate::respond::Stamp;
use crate::response::ResponseHead;
use crate::upstream::Pool;

/// The pause between complaints about connections in general.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// The state that all workers share.
#[derive(Debug)]
pub struct Shared {
    pub pipeline: Pipeline,
    pub published: ArcSwap<Published>,
    pub config: ProxyConfig,
    pub metrics: Metrics,
    pub access_log: Option<AccessLog>,
    pub sources: Places<Peer>,
    /// Where somebody reports it.
    pub traffic: Option<Arc<Traffic>>,
}

/// A snapshot, and what the proxy keeps beside each of its routes. Swapped as one.
#[derive(Debug)]
pub struct Published {
    pub snapshot: Snapshot,
    routes: Arc<[RouteMetrics]>,
    apis: Arc<ApiMetrics>,
}

impl Published {
    #[must_use]
    pub fn new(snapshot: Snapshot, metrics: &Metrics) -> Self {
        let routes = metrics.for_routes(&snapshot.routes).into();
        let apis = Arc::new(metrics.for_apis(&snapshot.managed.apis, None));
        Self { snapshot, routes, apis }
    }

    /// The next one. What is kept beside routes and APIs that did not change is shared: a snapshot
    /// that differs in its applications alone costs next to nothing.
    #[must_use]
    pub fn succeeded_by(&self, snapshot: Snapshot, metrics: &Metrics) -> Self {
        let routes = if Arc::ptr_eq(&self.snapshot.routes, &snapshot.routes) {
            self.routes.clone()
        } else {
            metrics.for_routes(&snapshot.routes).into()
        };
        let apis = if Arc::ptr_eq(&self.snapshot.managed.apis, &snapshot.managed.apis) {
            self.apis.clone()
        } else {
            Arc::new(metrics.for_apis(&snapshot.managed.apis, Some(&self.apis)))
        };
        Self { snapshot, routes, apis }
    }

    /// Metrics of the route or its API, or of requests without one. `None` only if a route is of
    /// another snapshot.
    pub(crate) fn metrics(&self, matched: Option<&Matched>) -> Option<&RouteMetrics> {
        match matched {
            Some(Matched::Operation(operation)) => {
                self.apis.get(&operation.api.published.id).map(|metrics| &**metrics)
            }
            Some(Matched::Route(route)) => self.routes.get(route.index),
            None => self.routes.last(),
        }
    }
}

/// The state that the connections of one worker share. Lives on its thread alone.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pool: Pool,
    pub(crate) deadlines: Deadlines,
    pub(crate) log: LogBuffer,
    pub(crate) dates: Dates,
    /// Answers say that their connection closes.
    pub(crate) draining: Cell<bool>,
    /// Connections without a request end.
    pub(crate) ending: Cell<bool>,
    complaints_of_connections: RefCell<HeldBack>,
    /// Response heads between uses; a handful serves all connections of the worker.
    heads: RefCell<Vec<ResponseHead>>,
    book: Option<RefCell<Book>>,
}

impl Worker {
    pub(crate) fn new(
        index: usize,
        shared: Arc<Shared>,
        network: Network,
        complaints: Arc<BackendComplaints>,
    ) -> Self {
        let (limits, tls) = (shared.config.limits.clone(), shared.config.upstream_tls.clone());
        Self {
            pool: Pool::new(limits, tls, network, complaints),
            deadlines: Deadlines::new(),
            log: LogBuffer::new(shared.access_log.clone(), index),
            dates: Dates::new(),
            draining: Cell::new(false),
            ending: Cell::new(false),
            complaints_of_connections: RefCell::new(HeldBack::new(COMPLAIN_EVERY)),
            heads: RefCell::default(),
            book: shared.traffic.as_ref().map(|_| RefCell::default()),
            shared,
        }
    }

    pub(crate) fn response_head(&self) -> ResponseHead {
        self.heads.borrow_mut().pop().unwrap_or_default()
    }

    /// Why a stream has to end with its token (STR-1), if it has to now.
    pub(crate) fn token_ended(&self, permitted: &Forward) -> Option<Cause> {
        let exchanged = permitted.exchanged.as_ref()?;
        let now = self.shared.pipeline.now().wall;
        if permitted.permit.until().is_some_and(|until| now >= until) {
            Some(Cause::TokenExpired)
        } else if exchanged.is_revoked() {
            Some(Cause::TokenRevoked)
        } else {
            let published = self.shared.published.load();
            let managed = &published.snapshot.managed;
            let blocked = || managed.denies(permitted).then_some(Cause::Blocked);
            managed.has_revoked(exchanged).then_some(Cause::TokenRevoked).or_else(blocked)
        }
    }

    /// Returns whether it is time to say again what may happen with every connection, and how often it was not
    /// said before.
    pub(crate) fn complains_of_connections(&self) -> Option<u64> {
        self.complaints_of_connections.borrow_mut().turn(Instant::now())
    }

    /// The name of a request, where anybody is told it: all of it where backend and client are, else
    /// for the log.
    pub(crate) fn identify(&self, head: &RequestHead, peer: IpAddr) -> Option<RequestId> {
        let config = &self.shared.config;
        if !(config.request_id || self.log.is_on() || self.book.is_some()) {
            return None;
        }
        let trusted = config.request_id && config.trusts(peer);
        Some(identify(head, trusted, self.log.next_id()))
    }

    /// What the worker counts, where somebody reports it.
    pub(crate) const fn book(&self) -> Option<&RefCell<Book>> {
        self.book.as_ref()
    }

    /// Gives what was counted to whoever reports it.
    pub(crate) fn hand_over(&self) {
        if let (Some(book), Some(traffic)) = (&self.book, &self.shared.traffic) {
            let wall = self.shared.pipeline.now().wall;
            book.borrow_mut().hand_over(traffic, wall, Instant::now());
        }
    }

    /// The members that every answer to a request tells.
    pub(crate) fn stamp(&self, id: Option<RequestId>) -> Stamp {
        Stamp { date: self.dates.now(), id: id.filter(|_| self.shared.config.request_id) }
    }

    pub(crate) fn recycle(&self, head: ResponseHead) {
        let mut heads = self.heads.borrow_mut();
        if heads.len() < 64 {
            heads.push(head);
        }
    }
}

#[cfg(test)]
mod tests {
    use phantom_core::catalog::Catalog;
    use phantom_pipeline::Publication;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn what_is_kept_beside_routes_and_apis_is_shared_until_they_change() {
        let metrics = Metrics::register(&mut Registry::default());
        let mut publication = Publication::new(Snapshot::default(), Box::new(|_| None));
        let first = Published::new(publication.snapshot(), &metrics);
        let same = first.succeeded_by(publication.snapshot(), &metrics);
        assert!(Arc::ptr_eq(&first.routes, &same.routes) && Arc::ptr_eq(&first.apis, &same.apis));
        publication.replace(&Catalog::default());
        let loaded = same.succeeded_by(publication.snapshot(), &metrics);
        assert!(Arc::ptr_eq(&first.routes, &loaded.routes));
        assert!(!Arc::ptr_eq(&first.apis, &loaded.apis), "the table of APIs is another");
    }
}
