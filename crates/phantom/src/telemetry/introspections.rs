//! Introspections counted and timed, per key manager and outcome; those without a verdict are logged.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use phantom_core::BearerToken;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;

use crate::telemetry::complaints::Complaints;
use crate::telemetry::metrics::GatewayMetrics;

/// Passes questions on and counts the answers.
#[derive(Debug)]
pub(crate) struct Metered {
    inner: Arc<dyn Introspect>,
    active: Counter,
    inactive: Counter,
    misbehaved: Counter,
    unavailable: Counter,
    seconds: Histogram,
    complaints: Complaints,
}

impl Metered {
    pub(crate) fn new(
        inner: Arc<dyn Introspect>,
        key_manager: &str,
        metrics: &GatewayMetrics,
    ) -> Self {
        let counter = |outcome| metrics.introspections(key_manager, outcome);
        Self {
            inner,
            active: counter("active"),
            inactive: counter("inactive"),
            misbehaved: counter("misbehaved"),
            unavailable: counter("unavailable"),
            seconds: metrics.introspection_seconds(),
            complaints: Complaints::about(key_manager),
        }
    }
}

impl Introspect for Metered {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Introspection, IntrospectError>> + Send + 'a>> {
        Box::pin(async move {
            let asked = Instant::now();
            let answer = self.inner.introspect(token).await;
            self.seconds.observe(asked.elapsed().as_secs_f64());
            let counter = match &answer {
                Ok(Introspection::Active { .. }) => &self.active,
                Ok(Introspection::Inactive) => &self.inactive,
                Err(IntrospectError::Misbehaved { .. } | IntrospectError::Refused { .. }) => {
                    &self.misbehaved
                }
                Err(IntrospectError::Unavailable { .. }) => &self.unavailable,
            };
            counter.inc();
            if let Err(error) = &answer {
                self.complaints.log(error, Instant::now());
            }
            answer
        })
    }
}
