//! What the control plane keeps, in SQLite or PostgreSQL. The only crate that names sqlx.
//!
//! [`Store`] reads, [`Write`] is one transaction that reads and writes. Every write leaves a line
//! in the audit; every write of what gateways see leaves a [`ChangeRow`] they can follow.

mod actor;
mod columns;
mod constraint;
mod entity;
mod error;
mod filter;
mod hex;
mod migration;
pub mod password;
mod read;
mod sealing;
mod session;
mod settings;
mod store;
mod value;
mod write;

pub use actor::Actor;
pub use entity::Action;
pub use entity::Entity;
pub use entity::api::ApiFilter;
pub use entity::api::ApiRow;
pub use entity::api::ApiSort;
pub use entity::application::ApplicationFilter;
pub use entity::application::ApplicationRow;
pub use entity::application::ApplicationSort;
pub use entity::audit::AuditRow;
pub use entity::change::ChangeRow;
pub use entity::client::ClientPurpose;
pub use entity::client::ClientRow;
pub use entity::deny_policy::DenyPolicyRow;
pub use entity::deployment::DeploymentRow;
pub use entity::key_manager::KeyManagerRow;
pub use entity::key_mapping::KeyMappingRow;
pub use entity::key_mapping::MappedKeyType;
pub use entity::key_mapping::MappingMode;
pub use entity::plan::PlanLevel;
pub use entity::plan::PlanRow;
pub use entity::publication::ApplicationUnit;
pub use entity::publication::DeployedApi;
pub use entity::publication::Snapshot;
pub use entity::publication::UnitKey;
pub use entity::publication::UnitSubscription;
pub use entity::revision::RevisionRow;
pub use entity::revocation::RevocationKind;
pub use entity::revocation::RevocationRow;
pub use entity::scope::ScopeRow;
pub use entity::secret::SecretName;
pub use entity::subscription::SubscriptionRow;
pub use entity::token::TokenKind;
pub use entity::token::TokenRow;
pub use entity::token::TokensOf;
pub use entity::user::UserRow;
pub use error::StoreError;
pub use filter::Page;
pub use sealing::SealedFileError;
pub use sealing::SealingKey;
pub use sealing::SealingKeyError;
pub use settings::Database;
pub use settings::StoreSettings;
pub use store::Store;
pub use write::Write;
