//! An authorization request, checked in the order that decides who hears of a fault.

use url::Url;

use crate::authorization_server::AuthorizationServer;
use crate::clients::GrantType;
use crate::clients::redirect_target;
use crate::form::Form;
use crate::oauth_error::OauthError;
use crate::scope::Scope;
use crate::token_endpoint::requested_scope;

/// RFC 7636 §4.2: base64url of a SHA-256.
const CHALLENGE_LENGTH: usize = 43;

#[derive(Debug)]
pub(super) struct AuthorizationRequest {
    pub(super) client_id: String,
    /// As it was sent, if it was.
    pub(super) redirect_uri: Option<String>,
    pub(super) answer_to: Url,
    pub(super) scope: Scope,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
}

/// RFC 6749 §4.1.2.1.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The client or its redirect URI is in doubt: a page, no redirect.
    ToUser(&'static str),
    ToClient(Box<ErrorResponse>),
}

/// Sent to the redirect URI.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) answer_to: Url,
    pub(super) state: Option<String>,
    pub(super) code: &'static str,
    pub(super) description: &'static str,
}

impl AuthorizationRequest {
    pub(super) fn parse(server: &AuthorizationServer, form: &Form) -> Result<Self, Refusal> {
        let client = form
            .value("client_id")
            .and_then(|id| server.clients.find(id))
            .ok_or(Refusal::ToUser("The client is unknown."))?;
        let redirect_uri = form.value("redirect_uri");
        let answer_to = redirect_target(&client.redirect_uris, redirect_uri)
            .ok_or(Refusal::ToUser("The redirect URI is not registered for the client."))?;
        let mut request = Self {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.map(str::to_owned),
            answer_to,
            scope: Scope::empty(),
            state: form.value("state").map(str::to_owned),
            nonce: form.value("nonce").map(str::to_owned),
            challenge: form.value("code_challenge").map(str::to_owned),
        };
        if !client.allows(GrantType::AuthorizationCode) {
            return Err(request.refused("unauthorized_client", "not registered for this grant"));
        }
        if let Some((code, description)) = unsupported(form) {
            return Err(request.refused(code, description));
        }
        let pkce_needed = server.require_pkce || client.is_public();
        if let Some(problem) = pkce_problem(form, pkce_needed) {
            return Err(request.refused("invalid_request", problem));
        }
        match requested_scope(client, form) {
            Ok(scope) => request.scope = scope,
            Err(OauthError::InvalidScope(text)) => {
                return Err(request.refused("invalid_scope", text));
            }
            Err(_) => return Err(request.refused("invalid_request", "the request is malformed")),
        }
        Ok(request)
    }

    pub(super) fn refused(&self, code: &'static str, description: &'static str) -> Refusal {
        Refusal::ToClient(Box::new(ErrorResponse {
            answer_to: self.answer_to.clone(),
            state: self.state.clone(),
            code,
            description,
        }))
    }
}

fn unsupported(form: &Form) -> Option<(&'static str, &'static str)> {
    // OpenID Connect Core §6 and §3.1.2.6.
    if form.value("request").is_some() {
        return Some(("request_not_supported", "request is not supported"));
    }
    if form.value("request_uri").is_some() {
        return Some(("request_uri_not_supported", "request_uri is not supported"));
    }
    match form.value("response_type") {
        Some("code") => {}
        Some(_) => return Some(("unsupported_response_type", "response_type is not code")),
        None => return Some(("invalid_request", "response_type is missing")),
    }
    if form.value("response_mode").is_some_and(|mode| mode != "query") {
        return Some(("invalid_request", "response_mode is not query"));
    }
    // There are no sessions, so nobody is ever signed in already.
    if form.value("prompt").is_some_and(|prompt| prompt.split(' ').any(|value| value == "none")) {
        return Some(("login_required", "the user has to sign in"));
    }
    None
}

/// RFC 7636 §4.3, §4.4.1. `plain` is refused: whoever sees the request could use the code.
fn pkce_problem(form: &Form, needed: bool) -> Option<&'static str> {
    match (form.value("code_challenge"), form.value("code_challenge_method")) {
        (None, None) if needed => Some("code_challenge is missing"),
        (None, None) => None,
        (None, Some(_)) => Some("code_challenge is missing"),
        (Some(challenge), Some("S256")) => {
            let well_formed = challenge.len() == CHALLENGE_LENGTH
                && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            (!well_formed).then_some("code_challenge is not base64url of a SHA-256")
        }
        (Some(_), _) => Some("code_challenge_method is not S256"),
    }
}
