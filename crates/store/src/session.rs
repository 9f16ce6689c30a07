//! One connection, inside a transaction or not: the only place that tells the databases apart
//! when a statement runs.

use std::future::Future;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::Sqlite;
use sqlx::Transaction;
use sqlx::pool::PoolConnection;
use tokio::time::timeout;

use crate::columns::AnyRow;
use crate::columns::Columns;
use crate::columns::Number;
use crate::columns::Record;
use crate::columns::Table;
use crate::error::StoreError;
use crate::filter::Page;
use crate::sealing::SealingKey;
use crate::sql::Listing;
use crate::sql::Sql;
use crate::value::Value;
use crate::value::values;

/// How long one statement may take.
pub(crate) const STATEMENT_DEADLINE: Duration = Duration::from_secs(10);

/// How long one statement of a bulk read may take.
pub(crate) const BULK_DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct Session {
    connection: Connection,
    pub(crate) sealing: SealingKey,
    deadline: Duration,
    /// PostgreSQL goes on only after a rollback; SQLite would. Neither does here.
    failed: bool,
}

pub(crate) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTransaction(Transaction<'static, Sqlite>),
    /// Reads as well: a pooler of connections holds one server to it for a transaction alone.
    Postgres(Transaction<'static, Postgres>),
}

/// Adds the values to a query. A macro: the two queries have no type in common.
///
/// At PostgreSQL a statement has no name and is forgotten with its transaction: behind a pooler one
/// that was named would be unknown to the next server, or be somebody else's.
macro_rules! bound {
    (Postgres, $sql:expr, $values:expr) => {
        bound!(sqlx::query::<Postgres>($sql).persistent(false), $values)
    };
    (Sqlite, $sql:expr, $values:expr) => {
        bound!(sqlx::query::<Sqlite>($sql), $values)
    };
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text.as_deref()),
                Value::Integer(number) => query.bind(*number),
            };
        }
        query
    }};
}

impl Session {
    pub(crate) const fn new(connection: Connection, sealing: SealingKey) -> Self {
        Self { connection, sealing, deadline: STATEMENT_DEADLINE, failed: false }
    }

    pub(crate) fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    /// What the statement answers, as that is asked for: see [`Answer`].
    pub(crate) async fn ask<A: Answer>(
        &mut self,
        rest: &'static str,
        values: &[Value<'_>],
    ) -> Result<A, StoreError> {
        A::ask(self, rest, values).await
    }

    /// One page of the rows that match, and how many there are.
    pub(crate) async fn page<T: Record>(
        &mut self,
        listing: &Listing,
        values: &[Value<'_>],
        (limit, offset): (u64, u64),
    ) -> Result<Page<T>, StoreError> {
        let [count, select] = Sql::page::<T>(listing, values.len());
        let rows = self.rows(select, &[values, values![limit, offset]].concat()).await?;
        let read = rows.len() as u64;
        // A page with room left is the last one, unless it lies behind the end: counting would read it all again.
        let total = if read < limit && (read > 0 || offset == 0) {
            offset + read
        } else {
            self.number(count, values).await?.unwrap_or_default()
        };
        Ok(Page { rows, total })
    }

    /// What the statement calls `number`.
    pub(crate) async fn number(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<u64>, StoreError> {
        let found: Option<Number> = self.rows(sql, values).await?.pop();
        Ok(found.map(|Number(number)| number))
    }

    pub(crate) async fn insert<T: Table>(&mut self, row: &T) -> Result<(), StoreError> {
        let cells = row.cells(&self.sealing)?;
        let (sql, values) = Sql::insert(T::FROM, cells);
        self.execute(sql, &values).await.map(drop)
    }

    /// Runs the statement and tells how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        let sql = sql.into();
        self.ready(values)?;
        let done = match &mut self.connection {
            Connection::Sqlite(connection) => {
                let query = bound!(Sqlite, sql, values).execute(&mut **connection);
                within(self.deadline, async { Ok(query.await?.rows_affected()) }).await
            }
            Connection::SqliteTransaction(connection) => {
                let query = bound!(Sqlite, sql, values).execute(&mut **connection);
                within(self.deadline, async { Ok(query.await?.rows_affected()) }).await
            }
            Connection::Postgres(connection) => {
                let query = bound!(Postgres, sql, values).execute(&mut **connection);
                within(self.deadline, async { Ok(query.await?.rows_affected()) }).await
            }
        };
        self.noted(done)
    }

    /// All rows of the answer. The statement limits them where the table can grow.
    pub(crate) async fn rows<T: Record>(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let sql = sql.into();
        self.ready(values)?;
        let answer = match &mut self.connection {
            Connection::Sqlite(connection) => {
                let query = bound!(Sqlite, sql, values).fetch_all(&mut **connection);
                within(self.deadline, query).await.map(Rows::Sqlite)
            }
            Connection::SqliteTransaction(connection) => {
                let query = bound!(Sqlite, sql, values).fetch_all(&mut **connection);
                within(self.deadline, query).await.map(Rows::Sqlite)
            }
            Connection::Postgres(connection) => {
                let query = bound!(Postgres, sql, values).fetch_all(&mut **connection);
                within(self.deadline, query).await.map(Rows::Postgres)
            }
        };
        let answer = self.noted(answer)?;
        let read = |row| T::read(&Columns::new(row, &self.sealing));
        match answer {
            Rows::Sqlite(rows) => rows.iter().map(AnyRow::Sqlite).map(read).collect(),
            Rows::Postgres(rows) => rows.iter().map(AnyRow::Postgres).map(read).collect(),
        }
    }

    /// Statements of our own making, without values and in one text.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        self.ready(&[])?;
        // The text is a constant of this crate, adapted to the database by constants.
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        let done = match &mut self.connection {
            Connection::Sqlite(it) => {
                within(self.deadline, script.execute(&mut **it)).await.map(drop)
            }
            Connection::SqliteTransaction(it) => {
                within(self.deadline, script.execute(&mut **it)).await.map(drop)
            }
            Connection::Postgres(it) => {
                within(self.deadline, script.execute(&mut **it)).await.map(drop)
            }
        };
        self.noted(done)
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.ready(&[])?;
        match self.connection {
            Connection::SqliteTransaction(it) => within(self.deadline, it.commit()).await,
            Connection::Postgres(it) => within(self.deadline, it.commit()).await,
            Connection::Sqlite(_) => Ok(()),
        }
    }

    fn ready(&self, values: &[Value<'_>]) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Aborted);
        }
        values.iter().try_for_each(Value::check)
    }

    fn noted<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= done.is_err();
        done
    }
}

/// What a statement can be asked for: all rows, the one that it names, or how many there are.
pub(crate) trait Answer: Sized {
    /// `rest` is what follows the columns and the table; for a number, what follows FROM.
    async fn ask(
        session: &mut Session,
        rest: &'static str,
        values: &[Value<'_>],
    ) -> Result<Self, StoreError>;
}

impl<T: Record> Answer for Vec<T> {
    async fn ask(
        session: &mut Session,
        rest: &'static str,
        values: &[Value<'_>],
    ) -> Result<Self, StoreError> {
        session.rows(Sql::select::<T>(rest), values).await
    }
}

impl<T: Record> Answer for Option<T> {
    async fn ask(
        session: &mut Session,
        rest: &'static str,
        values: &[Value<'_>],
    ) -> Result<Self, StoreError> {
        Ok(session.rows(Sql::select::<T>(rest), values).await?.pop())
    }
}

impl Answer for u64 {
    async fn ask(
        session: &mut Session,
        rest: &'static str,
        values: &[Value<'_>],
    ) -> Result<Self, StoreError> {
        Ok(session.number(Sql::count(rest), values).await?.unwrap_or_default())
    }
}

enum Rows {
    Sqlite(Vec<sqlx::sqlite::SqliteRow>),
    Postgres(Vec<sqlx::postgres::PgRow>),
}

pub(crate) async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(deadline, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(StoreError::late()),
    }
}
