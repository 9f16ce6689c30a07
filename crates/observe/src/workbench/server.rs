//! The authorization server that somebody works with: a key manager, or one that is known by its metadata.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::rights;
use phantom_manage::connector;
use phantom_manage::connector::Connector;
use phantom_manage::connector::property;
use phantom_manage::key_managers::CertificateType;
use phantom_manage::key_managers::Certificates;
use phantom_store::KeyManagerRow;
use phantom_subscribe::keys::KeyManager;
use phantom_subscribe::keys::visible_key_managers;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use secrecy::SecretString;
use url::Url;

use crate::key_managers;

#[derive(Clone, Debug)]
pub struct Server {
    pub name: String,
    pub issuer: Option<String>,
    pub token_endpoint: Option<String>,
    pub authorize_endpoint: Option<String>,
    pub introspection_endpoint: Option<String>,
    /// What the audience of its JWTs has to contain, for those who may know.
    pub expected_audience: Option<String>,
    pub(super) certificates: Option<Certificates>,
    /// It is we ourselves.
    pub(super) is_own: bool,
    /// Whom gateways introspect as, for those who may use it.
    pub(super) introspector: Option<(String, SecretString)>,
}

impl Server {
    /// The key manager of that id, if the caller may see it.
    pub async fn of_key_manager(control: &Control, caller: &Caller, id: &str) -> Outcome<Self> {
        let visible = visible_key_managers(control, caller).await?;
        let found = visible.into_iter().find(|each| each.row.id.to_string() == id);
        Ok(Self::of(control, caller, found.ok_or(Refusal::KeyManagerAway)?))
    }

    fn of(control: &Control, caller: &Caller, key_manager: KeyManager) -> Self {
        let is_own = key_manager.is_resident();
        let public_url = &control.settings.public_url;
        let token_endpoint = match is_own {
            true => Some(format!("{public_url}/oauth2/token")),
            false => key_manager.settings.token_endpoint.clone(),
        };
        let introspection_endpoint = match is_own {
            true => Some(phantom_publish::introspection_endpoint(public_url)),
            false => key_manager.settings.introspection_endpoint.clone(),
        };
        let KeyManager { row, settings } = key_manager;
        let is_manager = caller.holds_any(rights::admin::KEY_MANAGERS);
        let given = |endpoint: Option<String>| endpoint.filter(|url| !url.is_empty());
        Self {
            introspector: is_manager.then(|| introspector(&row)).flatten(),
            expected_audience: is_manager
                .then(|| property(&row, connector::EXPECTED_AUDIENCE).map(str::to_owned))
                .flatten(),
            name: row.name,
            issuer: if is_own {
                Some(phantom_publish::issuer(public_url))
            } else {
                settings.issuer
            },
            token_endpoint: given(token_endpoint),
            authorize_endpoint: given(settings.authorize_endpoint),
            introspection_endpoint: given(introspection_endpoint),
            certificates: settings.certificates,
            is_own,
        }
    }

    /// The one whose metadata is at that address.
    pub async fn at(control: &Control, well_known: &str) -> Outcome<Self> {
        let kind = Connector::CurityPhantomToken.kind();
        let found = key_managers::discovered(control, well_known, kind).await;
        let found = found.map_err(|reason| Refusal::invalid(format!("wellKnown: {reason}")))?;
        let certificates = found.certificates.map(|certificate| Certificates {
            kind: Some(CertificateType::Jwks),
            value: Some(certificate.value),
        });
        Ok(Self {
            name: found.issuer.clone().unwrap_or_default(),
            issuer: found.issuer,
            token_endpoint: found.token_endpoint,
            authorize_endpoint: found.authorize_endpoint,
            introspection_endpoint: found.introspection_endpoint,
            expected_audience: None,
            certificates,
            is_own: false,
            introspector: None,
        })
    }

    pub(super) fn endpoint(&self, url: Option<&String>, what: &str) -> Outcome<Url> {
        let name = &self.name;
        let url = url.ok_or_else(|| Refusal::invalid(format!("{name} names no {what}")))?;
        text::url(what, url)
    }
}

fn introspector(row: &KeyManagerRow) -> Option<(String, SecretString)> {
    let secret = row.secrets.get(connector::CLIENT_SECRET)?;
    Some((property(row, connector::CLIENT_ID)?.to_owned(), secret.clone()))
}
