//! What the control plane keeps, in SQLite or PostgreSQL. The only crate that names sqlx.
//!
//! [`Store`] reads, [`Write`] is one transaction that reads and writes. Every write leaves a line
//! in the audit; every write of what gateways see leaves a [`ChangeRow`] they can follow.
//!
//! Every read and write may answer [`StoreError::Unavailable`], [`StoreError::Refused`] (text that no
//! row can have), [`StoreError::Corrupt`] or, where a row has secrets, [`StoreError::Sealed`]; every
//! write [`StoreError::Full`] as well, and everything within a [`Write`] that has failed
//! [`StoreError::Aborted`]. Functions name the others. Times are kept to the millisecond.

#![warn(missing_docs, clippy::missing_errors_doc)]

mod actor;
mod columns;
mod entity;
mod error;
mod filter;
mod migration;
pub mod password;
mod progress;
mod read;
mod sealing;
mod session;
mod settings;
mod sql;
mod store;
mod value;
mod write;

pub use actor::Actor;
pub use entity::*;
pub use error::StoreError;
pub use filter::NamePart;
pub use filter::NamePlace;
pub use filter::Page;
pub use sealing::SealedFileError;
pub use sealing::SealedReader;
pub use sealing::SealedWriter;
pub use sealing::SealingKey;
pub use sealing::SealingKeyError;
pub use sealing::key_bytes;
pub use settings::Database;
pub use settings::StoreSettings;
pub use store::Store;
pub use write::Write;
