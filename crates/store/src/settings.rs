//! Where the store is and what seals its secrets.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::sealing::SealingKey;

#[derive(Clone, Debug)]
pub struct StoreSettings {
    pub database: Database,
    pub sealing: SealingKey,
}

#[derive(Clone, Debug)]
pub enum Database {
    /// Made at the first start, readable by its owner alone.
    Sqlite { path: PathBuf },
    /// `postgres://user:password@host/database?sslmode=verify-full`. A secret: it may hold one.
    Postgres { url: SecretString },
}
