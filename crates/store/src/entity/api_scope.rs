//! The scopes of APIs beside their documents, so that a token's scopes can be asked for by name.

use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::scope::scope_by_name;
use crate::columns::table;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;

/// A scope that an API has of its own.
struct ApiScopeRow {
    scope: String,
    api: Uuid,
    /// Roles.
    bindings: Vec<String>,
}

table! {
    ApiScopeRow in "api_scopes" by scope: api, bindings
}

/// What is read of a scope in the document of an API.
#[derive(Deserialize)]
struct Scope {
    name: String,
    #[serde(default)]
    bindings: Vec<String>,
    /// What stands here is what the shared scope was.
    #[serde(default)]
    shared: bool,
}

reads! {
    /// The roles to which a scope is bound: of the shared scope of that name and of each API that has
    /// one of its own. Who is granted it holds a role of every list; none of them is empty.
    fn scope_bindings(name: &str) -> Vec<Vec<String>>;
}

async fn scope_bindings(session: &mut Session, name: &str) -> Result<Vec<Vec<String>>, StoreError> {
    let rows: Vec<ApiScopeRow> =
        session.ask("WHERE scope = $1 ORDER BY api", values![name]).await?;
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
    for Scope { name, bindings, .. } in scopes.into_iter().filter(|scope| !scope.shared) {
        session.insert(&ApiScopeRow { scope: name, api, bindings }).await?;
    }
    Ok(())
}

fn parsed<T: for<'de> Deserialize<'de>>(json: &Json) -> Result<T, StoreError> {
    T::deserialize(json).map_err(|_| StoreError::corrupt("scopes are not of their form"))
}
