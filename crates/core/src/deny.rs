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
    #[error("the API is blocked for now")]
    ApiBlocked,
    #[error("the API is configured wrongly")]
    ApiMisconfigured,
    #[error("the quota of the API is used up")]
    ApiQuota,
    #[error("the application sends too fast for its plan")]
    ApplicationBurst,
    #[error("the quota of the application is used up")]
    ApplicationQuota,
    #[error("the token is not meant for this audience")]
    AudienceMismatch,
    #[error("the token has none of the audiences that the API accepts")]
    AudienceNotAccepted,
    #[error("the authorization server's answer, or our standing with it, is wrong")]
    AuthorizationServerMisbehaved,
    #[error("the authorization server cannot be asked now")]
    AuthorizationServerUnavailable,
    #[error("a deny policy blocks the API, the application, the address or the user")]
    Blocked,
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
    #[error("the API is not served over http")]
    HttpNotEnabled,
    #[error("the API is not served over https")]
    HttpsNotEnabled,
    #[error("the token's scope is not enough")]
    InsufficientScope,
    #[error("the token is of another issuer")]
    IssuerMismatch,
    #[error("no key manager of the API takes such a token")]
    KeyManagerNotAllowed,
    #[error("the route does not serve this method")]
    MethodNotAllowed,
    #[error("the API has no endpoint for production keys")]
    NoProductionEndpoint,
    #[error("the API has no such resource")]
    NoResource,
    #[error("no route matches")]
    NoRoute,
    #[error("the API has no endpoint for sandbox keys")]
    NoSandboxEndpoint,
    #[error("the token's client has no application that is subscribed to the API")]
    NoSubscription,
    #[error("the quota of the operation is used up")]
    OperationQuota,
    #[error("the browser origin may not use a cookie credential")]
    OriginUntrusted,
    #[error("the client's address has sent too many tokens that nobody vouches for")]
    PeerBudget,
    #[error("the client's rate limit is used up")]
    RateLimited,
    #[error("what the authorization server says of the token does not verify")]
    StatementRefused,
    #[error("the subscription to the API is blocked")]
    SubscriptionBlocked,
    #[error("the subscription sends too fast for its plan")]
    SubscriptionBurst,
    #[error("the subscription to the API is on hold or rejected")]
    SubscriptionInactive,
    #[error("the quota of the subscription is used up")]
    SubscriptionQuota,
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
            Self::ApiBlocked => "api_blocked",
            Self::ApiMisconfigured => "api_misconfigured",
            Self::ApiQuota => "api_quota",
            Self::ApplicationBurst => "application_burst",
            Self::ApplicationQuota => "application_quota",
            Self::AudienceMismatch => "audience_mismatch",
            Self::AudienceNotAccepted => "audience_not_accepted",
            Self::AuthorizationServerMisbehaved => "authorization_server_misbehaved",
            Self::AuthorizationServerUnavailable => "authorization_server_unavailable",
            Self::Blocked => "blocked",
            Self::ClaimRuleUnmet => "claim_rule_unmet",
            Self::ConfirmationUnenforced => "confirmation_unenforced",
            Self::CredentialMalformed => "credential_malformed",
            Self::CredentialMissing => "credential_missing",
            Self::CredentialRepeated => "credential_repeated",
            Self::HttpNotEnabled => "http_not_enabled",
            Self::HttpsNotEnabled => "https_not_enabled",
            Self::InsufficientScope => "insufficient_scope",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::KeyManagerNotAllowed => "key_manager_not_allowed",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NoProductionEndpoint => "no_production_endpoint",
            Self::NoResource => "no_resource",
            Self::NoRoute => "no_route",
            Self::NoSandboxEndpoint => "no_sandbox_endpoint",
            Self::NoSubscription => "no_subscription",
            Self::OperationQuota => "operation_quota",
            Self::OriginUntrusted => "origin_untrusted",
            Self::PeerBudget => "peer_budget",
            Self::RateLimited => "rate_limited",
            Self::StatementRefused => "statement_refused",
            Self::SubscriptionBlocked => "subscription_blocked",
            Self::SubscriptionBurst => "subscription_burst",
            Self::SubscriptionInactive => "subscription_inactive",
            Self::SubscriptionQuota => "subscription_quota",
            Self::TokenExpired => "token_expired",
            Self::TokenInactive => "token_inactive",
            Self::TokenNotYetValid => "token_not_yet_valid",
            Self::TokenRevoked => "token_revoked",
            Self::TokenUnverified => "token_unverified",
        }
    }

    /// All of them, for tables and metrics.
    pub const ALL: [Self; 40] = [
        Self::ApiBlocked,
        Self::ApiMisconfigured,
        Self::ApiQuota,
        Self::ApplicationBurst,
        Self::ApplicationQuota,
        Self::AudienceMismatch,
        Self::AudienceNotAccepted,
        Self::AuthorizationServerMisbehaved,
        Self::AuthorizationServerUnavailable,
        Self::Blocked,
        Self::ClaimRuleUnmet,
        Self::ConfirmationUnenforced,
        Self::CredentialMalformed,
        Self::CredentialMissing,
        Self::CredentialRepeated,
        Self::HttpNotEnabled,
        Self::HttpsNotEnabled,
        Self::InsufficientScope,
        Self::IssuerMismatch,
        Self::KeyManagerNotAllowed,
        Self::MethodNotAllowed,
        Self::NoProductionEndpoint,
        Self::NoResource,
        Self::NoRoute,
        Self::NoSandboxEndpoint,
        Self::NoSubscription,
        Self::OperationQuota,
        Self::OriginUntrusted,
        Self::PeerBudget,
        Self::RateLimited,
        Self::StatementRefused,
        Self::SubscriptionBlocked,
        Self::SubscriptionBurst,
        Self::SubscriptionInactive,
        Self::SubscriptionQuota,
        Self::TokenExpired,
        Self::TokenInactive,
        Self::TokenNotYetValid,
        Self::TokenRevoked,
        Self::TokenUnverified,
    ];
}
