//! Key managers as the decision uses them: each with its caches.

use std::sync::Arc;

use phantom_cache::CacheSecret;
use phantom_cache::Carrier;
use phantom_cache::TokenCache;
use phantom_config::KeyManagerSetup;
use phantom_core::Clock;
use phantom_oauth::Introspect;
use phantom_pipeline::KeyManagerHandle;
use phantom_telemetry::introspections::Metered;

use crate::compose::presented_jwt::PresentedJwt;
use crate::telemetry::metrics::GatewayMetrics;

/// Those of the configuration file, in its order.
#[must_use]
pub fn handles(
    setups: Vec<KeyManagerSetup>,
    secret: &CacheSecret,
    clock: &Arc<dyn Clock>,
    metrics: Option<&GatewayMetrics>,
) -> Vec<Arc<KeyManagerHandle>> {
    setups.into_iter().map(|setup| Arc::new(handle(setup, secret, clock, metrics))).collect()
}

pub(super) fn handle(
    setup: KeyManagerSetup,
    secret: &CacheSecret,
    clock: &Arc<dyn Clock>,
    metrics: Option<&GatewayMetrics>,
) -> KeyManagerHandle {
    let KeyManagerSetup { manager, policy, accepts_jwt, .. } = setup;
    let mut scope: Vec<&[u8]> = manager.cache_scope().iter().map(Vec::as_slice).collect();
    let cache = |scope: &[&[u8]], introspect| {
        let (policy, clock) = (policy.clone(), Arc::clone(clock));
        // Workers have a runtime each: a token is asked about where its request is served.
        let carrier = Carrier::Caller;
        Arc::new(TokenCache::new(scope, secret, policy, introspect, clock, carrier))
    };
    let introspect: Arc<dyn Introspect> = match metrics {
        Some(metrics) => {
            Arc::new(Metered::new(manager.clone(), manager.name(), metrics.introspections()))
        }
        None => manager.clone(),
    };
    let opaque = cache(&scope, introspect);
    let jwt = accepts_jwt.then(|| {
        // Another way to a verdict is another verdict (INT-10).
        scope.push(b"presented jwt");
        cache(&scope, Arc::new(PresentedJwt::new(manager.clone())))
    });
    KeyManagerHandle {
        name: Arc::clone(manager.name()),
        trust: manager.trust().clone(),
        opaque: Some(opaque),
        jwt,
        managed: None,
    }
}
