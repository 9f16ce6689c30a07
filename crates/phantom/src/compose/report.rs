//! What this gateway tells the store of itself every few seconds: that it is there, the catalog in force, what
//! it did. One row a span of time, which takes the place of an old one, whatever the traffic is. Without
//! the store it counts on, and reports again afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use phantom_core::Clock;
use phantom_core::HeldBack;
use phantom_core::UnixTime;
use phantom_core::causes::with_causes;
use phantom_core::traffic::Introspections;
use phantom_core::traffic::Report;
use phantom_observe::gateways::Announced;
use phantom_observe::gateways::Reporting;
use phantom_observe::gateways::Spans;
use phantom_store::Store;
use phantom_telemetry::Traffic;
use tokio_util::sync::CancellationToken;

use crate::telemetry::metrics::GatewayMetrics;

const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// What a report is made of, besides what workers count.
pub(super) struct Reporter {
    pub(super) traffic: Arc<Traffic>,
    pub(super) metrics: GatewayMetrics,
    /// Number of the change in force.
    pub(super) in_force: Arc<AtomicU64>,
    pub(super) started_at: UnixTime,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: CancellationToken,
}

impl Reporter {
    /// Ends when told to stop, and says so in the store.
    pub(super) async fn run(self, store: Store) {
        let Self { traffic, metrics, in_force, started_at, clock, stop } = self;
        let announced =
            Announced { name: name(), version: env!("CARGO_PKG_VERSION").to_owned(), started_at };
        let mut reporting = Reporting::new(store, announced);
        let (mut spans, mut calls) = (Spans::new(clock.now().wall), Calls::default());
        let mut complaints = HeldBack::new(COMPLAIN_EVERY);
        // What was counted before there was a store is of no span.
        spans.add(&Report::default(), &traffic.take().decided);
        drop(calls.since_last(&metrics));
        loop {
            let pause = spans.remaining(clock.now().wall);
            let stopped = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(pause) => false,
            };
            let now = clock.now().wall;
            let collected = traffic.take();
            let mut report = collected.report;
            report.introspections = calls.since_last(&metrics);
            report.keys = metrics.ages_of_keys();
            spans.add(&report, &collected.decided);
            let due = spans.due(now, stopped);
            let told = reporting.tell(&due, in_force.load(Relaxed), now, stopped).await;
            match told {
                Ok(()) => spans.told(&due),
                Err(error) => {
                    if let Some(held_back) = complaints.turn(Instant::now()) {
                        let error = with_causes(&error);
                        tracing::warn!(error, held_back, "the gateway's report cannot be kept");
                    }
                }
            }
            spans.go_on(now);
            if stopped {
                return;
            }
        }
    }
}

/// How this machine calls itself.
fn name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(64).collect();
    if name.is_empty() { "gateway".to_owned() } else { name }
}

/// Calls about tokens, as they were counted so far.
#[derive(Debug, Default)]
struct Calls(BTreeMap<String, Introspections>);

impl Calls {
    fn since_last(&mut self, metrics: &GatewayMetrics) -> BTreeMap<String, Introspections> {
        let now = metrics.introspections_so_far();
        let before = std::mem::replace(&mut self.0, now.clone());
        let since = now.into_iter().filter_map(|(name, now)| {
            let before = before.get(&name).copied().unwrap_or_default();
            let since = now.less(before);
            (since.total() > 0).then_some((name, since))
        });
        since.collect()
    }
}
