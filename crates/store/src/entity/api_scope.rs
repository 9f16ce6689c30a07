//! The scopes of APIs beside their documents, so that one can be asked for without reading every API.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::scope::scope_by_name;
use crate::columns::Columns;
use crate::columns::Record;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;

struct ApiScopeRow {
    scope: String,
    api: Uuid,
    /// Roles. Of a shared scope those that it had.
    bindings: Vec<String>,
    shared: bool,
}

table! {
    ApiScopeRow in "api_scopes" by scope: api, bindings, shared
}

/// An API that has a scope of some name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeUse {
    /// The API's name.
    pub api: String,
    /// Of the API, as its owner calls it.
    pub version: String,
    /// It is the shared scope of that name, and not one of the API's own.
    pub shared: bool,
}

/// How many APIs use a shared scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedScopeCount {
    /// The name of the shared scope; case matters.
    pub scope: String,
    /// Each version counts.
    pub apis: u64,
}

/// What is read of a scope in the document of an API.
#[derive(Deserialize)]
struct Scope {
    name: String,
    #[serde(default)]
    bindings: Vec<String>,
    #[serde(default)]
    shared: bool,
}

reads! {
    /// The APIs that have a scope of that name, each version by itself.
    fn scope_uses(name: &str) -> Vec<ScopeUse> = "WHERE scope = $1 ORDER BY apis.name, apis.created_at, apis.id";
    /// Of each shared scope that any API uses.
    fn shared_scope_counts() -> Vec<SharedScopeCount> = "WHERE shared = 1 GROUP BY scope";
    /// The roles to which a scope is bound: of the shared scope of that name and of each API that has
    /// one of its own. Who is granted it holds a role of every list; none of them is empty.
    fn scope_bindings(name: &str) -> Vec<Vec<String>>;
}

async fn scope_bindings(session: &mut Session, name: &str) -> Result<Vec<Vec<String>>, StoreError> {
    let rows: Vec<ApiScopeRow> =
        session.ask("WHERE scope = $1 AND shared = 0 ORDER BY api", values![name]).await?;
    let mut all: Vec<Vec<String>> = rows.into_iter().map(|row| row.bindings).collect();
    if let Some(shared) = scope_by_name(session, name).await?
        && let Some(bindings) = shared.document.get("bindings")
    {
        all.push(parsed(bindings)?);
    }
    all.retain(|roles| !roles.is_empty());
    Ok(all)
}

/// Puts the scopes of the document in the place of those that the API had.
pub(super) async fn replace(
    session: &mut Session,
    api: Uuid,
    document: &Json,
) -> Result<(), StoreError> {
    let scopes: Vec<Scope> = document.get("scopes").map_or(Ok(Vec::new()), parsed)?;
    session.execute("DELETE FROM api_scopes WHERE api = $1", values![api]).await?;
    for Scope { name, bindings, shared } in scopes {
        session.insert(&ApiScopeRow { scope: name, api, bindings, shared }).await?;
    }
    Ok(())
}

fn parsed<T: for<'de> Deserialize<'de>>(json: &Json) -> Result<T, StoreError> {
    T::deserialize(json).map_err(|_| StoreError::corrupt("scopes are not of their form"))
}

impl Record for ScopeUse {
    const FROM: &'static str = "api_scopes JOIN apis ON apis.id = api_scopes.api";

    fn columns() -> Cow<'static, str> {
        "apis.name AS api_name, apis.api_version AS of_version, shared".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            api: row.get("api_name")?,
            version: row.get("of_version")?,
            shared: row.get("shared")?,
        })
    }
}

impl Record for SharedScopeCount {
    const FROM: &'static str = "api_scopes";

    fn columns() -> Cow<'static, str> {
        "scope, COUNT(*) AS number".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { scope: row.get("scope")?, apis: row.get("number")? })
    }
}
