//! Where the store is and what seals its secrets.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::error::StoreError;
use crate::sealing::SealingKey;
use crate::store::connect;

/// The needs of [`crate::Store::open`].
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// One for all nodes of an installation.
    pub database: Database,
    /// The one that the database was first opened with.
    pub sealing: SealingKey,
}

/// The kind of database, and its place.
#[derive(Clone, Debug)]
pub enum Database {
    /// Made at the first start, readable by its owner alone.
    Sqlite {
        /// A file in a directory that is there.
        path: PathBuf,
    },
    /// Has to be there; its tables are made at the first start.
    Postgres {
        /// `postgres://user:password@host/database?sslmode=verify-full`. A secret: it may hold one.
        url: SecretString,
    },
}

impl Database {
    /// Whether that is the URL of a PostgreSQL database. Nobody is called.
    ///
    /// # Errors
    ///
    /// [`StoreError::Settings`], in the driver's words, which hold none of the URL's.
    pub fn check_url(url: &SecretString) -> Result<(), StoreError> {
        connect::options(url).map(drop)
    }
}
