//! Every refusal, once: its name for logs and metrics, the hop that makes it, what it means and what to do about
//! it. Status and challenge of a reason stand in one table, in `phantom-pipeline`.

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

/// A step of a decision at which a request can be refused. They are ordered as gateways take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// Which API or route, and which resource of it.
    Resource,
    /// Whether the API is served at all.
    Standing,
    /// Deny policies on the API and the caller's address.
    Policies,
    /// Whether there is one, and only one.
    Credential,
    /// Who is to be asked about the token.
    KeyManager,
    /// What was said of the token, and whether it can be believed.
    Token,
    /// Of which application the token's client is, and its subscription.
    Subscription,
    /// Scopes, audiences and claims.
    Authorization,
    /// Deny policies on the application and the user.
    CallerPolicies,
    /// Rate limits and quotas.
    Quota,
    /// Where the request would be sent.
    Endpoint,
}

impl Hop {
    /// In the order in which gateways take them.
    pub const ALL: [Self; 11] = [
        Self::Resource,
        Self::Standing,
        Self::Policies,
        Self::Credential,
        Self::KeyManager,
        Self::Token,
        Self::Subscription,
        Self::Authorization,
        Self::CallerPolicies,
        Self::Quota,
        Self::Endpoint,
    ];
}

macro_rules! deny_reasons {
    ($($reason:ident $name:literal at $hop:ident: $meaning:literal; $remedy:literal;)*) => {
        /// Why a request is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DenyReason {
            $(#[doc = $meaning] $reason,)*
        }

        impl DenyReason {
            /// All of them, for tables and metrics.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$reason),*];

            /// Stable name for logs, metrics and `explain`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$reason => $name,)* }
            }

            /// The hop that refuses for it. [`Hop::CallerPolicies`] refuses for the same reason as
            /// [`Hop::Policies`], once the caller is known.
            #[must_use]
            pub const fn hop(self) -> Hop {
                match self { $(Self::$reason => Hop::$hop,)* }
            }

            /// What was found wrong: a sentence without its capital and its full stop.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$reason => $meaning,)* }
            }

            /// What to change and where, in whole sentences, for whoever runs the gateway, its APIs or a client.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$reason => $remedy,)* }
            }
        }
    };
}

// The one list: its order is that of `DenyReason::ALL`.
deny_reasons! {
    ApiBlocked "api_blocked" at Standing:
        "the API is blocked for now";
        "Its publisher can unblock it in its lifecycle.";
    ApiMisconfigured "api_misconfigured" at Standing:
        "the API is configured so that it cannot be served safely";
        "The gateway's log says what is wrong. Mend it in the publisher and deploy again.";
    ApiQuota "api_quota" at Quota:
        "the API's limit for all callers is used up";
        "Wait until the time that Retry-After named, or choose a larger plan for the API.";
    ApplicationBurst "application_burst" at Quota:
        "the application sends faster than its plan allows";
        "Spread the requests, or choose another plan for the application.";
    ApplicationQuota "application_quota" at Quota:
        "the application's quota is used up";
        "Wait until the time that Retry-After named, or choose a larger plan for the application.";
    AudienceMismatch "audience_mismatch" at Authorization:
        "the token is meant for somebody else: its aud lacks the audience that the key manager expects";
        "Compare the expected audience of the key manager with the aud that its server puts into tokens. Where it puts none: for a route of the file minted_audience names one; key managers of the control plane take tokens with an audience alone.";
    AudienceNotAccepted "audience_not_accepted" at Authorization:
        "the token's aud has none of the audiences that the API accepts";
        "Get a token for one of the API's audiences, or change these in the publisher.";
    AuthorizationServerMisbehaved "authorization_server_misbehaved" at Token:
        "the authorization server's answer, or our standing with it, is wrong";
        "The cause says what. Mostly it is the client's credentials, the introspection endpoint or, in a file, the response setting: phantom check --connect tries the key managers of a file, Admin tests those of the control plane.";
    AuthorizationServerUnavailable "authorization_server_unavailable" at Token:
        "the authorization server could not be asked";
        "Where the cause says what is wrong, mend that; else see whether it runs and can be reached from the gateway: phantom check --connect tries the key managers of a file, Admin tests those of the control plane.";
    Blocked "blocked" at Policies:
        "a deny policy blocks the API, the application, the address or the user";
        "See the deny policies in Admin.";
    ClaimRuleUnmet "claim_rule_unmet" at Authorization:
        "the token has not the claims that the route asks for";
        "Compare the claim rules of the route with the token, which the workbench decodes.";
    ConfirmationUnenforced "confirmation_unenforced" at Token:
        "the token is bound to a key, and nothing here checks that the caller has it";
        "Have the authorization server issue tokens for this client that are not bound to a key.";
    CredentialMalformed "credential_malformed" at Credential:
        "the credential is malformed";
        "Send the field Authorization with Bearer, one blank and the token.";
    CredentialMissing "credential_missing" at Credential:
        "there is no credential";
        "Send the token as Authorization: Bearer, or leave the route open, or the resource in the publisher.";
    CredentialRepeated "credential_repeated" at Credential:
        "there is more than one credential";
        "Send one, in one place.";
    HttpNotEnabled "http_not_enabled" at Resource:
        "the API is not served over http";
        "Call it over https, or allow http among the API's transports.";
    HttpsNotEnabled "https_not_enabled" at Resource:
        "the API is not served over https";
        "Allow https among the API's transports.";
    InsufficientScope "insufficient_scope" at Authorization:
        "the token's scope does not suffice";
        "Ask for a token with the scopes of the route or resource, or change these.";
    IssuerMismatch "issuer_mismatch" at Token:
        "the token is of another issuer than the key manager says";
        "Compare the issuer of the key manager with the iss of the token: every character counts.";
    KeyManagerNotAllowed "key_manager_not_allowed" at KeyManager:
        "no key manager of the API takes such a token";
        "See that its key manager is enabled, that the API allows it (in the publisher), and that its token handling rules take such tokens.";
    MethodNotAllowed "method_not_allowed" at Resource:
        "the route or resource does not take this method";
        "Add the method to those of the route, or to the resource in the publisher, and deploy.";
    NoProductionEndpoint "no_production_endpoint" at Endpoint:
        "the API has no endpoint for production keys";
        "Add a production endpoint in the publisher, or use a sandbox key.";
    NoResource "no_resource" at Resource:
        "the API has no such resource";
        "Add the resource in the publisher and deploy, or correct the path.";
    NoRoute "no_route" at Resource:
        "no API and no route is at this host and path";
        "Compare host and path with the routes of the file, or with the API's context and version; see whether that is deployed and published.";
    NoSandboxEndpoint "no_sandbox_endpoint" at Endpoint:
        "the API has no endpoint for sandbox keys";
        "Add a sandbox endpoint in the publisher, or use a production key.";
    NoSubscription "no_subscription" at Subscription:
        "the token's client has no application that is subscribed to the API";
        "In the devportal, subscribe the application that has the client's consumer key to the API; where none has, map the key to one first.";
    OperationQuota "operation_quota" at Quota:
        "the limit of the resource for all callers is used up";
        "Wait until the time that Retry-After named, or choose a larger plan for the resource.";
    OriginUntrusted "origin_untrusted" at Credential:
        "a browser's page of another origin may not use a cookie as its credential";
        "Add the page's origin to the route's trusted origins.";
    PeerBudget "peer_budget" at Token:
        "the caller's address has sent too many tokens that nobody vouches for";
        "Wait as long as Retry-After says; see who at that address sends such tokens.";
    RateLimited "rate_limited" at Quota:
        "the caller's rate limit is used up";
        "Wait as long as Retry-After says, or raise the limit of the route.";
    RefreshToken "refresh_token" at Token:
        "the authorization server says that the token is a refresh token";
        "Send the access token that came with it: a refresh token is for the token endpoint alone.";
    StatementRefused "statement_refused" at Token:
        "what the authorization server says of the token does not verify";
        "The log says what of it: its issuer, keys, algorithm, or a claim that is missing. phantom check --connect tries the key managers of a file, Admin tests those of the control plane, there with a token of yours too.";
    SubscriptionBlocked "subscription_blocked" at Subscription:
        "the subscription to the API is blocked";
        "The API's publisher can unblock it among its subscriptions.";
    SubscriptionBurst "subscription_burst" at Quota:
        "the subscription sends faster than its plan allows";
        "Spread the requests, or choose another plan for the subscription.";
    SubscriptionInactive "subscription_inactive" at Subscription:
        "the subscription to the API is on hold or rejected";
        "See the subscription in the devportal.";
    SubscriptionQuota "subscription_quota" at Quota:
        "the quota of the subscription, or of callers without a token, is used up";
        "Wait until the time that Retry-After named, or choose a larger plan for the subscription. Open operations count by the plan Unauthenticated, for each address and API.";
    TokenExpired "token_expired" at Token:
        "the token has expired";
        "Get another one. Where that was just done, compare the clocks of server and gateway.";
    TokenInactive "token_inactive" at Token:
        "the authorization server says that the token is not active";
        "Get another one. It may have ended, been revoked, or be of another server than the key manager's; some servers say so too where the key manager's client may not ask about tokens of others.";
    TokenNotYetValid "token_not_yet_valid" at Token:
        "the token is not valid yet";
        "Compare the clocks of authorization server and gateway.";
    TokenRevoked "token_revoked" at Token:
        "the token was revoked";
        "Get another one.";
    TokenUnverified "token_unverified" at Token:
        "the JWT does not verify";
        "Compare its issuer, key id and algorithm with the key set of the key manager, and its typ and claims with what that asks for: the log says what is missing, the workbench decodes it.";
}

impl DenyReason {
    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl fmt::Display for DenyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meaning())
    }
}

impl std::error::Error for DenyReason {}
