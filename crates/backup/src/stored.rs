//! All entries of the store, as one transaction sees them.

use phantom_core::UnixTime;
use phantom_store::Write;

use super::entry::Entry;
use super::error::BackupError;
use super::key::BackupKey;
use super::rows::Rows;
use super::sealed::Sealed;

/// `now` leaves out revocations that have expired.
pub(crate) async fn all(
    write: &mut Write,
    key: &BackupKey,
    now: UnixTime,
) -> Result<Rows, BackupError> {
    Ok(Rows {
        users: sealed(write.users().await?, key)?,
        clients: sealed(write.clients().await?, key)?,
        key_managers: sealed(write.key_managers().await?, key)?,
        plans: sealed(write.plans().await?, key)?,
        deny_policies: sealed(write.deny_policies().await?, key)?,
        scopes: sealed(write.scopes().await?, key)?,
        apis: sealed(write.all_apis().await?, key)?,
        revisions: sealed(write.all_revisions().await?, key)?,
        deployments: sealed(write.all_deployments().await?, key)?,
        applications: sealed(write.all_applications().await?, key)?,
        key_mappings: sealed(write.all_key_mappings().await?, key)?,
        subscriptions: sealed(write.all_subscriptions().await?, key)?,
        revocations: sealed(write.revocations(now).await?, key)?,
    })
}

/// By name and id, which does not depend on how a database collates.
fn sealed<E: Entry>(rows: Vec<E>, key: &BackupKey) -> Result<Vec<Sealed<E>>, BackupError> {
    let rows = rows.into_iter().map(|row| Sealed::seal(row, key));
    let mut rows: Vec<Sealed<E>> = rows.collect::<Result<_, _>>()?;
    rows.sort_by_cached_key(|row| (row.order(), row.id()));
    Ok(rows)
}
