//! The challenge that goes with a refusal (RFC 6750 §3, RFC 9110 §11.6.1).

use phantom_core::Access;
use phantom_core::DenyReason;

use super::ErrorFormat;
use crate::route::Route;

/// All parts come from the configuration or from fixed texts (CHL-5), and from a grammar that needs
/// no escapes (CHL-3). None for refusals that another credential would not cure.
pub(super) fn challenge(
    reason: DenyReason,
    route: Option<&Route>,
    format: ErrorFormat,
) -> Option<String> {
    let error = match reason {
        // RFC 6750 §3.1: who sent no credential is told of no error.
        DenyReason::CredentialMissing => None,
        // RFC 6750 §3.1 has `invalid_request` for 400; WSO2's gateway knows one error, with 401.
        DenyReason::CredentialMalformed | DenyReason::CredentialRepeated
            if format == ErrorFormat::Managed =>
        {
            Some("invalid_token")
        }
        DenyReason::StatementRefused if format == ErrorFormat::Managed => Some("invalid_token"),
        DenyReason::CredentialMalformed | DenyReason::CredentialRepeated => Some("invalid_request"),
        DenyReason::AudienceMismatch
        | DenyReason::ConfirmationUnenforced
        | DenyReason::IssuerMismatch
        | DenyReason::KeyManagerNotAllowed
        | DenyReason::SubscriptionBlocked
        | DenyReason::SubscriptionInactive
        | DenyReason::TokenExpired
        | DenyReason::TokenInactive
        | DenyReason::TokenNotYetValid
        | DenyReason::TokenRevoked
        | DenyReason::TokenUnverified => Some("invalid_token"),
        DenyReason::InsufficientScope => Some("insufficient_scope"),
        DenyReason::ApiBlocked
        | DenyReason::ApiMisconfigured
        | DenyReason::ApiQuota
        | DenyReason::ApplicationBurst
        | DenyReason::ApplicationQuota
        | DenyReason::AudienceNotAccepted
        | DenyReason::AuthorizationServerMisbehaved
        | DenyReason::AuthorizationServerUnavailable
        | DenyReason::Blocked
        | DenyReason::ClaimRuleUnmet
        | DenyReason::HttpNotEnabled
        | DenyReason::HttpsNotEnabled
        | DenyReason::MethodNotAllowed
        | DenyReason::NoProductionEndpoint
        | DenyReason::NoResource
        | DenyReason::NoRoute
        | DenyReason::NoSandboxEndpoint
        | DenyReason::NoSubscription
        | DenyReason::OperationQuota
        | DenyReason::OriginUntrusted
        | DenyReason::PeerBudget
        | DenyReason::RateLimited
        | DenyReason::StatementRefused
        | DenyReason::SubscriptionBurst
        | DenyReason::SubscriptionQuota => return None,
    };
    let mut challenge = Challenge::default();
    // WSO2's clients look for an error at the very start of the value.
    if error.is_none() || !matches!(format, ErrorFormat::Wso2 | ErrorFormat::Managed) {
        challenge.parameter("realm", route.map_or("api", |route| &route.realm));
    }
    if let Some(error) = error {
        challenge.parameter("error", error);
    }
    if matches!(reason, DenyReason::CredentialMissing | DenyReason::InsufficientScope)
        && let Some(Access::Protected(protection)) = route.map(|route| &route.access)
        && let Some(scope) = protection.scope.needed()
    {
        challenge.parameter("scope", scope.as_str());
    }
    Some(challenge.0)
}

struct Challenge(String);

impl Default for Challenge {
    fn default() -> Self {
        Self("Bearer".to_owned())
    }
}

impl Challenge {
    /// What may not stand in a quoted string without an escape is left out (CHL-3).
    fn parameter(&mut self, name: &str, value: &str) {
        self.0.push_str(if self.0.ends_with('"') { ", " } else { " " });
        self.0.push_str(name);
        self.0.push_str("=\"");
        self.0.extend(value.chars().filter(|c| is_quotable(*c)));
        self.0.push('"');
    }
}

const fn is_quotable(c: char) -> bool {
    matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')
}
