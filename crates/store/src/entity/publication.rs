//! What gateways get: everything as of one moment, or one entity as it is now.

mod units;

use std::borrow::Cow;

use phantom_core::UnixTime;
use serde_json::Value as Json;
use uuid::Uuid;

use super::api::LifecycleState;
use super::change::last_change;
use super::deny_policy::DenyPolicyRow;
use super::deny_policy::deny_policies;
use super::key_manager::KeyManagerRow;
use super::key_manager::key_managers;
use super::plan::PlanRow;
use super::plan::plans;
use super::revocation::RevocationRow;
use super::revocation::revocations;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::STATEMENT_DEADLINE;
use crate::store::Store;

pub use units::ApplicationUnit;
pub use units::UnitKey;
pub use units::UnitSubscription;

/// Everything that is published, as of one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The last change that is in it.
    pub sequence: u64,
    /// Those that are not enabled too.
    pub key_managers: Vec<KeyManagerRow>,
    /// At all levels.
    pub plans: Vec<PlanRow>,
    /// Those that are not enabled too.
    pub deny_policies: Vec<DenyPolicyRow>,
    /// Those that the environment serves.
    pub apis: Vec<DeployedApi>,
    /// In the order of their ids.
    pub applications: Vec<ApplicationUnit>,
    /// Those that can still kill a token.
    pub revocations: Vec<RevocationRow>,
}

/// An API as an environment serves it: the deployed revision's document, the live state.
#[derive(Clone, Debug, PartialEq)]
pub struct DeployedApi {
    /// See [`DeploymentRow::api`](crate::DeploymentRow::api).
    pub api: Uuid,
    /// As in the working copy: it holds for all revisions.
    pub name: String,
    /// The API's own version, `v1`.
    pub version_name: String,
    /// The path before the version.
    pub context: String,
    /// User name of the owner.
    pub provider: String,
    /// The live one, whatever it was when the revision was made.
    pub state: LifecycleState,
    /// The one that is deployed.
    pub revision: Uuid,
    /// Its number, as people see it.
    pub revision_number: u64,
    /// The revision's.
    pub document: Json,
    /// The one that was asked for.
    pub environment: String,
    /// Host name under which subscribers see it.
    pub vhost: String,
    /// True: subscribers see that address.
    pub display_on_devportal: bool,
    /// The time at which it took the place of the one before.
    pub deployed_at: UnixTime,
}

impl Record for DeployedApi {
    const FROM: &'static str =
        "deployments d JOIN apis a ON a.id = d.api JOIN revisions r ON r.id = d.revision";

    fn columns() -> Cow<'static, str> {
        "d.api, a.name, a.api_version, a.context, a.provider, a.state, d.revision, r.number, \
         r.document, d.environment, d.vhost, d.display_on_devportal, d.deployed_at"
            .into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            api: row.get("api")?,
            name: row.get("name")?,
            version_name: row.get("api_version")?,
            context: row.get("context")?,
            provider: row.get("provider")?,
            state: row.get("state")?,
            revision: row.get("revision")?,
            revision_number: row.get("number")?,
            document: row.get("document")?,
            environment: row.get("environment")?,
            vhost: row.get("vhost")?,
            display_on_devportal: row.get("display_on_devportal")?,
            deployed_at: row.get("deployed_at")?,
        })
    }
}

reads! {
    /// All APIs that the environment serves, in the order of their ids.
    fn deployments_with_documents(environment: &str) -> Vec<DeployedApi>
        = "WHERE d.environment = $1 ORDER BY a.id";
    /// The API as the environment serves it.
    fn deployed_api(api: Uuid, environment: &str) -> Option<DeployedApi>
        = "WHERE d.api = $1 AND d.environment = $2";
}

impl Store {
    /// Everything the environment needs, as of one moment. `now` leaves out what has expired.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every read may answer.
    pub async fn snapshot(&self, environment: &str, now: UnixTime) -> Result<Snapshot, StoreError> {
        let mut session = self.read_one_moment().await?;
        Ok(Snapshot {
            sequence: last_change(&mut session).await?,
            key_managers: key_managers(&mut session).await?,
            plans: plans(&mut session).await?,
            deny_policies: deny_policies(&mut session).await?,
            apis: deployments_with_documents(&mut session, environment).await?,
            applications: units::all(&mut session).await?,
            revocations: revocations(&mut session, now).await?,
        })
    }

    /// All applications with their keys and subscriptions, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every read may answer.
    pub async fn application_units(&self) -> Result<Vec<ApplicationUnit>, StoreError> {
        units::all(&mut self.read_one_moment().await?).await
    }

    /// The application with its keys and subscriptions, as of one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every read may answer.
    pub async fn application_unit(&self, id: Uuid) -> Result<Option<ApplicationUnit>, StoreError> {
        let session = self.read_one_moment().await?;
        units::one(&mut session.with_deadline(STATEMENT_DEADLINE), id).await
    }
}
