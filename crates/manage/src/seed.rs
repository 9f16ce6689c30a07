//! What is there from the first start on: a user to begin with, the default plans, the resident key
//! manager.

use phantom_access::caller::system;
use phantom_access::random;
use phantom_access::resident;
use phantom_access::resident::GATEWAY_CLIENT;
use phantom_core::UnixTime;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::KeyManagerRow;
use phantom_store::PlanRow;
use phantom_store::Role;
use phantom_store::Store;
use phantom_store::StoreError;
use phantom_store::UserRow;
use phantom_store::password;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::json;

use crate::plans;

/// The name of the resident key manager, by which DevPortal requests without one mean it.
pub const RESIDENT: &str = "Resident Key Manager";
/// Its type.
pub const RESIDENT_KIND: &str = "default";
const ADMIN: &str = "admin";

/// The password of `admin` at a first start.
#[derive(Debug)]
pub enum Admin {
    Chosen(SecretString),
    /// One is made up and given back, once.
    Generated,
}

impl Admin {
    #[must_use]
    pub fn password(password: &str) -> Self {
        Self::Chosen(password.into())
    }
}

/// A user to be made.
#[derive(Debug)]
pub struct User<'a> {
    pub name: &'a str,
    pub password: SecretString,
    pub roles: &'a [Role],
}

/// Makes what is missing, all of it or nothing: a start that fails half-way costs no password. Gives
/// the password of `admin` where it was generated now.
pub async fn first_start(
    store: &Store,
    admin: Admin,
    now: UnixTime,
) -> Result<Option<SecretString>, Refusal> {
    let mut generated = None;
    // Hashed before others have to wait for their turn to write.
    let admin = match store.user(ADMIN).await? {
        Some(_) => None,
        None => {
            let password = match admin {
                Admin::Chosen(password) => password,
                Admin::Generated => {
                    let password = random::secret()?;
                    generated = Some(SecretString::from(password.expose_secret()));
                    password
                }
            };
            Some(row(User { name: ADMIN, password, roles: &[Role::Admin] }, now).await?)
        }
    };
    let mut write = store.write(&system(), now).await?;
    match admin {
        Some(admin) if write.user(ADMIN).await?.is_none() => write.insert_user(&admin).await?,
        // Another process has been here, and has shown the password that counts.
        _ => generated = None,
    }
    if write.plans().await?.is_empty() {
        for (level, name, document) in plans::default_plans() {
            let id = random::id();
            let row = PlanRow { id, level, name, document, version: 1, created_at: now };
            write.insert_plan(&row).await?;
        }
    }
    if !write.key_managers().await?.iter().any(|row| row.kind == RESIDENT_KIND) {
        write.insert_key_manager(&resident_key_manager(now)).await?;
    }
    if write.registered_client(GATEWAY_CLIENT).await?.is_none() {
        // Of no grant: it asks about tokens and gets none.
        let client = resident::new_client(GATEWAY_CLIENT, ADMIN, ClientPurpose::Registered, now)?;
        write.insert_client(&client).await?;
    }
    write.commit().await?;
    Ok(generated)
}

/// The client by which gateways ask about tokens of ours.
pub async fn gateway_client(store: &Store) -> Result<ClientRow, StoreError> {
    store.registered_client(GATEWAY_CLIENT).await?.ok_or(StoreError::Missing)
}

/// Makes a user; one of that name that is there already stays as it is.
pub async fn user(store: &Store, user: User<'_>, now: UnixTime) -> Result<(), Refusal> {
    let row = row(user, now).await?;
    let mut write = store.write(&system(), now).await?;
    match write.insert_user(&row).await {
        Ok(()) => Ok(write.commit().await?),
        Err(StoreError::Duplicate { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn row(user: User<'_>, now: UnixTime) -> Result<UserRow, Refusal> {
    Ok(UserRow {
        name: user.name.to_owned(),
        password_hash: password::hash(&user.password).await?,
        roles: user.roles.to_vec(),
        created_at: now,
    })
}

fn resident_key_manager(now: UnixTime) -> KeyManagerRow {
    KeyManagerRow {
        id: random::id(),
        name: RESIDENT.to_owned(),
        kind: RESIDENT_KIND.to_owned(),
        enabled: true,
        document: json!({
            "displayName": RESIDENT,
            "description": "Issues tokens itself",
            "availableGrantTypes": ["client_credentials", "password", "refresh_token"],
            "enableTokenGeneration": true,
            "enableMapOAuthConsumerApps": true,
            "enableOAuthAppCreation": true,
            "enableSelfValidationJWT": true,
            "consumerKeyClaim": "azp",
            "scopesClaim": "scope",
            "permissions": {"permissionType": "PUBLIC", "roles": []},
            "tokenType": "DIRECT",
        }),
        secrets: Default::default(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
