//! Who calls: the credential of a management request, and the scopes it gives.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header;
use http::request::Parts;
use phantom_store::Actor;
use phantom_store::TokenKind;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::authorization::Needs;
use crate::plane::Control;
use crate::plane::PeerAddress;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::random;
use crate::roles;
use crate::roles::Role;

/// An authenticated caller, or nobody where an operation lets anybody in.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The user that signed in or authorised the token. A client alone has none.
    pub user: Option<String>,
    /// The OAuth client of the token.
    pub client: Option<String>,
    /// In whose name things are done: the user, or the client's owner.
    pub name: String,
    pub roles: Vec<Role>,
    /// Granted, without prefix.
    pub scopes: Vec<&'static str>,
    pub address: Option<std::net::IpAddr>,
}

impl Caller {
    #[must_use]
    pub fn holds_any(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|held| scopes.contains(held))
    }

    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.contains(&Role::Admin)
    }

    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.name.is_empty()
    }

    /// Who the audit says it was.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { name: self.name.clone(), address: self.address }
    }

    fn may(&self, needs: Needs) -> bool {
        match needs {
            Needs::Anyone | Needs::OwnRules => true,
            Needs::AnyOf(scopes) => self.holds_any(scopes),
            Needs::AnyOfOrViewerWith(scopes, wider) => {
                let is_viewer = self.user.is_some()
                    && roles::scopes_of(&self.roles).any(|scope| scope == "api_view");
                if self.holds_any(scopes) {
                    return true;
                }
                let widened = is_viewer && self.holds_any(wider);
                if widened {
                    // WSO2 answers 401 here, and the tutorial's own commands then find no API.
                    tracing::debug!(user = self.user, "a subscriber's token may list APIs");
                }
                widened
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // The middleware has put it there, for every operation of the table.
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::internal)
    }
}

/// Lets a request through to its handler when the operation's row of the table is met.
pub(crate) async fn authorize(
    State(control): State<Arc<Control>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let path = path.unwrap_or_default();
    let Some(needs) = control.authorization.needs(request.method(), &path) else {
        // Not in the table, not served.
        return Problem::method_not_allowed().into_response();
    };
    if needs != Needs::OwnRules {
        let address = request.extensions().get::<PeerAddress>().map(|peer| peer.0);
        let caller = match identify(&control, request.headers(), address).await {
            Ok(Some(caller)) => caller,
            Ok(None) if needs == Needs::Anyone => Caller { address, ..Caller::default() },
            Ok(None) => return Problem::unauthenticated().into_response(),
            Err(problem) => return problem.into_response(),
        };
        if !caller.may(needs) {
            return Problem::unauthenticated().into_response();
        }
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}

pub(crate) async fn identify(
    control: &Control,
    headers: &HeaderMap,
    address: Option<std::net::IpAddr>,
) -> Outcome<Option<Caller>> {
    match Credential::of(headers)? {
        None => Ok(None),
        Some(Credential::Basic { name, password }) => {
            let user = control.sign_in.user(&control.store, &name, &password, address).await?;
            let scopes = roles::scopes_of(&user.roles).collect();
            let (name, roles) = (user.name, user.roles);
            Ok(Some(Caller {
                user: Some(name.clone()),
                client: None,
                name,
                roles,
                scopes,
                address,
            }))
        }
        Some(Credential::Bearer(token)) => bearer(control, &token, address).await.map(Some),
    }
}

async fn bearer(
    control: &Control,
    token: &str,
    address: Option<std::net::IpAddr>,
) -> Outcome<Caller> {
    let row = control.store.token(&random::token_digest(token)).await?;
    let row = row
        .filter(|row| row.kind == TokenKind::Access && control.now() < row.expires_at)
        .ok_or_else(Problem::unauthenticated)?;
    let name = match &row.username {
        Some(user) => user.clone(),
        None => {
            let client = control.store.client(&row.client_id).await?;
            client.ok_or_else(Problem::unauthenticated)?.owner
        }
    };
    // Roles are those of now: who lost one has lost what it gave.
    let user = control.store.user(&name).await?.ok_or_else(Problem::unauthenticated)?;
    let roles = user.roles;
    let given: Vec<&str> = roles::scopes_of(&roles).collect();
    let scopes = row.scope.split(' ').filter_map(roles::scope);
    let scopes = scopes.filter(|scope| given.contains(scope)).collect();
    Ok(Caller { user: row.username, client: Some(row.client_id), name, roles, scopes, address })
}

/// What an `Authorization` field holds.
pub(crate) enum Credential {
    Basic { name: String, password: SecretString },
    Bearer(Zeroizing<String>),
}

impl Credential {
    /// `None` without a field; a field that is no credential of these is a bad one.
    pub(crate) fn of(headers: &HeaderMap) -> Outcome<Option<Self>> {
        let mut fields = headers.get_all(header::AUTHORIZATION).iter();
        let Some(field) = fields.next() else { return Ok(None) };
        let value = field.to_str().map_err(|_| Problem::unauthenticated())?;
        let (scheme, rest) = value.split_once(' ').ok_or_else(Problem::unauthenticated)?;
        let rest = rest.trim_start_matches(' ');
        if fields.next().is_some() {
            Err(Problem::unauthenticated())
        } else if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
            Ok(Some(Self::Bearer(Zeroizing::new(rest.to_owned()))))
        } else if scheme.eq_ignore_ascii_case("basic") {
            Self::basic(rest).map(Some).ok_or_else(Problem::unauthenticated)
        } else {
            Err(Problem::unauthenticated())
        }
    }

    /// RFC 7617 §2.
    fn basic(encoded: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
        let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let sound = !name.is_empty() && !decoded.contains(&0);
        sound.then(|| Self::Basic { name: name.to_owned(), password: password.into() })
    }
}
