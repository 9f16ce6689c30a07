//! `client_secret_basic`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;

use crate::oauth_error::OauthError;

/// Client id and secret of an `Authorization` value.
///
/// RFC 6749 §2.3.1: both are form-encoded before they are joined by a colon.
pub(super) fn decode(value: &HeaderValue) -> Result<(String, String), OauthError> {
    const MALFORMED: OauthError =
        OauthError::InvalidClient("Authorization is not a Basic credential");
    let text = value.to_str().map_err(|_| MALFORMED)?;
    let (scheme, encoded) = text.split_once(' ').ok_or(MALFORMED)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(MALFORMED);
    }
    let bytes = STANDARD.decode(encoded.trim_start_matches(' ')).map_err(|_| MALFORMED)?;
    let pair = String::from_utf8(bytes).map_err(|_| MALFORMED)?;
    let (id, secret) = pair.split_once(':').ok_or(MALFORMED)?;
    Ok((form_decode(id).ok_or(MALFORMED)?, form_decode(secret).ok_or(MALFORMED)?))
}

fn form_decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> HeaderValue {
        HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).unwrap()
    }

    /// Rows: CLA-1
    #[test]
    fn id_and_secret_are_form_decoded_after_the_colon_is_found() {
        let (id, secret) = decode(&basic("https%3A%2F%2Fapp:p%3Aa+b%25%2B")).unwrap();
        assert_eq!((id.as_str(), secret.as_str()), ("https://app", "p:a b%+"));
    }

    #[test]
    fn the_scheme_is_compared_without_case() {
        let value = HeaderValue::try_from(format!("bASIC {}", STANDARD.encode("a:b"))).unwrap();
        assert_eq!(decode(&value).unwrap(), ("a".to_owned(), "b".to_owned()));
    }

    #[test]
    fn anything_but_a_basic_credential_is_an_invalid_client() {
        for bad in ["Bearer abc", "Basic", "Basic !!", "Basic YWI="] {
            let refusal = decode(&HeaderValue::from_static(bad)).unwrap_err();
            assert!(matches!(refusal, OauthError::InvalidClient(_)), "{bad}");
        }
    }
}
