//! The texts of statements. They are put together of constants of this crate; what comes from outside
//! is bound, never written into one.

use std::fmt::Write;

use sqlx::SqlSafeStr;

use crate::columns::Cell;
use crate::columns::Cells;
use crate::columns::Record;
use crate::value::Value;

pub(crate) struct Sql(String);

/// Which rows are listed, and in what order.
pub(crate) struct Listing {
    /// The table, or what is joined for the order; with the short names of what rows are read from.
    pub(crate) of: &'static str,
    /// The column that tells the rows apart.
    pub(crate) id: &'static str,
    /// `WHERE` and what follows, or nothing.
    pub(crate) matching: &'static str,
    /// Ends with what tells the rows apart, so that pages neither overlap nor leave gaps.
    pub(crate) order: &'static str,
}

impl Sql {
    pub(crate) fn select<T: Record>(rest: &'static str) -> Self {
        Self(format!("SELECT {} FROM {} {rest}", T::columns(), T::FROM))
    }

    /// The rows whose column is one of so many values, in no order.
    pub(crate) fn among<T: Record>(column: &'static str, values: usize) -> Self {
        let (columns, from, places) = (T::columns(), T::FROM, places(values));
        Self(format!("SELECT {columns} FROM {from} WHERE {column} IN ({places})"))
    }

    /// How many rows there are in what follows FROM.
    pub(crate) fn count(from: &'static str) -> Self {
        Self(format!("SELECT COUNT(*) AS number FROM {from}"))
    }

    /// How many rows match, and one page of them; the page binds two values more. Rows are read once it is known
    /// which they are: an index can have all that is asked and ordered by.
    pub(crate) fn page<T: Record>(listing: &Listing, bound: usize) -> [Self; 2] {
        let Listing { of, id, matching, order } = listing;
        let (columns, from, limit, offset) = (T::columns(), T::FROM, bound + 1, bound + 2);
        let ids = format!(
            "SELECT {id} FROM {of} {matching} ORDER BY {order} LIMIT ${limit} OFFSET ${offset}"
        );
        [
            Self(format!("SELECT COUNT(*) AS number FROM {of} {matching}")),
            Self(format!("SELECT {columns} FROM {from} WHERE {id} IN ({ids}) ORDER BY {order}")),
        ]
    }

    /// Gives back the rows that the statement touched.
    pub(crate) fn returning<T: Record>(statement: &'static str) -> Self {
        Self(format!("{statement} RETURNING {}", T::columns()))
    }

    pub(crate) fn insert<'v>(table: &'static str, cells: Cells<'v>) -> (Self, Vec<Value<'v>>) {
        let Cells { key, free, fixed } = cells;
        let (names, values): (Vec<_>, Vec<_>) =
            std::iter::once(key).chain(free).chain(fixed).unzip();
        let (places, names) = (places(names.len()), names.join(", "));
        (Self(format!("INSERT INTO {table} ({names}) VALUES ({places})")), values)
    }

    pub(crate) fn update<'v>(table: &'static str, cells: Cells<'v>) -> (Self, Vec<Value<'v>>) {
        let mut sql = format!("UPDATE {table} SET ");
        let mut values = Vec::with_capacity(cells.free.len() + 1);
        for (name, value) in cells.free {
            let before = if values.is_empty() { "" } else { ", " };
            values.push(value);
            // Writing to a String cannot fail.
            let _ = write!(sql, "{before}{name} = ${}", values.len());
        }
        let (name, value) = cells.key;
        values.push(value);
        let _ = write!(sql, " WHERE {name} = ${}", values.len());
        (Self(sql), values)
    }

    pub(crate) fn delete<'v>(
        table: &'static str,
        (name, value): Cell<'v>,
    ) -> (Self, [Value<'v>; 1]) {
        (Self(format!("DELETE FROM {table} WHERE {name} = $1")), [value])
    }
}

/// `$1, $2, $3`, for so many values.
fn places(values: usize) -> String {
    let places: Vec<String> = (1..=values).map(|place| format!("${place}")).collect();
    places.join(", ")
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl SqlSafeStr for Sql {
    fn into_sql_str(self) -> sqlx::SqlStr {
        sqlx::AssertSqlSafe(self.0).into_sql_str()
    }
}
