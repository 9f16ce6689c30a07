//! Pools of connections, and what every connection is told first.

use std::fs;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use secrecy::SecretString;
use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::sqlite::SqliteSynchronous;

use super::Pools;
use crate::error::StoreError;

/// How long to wait for a free connection, and for PostgreSQL to let us in.
const ACQUIRE_DEADLINE: Duration = Duration::from_secs(5);

/// How long a connection that is there may take to show that it is alive.
const ALIVE_DEADLINE: Duration = Duration::from_secs(1);

const READERS: u32 = 8;

/// They take turns by a lock. More than one, since sqlx tests what is given back without a deadline:
/// a connection that falls silent just then keeps its place until TCP gives up.
const WRITERS: u32 = 3;

pub(super) fn sqlite(path: &Path) -> Result<Pools, StoreError> {
    private_file(path).map_err(|error| {
        let source = format!("SQLite at {}: {error}", path.display()).into();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::Full { source }
            }
            _ => StoreError::Unavailable { source },
        }
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(ACQUIRE_DEADLINE);
    let writer = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        // With NORMAL a commit may be lost with the power; an acknowledged write must not be.
        .synchronous(SqliteSynchronous::Full);
    let readers = options.pragma("query_only", "ON").row_buffer_size(1024);
    Ok(Pools::Sqlite {
        writer: SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(ACQUIRE_DEADLINE)
            // Where a commit finds the disk full SQLite rolls back by itself. sqlx goes on counting
            // that transaction, and would never again begin one on this connection.
            .before_acquire(|connection, _| {
                let usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(usable) })
            })
            .connect_lazy_with(writer),
        readers: SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_DEADLINE)
            .connect_lazy_with(readers),
    })
}

/// Makes the file before SQLite does: SQLite would let the umask decide who reads it. Its journals
/// take over the file's mode.
fn private_file(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
                return Ok(());
            }
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        }
        Err(error) => Err(error),
    }
}

pub(crate) fn options(url: &SecretString) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url.expose_secret())?;
    // Poolers know the second not, and refuse what they do not know. There are no floats in the store.
    Ok(options.application_name("phantom").extra_float_digits(None))
}

pub(super) async fn postgres(url: &SecretString) -> Result<Pools, StoreError> {
    let options = options(url)?;
    reach(&options).await?;
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_DEADLINE)
            // What fell silent would be waited for until TCP gives up, a quarter of an hour, and
            // nobody else could have its place. Those of a whole pool are passed over within one
            // wait or two.
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(alive(connection)))
            .after_release(|connection, _| Box::pin(alive(connection)))
            .connect_lazy_with(options.clone())
    };
    Ok(Pools::Postgres { writer: pool(WRITERS), readers: pool(READERS) })
}

/// An error where it is not; `true` is what a pool wants to hear.
async fn alive(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let silent = |_| sqlx::Error::PoolTimedOut;
    tokio::time::timeout(ALIVE_DEADLINE, connection.ping()).await.map_err(silent)??;
    Ok(true)
}

/// Tells where the server is and why it cannot be reached: a pool only says that it waited in vain.
async fn reach(options: &PgConnectOptions) -> Result<(), StoreError> {
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    let reached = match tokio::time::timeout(ACQUIRE_DEADLINE, options.connect()).await {
        Ok(Ok(connection)) => return Ok(connection.close().await?),
        Ok(Err(error)) => StoreError::from(error),
        Err(_) => StoreError::late(),
    };
    Err(match reached {
        StoreError::Unavailable { source } => {
            let hint = "is it running, and does the database setting say where?";
            let source = format!("PostgreSQL at {place}: {source}; {hint}");
            StoreError::Unavailable { source: source.into() }
        }
        error => error,
    })
}
