//! Verifies what an authorization server signs: keys over time, then signature, then rules.

use std::sync::Arc;
use std::time::Duration;

use phantom_core::Audience;
use phantom_core::Clock;
use phantom_core::Statement;
use phantom_core::json;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;

use crate::access_token;
use crate::access_token::AccessTokenRules;
use crate::algorithm::Algorithm;
use crate::algorithm::Algorithms;
use crate::jwks::KeySource;
use crate::jwks::KeysUnavailable;
use crate::jwks::Missing;
use crate::refusal::Refusal;
use crate::typ;
use crate::verify::UnverifiedJws;

/// How old the answer to a question just asked may be, besides the skew (JIR-2).
const RECENT: Duration = Duration::from_secs(60);

/// A token that is bad, or a token of which nothing can be said now. Never the same thing.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    /// The JWT is bad; a client that presented it is told 401 (JWT-16).
    #[error("the JWT is refused: {0}")]
    Refused(#[from] Refusal),
    /// Nothing can be said of the JWT: the client is told 503 (DSC-10).
    #[error(transparent)]
    KeysUnavailable(#[from] KeysUnavailable),
}

#[derive(Debug)]
pub(crate) struct TokenVerifier {
    /// `None` only with `verify_jwt = false`.
    pub(crate) keys: Option<KeySource>,
    pub(crate) algorithms: Algorithms,
    /// For what the server hands over in its answers.
    pub(crate) rules: AccessTokenRules,
    /// For what clients present: nobody but the JWT itself says what it is.
    pub(crate) presented_rules: AccessTokenRules,
    /// `introspection_signed_response_alg` (JIR-5).
    pub(crate) signed_response_algorithm: Algorithm,
    /// False: signatures of phantom tokens are not looked at.
    pub(crate) verify_phantom: bool,
    pub(crate) clock: Arc<dyn Clock>,
}

impl TokenVerifier {
    /// The phantom token out of an answer. Whether it is still alive is for `core::authorize`: an
    /// expired one is the client's affair, not a fault of the server (RSP-3).
    pub(crate) async fn phantom(&self, jws: UnverifiedJws) -> Result<Statement, VerifyError> {
        check_length(jws.as_str(), &self.rules)?;
        let payload = match self.verify_phantom {
            true => self.signed(&jws, self.algorithms).await?,
            false => jws.unproven_payload()?,
        };
        Ok(self.rules.statement(jws, &payload, self.clock.now().wall)?)
    }

    /// A JWT that a client presents. Always verified, and alive.
    pub(crate) async fn presented(&self, token: &str) -> Result<Statement, VerifyError> {
        let rules = &self.presented_rules;
        check_length(token, rules)?;
        if rules.issuer.is_none() {
            return Err(Refusal::Issuer.into());
        }
        let jws = UnverifiedJws::parse(token)?;
        let payload = self.signed(&jws, self.algorithms).await?;
        let now = self.clock.now().wall;
        let statement = rules.statement(jws, &payload, now)?;
        rules.check_life(&statement, now)?;
        Ok(statement)
    }

    /// The members of a signed statement about a token (RFC 9701 §5), for `client_id` alone.
    /// `None`: it says that the token is not active.
    pub(crate) async fn signed_statement(
        &self,
        jws: &UnverifiedJws,
        client_id: &str,
    ) -> Result<Option<Map<String, Value>>, VerifyError> {
        let algorithms = Algorithms::from_iter([self.signed_response_algorithm]);
        let payload = self.signed(jws, algorithms).await?;
        if !typ::is_token_introspection(jws.typ()) {
            return Err(Refusal::Typ.into());
        }
        let claims = json::parse_object(&payload).map_err(|_| Refusal::Payload)?;
        Ok(self.statement_members(claims, client_id)?)
    }

    fn statement_members(
        &self,
        mut claims: Map<String, Value>,
        client_id: &str,
    ) -> Result<Option<Map<String, Value>>, Refusal> {
        let issuer = access_token::text(&claims, "iss")?;
        if issuer.is_none() || issuer != self.rules.issuer.as_deref() {
            return Err(Refusal::Issuer);
        }
        let Some(statement) = claims.remove("token_introspection") else {
            // Seen at a real server: the members stand flat at the top, where `aud` is the
            // token's and not ours. That is enough to deny and not enough to permit.
            return match claims.get("active") {
                Some(Value::Bool(false)) => Ok(None),
                _ => Err(Refusal::FlatStatement),
            };
        };
        let audience = claims.get("aud").map(Audience::from_claim);
        if !audience.is_some_and(|audience| audience.is_ok_and(|aud| aud.contains(client_id))) {
            return Err(Refusal::Audience);
        }
        self.check_recent(&claims)?;
        let Value::Object(members) = statement else {
            return Err(Refusal::ClaimMalformed("token_introspection"));
        };
        match members.get("active") {
            Some(Value::Bool(true)) => Ok(Some(members)),
            Some(Value::Bool(false)) => Ok(None),
            // JIR-8: never true by default.
            _ => Err(Refusal::ClaimMalformed("active")),
        }
    }

    fn check_recent(&self, claims: &Map<String, Value>) -> Result<(), Refusal> {
        let now = self.clock.now().wall;
        let issued = access_token::date(claims, "iat")?
            .ok_or_else(|| Refusal::ClaimMissing("iat".into()))?;
        if issued > now.plus(self.rules.clock_skew) {
            return Err(Refusal::IssuedInFuture);
        }
        if issued.plus(RECENT + self.rules.clock_skew) < now {
            return Err(Refusal::NotRecent);
        }
        Ok(())
    }

    /// The payload of a JWS whose signature is the issuer's.
    async fn signed(
        &self,
        jws: &UnverifiedJws,
        algorithms: Algorithms,
    ) -> Result<Vec<u8>, VerifyError> {
        jws.check_header(algorithms)?;
        let source = self.keys.as_ref().ok_or_else(|| KeysUnavailable {
            cause: "no keys are configured: set jwks_uri, jwks_file or well_known".into(),
            retry_after: None,
        })?;
        let keys = source.keys().await?;
        let refusal = match jws.verify(&keys, algorithms) {
            Ok(payload) => return Ok(payload),
            Err(refusal) => refusal,
        };
        let missing = match &refusal {
            Refusal::UnknownKey => Missing::Kid(jws.kid()),
            // Servers give a new key an old name: one that makes its keys at each start, say.
            Refusal::Signature | Refusal::KeyMisfit => Missing::KeyOfThatKid,
            _ => return Err(refusal.into()),
        };
        let newer = source.newer_keys(missing, &keys).await?.ok_or(refusal)?;
        Ok(jws.verify(&newer, algorithms)?)
    }
}

/// Before any work on it (JWT-11).
const fn check_length(token: &str, rules: &AccessTokenRules) -> Result<(), Refusal> {
    let (length, limit) = (token.len(), rules.max_phantom_token_len);
    if length > limit { Err(Refusal::TooLongForBackend { length, limit }) } else { Ok(()) }
}
