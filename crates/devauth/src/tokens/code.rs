//! Authorization codes and PKCE.

use std::sync::Arc;

use aws_lc_rs::digest;
use subtle::ConstantTimeEq;

use super::Grant;
use crate::jose::base64url;
use crate::oauth_error::OauthError;

/// What a code stands for.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) grant: Arc<Grant>,
    /// As the authorization request had it, if it had one.
    pub(crate) redirect_uri: Option<String>,
    /// S256, in base64url.
    pub(crate) challenge: Option<String>,
    /// For the ID token (OpenID Connect Core §3.1.2.1).
    pub(crate) nonce: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) redeemed: bool,
}

/// What a client presents with a code.
pub(crate) struct CodeRequest<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
}

impl Code {
    pub(super) fn accepts(&self, request: &CodeRequest<'_>, now: i64) -> Result<(), OauthError> {
        if now >= self.expires_at {
            return Err(OauthError::InvalidGrant("the code is unknown or expired"));
        }
        // RFC 6749 §4.1.3: required and identical if the authorization request had one.
        let redirect_uri_fits = match &self.redirect_uri {
            Some(expected) => request.redirect_uri == Some(expected),
            None => request.redirect_uri.is_none(),
        };
        if !redirect_uri_fits {
            return Err(OauthError::InvalidGrant(
                "redirect_uri is not that of the authorization request",
            ));
        }
        let proven = match (&self.challenge, request.verifier) {
            (Some(challenge), Some(verifier)) => proves(verifier, challenge),
            (None, None) => true,
            (Some(_), None) => false,
            // RFC 9700 §2.1.1: a verifier without a challenge is a downgrade attack.
            (None, Some(_)) => false,
        };
        if !proven {
            return Err(OauthError::InvalidGrant("code_verifier does not fit the code_challenge"));
        }
        Ok(())
    }
}

/// RFC 7636 §4.1: 43 to 128 unreserved characters; §4.6: their SHA-256 is the challenge.
fn proves(verifier: &str, challenge: &str) -> bool {
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let computed = base64url(digest::digest(&digest::SHA256, verifier.as_bytes()));
    well_formed && bool::from(computed.as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7636_appendix_b_holds() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(proves(verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!proves(verifier, verifier), "plain is not S256");
    }

    #[test]
    fn a_verifier_outside_the_grammar_proves_nothing() {
        for bad in ["short".to_owned(), "a".repeat(129), format!("{}!", "a".repeat(50))] {
            let challenge = base64url(digest::digest(&digest::SHA256, bad.as_bytes()));
            assert!(!proves(&bad, &challenge), "{bad}");
        }
    }
}
