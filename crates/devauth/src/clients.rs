//! The registered OAuth clients.

mod redirect_uri;

use std::collections::HashMap;

use secrecy::SecretString;

pub use self::redirect_uri::RedirectUri;
pub(crate) use self::redirect_uri::choose as redirect_target;
use crate::error::DevAuthError;
use crate::jose::PublicKey;
use crate::scope::Scope;

/// One registration.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub credential: Credential,
    pub grant_types: Vec<GrantType>,
    /// Scopes the client may ask for.
    pub scopes: Vec<String>,
    /// The scope of a request that names none. RFC 6749 §3.3 lets the server choose between a
    /// documented default and `invalid_scope`; this is the documented default.
    pub default_scope: String,
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether the client may introspect tokens.
    pub may_introspect: bool,
}

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A public client: `client_id` alone.
    None,
    /// Sent as Basic or in the body; with 32 bytes or more also the key of `client_secret_jwt`.
    Secret(SecretString),
    /// `private_key_jwt`.
    PublicKey(PublicKey),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    ClientCredentials,
    AuthorizationCode,
    RefreshToken,
}

impl Client {
    /// A confidential client with every grant, the scopes `read write openid` (default `read`) and
    /// any loopback redirect URI.
    #[must_use]
    pub fn confidential(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            credential: Credential::Secret(SecretString::from(secret)),
            grant_types: vec![
                GrantType::ClientCredentials,
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
            ],
            scopes: ["read", "write", "openid"].map(str::to_owned).to_vec(),
            default_scope: "read".to_owned(),
            redirect_uris: vec![RedirectUri::Loopback],
            may_introspect: false,
        }
    }

    /// A client without a secret, for people only.
    #[must_use]
    pub fn public(id: &str) -> Self {
        Self {
            credential: Credential::None,
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            ..Self::confidential(id, "")
        }
    }

    /// A resource server: it introspects and has no grant of its own.
    #[must_use]
    pub fn introspection(id: &str, credential: Credential) -> Self {
        Self {
            id: id.to_owned(),
            credential,
            grant_types: Vec::new(),
            scopes: Vec::new(),
            default_scope: String::new(),
            redirect_uris: Vec::new(),
            may_introspect: true,
        }
    }

    /// `test-client` and `client-one` (secret `Password1`), `public-client`, and the introspection
    /// clients `introspection-client` and `api-gateway-client` (secret `Password1`).
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let secret = || Credential::Secret(SecretString::from("Password1"));
        vec![
            Self::confidential("test-client", "Password1"),
            Self::confidential("client-one", "Password1"),
            Self::public("public-client"),
            Self::introspection("introspection-client", secret()),
            Self::introspection("api-gateway-client", secret()),
        ]
    }

    pub(crate) fn allows(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    pub(crate) fn is_public(&self) -> bool {
        matches!(self.credential, Credential::None)
    }

    /// Whether every token of `scope` is registered.
    pub(crate) fn may_ask_for(&self, scope: &Scope) -> bool {
        scope.tokens().all(|token| self.scopes.iter().any(|allowed| allowed == token))
    }
}

/// The clients by id.
#[derive(Debug)]
pub(crate) struct Clients(HashMap<String, Client>);

impl Clients {
    pub(crate) fn register(clients: Vec<Client>) -> Result<Self, DevAuthError> {
        let mut by_id = HashMap::with_capacity(clients.len());
        for client in clients {
            let default = Scope::parse(&client.default_scope);
            if !default.is_some_and(|scope| client.may_ask_for(&scope)) {
                return Err(DevAuthError::DefaultScope { client_id: client.id });
            }
            if let Some(first) = by_id.insert(client.id.clone(), client) {
                return Err(DevAuthError::DuplicateClient { client_id: first.id });
            }
        }
        Ok(Self(by_id))
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }

    /// Every scope any client may ask for, sorted.
    pub(crate) fn scopes(&self) -> Vec<&str> {
        let mut scopes: Vec<&str> =
            self.0.values().flat_map(|client| client.scopes.iter().map(String::as_str)).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_registered_twice_is_refused() {
        let twice = vec![Client::public("a"), Client::confidential("a", "s")];
        let refusal = Clients::register(twice).unwrap_err();
        assert_eq!(refusal.to_string(), "client `a` is registered twice");
    }

    #[test]
    fn a_default_scope_that_is_not_registered_is_refused() {
        let mut client = Client::public("a");
        client.default_scope = "admin".to_owned();
        assert!(matches!(
            Clients::register(vec![client]),
            Err(DevAuthError::DefaultScope { client_id }) if client_id == "a"
        ));
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        assert!(!format!("{:?}", Client::defaults()).contains("Password1"));
    }
}
