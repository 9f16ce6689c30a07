//! Which row has which columns: said once, for reading and for writing.

/// Ties a row to its table: the column of its key, the columns that are written again when the row
/// is, and those that never are. A column has its member's name unless it says another.
macro_rules! table {
    (
        $row:ident in $table:literal by $key:ident:
        $($free:ident $(as $column:literal)?),+
        $(; fixed: $($fixed:ident $(as $fixed_column:literal)?),+)? $(,)?
    ) => {
        impl $crate::columns::Record for $row {
            const FROM: &'static str = $table;

            fn columns() -> std::borrow::Cow<'static, str> {
                concat!(
                    stringify!($key)
                    $(, ", ", $crate::columns::column!($free $($column)?))+
                    $($(, ", ", $crate::columns::column!($fixed $($fixed_column)?))+)?
                ).into()
            }

            fn read(row: &$crate::columns::Columns<'_>) -> Result<Self, $crate::StoreError> {
                let row = row.sealed_in($table, stringify!($key));
                Ok(Self {
                    $key: row.get(stringify!($key))?,
                    $($free: row.get($crate::columns::column!($free $($column)?))?,)+
                    $($($fixed: row.get($crate::columns::column!($fixed $($fixed_column)?))?,)+)?
                })
            }
        }

        impl $crate::columns::Table for $row {
            fn cells(
                &self,
                sealing: &$crate::SealingKey,
            ) -> Result<$crate::columns::Cells<'_>, $crate::StoreError> {
                use $crate::columns::Column;
                let key = $crate::columns::Table::key(self);
                let seal = $crate::columns::Seal { sealing, table: $table, key };
                Ok($crate::columns::Cells {
                    key: (stringify!($key), self.$key.write(&seal)?),
                    free: vec![$((
                        $crate::columns::column!($free $($column)?),
                        self.$free.write(&seal)?,
                    )),+],
                    fixed: vec![$($((
                        $crate::columns::column!($fixed $($fixed_column)?),
                        self.$fixed.write(&seal)?,
                    )),+)?],
                })
            }

            fn key(&self) -> String {
                $crate::value::Value::from(&self.$key).into_text()
            }
        }
    };
}
pub(crate) use table;

macro_rules! column {
    ($member:ident) => {
        stringify!($member)
    };
    ($member:ident $column:literal) => {
        $column
    };
}
pub(crate) use column;
