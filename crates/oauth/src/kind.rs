//! The kind of token that an introspection answer describes, or a JWT is, by its members (RFC 7662 §2.2 and
//! what real servers add to it).

use phantom_core::json::Member;
use phantom_core::json::Members;

/// Where servers say that a token is a refresh token: `token_type` (RFC 7662 leaves it to them),
/// `token_use` (Hydra, Cognito), `typ` (Keycloak; `Offline` is one that outlives its session).
const REFRESH: [(&str, &[&str]); 3] = [
    ("token_type", &["refresh_token", "refresh"]),
    ("token_use", &["refresh_token", "refresh"]),
    ("typ", &["refresh", "offline"]),
];

/// The same of an ID token: Cognito, Keycloak.
const IDENTITY: [(&str, &[&str]); 3] =
    [("token_type", &["id_token"]), ("token_use", &["id", "id_token"]), ("typ", &["id"])];

/// Values of `token_type` of a token that is worth nothing without a key: RFC 9449, and drafts before it.
const WITH_KEY: [&str; 3] = ["dpop", "mac", "pop"];

/// Returns whether the token may be shown to its authorization server alone (RFC 6749 §1.5).
pub(crate) fn is_refresh_token(members: &impl Members) -> bool {
    REFRESH.iter().any(|(name, values)| says(members, name, values))
}

/// Returns whether it tells the client who somebody is, and no API what the client may do.
pub(crate) fn is_id_token(members: &impl Members) -> bool {
    IDENTITY.iter().any(|(name, values)| says(members, name, values))
}

/// Returns whether whoever shows the token has to prove that they hold a key, which nobody asks them for here:
/// it is never taken as a bearer's (RFC 7800 §3.1, RFC 8705 §3, RFC 9449 §7).
pub(crate) fn is_bound(members: &impl Members) -> bool {
    members.member("cnf").is_some() || says(members, "token_type", &WITH_KEY)
}

fn says(members: &impl Members, name: &str, values: &[&str]) -> bool {
    let said = members.member(name).and_then(Member::as_str).unwrap_or_default();
    values.iter().any(|value| said.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use serde_json::Value;
    use serde_json::json;

    use super::*;

    fn members(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap()
    }

    #[test]
    fn a_refresh_token_is_known_by_each_name_that_servers_give_it() {
        for answer in [
            json!({"token_type": "refresh_token"}),
            json!({"token_use": "refresh_token", "token_type": "Bearer"}),
            json!({"typ": "Refresh"}),
            json!({"typ": "Offline"}),
        ] {
            assert!(is_refresh_token(members(&answer)), "{answer}");
        }
        for answer in [
            json!({}),
            json!({"token_type": "Bearer", "token_use": "access_token", "typ": "Bearer"}),
            json!({"token_type": "access_token"}),
            json!({"token_type": null, "token_use": 7, "typ": ["Refresh"]}),
        ] {
            assert!(!is_refresh_token(members(&answer)), "{answer}");
        }
    }

    /// Rows: PITFALL-39
    #[test]
    fn a_token_that_needs_a_key_is_known_by_type_or_confirmation() {
        for answer in [
            json!({"token_type": "DPoP"}),
            json!({"token_type": "dpop"}),
            json!({"cnf": {"jkt": "x"}}),
            json!({"cnf": {}}),
            json!({"cnf": "odd", "token_type": "Bearer"}),
        ] {
            assert!(is_bound(members(&answer)), "{answer}");
        }
        for answer in [json!({}), json!({"cnf": null}), json!({"token_type": "Bearer"})] {
            assert!(!is_bound(members(&answer)), "{answer}");
        }
    }
}
