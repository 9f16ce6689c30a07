//! APIs: what is kept of them, and how they are made, changed and taken away.

pub mod document;
mod find;
mod free;
mod listed;
pub mod rules;
pub mod scan;
pub mod scope;

pub use find::find;
pub use free::is_served_at;
pub use free::is_taken;
pub(crate) use free::named;
pub use listed::Listed;
pub use listed::listed;

use document::ApiDocument;
use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_store::ApiRow;
use phantom_store::Write;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use rules::Identity;
use rules::Known;
use serde_json::Value;
use uuid::Uuid;

use crate::lifecycle::LifecycleState;
use crate::lookup;
use crate::lookup::Source;
use phantom_terms::versioned::Expected;

lookup::entity!(ApiRow, Kind::Api, api);

/// An API and its settings.
#[derive(Clone, Debug)]
pub struct Api {
    pub row: ApiRow,
    pub document: ApiDocument,
}

impl Api {
    pub fn of(row: ApiRow) -> Outcome<Self> {
        let document = stored::read(&row.document)?;
        Ok(Self { row, document })
    }

    /// The path it is served at.
    #[must_use]
    pub fn path(&self) -> String {
        rules::path(&self.row.context, &self.row.version_name)
    }

    /// Writes settings and state. The row's version is the one that was read.
    pub async fn save(mut self, write: &mut Write) -> Outcome<Self> {
        self.row.document = stored::write(&self.document)?;
        let row = write.update_api(self.row).await?;
        Ok(Self { row, document: self.document })
    }
}

/// The API of that id, whoever's.
pub async fn find_one(source: &mut impl Source, id: &str) -> Outcome<Api> {
    Api::of(lookup::find(source, id).await?)
}

pub async fn read(control: &Control, id: &str) -> Outcome<Api> {
    find_one(&mut control.store(), id).await
}

pub async fn create(
    control: &Control,
    caller: &Caller,
    mut document: ApiDocument,
    definition: Option<Value>,
) -> Outcome<Api> {
    let [name, version, context] = document.take_identity()?;
    let identity = Identity::new(&name, &version, &context)?;
    let mut write = control.write(caller).await?;
    free::require_identity(&mut write, &identity).await?;
    let known = Known::read(control, &mut write).await?;
    let mut document = rules::settings(document, &known, None)?;
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
    let Api { row, mut document } = find_one(&mut write, id).await?;
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
    mut document: ApiDocument,
    expected: &Expected,
) -> Outcome<Api> {
    document.take_identity()?;
    if document.operations.is_empty() {
        return Err(Refusal::NoOperation("An API has at least one operation"));
    }
    let mut write = control.write(caller).await?;
    let mut api = find_one(&mut write, id).await?;
    expected.check(api.row.version)?;
    let known = Known::read(control, &mut write).await?;
    let settings = rules::settings(document, &known, Some(&api.document))?;
    if api.row.state == LifecycleState::Published && settings.policies.is_empty() {
        return Err(Refusal::NoBusinessPlan);
    }
    change_settings(&mut write, &mut api, settings).await?;
    let api = api.save(&mut write).await?;
    write.commit().await?;
    Ok(api)
}

pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let api = find_one(&mut write, id).await?;
    expected.check(api.row.version)?;
    if write.subscriber_count(api.row.id).await? > 0 {
        let description = "Cannot remove the API as active subscriptions exist.";
        return Err(Refusal::conflict(description));
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
        document: stored::write(&document)?,
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
