//! Each reason of a refusal in a sentence, and what would be right.

use phantom_core::DenyReason;

/// What was found wrong.
pub(crate) const fn meaning(reason: DenyReason) -> &'static str {
    words(reason).0
}

/// What to change, and where.
pub(crate) const fn remedy(reason: DenyReason) -> &'static str {
    words(reason).1
}

pub(crate) fn known(name: &str) -> Option<DenyReason> {
    DenyReason::ALL.into_iter().find(|reason| reason.name() == name)
}

const fn words(reason: DenyReason) -> (&'static str, &'static str) {
    use DenyReason as R;
    match reason {
        R::ApiBlocked => {
            ("The API is blocked for now.", "Its publisher can unblock it in its lifecycle.")
        }
        R::ApiMisconfigured => (
            "The API is configured so that it cannot be served safely.",
            "The gateway's log says what is wrong. Mend it in the publisher and deploy again.",
        ),
        R::ApiQuota => (
            "The API's limit for all callers is used up.",
            "Wait until the time that Retry-After named, or choose a larger plan for the API.",
        ),
        R::ApplicationBurst => (
            "The application sends faster than its plan allows.",
            "Spread the requests, or choose another plan for the application.",
        ),
        R::ApplicationQuota => (
            "The application's quota is used up.",
            "Wait until the time that Retry-After named, or choose a larger plan for the application.",
        ),
        R::AudienceMismatch => (
            "The token is meant for somebody else: its aud has not what the key manager's expected audience says.",
            "Compare the expected audience of the key manager with the aud that its server puts into tokens.",
        ),
        R::AudienceNotAccepted => (
            "The token's aud has none of the audiences that the API accepts.",
            "Get a token for one of the API's audiences, or change these in the publisher.",
        ),
        R::AuthorizationServerMisbehaved => (
            "The authorization server's answer, or our standing with it, is wrong.",
            "Test the key manager in Admin: its client credentials or its introspection endpoint are likely at fault.",
        ),
        R::AuthorizationServerUnavailable => (
            "The authorization server could not be asked.",
            "See whether it runs and can be reached from the gateway; Test the key manager in Admin.",
        ),
        R::Blocked => (
            "A deny policy blocks the API, the application, the address or the user.",
            "See the deny policies in Admin.",
        ),
        R::ClaimRuleUnmet => (
            "The token has not the claims that the route asks for.",
            "Compare the claim rules of the route with the token, which the workbench decodes.",
        ),
        R::ConfirmationUnenforced => (
            "The token is bound to a key, and nothing here checks that the caller has it.",
            "Have the authorization server issue tokens for this client that are not bound to a key.",
        ),
        R::CredentialMalformed => (
            "The credential is malformed.",
            "Send the field Authorization with Bearer, one blank and the token.",
        ),
        R::CredentialMissing => (
            "There is no credential.",
            "Send the token as Authorization: Bearer, or disable security for the resource in the publisher.",
        ),
        R::CredentialRepeated => ("There is more than one credential.", "Send one, in one place."),
        R::HttpNotEnabled => (
            "The API is not served over http.",
            "Call it over https, or allow http among the API's transports.",
        ),
        R::HttpsNotEnabled => {
            ("The API is not served over https.", "Allow https among the API's transports.")
        }
        R::InsufficientScope => (
            "The token's scope does not suffice.",
            "Ask for a token with the scopes of the resource, or change these in the publisher.",
        ),
        R::IssuerMismatch => (
            "The token is of another issuer than the key manager says.",
            "Compare the issuer of the key manager with the iss of the token: every character counts.",
        ),
        R::KeyManagerNotAllowed => (
            "No key manager of the API takes such a token.",
            "Allow its key manager for the API in the publisher, or see the token handling rules of the key manager.",
        ),
        R::MethodNotAllowed => (
            "The resource does not take this method.",
            "Add the method to the resource in the publisher, and deploy.",
        ),
        R::NoProductionEndpoint => (
            "The API has no endpoint for production keys.",
            "Add a production endpoint in the publisher, or use a sandbox key.",
        ),
        R::NoResource => (
            "The API has no such resource.",
            "Add the resource in the publisher and deploy, or correct the path.",
        ),
        R::NoRoute => (
            "No API and no route is at this path.",
            "See the API's context and version, and whether it is deployed and published.",
        ),
        R::NoSandboxEndpoint => (
            "The API has no endpoint for sandbox keys.",
            "Add a sandbox endpoint in the publisher, or use a production key.",
        ),
        R::NoSubscription => (
            "The token's client has no application that is subscribed to the API.",
            "In the devportal, map the client's consumer key to an application, and subscribe that to the API.",
        ),
        R::OperationQuota => (
            "The limit of the resource for all callers is used up.",
            "Wait until the time that Retry-After named, or choose a larger plan for the resource.",
        ),
        R::OriginUntrusted => (
            "A browser's page of another origin may not use a cookie as its credential.",
            "Add the page's origin to the route's trusted origins.",
        ),
        R::PeerBudget => (
            "The caller's address has sent too many tokens that nobody vouches for.",
            "Wait as long as Retry-After says; see who at that address sends such tokens.",
        ),
        R::RateLimited => (
            "The caller's rate limit is used up.",
            "Wait as long as Retry-After says, or raise the limit of the route.",
        ),
        R::StatementRefused => (
            "What the authorization server says of the token does not verify.",
            "Test the key manager in Admin: its issuer or its key set are likely others than its answers'.",
        ),
        R::SubscriptionBlocked => (
            "The subscription to the API is blocked.",
            "The API's publisher can unblock it among its subscriptions.",
        ),
        R::SubscriptionBurst => (
            "The subscription sends faster than its plan allows.",
            "Spread the requests, or choose another plan for the subscription.",
        ),
        R::SubscriptionInactive => (
            "The subscription to the API is on hold or rejected.",
            "See the subscription in the devportal.",
        ),
        R::SubscriptionQuota => (
            "The subscription's quota is used up.",
            "Wait until the time that Retry-After named, or choose a larger plan for the subscription.",
        ),
        R::TokenExpired => (
            "The token has expired.",
            "Get another one. Where that was just done, compare the clocks of server and gateway.",
        ),
        R::TokenInactive => (
            "The authorization server says that the token is not active.",
            "Get another one. It may have ended, been revoked, or be of another server than the API's key manager.",
        ),
        R::TokenNotYetValid => (
            "The token is not valid yet.",
            "Compare the clocks of authorization server and gateway.",
        ),
        R::TokenRevoked => ("The token was revoked.", "Get another one."),
        R::TokenUnverified => (
            "The JWT does not verify.",
            "Compare its issuer, key id and algorithm with the key set of the key manager; the workbench decodes it.",
        ),
    }
}

/// What else can go wrong, by its name in the log.
pub(crate) fn failure(name: &str) -> &'static str {
    match name {
        "timeout" | "connect_timeout" => "The backend did not answer in time",
        "body_too_large" | "bad_request" | "not_collected" => {
            "The gateway cannot take what the client sent"
        }
        "loop" => "The request had been here before",
        "file_cut" => "The file became shorter while it was sent",
        "token_expired" | "token_revoked" | "blocked" => {
            "The right to the answer ended while it was under way"
        }
        "stopped" => "The gateway was stopped",
        name if name.starts_with("client_") => "The client broke off, or was too slow",
        name if name.starts_with("connect_") => "The backend cannot be reached",
        name if name.starts_with("upstream_") => {
            "The backend broke off, or its answer cannot be understood"
        }
        _ => "It could not be answered as it should",
    }
}
