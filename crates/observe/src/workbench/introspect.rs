//! Asking about a token, as gateways do and as RFC 7662 has it.

use phantom_access::plane::Control;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::MAX_TOKEN;
use super::server::Server;
use super::step::Body;
use super::step::Request;
use super::step::Step;
use super::step::Value;
use super::token::Client;

#[derive(Debug)]
pub struct Introspected {
    pub json: Step,
    pub jwt: Step,
    /// The phantom token, if there is one.
    pub phantom: Option<SecretString>,
}

/// Asks twice: for JSON, and for the JWT that gateways ask for. Without a client as the gateways' own, for
/// those who may.
pub async fn introspect(
    control: &Control,
    server: &Server,
    client: Option<Client>,
    token: &SecretString,
) -> Outcome<Introspected> {
    let length = token.expose_secret().len();
    if length == 0 || length > MAX_TOKEN {
        return Err(Refusal::invalid(format!("token: must have 1 to {MAX_TOKEN} bytes")));
    }
    let client = match (client, &server.introspector) {
        (Some(client), _) => client,
        (None, Some((id, secret))) => {
            Client { id: id.clone(), secret: Some(secret.clone()), in_form: false }
        }
        (None, None) => {
            let words = "introspectionClient: a client that may introspect is needed";
            return Err(Refusal::invalid(words));
        }
    };
    let what = "introspection endpoint";
    let url = server.endpoint(server.introspection_endpoint.as_ref(), what)?;
    let ask = |accept: &str| {
        let mut form = vec![("token", Value::Secret(token.clone(), "TOKEN"))];
        let authorization = client.clone().prove(&mut form);
        Request {
            method: "POST".to_owned(),
            url: url.clone(),
            authorization,
            headers: vec![("Accept".to_owned(), accept.to_owned())],
            body: Body::Form(form),
            is_own: server.is_own,
        }
    };
    let json = ask("application/json").send(control).await;
    let jwt = ask("application/jwt").send(control).await;
    let phantom = jwt.answer.as_ref().ok().and_then(|answer| {
        let text = std::str::from_utf8(&answer.body).ok()?.trim();
        let is_jwt = answer.is_good() && !text.starts_with('{') && text.split('.').count() == 3;
        let member = || answer.member("phantom_token").or_else(|| answer.member("jwt"));
        if is_jwt { Some(text.to_owned()) } else { member() }.map(SecretString::from)
    });
    Ok(Introspected { json, jwt, phantom })
}
