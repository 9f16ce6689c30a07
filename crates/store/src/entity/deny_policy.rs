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

#[derive(Clone, Debug, PartialEq)]
pub struct DenyPolicyRow {
    pub id: Uuid,
    pub kind: ConditionType,
    pub enabled: bool,
    pub document: Json,
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
        Api = "API",
        Application = "APPLICATION",
        Ip = "IP",
        IpRange = "IPRANGE",
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
    /// Stored with version 1.
    pub async fn insert_deny_policy(&mut self, row: &DenyPolicyRow) -> Result<(), StoreError> {
        self.insert(row).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    pub async fn update_deny_policy(
        &mut self,
        row: DenyPolicyRow,
    ) -> Result<DenyPolicyRow, StoreError> {
        let before = self.deny_policy(row.id).await?.ok_or(StoreError::Missing)?;
        let row = DenyPolicyRow { version: next_version(before.version, row.version)?, ..row };
        self.update(&before, &row).await?;
        Ok(row)
    }

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
