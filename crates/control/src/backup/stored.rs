//! All entries of the store, as one transaction sees them.

use phantom_core::UnixTime;
use phantom_store::ApiFilter;
use phantom_store::ApiRow;
use phantom_store::ApplicationFilter;
use phantom_store::ApplicationRow;
use phantom_store::StoreError;
use phantom_store::SubscriptionRow;
use phantom_store::Write;
use uuid::Uuid;

use super::rows::Rows;

/// How many rows are asked for at a time.
const PAGE: u32 = 500;

/// In the order of the file. `now` leaves out revocations that have expired.
pub(super) async fn all(write: &mut Write, now: UnixTime) -> Result<Rows, StoreError> {
    let mut rows = Rows {
        users: write.users().await?,
        clients: write.clients().await?,
        key_managers: write.key_managers().await?,
        plans: write.plans().await?,
        deny_policies: write.deny_policies().await?,
        scopes: write.scopes().await?,
        apis: apis(write).await?,
        applications: applications(write).await?,
        revocations: write.revocations(now).await?,
        ..Rows::default()
    };
    for api in &rows.apis {
        rows.revisions.extend(write.revisions(api.id).await?);
        rows.deployments.extend(write.deployments(api.id).await?);
    }
    for application in &rows.applications {
        rows.key_mappings.extend(write.key_mappings(application.id).await?);
        rows.subscriptions.extend(subscriptions(write, application.id).await?);
    }
    for revocation in &mut rows.revocations {
        revocation.sequence = 0;
    }
    rows.sort();
    Ok(rows)
}

async fn apis(write: &mut Write) -> Result<Vec<ApiRow>, StoreError> {
    let mut filter = ApiFilter { limit: PAGE, ..ApiFilter::default() };
    let mut rows = Vec::new();
    loop {
        let page = write.apis(&filter).await?.rows;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
        filter.offset += PAGE;
    }
}

async fn applications(write: &mut Write) -> Result<Vec<ApplicationRow>, StoreError> {
    let mut filter = ApplicationFilter { limit: PAGE, ..ApplicationFilter::default() };
    let mut rows = Vec::new();
    loop {
        let page = write.applications(&filter).await?.rows;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
        filter.offset += PAGE;
    }
}

async fn subscriptions(
    write: &mut Write,
    application: Uuid,
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let (mut rows, mut offset) = (Vec::new(), 0);
    loop {
        let page = write.subscriptions_of_application(application, PAGE, offset).await?.rows;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
        offset += PAGE;
    }
}
