//! How a value of each type is kept: the schema knows only text and integers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hex::FromHex;
use phantom_core::UnixTime;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value as Json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Column;
use super::Columns;
use super::Seal;
use crate::error::StoreError;
use crate::value::Value;

/// Text that is read by a function and written by `Value::from`.
macro_rules! texts {
    ($($type:ty: $read:expr, or $wrong:literal;)*) => {$(
        impl Column for $type {
            fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError> {
                let read: fn(&str) -> Option<Self> = $read;
                let wrong = || StoreError::corrupt(format!("{column} is {}", $wrong));
                read(row.text(column)?).ok_or_else(wrong)
            }

            fn write(&self, _: &Seal<'_>) -> Result<Value<'_>, StoreError> {
                Ok(self.into())
            }
        }
    )*};
}

texts! {
    String: |text| Some(text.to_owned()), or "no text";
    Uuid: |text| Uuid::try_parse(text).ok(), or "no UUID";
    Json: |text| serde_json::from_str(text).ok(), or "no JSON";
    Vec<String>: |text| serde_json::from_str(text).ok(), or "no list of texts";
    IpAddr: |text| text.parse().ok(), or "no address";
    [u8; 32]: |text| Self::from_hex(text).ok(), or "no digest";
}

macro_rules! numbers {
    ($($type:ty: $read:expr;)*) => {$(
        impl Column for $type {
            fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError> {
                let read: fn(i64) -> Option<Self> = $read;
                let wrong = || StoreError::corrupt(format!("{column} is negative"));
                read(row.number(column)?).ok_or_else(wrong)
            }

            fn write(&self, _: &Seal<'_>) -> Result<Value<'_>, StoreError> {
                Ok((*self).into())
            }
        }
    )*};
}

numbers! {
    i64: Some;
    u64: |number| number.try_into().ok();
    bool: |number| Some(number != 0);
    UnixTime: |number| number.try_into().ok().map(UnixTime::from_millis);
}

impl<T: Column> Column for Option<T> {
    fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError> {
        row.optional_text(column)?.map(|_| T::read(row, column)).transpose()
    }

    fn write(&self, seal: &Seal<'_>) -> Result<Value<'_>, StoreError> {
        self.as_ref().map_or(Ok(Value::Text(None)), |value| value.write(seal))
    }
}

impl Column for SecretString {
    fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError> {
        let (table, key) = row.sealed;
        row.sealing.open(table, row.text(key)?, row.text(column)?)
    }

    fn write(&self, seal: &Seal<'_>) -> Result<Value<'_>, StoreError> {
        seal.sealing.seal(seal.table, &seal.key, self).map(Value::from)
    }
}

/// All of them together, as one secret.
impl Column for BTreeMap<String, SecretString> {
    fn read(row: &Columns<'_>, column: &str) -> Result<Self, StoreError> {
        let text = SecretString::read(row, column)?;
        let plain: BTreeMap<String, String> = serde_json::from_str(text.expose_secret())
            .map_err(|_| StoreError::corrupt(format!("{column} are no secrets")))?;
        Ok(plain.into_iter().map(|(name, secret)| (name, SecretString::from(secret))).collect())
    }

    fn write(&self, seal: &Seal<'_>) -> Result<Value<'_>, StoreError> {
        let plain: BTreeMap<&str, &str> =
            self.iter().map(|(name, secret)| (name.as_str(), secret.expose_secret())).collect();
        let text = serde_json::to_string(&plain).map(Zeroizing::new);
        let text = text.map_err(|error| StoreError::Internal { source: error.into() })?;
        let sealed = seal.sealing.seal(seal.table, &seal.key, &SecretString::from(text.as_str()));
        sealed.map(Value::from)
    }
}
