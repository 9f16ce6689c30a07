//! Conditions under which nobody gets through.

use serde_json::Value as Json;
use serde_json::json;
use uuid::Uuid;

use super::Action;
use super::Entity;
use super::next_version;
use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;
use crate::write::Write;

#[derive(Clone, Debug, PartialEq)]
pub struct DenyPolicyRow {
    pub id: Uuid,
    pub kind: String,
    pub enabled: bool,
    pub document: Json,
    pub version: i64,
}

reads! {
    /// The deny policy with that id.
    fn deny_policy(id: Uuid) -> Option<DenyPolicyRow>;
    /// All of them, in the order of their ids.
    fn deny_policies() -> Vec<DenyPolicyRow>;
}

async fn deny_policy(session: &mut Session, id: Uuid) -> Result<Option<DenyPolicyRow>, StoreError> {
    let select = "SELECT id, kind, enabled, document, version FROM deny_policies WHERE id = $1";
    session.row(select, values![id]).await
}

pub(super) async fn deny_policies(session: &mut Session) -> Result<Vec<DenyPolicyRow>, StoreError> {
    let select = "SELECT id, kind, enabled, document, version FROM deny_policies ORDER BY id";
    session.rows(select, &[]).await
}

impl Write {
    /// Stored with version 1.
    pub async fn insert_deny_policy(&mut self, row: &DenyPolicyRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO deny_policies (id, kind, enabled, document, version) \
             VALUES ($1, $2, $3, $4, 1)";
        let values = values![row.id, &row.kind, row.enabled, &row.document];
        self.session.execute(insert, values).await?;
        self.wrote_deny_policy(Action::Create, row.id, None, Some(row)).await
    }

    /// `row.version` is the one that was read. Gives back the row as it is now.
    pub async fn update_deny_policy(
        &mut self,
        row: DenyPolicyRow,
    ) -> Result<DenyPolicyRow, StoreError> {
        let before = self.deny_policy(row.id).await?.ok_or(StoreError::Missing)?;
        let row = DenyPolicyRow { version: next_version(before.version, row.version)?, ..row };
        let update = "UPDATE deny_policies SET kind = $2, enabled = $3, document = $4, \
             version = $5 WHERE id = $1";
        let values = values![row.id, &row.kind, row.enabled, &row.document, row.version];
        self.session.execute(update, values).await?;
        self.wrote_deny_policy(Action::Update, row.id, Some(&before), Some(&row)).await?;
        Ok(row)
    }

    pub async fn delete_deny_policy(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.deny_policy(id).await?.ok_or(StoreError::Missing)?;
        self.session.execute("DELETE FROM deny_policies WHERE id = $1", values![id]).await?;
        self.wrote_deny_policy(Action::Delete, id, Some(&before), None).await
    }

    async fn wrote_deny_policy(
        &mut self,
        action: Action,
        id: Uuid,
        before: Option<&DenyPolicyRow>,
        after: Option<&DenyPolicyRow>,
    ) -> Result<(), StoreError> {
        let id = id.to_string();
        let (before, after) = (before.map(audited), after.map(audited));
        self.record(action, Entity::DenyPolicy, &id, before, after).await?;
        self.publish(Entity::DenyPolicy, id).await
    }
}

fn audited(row: &DenyPolicyRow) -> Json {
    json!({"kind": row.kind, "enabled": row.enabled, "document": row.document})
}

impl Record for DenyPolicyRow {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            kind: columns.text()?,
            enabled: columns.flag()?,
            document: columns.json()?,
            version: columns.integer()?,
        })
    }
}
