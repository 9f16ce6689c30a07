//! Every refusal, once. What status and challenge a reason gets is decided in one table, in
//! `phantom-pipeline`; the reason itself goes to the log and the metrics.

use std::time::Duration;

use thiserror::Error;

/// A request that is not let through, and why.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct Deny {
    pub reason: DenyReason,
    /// When to come back, where that is known.
    pub retry_after: Option<Duration>,
}

impl From<DenyReason> for Deny {
    fn from(reason: DenyReason) -> Self {
        Self { reason, retry_after: None }
    }
}

/// Complete: new refusals are added here, and the compiler finds the tables that must learn them.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq, Hash)]
pub enum DenyReason {
    #[error("the token is not meant for this audience")]
    AudienceMismatch,
    #[error("the authorization server's answer, or our standing with it, is wrong")]
    AuthorizationServerMisbehaved,
    #[error("the authorization server cannot be asked now")]
    AuthorizationServerUnavailable,
    #[error("a claim rule of the route is not met")]
    ClaimRuleUnmet,
    #[error("the token is bound to a key and nothing here enforces that binding")]
    ConfirmationUnenforced,
    #[error("the credential is malformed")]
    CredentialMalformed,
    #[error("there is no credential")]
    CredentialMissing,
    #[error("there is more than one credential")]
    CredentialRepeated,
    #[error("the token's scope is not enough")]
    InsufficientScope,
    #[error("the token is of another issuer")]
    IssuerMismatch,
    #[error("the route does not serve this method")]
    MethodNotAllowed,
    #[error("no route matches")]
    NoRoute,
    #[error("the browser origin may not use a cookie credential")]
    OriginUntrusted,
    #[error("the client's rate limit is used up")]
    RateLimited,
    #[error("the token has expired")]
    TokenExpired,
    #[error("the authorization server says the token is not active")]
    TokenInactive,
    #[error("the token is not valid yet")]
    TokenNotYetValid,
    #[error("the token was revoked")]
    TokenRevoked,
    #[error("the JWT presented does not verify")]
    TokenUnverified,
}

impl DenyReason {
    /// Stable name for logs, metrics and `explain`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AudienceMismatch => "audience_mismatch",
            Self::AuthorizationServerMisbehaved => "authorization_server_misbehaved",
            Self::AuthorizationServerUnavailable => "authorization_server_unavailable",
            Self::ClaimRuleUnmet => "claim_rule_unmet",
            Self::ConfirmationUnenforced => "confirmation_unenforced",
            Self::CredentialMalformed => "credential_malformed",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialRepeated => "credential_repeated",
            Self::InsufficientScope => "insufficient_scope",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NoRoute => "no_route",
            Self::OriginUntrusted => "origin_untrusted",
            Self::RateLimited => "rate_limited",
            Self::TokenExpired => "token_expired",
            Self::TokenInactive => "token_inactive",
            Self::TokenNotYetValid => "token_not_yet_valid",
            Self::TokenRevoked => "token_revoked",
            Self::TokenUnverified => "token_unverified",
        }
    }

    /// All of them, for tables and metrics.
    pub const ALL: [Self; 19] = [
        Self::AudienceMismatch,
        Self::AuthorizationServerMisbehaved,
        Self::AuthorizationServerUnavailable,
        Self::ClaimRuleUnmet,
        Self::ConfirmationUnenforced,
        Self::CredentialMalformed,
        Self::CredentialMissing,
        Self::CredentialRepeated,
        Self::InsufficientScope,
        Self::IssuerMismatch,
        Self::MethodNotAllowed,
        Self::NoRoute,
        Self::OriginUntrusted,
        Self::RateLimited,
        Self::TokenExpired,
        Self::TokenInactive,
        Self::TokenNotYetValid,
        Self::TokenRevoked,
        Self::TokenUnverified,
    ];
}
