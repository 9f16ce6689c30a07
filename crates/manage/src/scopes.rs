//! Shared scopes: defined once, used by many APIs.

use std::collections::HashMap;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_definition::ScopeDocument;
use phantom_store::ApiFilter;
use phantom_store::ScopeRow;
use phantom_store::Write;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::apis;
use crate::apis::Api;
use crate::apis::rules;
use crate::apis::scan;
use crate::apis::scope::RawScope;
use crate::lookup;
use crate::lookup::Source;
use phantom_terms::versioned::Expected;

lookup::entity!(ScopeRow, Kind::Other("scope"), scope);

/// A shared scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedScope {
    pub id: Uuid,
    pub name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// Roles.
    pub bindings: Vec<String>,
    pub version: i64,
}

/// What is kept of it besides its name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    display_name: Option<String>,
    description: Option<String>,
    #[serde(default)]
    bindings: Vec<String>,
}

impl SharedScope {
    pub fn of(row: &ScopeRow) -> Outcome<Self> {
        let Kept { display_name, description, bindings } = stored::read(&row.document)?;
        let (id, name, version) = (row.id, row.name.clone(), row.version);
        Ok(Self { id, name, display_name, description, bindings, version })
    }

    /// As an API that uses it holds it.
    #[must_use]
    pub fn in_an_api(self) -> ScopeDocument {
        let Self { name, display_name, description, bindings, .. } = self;
        ScopeDocument { name, display_name, description, bindings, shared: true }
    }
}

/// All of them by name, each with the number of APIs that use it.
pub async fn list(control: &Control) -> Outcome<Vec<(SharedScope, u64)>> {
    let rows = control.store().scopes().await?;
    let counts = control.store().shared_scope_counts().await?;
    let counts: HashMap<String, u64> =
        counts.into_iter().map(|each| (each.scope, each.apis)).collect();
    rows.iter()
        .map(|row| Ok((SharedScope::of(row)?, counts.get(&row.name).copied().unwrap_or(0))))
        .collect()
}

pub async fn read(control: &Control, id: &str) -> Outcome<SharedScope> {
    SharedScope::of(&lookup::find(&mut control.store(), id).await?)
}

/// Whether the name is taken, by a shared scope or by an API's own.
pub async fn is_taken(control: &Control, name: &str) -> Outcome<bool> {
    is_known(&mut control.store(), name).await
}

/// The APIs that use it.
pub async fn usage(control: &Control, id: &str) -> Outcome<(SharedScope, Vec<Api>)> {
    let scope = read(control, id).await?;
    let mut users = Vec::new();
    scan::each(&mut control.store(), ApiFilter::default(), |row| {
        let mut api = Api::of(row)?;
        if uses(&api, &scope.name) {
            api.document.definition = None;
            api.row.document = serde_json::Value::Null;
            users.push(api);
        }
        Ok(())
    })
    .await?;
    Ok((scope, users))
}

pub async fn create(control: &Control, caller: &Caller, raw: RawScope) -> Outcome<SharedScope> {
    let scope = rules::valid_scope(raw.into())?;
    let mut write = control.write(caller).await?;
    require_free(&mut write, &scope.name).await?;
    let row = ScopeRow { id: random::id(), document: kept(&scope), name: scope.name, version: 1 };
    write.insert_scope(&row).await?;
    write.commit().await?;
    SharedScope::of(&row)
}

/// The name stays what it is.
pub async fn update(
    control: &Control,
    caller: &Caller,
    id: &str,
    raw: RawScope,
    expected: &Expected,
) -> Outcome<SharedScope> {
    let scope = rules::valid_scope(raw.into())?;
    let mut write = control.write(caller).await?;
    let row = lookup::find::<ScopeRow>(&mut write, id).await?;
    expected.check(row.version)?;
    if row.name != scope.name {
        return Err(Refusal::invalid("name: the name of a shared scope cannot be changed"));
    }
    let row = write.update_scope(ScopeRow { document: kept(&scope), ..row }).await?;
    write.commit().await?;
    SharedScope::of(&row)
}

pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = lookup::find::<ScopeRow>(&mut write, id).await?;
    expected.check(row.version)?;
    let mut uses = write.scope_uses(&row.name).await?;
    uses.retain(|each| each.shared);
    if !uses.is_empty() {
        return Err(Refusal::ScopeInUse { scope: row.name, apis: apis::named(&uses) });
    }
    write.delete_scope(row.id).await?;
    Ok(write.commit().await?)
}

async fn require_free(write: &mut Write, name: &str) -> Outcome<()> {
    if write.scope_by_name(name).await?.is_some() {
        return Err(Refusal::ScopeExists(name.to_owned()));
    }
    let uses = write.scope_uses(name).await?;
    if !uses.is_empty() {
        let (scope, api) = (name.to_owned(), apis::named(&uses));
        return Err(Refusal::ScopeOfApi { scope, api });
    }
    Ok(())
}

async fn is_known(source: &mut impl Source, name: &str) -> Outcome<bool> {
    Ok(source.scope_by_name(name).await?.is_some() || !source.scope_uses(name).await?.is_empty())
}

fn uses(api: &Api, name: &str) -> bool {
    api.document.scopes.iter().any(|scope| scope.shared && scope.name == name)
}

fn kept(scope: &ScopeDocument) -> serde_json::Value {
    json!({
        "displayName": scope.display_name,
        "description": scope.description,
        "bindings": scope.bindings,
    })
}
