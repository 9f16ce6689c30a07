//! Rows and their columns, by name: what a row is read from, and how a value of each type is kept.

mod kept;
mod table;

use std::borrow::Cow;

use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use crate::error::StoreError;
use crate::sealing::SealingKey;
use crate::value::Value;

pub(crate) use table::column;
pub(crate) use table::table;

/// What can be read from an answer.
pub(crate) trait Record: Sized {
    /// The table, or the tables that are joined.
    const FROM: &'static str;

    /// What is asked for: `id, name`.
    fn columns() -> Cow<'static, str>;

    fn read(row: &Columns<'_>) -> Result<Self, StoreError>;
}

/// A row of one table, which can be written.
pub(crate) trait Table: Record {
    fn cells(&self, sealing: &SealingKey) -> Result<Cells<'_>, StoreError>;

    /// What tells it from the others, in text.
    fn key(&self) -> String;
}

/// What a column can hold. Secrets are sealed on the way in: there is no other way.
pub(crate) trait Column: Sized {
    fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError>;

    fn write(&self, seal: &Seal<'_>) -> Result<Value<'_>, StoreError>;
}

/// The columns of a row with what is in them.
pub(crate) struct Cells<'v> {
    pub(crate) key: Cell<'v>,
    pub(crate) free: Vec<Cell<'v>>,
    /// Those that are never written again.
    pub(crate) fixed: Vec<Cell<'v>>,
}

pub(crate) type Cell<'v> = (&'static str, Value<'v>);

/// What the secrets of a row are bound to.
pub(crate) struct Seal<'s> {
    pub(crate) sealing: &'s SealingKey,
    pub(crate) table: &'static str,
    pub(crate) key: String,
}

/// One row of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'r> {
    row: AnyRow<'r>,
    sealing: &'r SealingKey,
    /// Before the name of each column, where rows of several tables are in one answer.
    prefix: &'static str,
    /// Of a row with secrets: its table, and the column of its key.
    sealed: (&'static str, &'static str),
}

#[derive(Clone, Copy)]
pub(crate) enum AnyRow<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl<'r> Columns<'r> {
    pub(crate) const fn new(row: AnyRow<'r>, sealing: &'r SealingKey) -> Self {
        Self { row, sealing, prefix: "", sealed: ("", "") }
    }

    pub(crate) const fn under(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    pub(crate) const fn sealed_in(self, table: &'static str, key: &'static str) -> Self {
        Self { sealed: (table, key), ..self }
    }

    pub(crate) fn get<T: Column>(&self, column: &str) -> Result<T, StoreError> {
        T::read(self, column)
    }

    fn optional_text(&self, column: &str) -> Result<Option<&'r str>, StoreError> {
        let column = &*self.named(column);
        Ok(match self.row {
            AnyRow::Sqlite(row) => row.try_get(column)?,
            AnyRow::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn text(&self, column: &str) -> Result<&'r str, StoreError> {
        self.optional_text(column)?.ok_or_else(|| StoreError::corrupt(format!("no {column}")))
    }

    fn number(&self, column: &str) -> Result<i64, StoreError> {
        let column = &*self.named(column);
        Ok(match self.row {
            AnyRow::Sqlite(row) => row.try_get(column)?,
            AnyRow::Postgres(row) => row.try_get(column)?,
        })
    }

    fn named<'c>(&self, column: &'c str) -> Cow<'c, str> {
        match self.prefix {
            "" => Cow::Borrowed(column),
            prefix => Cow::Owned(format!("{prefix}{column}")),
        }
    }
}

/// The columns of a table that has a short name in a join, each under that: `s.id AS s_id`.
pub(crate) fn prefixed<T: Record>(table: &str) -> String {
    let columns = T::columns();
    let columns = columns.split(", ").map(|column| format!("{table}.{column} AS {table}_{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// A number that a statement asked for, as `number`.
pub(crate) struct Number(pub(crate) u64);

impl Record for Number {
    const FROM: &'static str = "";

    fn columns() -> Cow<'static, str> {
        "number".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        row.get("number").map(Self)
    }
}
