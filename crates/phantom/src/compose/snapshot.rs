//! Routes and key managers brought together in a snapshot.

use std::sync::Arc;

use phantom_config::PlannedRoute;
use phantom_pipeline::ErrorFormat;
use phantom_pipeline::KeyManagerHandle;
use phantom_pipeline::RouteTable;
use phantom_pipeline::Snapshot;
use phantom_pipeline::route_table::Ambiguous;

/// The first snapshot of this process.
pub fn bind(
    routes: Vec<PlannedRoute>,
    handles: &[Arc<KeyManagerHandle>],
    error_format: ErrorFormat,
    published_keys: Option<Box<str>>,
) -> Result<Snapshot, Ambiguous> {
    let routes = routes.into_iter().map(|PlannedRoute { mut route, key_managers }| {
        route.key_managers =
            key_managers.iter().filter_map(|index| handles.get(*index).cloned()).collect();
        Arc::new(route)
    });
    let routes = Arc::new(RouteTable::new(routes.collect())?);
    Ok(Snapshot { version: 1, routes, error_format, published_keys, ..Snapshot::default() })
}
