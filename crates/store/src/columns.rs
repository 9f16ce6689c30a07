//! One row of an answer, read column by column in the order of the statement.

use phantom_core::UnixTime;
use secrecy::SecretString;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::error::StoreError;
use crate::hex;
use crate::sealing::SealingKey;

/// What can be read from a row.
pub(crate) trait Record: Sized {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError>;
}

pub(crate) struct Columns<'r> {
    row: AnyRow<'r>,
    next: usize,
    sealing: &'r SealingKey,
}

#[derive(Clone, Copy)]
pub(crate) enum AnyRow<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl<'r> Columns<'r> {
    pub(crate) const fn new(row: AnyRow<'r>, sealing: &'r SealingKey) -> Self {
        Self { row, next: 0, sealing }
    }

    pub(crate) fn optional_str(&mut self) -> Result<Option<&'r str>, StoreError> {
        let column = self.advance();
        Ok(match self.row {
            AnyRow::Sqlite(row) => row.try_get(column)?,
            AnyRow::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn str(&mut self) -> Result<&'r str, StoreError> {
        self.optional_str()?.ok_or_else(|| StoreError::corrupt("a value is absent"))
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.str().map(str::to_owned)
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.optional_str()?.map(str::to_owned))
    }

    pub(crate) fn integer(&mut self) -> Result<i64, StoreError> {
        let column = self.advance();
        Ok(match self.row {
            AnyRow::Sqlite(row) => row.try_get(column)?,
            AnyRow::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.integer()?).map_err(|_| StoreError::corrupt("a number is negative"))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        self.integer().map(|number| number != 0)
    }

    pub(crate) fn time(&mut self) -> Result<UnixTime, StoreError> {
        self.unsigned().map(UnixTime::from_millis)
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, StoreError> {
        Uuid::try_parse(self.str()?).map_err(|_| StoreError::corrupt("an id is not a UUID"))
    }

    pub(crate) fn json(&mut self) -> Result<serde_json::Value, StoreError> {
        parse_json(self.str()?)
    }

    pub(crate) fn optional_json(&mut self) -> Result<Option<serde_json::Value>, StoreError> {
        self.optional_str()?.map(parse_json).transpose()
    }

    pub(crate) fn strings(&mut self) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(self.str()?)
            .map_err(|_| StoreError::corrupt("a list is not one of strings"))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        hex::decode(self.str()?).ok_or_else(|| StoreError::corrupt("a digest is not hexadecimal"))
    }

    /// One of a closed set, by its name.
    pub(crate) fn one_of<T>(&mut self, parse: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let name = self.str()?;
        parse(name).ok_or_else(|| StoreError::corrupt(format!("unknown name {name:?}")))
    }

    pub(crate) fn sealed(&mut self, table: &str, id: &str) -> Result<SecretString, StoreError> {
        self.sealing.open(table, id, self.str()?)
    }

    pub(crate) fn optional_sealed(
        &mut self,
        table: &str,
        id: &str,
    ) -> Result<Option<SecretString>, StoreError> {
        self.optional_str()?.map(|sealed| self.sealing.open(table, id, sealed)).transpose()
    }

    const fn advance(&mut self) -> usize {
        let column = self.next;
        self.next += 1;
        column
    }
}

fn parse_json(text: &str) -> Result<serde_json::Value, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::corrupt("a document is not JSON"))
}
