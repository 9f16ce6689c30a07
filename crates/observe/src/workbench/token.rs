//! Getting a token: by the client's own credentials, or by a user's consent (RFC 6749 §4.1 with RFC 7636).

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine;
use phantom_access::plane::Control;
use phantom_access::random;
use phantom_core::jwt::BASE64URL;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use subtle::ConstantTimeEq;
use url::Url;

use super::server::Server;
use super::step::Authorization;
use super::step::Body;
use super::step::Request;
use super::step::Step;
use super::step::Value;

/// A client, as somebody typed it.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    /// A public client has none.
    pub secret: Option<SecretString>,
    /// The secret goes into the form instead of the header.
    pub in_form: bool,
}

impl Client {
    fn check(&self) -> Outcome<()> {
        text::name("clientId", &self.id, 512)?;
        let secret = self.secret.as_ref().map(SecretString::expose_secret);
        text::optional("clientSecret", secret, 1024)
    }

    /// Proves who asks.
    pub(super) fn prove(self, form: &mut Vec<(&'static str, Value)>) -> Authorization {
        match (self.secret, self.in_form) {
            (None, _) => {
                form.push(("client_id", Value::Open(self.id)));
                Authorization::None
            }
            (Some(secret), true) => {
                form.push(("client_id", Value::Open(self.id)));
                form.push(("client_secret", Value::Secret(secret, "CLIENT_SECRET")));
                Authorization::None
            }
            (Some(secret), false) => Authorization::Basic { user: self.id, secret },
        }
    }
}

/// What has to be known again when the user comes back.
#[derive(Deserialize, Serialize)]
pub struct Pending {
    pub state: String,
    verifier: String,
    issuer: Option<String>,
    pub client_id: String,
    client_secret: Option<String>,
    in_form: bool,
    redirect_uri: String,
    /// What the form said of the server, to be filled in again.
    pub key_manager: String,
    pub well_known: String,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Sends the client's own credentials.
pub async fn client_credentials(
    control: &Control,
    server: &Server,
    client: Client,
    scope: &str,
) -> Outcome<Step> {
    client.check()?;
    check_scope(scope)?;
    if client.secret.is_none() {
        return Err(Refusal::invalid("clientSecret: a client without a secret has no own grant"));
    }
    let url = server.endpoint(server.token_endpoint.as_ref(), "token endpoint")?;
    let mut form = vec![("grant_type", Value::Open("client_credentials".to_owned()))];
    if !scope.is_empty() {
        form.push(("scope", Value::Open(scope.to_owned())));
    }
    Ok(ask(url, server.is_own, client, form).send(control).await)
}

fn ask(url: Url, is_own: bool, client: Client, mut form: Vec<(&'static str, Value)>) -> Request {
    let authorization = client.prove(&mut form);
    Request {
        method: "POST".to_owned(),
        url,
        authorization,
        headers: vec![("Accept".to_owned(), "application/json".to_owned())],
        body: Body::Form(form),
        is_own,
    }
}

/// The address that a browser goes to, and what has to be known afterwards. It names no secret.
pub fn begin(
    server: &Server,
    client: Client,
    scope: &str,
    redirect_uri: String,
    [key_manager, well_known]: [String; 2],
) -> Outcome<(Url, Pending)> {
    client.check()?;
    check_scope(scope)?;
    let mut url = server.endpoint(server.authorize_endpoint.as_ref(), "authorization endpoint")?;
    server.endpoint(server.token_endpoint.as_ref(), "token endpoint")?;
    let secret = || random::secret().map(|secret| secret.expose_secret().to_owned());
    let (state, verifier) = (secret()?, secret()?);
    let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", &redirect_uri)
            .append_pair("state", &state)
            .append_pair("code_challenge", &BASE64URL.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        if !scope.is_empty() {
            query.append_pair("scope", scope);
        }
    }
    let pending = Pending {
        state,
        verifier,
        issuer: server.issuer.clone(),
        client_id: client.id,
        client_secret: client.secret.map(|secret| secret.expose_secret().to_owned()),
        in_form: client.in_form,
        redirect_uri,
        key_manager,
        well_known,
    };
    Ok((url, pending))
}

impl Pending {
    /// What came back is the answer to what was begun: its state, and its issuer where it names one
    /// (RFC 9207 §2.4).
    #[must_use]
    pub fn is_answered_by(&self, state: &str, issuer: Option<&str>) -> bool {
        let is_ours: bool = self.state.as_bytes().ct_eq(state.as_bytes()).into();
        is_ours
            && issuer.is_none_or(|named| self.issuer.as_deref().is_none_or(|ours| ours == named))
    }
}

/// Exchanges the code that came back, at the server as it is now known: what was kept by a browser says
/// nothing of addresses.
pub async fn finish(
    control: &Control,
    server: &Server,
    pending: Pending,
    code: SecretString,
) -> Outcome<Step> {
    text::length("code", code.expose_secret(), 1, 4096)?;
    let url = server.endpoint(server.token_endpoint.as_ref(), "token endpoint")?;
    let client = Client {
        id: pending.client_id,
        secret: pending.client_secret.map(SecretString::from),
        in_form: pending.in_form,
    };
    let form = vec![
        ("grant_type", Value::Open("authorization_code".to_owned())),
        ("code", Value::Secret(code, "CODE")),
        ("redirect_uri", Value::Open(pending.redirect_uri)),
        ("code_verifier", Value::Secret(pending.verifier.into(), "VERIFIER")),
    ];
    Ok(ask(url, server.is_own, client, form).send(control).await)
}

fn check_scope(scope: &str) -> Outcome<()> {
    text::length("scope", scope, 0, 2000)
}
