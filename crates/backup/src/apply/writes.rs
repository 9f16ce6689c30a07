//! The store's writes, by kind. Of a row that is updated the version counts that is stored.

use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::ClientRow;
use phantom_store::DenyPolicyRow;
use phantom_store::DeploymentRow;
use phantom_store::KeyManagerRow;
use phantom_store::KeyMappingRow;
use phantom_store::PlanRow;
use phantom_store::RevisionRow;
use phantom_store::RevocationRow;
use phantom_store::ScopeRow;
use phantom_store::StoreError;
use phantom_store::SubscriptionRow;
use phantom_store::UserRow;
use phantom_store::Write;

use crate::entry::Entry;

pub(crate) trait Writes: Entry {
    async fn insert(&self, write: &mut Write) -> Result<(), StoreError>;
    async fn update(&self, before: &Self, write: &mut Write) -> Result<(), StoreError>;
    async fn remove(&self, write: &mut Write) -> Result<(), StoreError>;
}

/// Rows with a version.
macro_rules! versioned {
    ($($row:ident: $insert:ident, $update:ident, $delete:ident;)*) => {$(
        impl Writes for $row {
            async fn insert(&self, write: &mut Write) -> Result<(), StoreError> {
                write.$insert(self).await
            }

            async fn update(&self, before: &Self, write: &mut Write) -> Result<(), StoreError> {
                let row = Self { version: before.version, ..self.clone() };
                write.$update(row).await.map(drop)
            }

            async fn remove(&self, write: &mut Write) -> Result<(), StoreError> {
                write.$delete(self.id).await
            }
        }
    )*};
}

versioned! {
    KeyManagerRow: insert_key_manager, update_key_manager, delete_key_manager;
    PlanRow: insert_plan, update_plan, delete_plan;
    DenyPolicyRow: insert_deny_policy, update_deny_policy, delete_deny_policy;
    ScopeRow: insert_scope, update_scope, delete_scope;
    ApiRow: insert_api, update_api, delete_api;
    ApplicationRow: insert_application, update_application, delete_application;
    SubscriptionRow: insert_subscription, update_subscription, delete_subscription;
}

/// Rows without one.
macro_rules! unversioned {
    ($($row:ident: $insert:ident, $update:ident, |$it:ident| $delete:ident($($key:expr),*);)*) => {$(
        impl Writes for $row {
            async fn insert(&self, write: &mut Write) -> Result<(), StoreError> {
                write.$insert(self).await
            }

            async fn update(&self, _: &Self, write: &mut Write) -> Result<(), StoreError> {
                write.$update(self).await
            }

            async fn remove(&self, write: &mut Write) -> Result<(), StoreError> {
                let $it = self;
                write.$delete($($key),*).await
            }
        }
    )*};
}

unversioned! {
    UserRow: insert_user, update_user, |row| delete_user(&row.name);
    ClientRow: insert_client, update_client, |row| delete_client(&row.client_id);
    KeyMappingRow: insert_key_mapping, update_key_mapping, |row| delete_key_mapping(row.id);
    DeploymentRow: deploy, deploy, |row| undeploy(row.api, &row.environment);
}

/// Never updated: that is refused before anything is written.
impl Writes for RevisionRow {
    async fn insert(&self, write: &mut Write) -> Result<(), StoreError> {
        write.insert_revision(self).await
    }

    async fn update(&self, _: &Self, _: &mut Write) -> Result<(), StoreError> {
        Err(StoreError::Refused { reason: "revisions never change" })
    }

    async fn remove(&self, write: &mut Write) -> Result<(), StoreError> {
        write.delete_revision(self.id).await
    }
}

/// Their id is all they say, so none is ever updated; and none is removed.
impl Writes for RevocationRow {
    async fn insert(&self, write: &mut Write) -> Result<(), StoreError> {
        let Self { kind, value, at, expires_at, .. } = self;
        write.insert_revocation(*kind, value, *at, *expires_at).await.map(drop)
    }

    async fn update(&self, _: &Self, _: &mut Write) -> Result<(), StoreError> {
        Err(StoreError::Refused { reason: "revocations never change" })
    }

    async fn remove(&self, _: &mut Write) -> Result<(), StoreError> {
        Err(StoreError::Refused { reason: "revocations stay" })
    }
}
