//! All entries of the store, as one transaction sees them.

use phantom_core::UnixTime;
use phantom_store::StoreError;
use phantom_store::Write;

use super::rows::Rows;

/// In the order of the file. `now` leaves out revocations that have expired.
pub(super) async fn all(write: &mut Write, now: UnixTime) -> Result<Rows, StoreError> {
    let mut rows = Rows {
        users: write.users().await?,
        clients: write.clients().await?,
        key_managers: write.key_managers().await?,
        plans: write.plans().await?,
        deny_policies: write.deny_policies().await?,
        scopes: write.scopes().await?,
        apis: write.all_apis().await?,
        revisions: write.all_revisions().await?,
        deployments: write.all_deployments().await?,
        applications: write.all_applications().await?,
        key_mappings: write.all_key_mappings().await?,
        subscriptions: write.all_subscriptions().await?,
        revocations: write.revocations(now).await?,
    };
    for revocation in &mut rows.revocations {
        revocation.sequence = 0;
    }
    rows.sort();
    Ok(rows)
}
