//! Conditions under which nobody gets through.

use serde_json::Value as Json;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::names;
use super::next_version;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::write::Write;

/// A deny policy: nobody whom it covers gets through to a managed API.
#[derive(Clone, Debug, PartialEq)]
pub struct DenyPolicyRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Says what the document holds.
    pub kind: ConditionType,
    /// False: kept, and not applied.
    pub enabled: bool,
    /// The value of the condition, by the names of the Admin API.
    pub document: Json,
    /// Rises with every update.
    pub version: i64,
}

table! {
    DenyPolicyRow in "deny_policies" by id: kind, enabled, document, version
}

names! {
    /// What a deny policy looks at.
    #[derive(ToSchema)]
    #[serde(rename_all = "UPPERCASE")]
    #[schema(as = BlockingConditionType)]
    ConditionType {
        /// An API, by its path with the version.
        Api = "API",
        /// An application, by owner and name.
        Application = "APPLICATION",
        /// One address, or all but that one.
        Ip = "IP",
        /// Addresses from a first to a last one, or all but those.
        IpRange = "IPRANGE",
        /// A user, by the subject of the token.
        User = "USER",
    }
}

reads! {
    /// The deny policy with that id.
    fn deny_policy(id: Uuid) -> Option<DenyPolicyRow> = "WHERE id = $1";
    /// All of them, in the order of their ids.
    fn deny_policies() -> Vec<DenyPolicyRow> = "ORDER BY id";
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn insert_deny_policy(&mut self, row: &DenyPolicyRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`].
    pub async fn update_deny_policy(
        &mut self,
        row: DenyPolicyRow,
    ) -> Result<DenyPolicyRow, StoreError> {
        let before = self.deny_policy(row.id).await?.ok_or(StoreError::Missing)?;
        let row = DenyPolicyRow { version: next_version(before.version, row.version)?, ..row };
        self.update(&before, &row).await?;
        Ok(row)
    }

    /// Whom it covered gets through again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_deny_policy(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.deny_policy(id).await?.ok_or(StoreError::Missing)?;
        self.delete(&before).await
    }
}

impl Audited for DenyPolicyRow {
    const ENTITY: Entity = Entity::DenyPolicy;

    fn audited(&self) -> Json {
        json!({"kind": self.kind.as_str(), "enabled": self.enabled, "document": self.document})
    }
}
