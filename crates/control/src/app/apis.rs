//! APIs: what is kept of them, and how they are made, changed and taken away.

pub mod document;
mod find;
mod free;
pub mod published;
pub mod raw;
pub mod rules;
pub mod scan;

pub use find::find;
pub use free::is_served_at;

use document::ApiDocument;
use http::StatusCode;
use phantom_store::ApiRow;
use phantom_store::Write;
use raw::RawApi;
use rules::Identity;
use rules::Known;
use serde_json::Value;
use uuid::Uuid;

use crate::app::lifecycle::LifecycleState;
use crate::caller::Caller;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::random;

/// An API and its settings.
#[derive(Clone, Debug)]
pub struct Api {
    pub row: ApiRow,
    pub document: ApiDocument,
}

/// Whether the version that is there is the one the caller means to change.
pub type Expected<'a> = &'a (dyn Fn(i64) -> Outcome<()> + Send + Sync);

impl Api {
    pub fn of(row: ApiRow) -> Outcome<Self> {
        let document = ApiDocument::of(&row)?;
        Ok(Self { row, document })
    }

    /// The path it is served at.
    #[must_use]
    pub fn path(&self) -> String {
        rules::path(&self.row.context, &self.row.version_name)
    }

    /// Writes settings and state. The row's version is the one that was read.
    pub async fn save(mut self, write: &mut Write) -> Outcome<Self> {
        self.row.document = self.document.to_value()?;
        let row = write.update_api(self.row).await?;
        Ok(Self { row, document: self.document })
    }
}

/// What WSO2 says of an API that is not there.
#[must_use]
pub fn unknown(id: &str) -> Problem {
    let description = format!("Requested API with id '{id}' not found");
    Problem::coded(StatusCode::NOT_FOUND, 900_308, "Not Found", description)
}

/// An id that cannot be one is that of nothing.
pub fn id(text: &str) -> Outcome<Uuid> {
    Uuid::try_parse(text).map_err(|_| unknown(text))
}

pub async fn read(control: &Control, id: &str) -> Outcome<Api> {
    let row = control.store.api(self::id(id)?).await?;
    Api::of(row.ok_or_else(|| unknown(id))?)
}

/// The same inside a transaction.
pub async fn read_within(write: &mut Write, id: &str) -> Outcome<Api> {
    let row = write.api(self::id(id)?).await?;
    Api::of(row.ok_or_else(|| unknown(id))?)
}

pub async fn create(
    control: &Control,
    caller: &Caller,
    raw: RawApi,
    definition: Option<Value>,
) -> Outcome<Api> {
    let identity = Identity::new(&raw.name, &raw.version, &raw.context)?;
    let mut write = control.write(caller).await?;
    free::require_identity(&mut write, &identity).await?;
    let known = Known::read(control, &mut write).await?;
    let mut document = rules::settings(raw, &known, None)?;
    document.definition = definition;
    let api = insert(control, caller, &mut write, identity, document).await?;
    write.commit().await?;
    Ok(api)
}

/// Another version of an API, with its settings.
pub async fn copy(
    control: &Control,
    caller: &Caller,
    id: &str,
    version: &str,
    is_default: bool,
) -> Outcome<Api> {
    let mut write = control.write(caller).await?;
    let Api { row, mut document } = read_within(&mut write, id).await?;
    let identity = Identity::new(&row.name, version, &row.context)?;
    free::require_identity(&mut write, &identity).await?;
    document.is_default_version = is_default;
    document.history.clear();
    let api = insert(control, caller, &mut write, identity, document).await?;
    write.commit().await?;
    Ok(api)
}

/// Name, version and context stay what they are.
pub async fn update(
    control: &Control,
    caller: &Caller,
    id: &str,
    raw: RawApi,
    expected: Expected<'_>,
) -> Outcome<Api> {
    if raw.operations.as_ref().is_none_or(Vec::is_empty) {
        let description = "An API has at least one operation";
        let not_found = StatusCode::NOT_FOUND;
        return Err(Problem::coded(not_found, 900_763, "Not Found", description));
    }
    let mut write = control.write(caller).await?;
    let mut api = read_within(&mut write, id).await?;
    expected(api.row.version)?;
    let known = Known::read(control, &mut write).await?;
    let settings = rules::settings(raw, &known, Some(&api.document))?;
    change_settings(&mut write, &mut api, settings).await?;
    let api = api.save(&mut write).await?;
    write.commit().await?;
    Ok(api)
}

pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: Expected<'_>,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let api = read_within(&mut write, id).await?;
    expected(api.row.version)?;
    if write.subscriber_count(api.row.id).await? > 0 {
        let description = "Cannot remove the API as active subscriptions exist.";
        return Err(Problem::conflict(description));
    }
    write.delete_api(api.row.id).await?;
    Ok(write.commit().await?)
}

/// Puts settings in the place of those of an API, where nothing of another's is in the way.
pub async fn change_settings(
    write: &mut Write,
    api: &mut Api,
    settings: ApiDocument,
) -> Outcome<()> {
    free::require_scopes(write, &api.row.name, &settings, Some(&api.document)).await?;
    if settings.is_default_version {
        end_other_defaults(write, &api.row.name, api.row.id).await?;
    }
    api.document = settings;
    Ok(())
}

async fn insert(
    control: &Control,
    caller: &Caller,
    write: &mut Write,
    identity: Identity,
    document: ApiDocument,
) -> Outcome<Api> {
    free::require_scopes(write, &identity.name, &document, None).await?;
    let row = ApiRow {
        id: random::id(),
        name: identity.name,
        version_name: identity.version,
        context: identity.context,
        provider: caller.name.clone(),
        state: LifecycleState::Created,
        document: document.to_value()?,
        version: 1,
        created_at: control.now(),
        updated_at: control.now(),
    };
    if document.is_default_version {
        end_other_defaults(write, &row.name, row.id).await?;
    }
    write.insert_api(&row).await?;
    Ok(Api { row, document })
}

/// One version of an API is its default.
async fn end_other_defaults(write: &mut Write, name: &str, id: Uuid) -> Outcome<()> {
    for row in write.apis_named(name).await? {
        let mut other = Api::of(row)?;
        if other.row.id != id && other.document.is_default_version {
            other.document.is_default_version = false;
            other.save(write).await?;
        }
    }
    Ok(())
}
