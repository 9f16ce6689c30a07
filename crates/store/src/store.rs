//! The database and its connections.

pub(crate) mod connect;

use std::fmt;
use std::sync::Arc;

use phantom_core::TokenDigest;
use phantom_core::UnixTime;
use sqlx::PgPool;
use sqlx::SqlitePool;

use crate::actor::Actor;
use crate::error::StoreError;
use crate::migration;
use crate::progress::Progress;
use crate::sealing::SealingKey;
use crate::session::BULK_DEADLINE;
use crate::session::Connection;
use crate::session::STATEMENT_DEADLINE;
use crate::session::Session;
use crate::session::within;
use crate::settings::Database;
use crate::settings::StoreSettings;
use crate::value::Value;
use crate::value::values;
use crate::write::Write;

/// Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pools: Pools,
    sealing: SealingKey,
    progress: Arc<Progress>,
}

/// Begins a transaction at PostgreSQL and has the server give up with us, so that nothing runs on or
/// holds the writers' lock. In one message, and for the transaction alone: poolers refuse settings at
/// the start of a connection, and hand those of a session on to strangers.
macro_rules! begin {
    ($mode:literal, $statement:literal) => {
        concat!(
            "BEGIN ",
            $mode,
            "; SET LOCAL statement_timeout = '",
            $statement,
            "'; SET LOCAL idle_in_transaction_session_timeout = '60s'"
        )
    };
}

/// One writer, so that writes wait in a fair queue and readers never wait for them.
enum Pools {
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres { writer: PgPool, readers: PgPool },
}

impl Store {
    /// Connects, brings the schema up to date and checks the sealing key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Settings`], [`StoreError::WrongSealingKey`], [`StoreError::TooNew`], and what
    /// every write may answer.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let pools = match &settings.database {
            Database::Sqlite { path } => connect::sqlite(path)?,
            Database::Postgres { url } => connect::postgres(url).await?,
        };
        let store = Self(Arc::new(Inner {
            pools,
            sealing: settings.sealing.clone(),
            progress: Arc::default(),
        }));
        let mut session = store.begin().await?;
        migration::bring_up_to_date(&mut session).await?;
        session.commit().await?;
        Ok(store)
    }

    /// Waits for what is running, then lets go of the connections.
    pub async fn close(&self) {
        match &self.0.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Asks the database for nothing, to see that it answers.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every read may answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read().await?.execute("SELECT 1", &[]).await.map(drop)
    }

    /// Begins the transaction in which `actor` writes at `now`. Writers take turns, all gateways'
    /// control planes included: the numbers of changes are committed in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as every write may answer.
    pub async fn write(&self, actor: &Actor, now: UnixTime) -> Result<Write, StoreError> {
        let progress = Arc::clone(&self.0.progress);
        Ok(Write::new(self.begin().await?, actor.clone(), now, progress))
    }

    /// Until a change was committed by this process since the last call. For one caller: it saves
    /// that one the wait, and changes of other processes are found by looking.
    pub async fn committed(&self) {
        self.0.progress.committed().await;
    }

    /// Number of the last change that is in force at the gateway of this process: whoever changes
    /// something here waits for it. None when nobody follows any more.
    pub fn in_force(&self, change: Option<u64>) {
        self.0.progress.reach(change);
    }

    /// How tokens are named that are kept nowhere.
    #[must_use]
    pub fn token_digest(&self, token: &str) -> TokenDigest {
        self.0.sealing.token_digest(token)
    }

    pub(crate) fn sealing(&self) -> &SealingKey {
        &self.0.sealing
    }

    pub(crate) async fn read(&self) -> Result<Session, StoreError> {
        let connection = match &self.0.pools {
            Pools::Sqlite { readers, .. } => Connection::Sqlite(readers.acquire().await?),
            Pools::Postgres { readers, .. } => {
                let begun = readers.begin_with(begin!("READ ONLY", "10s"));
                Connection::Postgres(within(STATEMENT_DEADLINE, begun).await?)
            }
        };
        Ok(Session::new(connection, self.0.sealing.clone()))
    }

    /// A session that sees one moment, whatever is committed meanwhile.
    pub(crate) async fn read_one_moment(&self) -> Result<Session, StoreError> {
        let connection = match &self.0.pools {
            Pools::Sqlite { readers, .. } => {
                let begun = readers.begin_with("BEGIN");
                Connection::SqliteTransaction(within(STATEMENT_DEADLINE, begun).await?)
            }
            Pools::Postgres { readers, .. } => {
                let begun =
                    readers.begin_with(begin!("ISOLATION LEVEL REPEATABLE READ READ ONLY", "60s"));
                Connection::Postgres(within(STATEMENT_DEADLINE, begun).await?)
            }
        };
        let session = Session::new(connection, self.0.sealing.clone());
        Ok(session.with_deadline(BULK_DEADLINE))
    }

    /// Runs one statement that is kept at once, and waits for no writer of another process: nothing that
    /// takes part in the order of changes may be written so.
    pub(crate) async fn note(
        &self,
        statement: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let mut session = self.begin_unordered().await?;
        let touched = session.execute(statement, values).await?;
        session.commit().await?;
        Ok(touched)
    }

    async fn begin(&self) -> Result<Session, StoreError> {
        let mut session = self.begin_unordered().await?;
        if session.is_postgres() {
            // First of all, and held to the end: otherwise a change with a lower number could
            // become visible after one with a higher number has been read.
            session.execute("SELECT pg_advisory_xact_lock($1)", values![WRITERS]).await?;
        }
        Ok(session)
    }

    async fn begin_unordered(&self) -> Result<Session, StoreError> {
        let connection = match &self.0.pools {
            Pools::Sqlite { writer, .. } => {
                let begun = writer.begin_with("BEGIN IMMEDIATE");
                Connection::SqliteTransaction(within(STATEMENT_DEADLINE, begun).await?)
            }
            Pools::Postgres { writer, .. } => {
                let begun = writer.begin_with(begin!("ISOLATION LEVEL READ COMMITTED", "10s"));
                Connection::Postgres(within(STATEMENT_DEADLINE, begun).await?)
            }
        };
        Ok(Session::new(connection, self.0.sealing.clone()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.pools {
            Pools::Sqlite { .. } => "Store(SQLite)",
            Pools::Postgres { .. } => "Store(PostgreSQL)",
        })
    }
}

/// "phantom" in ASCII: the lock of PostgreSQL that all writers of this program take.
const WRITERS: i64 = 0x70_6861_6e74_6f6d;
