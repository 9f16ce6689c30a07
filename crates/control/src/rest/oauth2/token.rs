//! `POST /oauth2/token`: the grants password, client_credentials and refresh_token.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use http::HeaderMap;
use http::StatusCode;
use http::header;
use phantom_store::Actor;
use phantom_store::ClientPurpose;
use phantom_store::ClientRow;
use phantom_store::TokenKind;
use phantom_store::TokenRow;
use phantom_store::TokensOf;
use phantom_store::Write;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::client;
use super::error::OAuthError;
use super::error::OAuthErrorBody;
use super::form::Form;
use crate::plane::Control;
use crate::plane::PeerAddress;
use crate::random;
use crate::roles;
use crate::roles::Role;

const ACCESS_LIFE: Duration = Duration::from_secs(3600);
const REFRESH_LIFE: Duration = Duration::from_secs(86_400);
/// What a token holds that was granted nothing else.
const DEFAULT_SCOPE: &str = "default";

/// RFC 6749 §5.1, in the order in which WSO2 writes it.
#[derive(Serialize, ToSchema)]
pub struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// The scopes granted, separated by one space.
    scope: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
}

/// Form parameters, for the description.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form; the form itself may hold other members")]
pub struct TokenRequest {
    #[schema(example = "password")]
    grant_type: String,
    username: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Get an access token
#[utoipa::path(
    post,
    path = "/oauth2/token",
    tag = "OAuth",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = TokenResponse),
        (status = 400, body = OAuthErrorBody),
        (status = 401, body = OAuthErrorBody),
        (status = 413, body = crate::problem::ErrorBody),
        (status = 429, body = OAuthErrorBody),
        (status = 503, body = OAuthErrorBody),
    ),
    security(("basic" = []), ())
)]
pub async fn token(
    State(control): State<Arc<Control>>,
    peer: Option<Extension<PeerAddress>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, OAuthError> {
    let address = peer.map(|Extension(PeerAddress(address))| address);
    let form = Form::parse(&body)?;
    let client = client::authenticate(&control, &headers, &form, address).await?;
    let grant = Grant::named(form.required("grant_type")?)?;
    if !client.grants.iter().any(|registered| registered == grant.name()) && !grant.is_implied() {
        return Err(OAuthError::unauthorized_client());
    }
    let response = match grant {
        Grant::ClientCredentials => client_credentials(&control, &client, &form).await,
        Grant::Password => password(&control, &client, &form, address).await,
        Grant::RefreshToken => refresh(&control, &client, &form).await,
    }?;
    Ok(([(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")], Json(response)))
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    ClientCredentials,
    Password,
    RefreshToken,
}

impl Grant {
    fn named(name: &str) -> Result<Self, OAuthError> {
        [Self::ClientCredentials, Self::Password, Self::RefreshToken]
            .into_iter()
            .find(|grant| grant.name() == name)
            .ok_or(OAuthError::unsupported_grant_type())
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// Whoever got a refresh token may use it.
    const fn is_implied(self) -> bool {
        matches!(self, Self::RefreshToken)
    }
}

async fn password(
    control: &Control,
    client: &ClientRow,
    form: &Form,
    address: Option<IpAddr>,
) -> Result<TokenResponse, OAuthError> {
    let (name, password) = (form.required("username")?, form.required("password")?);
    let password = SecretString::from(password);
    let user = control.sign_in.user(&control.store, name, &password, address).await;
    let user = user.map_err(|problem| match problem.status {
        StatusCode::UNAUTHORIZED => {
            OAuthError::invalid_grant("The user name or the password is wrong.")
        }
        _ => problem.into(),
    })?;
    let scope = granted(client, form.value("scope"), &user.roles);
    let (username, family) = (Some(user.name), random::id());
    issue(control, NewTokens { client, username, scope, refreshable: true, family }).await
}

async fn client_credentials(
    control: &Control,
    client: &ClientRow,
    form: &Form,
) -> Result<TokenResponse, OAuthError> {
    let owner = control.store.user(&client.owner).await?;
    let roles = owner.map(|owner| owner.roles).unwrap_or_default();
    let scope = granted(client, form.value("scope"), &roles);
    let family = random::id();
    issue(control, NewTokens { client, username: None, scope, refreshable: false, family }).await
}

/// Rotates: the old pair is dead from here on. A refresh token that comes a second time is somebody
/// else's as well, and nobody can tell whose request this is: all tokens of the grant end (RFC 9700
/// §4.14.2). There is no time of grace for one whose answer was lost: it would be the thief's too.
/// Writers take turns, so of two requests at once the second is the reuse, on whatever node.
async fn refresh(
    control: &Control,
    client: &ClientRow,
    form: &Form,
) -> Result<TokenResponse, OAuthError> {
    let invalid = OAuthError::invalid_grant("The refresh token is invalid or has expired.");
    let digest = random::token_digest(form.required("refresh_token")?);
    let now = control.now();
    let mut write = control.store.write(&actor(client, None), now).await?;
    let row = write.token(&digest).await?;
    let row = row.filter(|row| row.client_id == client.client_id && now < row.expires_at);
    let Some(row) = row else { return Err(invalid) };
    match row.kind {
        TokenKind::Access => return Err(invalid),
        TokenKind::Spent => {
            write.end_tokens(TokensOf::Family(row.family)).await?;
            write.commit().await?;
            let client = &*client.client_id;
            tracing::warn!(client, "a refresh token came twice: all tokens of its grant ended");
            return Err(invalid);
        }
        TokenKind::Refresh => {}
    }
    let scope = match form.value("scope") {
        None => row.scope.clone(),
        // RFC 6749 §6: no more than was granted before.
        Some(asked) => narrowed(&row.scope, asked),
    };
    write.spend_token(&digest).await?;
    write.end_tokens(TokensOf::AccessOf(row.family)).await?;
    let (username, family) = (row.username, row.family);
    let grant = NewTokens { client, username, scope, refreshable: true, family };
    let response = insert(control, &mut write, grant).await?;
    write.commit().await?;
    Ok(response)
}

struct NewTokens<'a> {
    client: &'a ClientRow,
    username: Option<String>,
    scope: String,
    refreshable: bool,
    family: Uuid,
}

async fn issue(control: &Control, grant: NewTokens<'_>) -> Result<TokenResponse, OAuthError> {
    let actor = actor(grant.client, grant.username.as_deref());
    let mut write = control.store.write(&actor, control.now()).await?;
    let response = insert(control, &mut write, grant).await?;
    write.commit().await?;
    Ok(response)
}

async fn insert(
    control: &Control,
    write: &mut Write,
    grant: NewTokens<'_>,
) -> Result<TokenResponse, OAuthError> {
    let NewTokens { client, username, scope, refreshable, family } = grant;
    let access = random::access_token()?;
    let refresh = refreshable.then(random::secret).transpose()?;
    let kept = [(Some(&access), TokenKind::Access), (refresh.as_ref(), TokenKind::Refresh)];
    for (token, kind) in kept {
        let Some(token) = token else { continue };
        let life = if kind == TokenKind::Access { ACCESS_LIFE } else { REFRESH_LIFE };
        let row = TokenRow {
            digest: random::token_digest(token.expose_secret()),
            kind,
            family,
            client_id: client.client_id.clone(),
            username: username.clone(),
            scope: scope.clone(),
            issued_at: control.now(),
            expires_at: control.now().plus(life),
        };
        write.insert_token(&row).await?;
    }
    Ok(TokenResponse {
        access_token: access.expose_secret().to_owned(),
        refresh_token: refresh.map(|token| token.expose_secret().to_owned()),
        scope,
        token_type: "Bearer",
        expires_in: ACCESS_LIFE.as_secs(),
    })
}

fn actor(client: &ClientRow, username: Option<&str>) -> Actor {
    Actor { name: username.unwrap_or(&client.owner).to_owned(), address: None }
}

/// What is granted of what is asked for: of the management scopes those that the roles give, in
/// order of name; of others none for clients of the management APIs, and all for applications'.
fn granted(client: &ClientRow, asked: Option<&str>, roles: &[Role]) -> String {
    let given: Vec<&str> = roles::scopes_of(roles).collect();
    let is_granted = |scope: &&str| match roles::scope(scope) {
        Some(management) => given.contains(&management),
        None => {
            client.purpose == ClientPurpose::ApplicationKey && !scope.starts_with(roles::PREFIX)
        }
    };
    let mut scopes: Vec<&str> =
        asked.unwrap_or_default().split_ascii_whitespace().filter(is_granted).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() { DEFAULT_SCOPE.to_owned() } else { scopes.join(" ") }
}

fn narrowed(held: &str, asked: &str) -> String {
    let held: Vec<&str> = held.split(' ').collect();
    let kept = asked.split_ascii_whitespace().filter(|scope| held.contains(scope));
    let mut kept: Vec<&str> = kept.collect();
    kept.sort_unstable();
    kept.dedup();
    if kept.is_empty() { DEFAULT_SCOPE.to_owned() } else { kept.join(" ") }
}

/// Tokens of one grant die together.
pub(super) async fn end_family(
    control: &Control,
    client: &ClientRow,
    family: Uuid,
) -> Result<(), OAuthError> {
    let mut write = control.store.write(&actor(client, None), control.now()).await?;
    write.end_tokens(TokensOf::Family(family)).await?;
    write.commit().await?;
    Ok(())
}
