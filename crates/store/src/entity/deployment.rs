//! Which revision of an API an environment serves.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::value::values;
use crate::write::Write;

/// A revision that an environment serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRow {
    /// The API of the revision.
    pub api: Uuid,
    /// Kept from being deleted by this row.
    pub revision: Uuid,
    /// At most one revision of an API in each.
    pub environment: String,
    /// Host name under which subscribers see it.
    pub vhost: String,
    /// True: subscribers see that address.
    pub display_on_devportal: bool,
    /// Given with the insert; never changes.
    pub deployed_at: UnixTime,
}

table! {
    DeploymentRow in "deployments" by api:
    revision, environment, vhost, display_on_devportal, deployed_at
}

reads! {
    /// All deployments of the API, by environment.
    fn deployments(api: Uuid) -> Vec<DeploymentRow> = "WHERE api = $1 ORDER BY environment";
    /// What the environment serves of the API.
    fn deployment(api: Uuid, environment: &str) -> Option<DeploymentRow>
        = "WHERE api = $1 AND environment = $2";
    /// All of them, by API and environment.
    fn all_deployments() -> Vec<DeploymentRow> = "ORDER BY api, environment";
}

impl Write {
    /// In the place of what the environment served of the API before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when the revision is not one of the API's.
    pub async fn deploy(&mut self, row: &DeploymentRow) -> Result<(), StoreError> {
        let of_the_api = self.revision(row.revision).await?;
        of_the_api.filter(|revision| revision.api == row.api).ok_or(StoreError::Missing)?;
        let before = self.deployment(row.api, &row.environment).await?;
        self.take_out(row.api, &row.environment).await?;
        self.session.insert(row).await?;
        self.wrote(before.as_ref(), Some(row)).await
    }

    /// The environment serves nothing of the API any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when it did not before.
    pub async fn undeploy(&mut self, api: Uuid, environment: &str) -> Result<(), StoreError> {
        let before = self.deployment(api, environment).await?.ok_or(StoreError::Missing)?;
        self.take_out(api, environment).await?;
        self.wrote(Some(&before), None).await
    }

    async fn take_out(&mut self, api: Uuid, environment: &str) -> Result<(), StoreError> {
        let delete = "DELETE FROM deployments WHERE api = $1 AND environment = $2";
        self.session.execute(delete, values![api, environment]).await.map(drop)
    }
}

/// Goes by its API: gateways see it as a part of that.
impl Audited for DeploymentRow {
    const ENTITY: Entity = Entity::Deployment;

    fn audited(&self) -> Json {
        json!({
            "revision": self.revision, "environment": self.environment, "vhost": self.vhost,
            "display_on_devportal": self.display_on_devportal,
        })
    }

    fn published(&self) -> Option<(Entity, String)> {
        Some((Entity::Api, self.api.to_string()))
    }
}
