//! Why the store did not do what it was asked.

use std::error::Error;

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

type Cause = Box<dyn Error + Send + Sync>;

/// Why the store did not do what it was asked. The causes in it are for the log.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another row has it.
    #[error("{what} is taken")]
    Duplicate {
        /// The columns that are unique together, e.g. `plans.level, plans.name`.
        what: String,
    },
    /// The row to change, or one it refers to, is not there.
    #[error("no such row")]
    Missing,
    /// The row that was given has another `version` than the stored one.
    #[error("changed by another since it was read")]
    VersionMismatch,
    /// Others still refer to it.
    #[error("in use: {what}")]
    InUse {
        /// Those that do, e.g. `api.subscriptions`.
        what: &'static str,
    },
    /// The value can be kept in neither database.
    #[error("cannot be stored: {reason}")]
    Refused {
        /// In words, without the value.
        reason: &'static str,
    },
    /// An earlier statement of this transaction failed; nothing of it is kept.
    #[error("the transaction has failed already")]
    Aborted,
    /// No answer from the database, or not in time. Worth trying again.
    #[error("the database is not available")]
    Unavailable {
        /// The driver's or the system's own words.
        #[source]
        source: Cause,
    },
    /// The disk is full or the database may not be written. Reading goes on.
    #[error("the database cannot be written")]
    Full {
        /// The driver's or the system's own words.
        #[source]
        source: Cause,
    },
    /// Sealed with another key or for another row, or damaged.
    #[error("a stored secret cannot be opened with this sealing key")]
    Sealed,
    /// Told by [`crate::Store::open`] alone.
    #[error(
        "the database was written with another sealing key: start with the key it was first \
         started with, or with an empty database"
    )]
    WrongSealingKey,
    /// Written by another program, or damaged.
    #[error("the database holds what cannot be read: {what}")]
    Corrupt {
        /// In words, with the column.
        what: String,
    },
    /// Told by [`crate::Store::open`] alone, which leaves the database as it is.
    #[error("the database is of a later version (migration {found}, this program knows {known})")]
    TooNew {
        /// Number of the last migration that the database has been through.
        found: i64,
        /// Number of the last one that there is here.
        known: i64,
    },
    /// The URL of the database cannot be read.
    #[error("the settings of the database are not usable")]
    Settings {
        /// The driver's or the system's own words.
        #[source]
        source: Cause,
    },
    /// Our mistake: a statement the database does not accept.
    #[error("the database refused a statement")]
    Internal {
        /// The driver's or the system's own words.
        #[source]
        source: Cause,
    },
}

impl StoreError {
    /// The database's fault, not the caller's: answer 503.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }

    pub(crate) fn late() -> Self {
        Self::Unavailable { source: "no answer from the database within the deadline".into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(cause) => from_database(cause),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::corrupt(error.to_string())
            }
            sqlx::Error::Configuration(source) => Self::Settings { source },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable { source: error.into() },
            _ => Self::Internal { source: error.into() },
        }
    }
}

fn from_database(cause: Box<dyn DatabaseError>) -> StoreError {
    if cause.is_unique_violation() {
        return StoreError::Duplicate { what: taken(&*cause) };
    }
    if cause.is_foreign_key_violation() {
        return StoreError::Missing;
    }
    let class = match cause.code().as_deref() {
        Some(code) if cause.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() => {
            sqlite_class(code.parse().unwrap_or(0))
        }
        Some(code) => postgres_class(code),
        None => Class::Internal,
    };
    let source = sqlx::Error::Database(cause);
    match class {
        Class::Unavailable => StoreError::Unavailable { source: source.into() },
        Class::Full => StoreError::Full { source: source.into() },
        Class::Corrupt => StoreError::corrupt(source.to_string()),
        Class::Internal => StoreError::Internal { source: source.into() },
    }
}

/// The columns whose values another row has. SQLite lists them; PostgreSQL does so in its detail, whatever its
/// language: `Key (level, name)=(...) already exists.`
fn taken(cause: &dyn DatabaseError) -> String {
    if let Some(columns) = cause.message().strip_prefix("UNIQUE constraint failed: ") {
        return columns.to_owned();
    }
    let columns = || {
        let cause = cause.try_downcast_ref::<PgDatabaseError>()?;
        let (_, rest) = cause.detail()?.split_once('(')?;
        let (columns, _) = rest.split_once(")=(")?;
        let table = cause.table()?;
        let columns = columns.split(", ").map(|column| format!("{table}.{column}"));
        Some(columns.collect::<Vec<_>>().join(", "))
    };
    columns().or_else(|| cause.constraint().map(str::to_owned)).unwrap_or_default()
}

enum Class {
    Unavailable,
    Full,
    Corrupt,
    Internal,
}

/// <https://www.sqlite.org/rescode.html>: the low byte is the primary code.
const fn sqlite_class(code: u32) -> Class {
    const IOERR_WRITE: u32 = 778;
    if code == IOERR_WRITE {
        return Class::Full;
    }
    match code & 0xff {
        // READONLY, FULL
        8 | 13 => Class::Full,
        // BUSY, LOCKED, INTERRUPT, IOERR, CANTOPEN, PROTOCOL
        5 | 6 | 9 | 10 | 14 | 15 => Class::Unavailable,
        // CORRUPT, NOTADB
        11 | 26 => Class::Corrupt,
        _ => Class::Internal,
    }
}

/// SQLSTATE, PostgreSQL documentation, appendix A.
fn postgres_class(code: &str) -> Class {
    match code {
        // disk_full; read_only_sql_transaction, which is what a standby answers
        "53100" | "25006" => Class::Full,
        // lock_not_available, serialization_failure, deadlock_detected, invalid_catalog_name,
        // idle_in_transaction_session_timeout
        "55P03" | "40001" | "40P01" | "3D000" | "25P03" => Class::Unavailable,
        // data_corrupted, index_corrupted
        "XX001" | "XX002" => Class::Corrupt,
        _ => match code.get(..2) {
            // connection, authorization, resources, operator intervention, system error
            Some("08" | "28" | "53" | "57" | "58") => Class::Unavailable,
            _ => Class::Internal,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_a_full_disk_from_a_gone_database_from_our_mistakes() {
        for code in [8, 13, 778, 8 | 1 << 8] {
            assert!(matches!(sqlite_class(code), Class::Full), "{code}");
        }
        for code in [5, 6, 10, 14, 5 | 2 << 8, 10 | 1 << 8] {
            assert!(matches!(sqlite_class(code), Class::Unavailable), "{code}");
        }
        assert!(matches!(sqlite_class(11), Class::Corrupt));
        assert!(matches!(sqlite_class(1), Class::Internal));
        for code in ["53100", "25006"] {
            assert!(matches!(postgres_class(code), Class::Full), "{code}");
        }
        for code in ["08006", "28P01", "53300", "57014", "57P01", "58030", "40001", "3D000"] {
            assert!(matches!(postgres_class(code), Class::Unavailable), "{code}");
        }
        assert!(matches!(postgres_class("XX001"), Class::Corrupt));
        for code in ["42601", "42P01", "22021", ""] {
            assert!(matches!(postgres_class(code), Class::Internal), "{code}");
        }
    }

    #[test]
    fn only_the_databases_faults_are_unavailable() {
        assert!(StoreError::late().is_unavailable());
        assert!(StoreError::Full { source: "x".into() }.is_unavailable());
        for error in [StoreError::Missing, StoreError::Sealed, StoreError::Aborted] {
            assert!(!error.is_unavailable(), "{error}");
        }
    }
}
