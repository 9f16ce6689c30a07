//! The scopes of APIs beside their documents, so that a token's scopes can be asked for by name.

use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::value::values;

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
    /// The roles to which a scope is bound: of the shared scope of that name and of each API that has
    /// one of its own. Who is granted it holds a role of every list that is not empty.
    fn scope_bindings(name: &str) -> Vec<Vec<String>>;
}

async fn scope_bindings(session: &mut Session, name: &str) -> Result<Vec<Vec<String>>, StoreError> {
    let select = "SELECT bindings FROM api_scopes WHERE scope = $1 ORDER BY api";
    let local: Vec<Bindings> = session.rows(select, values![name]).await?;
    let select = "SELECT document FROM scopes WHERE name = $1";
    let shared: Option<SharedBindings> = session.row(select, values![name]).await?;
    let all = local.into_iter().map(|each| each.0);
    Ok(all.chain(shared.map(|each| each.0)).filter(|roles| !roles.is_empty()).collect())
}

/// Puts the scopes of the document in the place of those that the API had.
pub(super) async fn replace(
    session: &mut Session,
    api: Uuid,
    document: &Json,
) -> Result<(), StoreError> {
    let scopes: Vec<Scope> = document.get("scopes").map_or(Ok(Vec::new()), parsed)?;
    session.execute("DELETE FROM api_scopes WHERE api = $1", values![api]).await?;
    for scope in scopes.into_iter().filter(|scope| !scope.shared) {
        let insert = "INSERT INTO api_scopes (scope, api, bindings) VALUES ($1, $2, $3)";
        let bindings = Json::from(scope.bindings);
        session.execute(insert, values![&scope.name, api, &bindings]).await?;
    }
    Ok(())
}

fn parsed<T: for<'de> Deserialize<'de>>(json: &Json) -> Result<T, StoreError> {
    T::deserialize(json).map_err(|_| StoreError::corrupt("scopes are not of their form"))
}

struct Bindings(Vec<String>);

impl Record for Bindings {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        parsed(&columns.json()?).map(Self)
    }
}

struct SharedBindings(Vec<String>);

impl Record for SharedBindings {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        let document = columns.json()?;
        parsed(document.get("bindings").unwrap_or(&Json::Array(Vec::new()))).map(Self)
    }
}
