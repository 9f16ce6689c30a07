//! The key managers and tags that APIs name, beside their documents: those with one are counted and found
//! without reading every API.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::columns::Columns;
use crate::columns::Record;
use crate::columns::table;
use crate::error::StoreError;
use crate::filter::fold;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;

const KEY_MANAGER: &str = "key_manager";
const TAG: &str = "tag";

struct ApiWordRow {
    word: String,
    kind: String,
    api: Uuid,
}

table! {
    ApiWordRow in "api_words" by word: kind, api
}

/// How many APIs name a key manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyManagerNamed {
    /// Its name, or `all`.
    pub name: String,
    /// APIs that have it in their list.
    pub apis: u64,
}

reads! {
    /// Of each key manager that any API names.
    fn key_managers_named() -> Vec<KeyManagerNamed> = "WHERE kind = 'key_manager' GROUP BY word";
    /// How many APIs name that key manager; those that take all do not.
    fn apis_naming_key_manager(name: &str) -> u64
        = "api_words WHERE kind = 'key_manager' AND word = $1";
}

/// Puts the words of the document in the place of those that the API had.
pub(super) async fn replace(
    session: &mut Session,
    api: Uuid,
    document: &Json,
) -> Result<(), StoreError> {
    session.execute("DELETE FROM api_words WHERE api = $1", values![api]).await?;
    for (kind, words) in [
        (KEY_MANAGER, listed(document, "keyManagers")?),
        (TAG, listed(document, "tags")?.iter().map(|tag| fold(tag)).collect()),
    ] {
        for word in words {
            session.insert(&ApiWordRow { word, kind: kind.to_owned(), api }).await?;
        }
    }
    Ok(())
}

/// Each once.
fn listed(document: &Json, member: &str) -> Result<BTreeSet<String>, StoreError> {
    match document.get(member) {
        None | Some(Json::Null) => Ok(BTreeSet::new()),
        Some(list) => BTreeSet::deserialize(list)
            .map_err(|_| StoreError::corrupt("the words of an API are not of their form")),
    }
}

impl Record for KeyManagerNamed {
    const FROM: &'static str = "api_words";

    fn columns() -> Cow<'static, str> {
        "word, COUNT(*) AS number".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { name: row.get("word")?, apis: row.get("number")? })
    }
}
