//! Every refusal, once. Status and challenge of a reason stand in one table, in `phantom-pipeline`; the
//! reason itself goes to the log and the metrics.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// A request that is not let through, and why.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct Deny {
    /// The one reason of the refusal.
    pub reason: DenyReason,
    /// When to come back, where that is known.
    pub retry_after: Option<Duration>,
}

impl From<DenyReason> for Deny {
    fn from(reason: DenyReason) -> Self {
        Self { reason, retry_after: None }
    }
}

macro_rules! deny_reasons {
    ($($reason:ident $name:literal: $sentence:literal;)*) => {
        /// Why a request is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DenyReason {
            $(#[doc = $sentence] $reason,)*
        }

        impl DenyReason {
            /// All of them, for tables and metrics.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$reason),*];

            /// Stable name for logs, metrics and `explain`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$reason => $name,)* }
            }

            const fn sentence(self) -> &'static str {
                match self { $(Self::$reason => $sentence,)* }
            }
        }
    };
}

// The one list: its order is that of `DenyReason::ALL`.
deny_reasons! {
    ApiBlocked "api_blocked": "the API is blocked for now";
    ApiMisconfigured "api_misconfigured": "the API is configured wrongly";
    ApiQuota "api_quota": "the quota of the API is used up";
    ApplicationBurst "application_burst": "the application sends too fast for its plan";
    ApplicationQuota "application_quota": "the quota of the application is used up";
    AudienceMismatch "audience_mismatch": "the token is not meant for this audience";
    AudienceNotAccepted "audience_not_accepted": "the token has none of the audiences that the API accepts";
    AuthorizationServerMisbehaved "authorization_server_misbehaved": "the authorization server's answer, or our standing with it, is wrong";
    AuthorizationServerUnavailable "authorization_server_unavailable": "the authorization server cannot be asked now";
    Blocked "blocked": "a deny policy blocks the API, the application, the address or the user";
    ClaimRuleUnmet "claim_rule_unmet": "a claim rule of the route is not met";
    ConfirmationUnenforced "confirmation_unenforced": "the token is bound to a key and nothing here enforces that binding";
    CredentialMalformed "credential_malformed": "the credential is malformed";
    CredentialMissing "credential_missing": "there is no credential";
    CredentialRepeated "credential_repeated": "there is more than one credential";
    HttpNotEnabled "http_not_enabled": "the API is not served over http";
    HttpsNotEnabled "https_not_enabled": "the API is not served over https";
    InsufficientScope "insufficient_scope": "the token's scope is not enough";
    IssuerMismatch "issuer_mismatch": "the token is of another issuer";
    KeyManagerNotAllowed "key_manager_not_allowed": "no key manager of the API takes such a token";
    MethodNotAllowed "method_not_allowed": "the route does not serve this method";
    NoProductionEndpoint "no_production_endpoint": "the API has no endpoint for production keys";
    NoResource "no_resource": "the API has no such resource";
    NoRoute "no_route": "no route matches";
    NoSandboxEndpoint "no_sandbox_endpoint": "the API has no endpoint for sandbox keys";
    NoSubscription "no_subscription": "the token's client has no application that is subscribed to the API";
    OperationQuota "operation_quota": "the quota of the operation is used up";
    OriginUntrusted "origin_untrusted": "the browser origin may not use a cookie credential";
    PeerBudget "peer_budget": "the client's address has sent too many tokens that nobody vouches for";
    RateLimited "rate_limited": "the client's rate limit is used up";
    StatementRefused "statement_refused": "what the authorization server says of the token does not verify";
    SubscriptionBlocked "subscription_blocked": "the subscription to the API is blocked";
    SubscriptionBurst "subscription_burst": "the subscription sends too fast for its plan";
    SubscriptionInactive "subscription_inactive": "the subscription to the API is on hold or rejected";
    SubscriptionQuota "subscription_quota": "the quota of the subscription is used up";
    TokenExpired "token_expired": "the token has expired";
    TokenInactive "token_inactive": "the authorization server says the token is not active";
    TokenNotYetValid "token_not_yet_valid": "the token is not valid yet";
    TokenRevoked "token_revoked": "the token was revoked";
    TokenUnverified "token_unverified": "the JWT presented does not verify";
}

impl fmt::Display for DenyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for DenyReason {}
