//! Which revision of an API an environment serves.

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::revision::revision;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRow {
    pub api: Uuid,
    pub revision: Uuid,
    /// At most one revision of an API in each.
    pub environment: String,
    pub vhost: String,
    pub display_on_devportal: bool,
    pub deployed_at: UnixTime,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT api, revision, environment, vhost, display_on_devportal, deployed_at \
             FROM deployments ",
            $rest
        )
    };
}

reads! {
    /// All deployments of the API, by environment.
    fn deployments(api: Uuid) -> Vec<DeploymentRow>;
    /// What the environment serves of the API.
    fn deployment(api: Uuid, environment: &str) -> Option<DeploymentRow>;
}

async fn deployments(session: &mut Session, api: Uuid) -> Result<Vec<DeploymentRow>, StoreError> {
    session.rows(select!("WHERE api = $1 ORDER BY environment"), values![api]).await
}

async fn deployment(
    session: &mut Session,
    api: Uuid,
    environment: &str,
) -> Result<Option<DeploymentRow>, StoreError> {
    session.row(select!("WHERE api = $1 AND environment = $2"), values![api, environment]).await
}

impl Write {
    /// In the place of what the environment served of the API before. `Missing` when the revision
    /// is not one of the API's.
    pub async fn deploy(&mut self, row: &DeploymentRow) -> Result<(), StoreError> {
        let of_the_api = revision(&mut self.session, row.revision).await?;
        of_the_api.filter(|revision| revision.api == row.api).ok_or(StoreError::Missing)?;
        let before = self.deployment(row.api, &row.environment).await?;
        let insert = "INSERT INTO deployments \
             (api, revision, environment, vhost, display_on_devportal, deployed_at) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (api, environment) DO UPDATE SET revision = excluded.revision, \
             vhost = excluded.vhost, display_on_devportal = excluded.display_on_devportal, \
             deployed_at = excluded.deployed_at";
        let values = values![
            row.api,
            row.revision,
            &row.environment,
            &row.vhost,
            row.display_on_devportal,
            row.deployed_at,
        ];
        self.session.execute(insert, values).await?;
        let action = if before.is_some() { Action::Update } else { Action::Create };
        self.wrote_deployment(action, row.api, before.as_ref(), Some(row)).await
    }

    pub async fn undeploy(&mut self, api: Uuid, environment: &str) -> Result<(), StoreError> {
        let before = self.deployment(api, environment).await?.ok_or(StoreError::Missing)?;
        let delete = "DELETE FROM deployments WHERE api = $1 AND environment = $2";
        self.session.execute(delete, values![api, environment]).await?;
        self.wrote_deployment(Action::Delete, api, Some(&before), None).await
    }

    async fn wrote_deployment(
        &mut self,
        action: Action,
        api: Uuid,
        before: Option<&DeploymentRow>,
        after: Option<&DeploymentRow>,
    ) -> Result<(), StoreError> {
        let api = api.to_string();
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::Deployment, &api, before, after).await?;
        self.publish(Entity::Api, api).await
    }
}

fn audited(row: &DeploymentRow) -> Json {
    json!({
        "revision": row.revision.to_string(), "environment": row.environment,
        "vhost": row.vhost, "display_on_devportal": row.display_on_devportal,
    })
}

impl Record for DeploymentRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            api: columns.uuid()?,
            revision: columns.uuid()?,
            environment: columns.text()?,
            vhost: columns.text()?,
            display_on_devportal: columns.flag()?,
            deployed_at: columns.time()?,
        })
    }
}
