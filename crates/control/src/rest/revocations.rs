//! `POST /api/phantom/v1/revocations`: of our own, since WSO2 has only an internal event format.

use std::time::Duration;

use phantom_access::revocations;
use phantom_access::revocations::DEFAULT_LIFETIME;
use phantom_access::revocations::Dead;
use phantom_access::revocations::MAX_LIFETIME;
use phantom_access::revocations::RevocationKind;
use phantom_rest::prelude::*;
use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;

/// Exactly one of `token`, `tokenId`, `consumerKey` and `subject`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RevocationOrder {
    /// One token, opaque or a JWT, of whichever key manager.
    #[schema(min_length = 1, max_length = 8192, write_only)]
    token: Option<Token>,
    /// The `jti` of one token.
    #[schema(min_length = 1, max_length = 1024)]
    token_id: Option<String>,
    /// All tokens issued to this consumer key before now.
    #[schema(min_length = 1, max_length = 1024)]
    consumer_key: Option<String>,
    /// All tokens issued for this subject before now.
    #[schema(min_length = 1, max_length = 1024)]
    subject: Option<String>,
    /// Seconds that tokens of this party live at most, which is how long the revocation is kept;
    /// 30 days where it is not given. Of a token that says when it ends it means nothing.
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 31_622_400)]
    lifetime: Option<Number>,
}

/// Never printed.
#[derive(Deserialize, ToSchema)]
#[schema(value_type = String)]
struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(redacted)")
    }
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// Epoch milliseconds. Tokens of a consumer key or subject issued before this are dead.
    revoked_at: u64,
    /// Epoch milliseconds.
    kept_until: u64,
}

/// Revoke tokens at all gateways
#[utoipa::path(
    post,
    path = "/api/phantom/v1/revocations",
    operation_id = "revoke",
    tag = "Phantom Gateway",
    request_body = RevocationOrder,
    responses(
        (status = 201, description = "In force here, and within a second everywhere", body = Revocation),
        ActErrors,
    )
)]
pub async fn revoke(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(order): Body<RevocationOrder>,
) -> Answer<(StatusCode, Json<Revocation>)> {
    let (dead, lifetime) = order.checked()?;
    let in_force = revocations::revoke(&control, &caller, dead, lifetime).await?;
    let revocation =
        Revocation { revoked_at: in_force.at.as_millis(), kept_until: in_force.until.as_millis() };
    Ok((StatusCode::CREATED, Json(revocation)))
}

impl RevocationOrder {
    fn checked(self) -> Answer<(Dead, Duration)> {
        let most = MAX_LIFETIME.as_secs();
        let lifetime = match self.lifetime.map(|given| given.as_u64()) {
            None => DEFAULT_LIFETIME,
            Some(Some(seconds)) if (1..=most).contains(&seconds) => Duration::from_secs(seconds),
            Some(_) => {
                let rule = format!("lifetime: must be between 1 and {most}, in whole seconds");
                return Err(Problem::bad_request(rule));
            }
        };
        let Self { token, token_id, consumer_key, subject, .. } = self;
        let mut named = [
            token.map(|Token(token)| Dead::Token(SecretString::from(token))),
            token_id.map(|name| Dead::Named(RevocationKind::TokenId, name)),
            consumer_key.map(|name| Dead::Named(RevocationKind::ConsumerKey, name)),
            subject.map(|name| Dead::Named(RevocationKind::Subject, name)),
        ]
        .into_iter()
        .flatten();
        match (named.next(), named.next()) {
            (Some(dead), None) => Ok((dead, lifetime)),
            _ => Err(Problem::bad_request(
                "Exactly one of token, tokenId, consumerKey and subject has to be given.",
            )),
        }
    }
}
