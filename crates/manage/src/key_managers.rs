//! Key managers: which authorization servers there are, and what of them gateways learn.

mod certificate;
mod document;
mod resident;
mod rules;
mod secrets;
mod token_rules;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_store::KeyManagerNamed;
use phantom_store::KeyManagerRow;
use phantom_store::StoreError;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::text;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub use certificate::InvalidCertificate;
pub use certificate::key_set;
pub use document::CertificateType;
pub use document::Certificates;
pub use document::ClaimMappingEntry;
pub use document::KeyManagerDocument;
pub use document::KeyManagerTokenType;
pub use document::PermissionType;
pub use document::Permissions;
pub use document::Properties;
pub use document::TokenValidation;
pub use document::TokenValidationType;
pub use resident::OWN_TOKENS;
pub use secrets::MASK;
pub use token_rules::token_rules;

use self::document::KeyManagerEndpoint;
use self::rules::Settled;
use crate::apis::document::ALL_KEY_MANAGERS;
use crate::connector::Connector;
use crate::connector::Endpoint;
use crate::lookup;
use phantom_terms::versioned::Expected;
use phantom_terms::versioned::Versioned;

lookup::entity!(KeyManagerRow, Kind::KeyManager, key_manager);

/// The bound keeps the list, which has no pages, and what every gateway holds within reason.
const MAX_KEY_MANAGERS: usize = 200;

/// What a listing says of a key manager.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyManagerInfo {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub description: Option<String>,
    pub enabled: bool,
    pub is_global: bool,
    /// Applications have keys there.
    pub is_used: bool,
    pub token_type: KeyManagerTokenType,
}

/// APIs that take tokens of a key manager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// They name it.
    pub named: u64,
    /// They take all key managers.
    pub all: u64,
}

impl Uses {
    /// Of all that APIs name.
    #[must_use]
    pub fn among(named: &[KeyManagerNamed], name: &str) -> Self {
        let of = |name: &str| named.iter().find(|named| named.name == name).map_or(0, |n| n.apis);
        Self { named: of(name), all: of(ALL_KEY_MANAGERS) }
    }

    pub async fn of(control: &Control, name: &str) -> Outcome<Self> {
        let store = control.store();
        let named = store.apis_naming_key_manager(name).await?;
        let all = store.apis_naming_key_manager(ALL_KEY_MANAGERS).await?;
        Ok(Self { named, all })
    }

    #[must_use]
    pub const fn total(self) -> u64 {
        self.named + self.all
    }
}

impl KeyManagerInfo {
    #[must_use]
    pub fn of(row: &KeyManagerRow, document: &KeyManagerDocument, is_used: bool) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name.clone(),
            kind: row.kind.clone(),
            description: document.description.clone(),
            enabled: row.enabled,
            is_global: document.global.unwrap_or(false),
            is_used,
            token_type: document.token_type.unwrap_or_default(),
        }
    }
}

impl KeyManagerDocument {
    /// What is stored of it: without what the row holds.
    pub fn of(row: &KeyManagerRow) -> Outcome<Self> {
        stored::read(&row.document)
    }
}

pub async fn list(control: &Control) -> Outcome<Vec<KeyManagerInfo>> {
    let rows = control.store().key_managers().await?;
    let used = control.store().used_key_managers().await?;
    let info = |row: &KeyManagerRow| {
        let is_used = used.iter().any(|used| used.id == row.id);
        Ok(KeyManagerInfo::of(row, &KeyManagerDocument::of(row)?, is_used))
    };
    rows.iter().map(info).collect()
}

/// Keys that applications have at it, and the APIs that take its tokens.
pub async fn used_by(control: &Control, id: &str) -> Outcome<(u64, Uses)> {
    let row = lookup::find::<KeyManagerRow>(&mut control.store(), id).await?;
    let keys = control.store().key_mapping_count(row.id).await?;
    Ok((keys, Uses::of(control, &row.name).await?))
}

/// The row of that id.
pub async fn row(control: &Control, id: &str) -> Outcome<KeyManagerRow> {
    lookup::find(&mut control.store(), id).await
}

pub async fn read(control: &Control, id: &str) -> Outcome<Versioned<KeyManagerDocument>> {
    versioned(&lookup::find(&mut control.store(), id).await?)
}

pub async fn create(
    control: &Control,
    caller: &Caller,
    mut request: KeyManagerDocument,
) -> Outcome<(Uuid, Versioned<KeyManagerDocument>)> {
    request.name = checked_name(&request.name)?;
    let connector = Connector::for_new(&request.kind).ok_or(Refusal::KeyManagerType)?;
    let name = request.name.clone();
    let settled = rules::settle(connector, request, None)?;
    check_reach(control, &settled.document)?;
    let mut write = control.write(caller).await?;
    if write.key_manager_by_name(&name).await?.is_some() {
        return Err(Refusal::KeyManagerExists(name));
    }
    if write.key_managers().await?.len() >= MAX_KEY_MANAGERS {
        let rule = format!("There are {MAX_KEY_MANAGERS} key managers already.");
        return Err(Refusal::conflict(rule));
    }
    let now = control.now();
    let row = KeyManagerRow {
        id: random::id(),
        name: name.clone(),
        kind: connector.kind().to_owned(),
        enabled: settled.document.enabled.unwrap_or(true),
        document: to_store(&settled.document)?,
        secrets: settled.secrets,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let exists = Refusal::if_duplicate(|| Refusal::KeyManagerExists(name));
    write.insert_key_manager(&row).await.map_err(exists)?;
    warn_of_ambiguity(&write.key_managers().await?);
    write.commit().await?;
    Ok((row.id, versioned(&row)?))
}

pub async fn update(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
    mut request: KeyManagerDocument,
) -> Outcome<Versioned<KeyManagerDocument>> {
    request.name = checked_name(&request.name)?;
    let mut write = control.write(caller).await?;
    let row = lookup::find::<KeyManagerRow>(&mut write, id).await?;
    expected.check(row.version)?;
    if request.name != row.name || request.kind != row.kind {
        return Err(Refusal::invalid("Key Manager name and type cannot be changed."));
    }
    let connector = Connector::of_kind(&row.kind).ok_or(Refusal::KeyManagerType)?;
    let mut document: KeyManagerDocument = stored::read(&row.document)?;
    document.name.clone_from(&row.name);
    document.enabled = Some(row.enabled);
    let before = Settled { document, secrets: row.secrets.clone() };
    let settled = match connector {
        Connector::Resident => {
            // What answers show of the endpoints is no change.
            let shown = versioned(&row)?.value.endpoints;
            if request.endpoints == shown {
                request.endpoints = before.document.endpoints.clone();
            }
            resident::settle(&request, &before)?
        }
        Connector::CurityPhantomToken | Connector::Custom => {
            rules::settle(connector, request, Some(&before))?
        }
    };
    check_reach(control, &settled.document)?;
    let row = KeyManagerRow {
        enabled: settled.document.enabled.unwrap_or(true),
        document: to_store(&settled.document)?,
        secrets: settled.secrets,
        ..row
    };
    let row = write.update_key_manager(row).await?;
    warn_of_ambiguity(&write.key_managers().await?);
    write.commit().await?;
    versioned(&row)
}

/// What gateways call of an enabled one: an address that they may not call would never give a verdict.
fn check_reach(control: &Control, document: &KeyManagerDocument) -> Outcome<()> {
    if document.enabled == Some(false) {
        return Ok(());
    }
    let certificates = document.certificates.as_ref();
    let key_set = certificates.filter(|it| it.kind == Some(CertificateType::Jwks));
    for (member, url) in [
        ("introspectionEndpoint", document.introspection_endpoint.as_deref()),
        ("certificates.value", key_set.and_then(|it| it.value.as_deref())),
    ] {
        if let Some(url) = url.filter(|url| !url.is_empty())
            && !control.may_call(&text::url(member, url)?)
        {
            return Err(Refusal::invalid(format!(
                "{member}: its address is not a public one, and gateways ask those alone unless \
                 control.allow_private is set"
            )));
        }
    }
    Ok(())
}

pub async fn delete(
    control: &Control,
    caller: &Caller,
    id: &str,
    expected: &Expected,
) -> Outcome<()> {
    let mut write = control.write(caller).await?;
    let row = lookup::find::<KeyManagerRow>(&mut write, id).await?;
    expected.check(row.version)?;
    if Connector::of_kind(&row.kind) == Some(Connector::Resident) {
        return Err(Refusal::KeyManagerNotDeleted("The Resident Key Manager cannot be deleted."));
    }
    if write.key_mapping_count(row.id).await? > 0 {
        return Err(Refusal::KeyManagerNotDeleted("Applications have keys of this Key Manager."));
    }
    if write.apis_naming_key_manager(&row.name).await? > 0 {
        return Err(Refusal::KeyManagerNotDeleted("APIs are restricted to this Key Manager."));
    }
    write.delete_key_manager(row.id).await.map_err(|error| match error {
        StoreError::InUse { .. } => Refusal::KeyManagerNotDeleted("It is in use."),
        error => error.into(),
    })?;
    Ok(write.commit().await?)
}

/// The document without what the row holds.
fn to_store(document: &KeyManagerDocument) -> Outcome<serde_json::Value> {
    let mut value = stored::write(document)?;
    if let Some(members) = value.as_object_mut() {
        for member in ["id", "name", "type", "enabled"] {
            members.remove(member);
        }
    }
    Ok(value)
}

/// As it is given back.
fn versioned(row: &KeyManagerRow) -> Outcome<Versioned<KeyManagerDocument>> {
    let mut document: KeyManagerDocument = stored::read(&row.document)?;
    document.id = Some(row.id.to_string());
    document.name.clone_from(&row.name);
    document.kind.clone_from(&row.kind);
    document.enabled = Some(row.enabled);
    let known: Vec<KeyManagerEndpoint> = Endpoint::ALL
        .into_iter()
        .filter_map(|endpoint| {
            let value = document.endpoint(endpoint)?.clone();
            Some(KeyManagerEndpoint { name: endpoint.name().to_owned(), value })
        })
        .collect();
    document.endpoints.splice(0..0, known);
    secrets::mask(&mut document.additional_properties, &row.secrets);
    Ok(Versioned { version: row.version, value: document })
}

/// Whether it is enabled and takes any opaque token.
#[must_use]
pub fn takes_any(row: &KeyManagerRow) -> bool {
    let is_asked = Connector::of_kind(&row.kind) == Some(Connector::CurityPhantomToken);
    let entries = stored::read::<KeyManagerDocument>(&row.document)
        .map(|document| document.token_validation)
        .unwrap_or_default();
    let rules = token_rules(&entries).unwrap_or_default();
    row.enabled && is_asked && rules.is_empty()
}

/// Opaque tokens go to the first key manager whose rules accept them. Of two that take any token, one
/// gets tokens that are the other's.
fn warn_of_ambiguity(rows: &[KeyManagerRow]) {
    let all = rows.iter().filter(|row| takes_any(row));
    let names: Vec<&str> = all.map(|row| row.name.as_str()).collect();
    if names.len() > 1 {
        tracing::warn!(
            key_managers = names.join(", "),
            "several key managers take any opaque token: say of each which tokens are its own \
             (tokenValidation: [{{\"enable\":true,\"type\":\"REFERENCE\",\"value\":\"an expression for \
             the whole token\"}}]), or name one in each API's keyManagers"
        );
    }
}

fn checked_name(name: &str) -> Outcome<String> {
    let name = name.trim();
    if name.is_empty() {
        return Err(Refusal::KeyManagerName);
    }
    text::name("name", name, 100)?;
    Ok(name.to_owned())
}
