//! `/oauth/v2/oauth-authorize`: the authorization endpoint (RFC 6749 §4.1.1) and its sign-in page.
//!
//! No session and no cookie: the page carries the request in hidden fields, and what comes back is
//! checked from the beginning.

mod page;
mod request;

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{HOST, LOCATION, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use url::Url;

use self::request::{AuthorizationRequest, Refusal};
use crate::authorization_server::AuthorizationServer;
use crate::form::Form;
use crate::oauth_error::{OauthError, no_store};
use crate::tokens::Code;
use crate::users;

/// Shows the sign-in page.
pub(crate) async fn authorize(
    State(server): State<Arc<AuthorizationServer>>,
    RawQuery(query): RawQuery,
) -> Response {
    let form = match Form::from_query(query.as_deref()) {
        Ok(form) => form,
        Err(error) => return refuse(&error.to_string()),
    };
    match AuthorizationRequest::parse(&server, &form) {
        Ok(request) => page::sign_in(&request, None),
        Err(refusal) => answer_refusal(&server, refusal),
    }
}

/// Takes the sign-in page's form and sends the browser back to the client.
pub(crate) async fn sign_in(
    State(server): State<Arc<AuthorizationServer>>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !is_same_origin(&uri, &headers) {
        return refuse("The form was sent from another site.");
    }
    let body = body.map_err(OauthError::from);
    let form = match body.and_then(|body| Form::from_body(&headers, &body)) {
        Ok(form) => form,
        Err(error) => return refuse(&error.to_string()),
    };
    let request = match AuthorizationRequest::parse(&server, &form) {
        Ok(request) => request,
        Err(refusal) => return answer_refusal(&server, refusal),
    };
    if form.value("action") == Some("cancel") {
        return answer_refusal(&server, request.refused("access_denied", "sign-in was cancelled"));
    }
    let name = form.value("username").unwrap_or_default();
    let password = form.value("password").unwrap_or_default();
    match users::sign_in(&server.users, name, password) {
        Some(user) => grant(&server, request, &user.name),
        None => page::sign_in(&request, Some("User name or password is wrong.")),
    }
}

fn grant(server: &AuthorizationServer, request: AuthorizationRequest, user: &str) -> Response {
    let now = server.now();
    let code = Code {
        grant: server.tokens.grant_by_user(&request.client_id, user, request.scope, now),
        redirect_uri: request.redirect_uri,
        challenge: request.challenge,
        nonce: request.nonce,
        expires_at: server.tokens.code_expiry(now),
        redeemed: false,
    };
    let code = server.tokens.issue_code(code, now);
    redirect(server, request.answer_to, request.state.as_deref(), &[("code", &code)])
}

fn answer_refusal(server: &AuthorizationServer, refusal: Refusal) -> Response {
    match refusal {
        Refusal::ToUser(text) => refuse(text),
        Refusal::ToClient(error) => {
            let members = [("error", error.code), ("error_description", error.description)];
            redirect(server, error.answer_to, error.state.as_deref(), &members)
        }
    }
}

/// RFC 6749 §4.1.2.1: never redirects where client or redirect URI are in doubt.
fn refuse(text: &str) -> Response {
    page::refusal(text)
}

/// RFC 9700 §4.12: 303, so that no browser sends the password on.
fn redirect(
    server: &AuthorizationServer,
    mut to: Url,
    state: Option<&str>,
    members: &[(&str, &str)],
) -> Response {
    to.query_pairs_mut()
        .extend_pairs(members)
        // RFC 9207 §2: against mix-up.
        .append_pair("iss", server.issuer.as_str())
        .extend_pairs(state.map(|state| ("state", state)));
    match HeaderValue::try_from(String::from(to)) {
        Ok(location) => no_store((StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()),
        Err(_) => refuse("The redirect URI cannot be written in a header."),
    }
}

/// Another site could sign a browser in as somebody else. Browsers name the site they post from.
fn is_same_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let ours = uri.authority().map(Authority::as_str).or(host);
    let theirs = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((ours, theirs), (Some(ours), Some((_, theirs))) if ours == theirs)
}

#[cfg(test)]
mod tests;
