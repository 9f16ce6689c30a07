//! Key managers as subscribers may use them.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::plane::Settings;
use phantom_manage::connector::Connector;
use phantom_manage::connector::EXPECTED_AUDIENCE;
use phantom_manage::connector::property;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::KeyManagerTokenType;
use phantom_manage::lookup;
use phantom_manage::permissions::Permissions;
use phantom_manage::seed::RESIDENT;
use phantom_manage::seed::RESIDENT_KIND;
use phantom_store::KeyManagerRow;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::text;
use uuid::Uuid;

/// A key manager with what of its settings concerns subscribers.
#[derive(Clone, Debug)]
pub struct KeyManager {
    pub row: KeyManagerRow,
    pub settings: KeyManagerDocument,
}

/// All enabled ones that the caller may see, by name.
pub async fn visible_key_managers(control: &Control, caller: &Caller) -> Outcome<Vec<KeyManager>> {
    let mut visible = Vec::new();
    for row in control.store().key_managers().await? {
        if row.enabled && Permissions::admit(&row.document, caller)? {
            visible.push(KeyManager::of(row)?);
        }
    }
    Ok(visible)
}

/// All there are, by name.
pub async fn key_managers(control: &Control) -> Outcome<Vec<KeyManager>> {
    control.store().key_managers().await?.into_iter().map(KeyManager::of).collect()
}

/// How many keys applications have at it that no token of it will ever have: it expects another audience by now.
/// Of more than a thousand it is not counted how many.
pub async fn unmet_keys(control: &Control, id: &str) -> Outcome<u64> {
    unmet_keys_of(control, &KeyManager::of(lookup::find(&mut control.store(), id).await?)?).await
}

/// The same of one that is known.
pub async fn unmet_keys_of(control: &Control, key_manager: &KeyManager) -> Outcome<u64> {
    match key_manager.only_consumer_key() {
        Some(only) => Ok(control.store().other_key_mapping_count(key_manager.row.id, only).await?),
        None => Ok(0),
    }
}

/// By name or id; the resident one where none is named.
pub(super) async fn asked_for(
    write: &mut Write,
    name: Option<&str>,
) -> Outcome<Option<KeyManager>> {
    text::optional("keyManager", name, 255)?;
    let name = name.unwrap_or(RESIDENT);
    let mut row = write.key_manager_by_name(name).await?;
    if let (None, Ok(id)) = (&row, Uuid::try_parse(name)) {
        row = write.key_manager(id).await?;
    }
    row.map(KeyManager::of).transpose()
}

impl KeyManager {
    pub fn of(row: KeyManagerRow) -> Outcome<Self> {
        let settings = stored::read(&row.document)?;
        Ok(Self { row, settings })
    }

    #[must_use]
    pub fn is_resident(&self) -> bool {
        self.row.kind == RESIDENT_KIND
    }

    /// Where clients get tokens of it, as far as it is known: the address that is shown, if it has one.
    #[must_use]
    pub fn token_endpoint(&self, settings: &Settings) -> Option<String> {
        Self::shown(&self.settings.display_token_endpoint, &self.settings.token_endpoint)
            .or_else(|| self.own(settings, "/oauth2/token"))
    }

    #[must_use]
    pub fn revoke_endpoint(&self, settings: &Settings) -> Option<String> {
        Self::shown(&self.settings.display_revoke_endpoint, &self.settings.revoke_endpoint)
            .or_else(|| self.own(settings, "/oauth2/revoke"))
    }

    fn shown(display: &Option<String>, real: &Option<String>) -> Option<String> {
        display.clone().filter(|url| !url.is_empty()).or_else(|| real.clone())
    }

    fn own(&self, settings: &Settings, path: &str) -> Option<String> {
        self.is_resident().then(|| format!("{}{path}", settings.public_url))
    }

    /// We are a client of the others, and register none at them.
    #[must_use]
    pub fn creates_clients(&self) -> bool {
        let creates = self.settings.enable_oauth_app_creation.unwrap_or(false);
        self.is_resident() && creates && !self.only_exchanges()
    }

    /// Its tokens never reach a gateway.
    #[must_use]
    pub fn only_exchanges(&self) -> bool {
        self.settings.token_type == Some(KeyManagerTokenType::Exchanged)
    }

    /// The claim that has the consumer key.
    #[must_use]
    pub fn consumer_key_claim(&self) -> &str {
        let claim = self.settings.consumer_key_claim.as_deref().filter(|claim| !claim.is_empty());
        let usual = || Connector::of_kind(&self.row.kind).map(Connector::consumer_key_claim);
        claim.or_else(usual).unwrap_or("azp")
    }

    /// The one consumer key that its tokens can lead to: the audience that it expects of all of them.
    #[must_use]
    pub fn only_consumer_key(&self) -> Option<&str> {
        let expected = property(&self.row, EXPECTED_AUDIENCE).filter(|it| !it.is_empty())?;
        (self.consumer_key_claim() == "aud").then_some(expected)
    }

    /// # Errors
    /// No token of it will ever have that consumer key. REST takes it as WSO2 does.
    pub fn check_consumer_key(&self, key: &str) -> Outcome<()> {
        match self.only_consumer_key() {
            Some(only) if only != key => Err(Refusal::invalid(format!(
                "consumerKey: would never be met: the key manager takes tokens of the audience {only} \
                 alone"
            ))),
            _ => Ok(()),
        }
    }

    pub fn require_visible(&self, caller: &Caller) -> Outcome<()> {
        if Permissions::admit(&self.row.document, caller)? {
            return Ok(());
        }
        Err(Refusal::KeyManagerRestricted(self.row.name.clone()))
    }
}
