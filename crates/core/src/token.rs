//! Tokens as types: the credential a client presents, its digest, and the JWT obtained for it.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

use crate::jwt::CompactJwsText;

/// A bearer credential as presented (RFC 6750 §2.1 `b64token`): borrowed, never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BearerToken<'a>(&'a str);

/// Why a credential is no bearer token.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidToken {
    /// More bytes than are looked at.
    #[error("longer than the {limit} bytes allowed")]
    TooLong {
        /// Most bytes taken.
        limit: usize,
    },
    /// A character that is not b64token's (RFC 6750 §2.1), or none at all.
    #[error("not of the grammar b64token")]
    Grammar,
}

impl<'a> BearerToken<'a> {
    /// Longest credential taken, before any hashing or parsing: JWTs with many claims are.
    pub const MAX_LEN: usize = 32 * 1024;

    /// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, and no repair of any kind.
    ///
    /// # Errors
    /// It is longer than [`Self::MAX_LEN`], or not of that grammar.
    pub fn parse(value: &'a [u8]) -> Result<Self, InvalidToken> {
        if value.len() > Self::MAX_LEN {
            return Err(InvalidToken::TooLong { limit: Self::MAX_LEN });
        }
        let body = value.iter().position(|byte| *byte == b'=').unwrap_or(value.len());
        let (body, padding) = value.split_at(body);
        let fits = !body.is_empty()
            && body.iter().all(|byte| is_b64token_byte(*byte))
            && padding.iter().all(|byte| *byte == b'=');
        match std::str::from_utf8(value) {
            Ok(token) if fits => Ok(Self(token)),
            _ => Err(InvalidToken::Grammar),
        }
    }

    /// The secret itself: for hashing and for the introspection call only.
    #[must_use]
    pub const fn expose(&self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(redacted)")
    }
}

const fn is_b64token_byte(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// Keyed hash of a token: under one key manager the only cache key, under a key that gateways share the
/// name of a revoked one. 64 hexadecimal digits where it is written down.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TokenDigest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a token's digest has 64 hexadecimal digits")]
pub struct InvalidDigest;

impl TokenDigest {
    /// The digest that is this MAC.
    #[must_use]
    pub const fn new(mac: [u8; 32]) -> Self {
        Self(mac)
    }

    /// The MAC itself, to compare and to write down.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<TokenDigest> for String {
    fn from(digest: TokenDigest) -> Self {
        digest.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| digit.try_into().ok());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(InvalidDigest);
        }
        let mut bytes = [0; 32];
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low): (Option<u8>, Option<u8>) = (digit(high), digit(low));
            *byte = high.ok_or(InvalidDigest)? << 4 | low.ok_or(InvalidDigest)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(redacted)")
    }
}

/// The JWT sent to the backend. Its shape is safe for a header field; that it is genuine is the
/// verifier's word, which is why only `phantom-oauth` has a reason to make one.
#[derive(Clone, PartialEq, Eq)]
pub struct PhantomToken(Box<str>);

/// Why a JWT cannot be sent to a backend.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidPhantomToken {
    /// More bytes than the backend takes in one field.
    #[error("the JWT has {length} bytes, the backend's header takes {limit}")]
    TooLong {
        /// Its bytes.
        length: usize,
        /// Most bytes taken.
        limit: usize,
    },
    /// Not three parts, or one without a signature.
    #[error("not a compact JWS")]
    Shape,
}

impl PhantomToken {
    /// Default limit on the JWT. Many a backend takes less in one header field: there it is a setting.
    pub const MAX_LEN: usize = 32 * 1024;

    /// Takes a JWT of at most `limit` bytes.
    ///
    /// # Errors
    /// It is longer, no compact JWS, or not signed.
    pub fn parse(jwt: &str, limit: usize) -> Result<Self, InvalidPhantomToken> {
        let length = jwt.len();
        if length > limit {
            return Err(InvalidPhantomToken::TooLong { length, limit });
        }
        let jws = CompactJwsText::parse(jwt.into()).map_err(|_| InvalidPhantomToken::Shape)?;
        Self::from_jws(jws, limit)
    }

    /// As [`Self::parse`], where the three parts are known already.
    ///
    /// # Errors
    /// It is longer, or not signed.
    pub fn from_jws(jws: CompactJwsText, limit: usize) -> Result<Self, InvalidPhantomToken> {
        let length = jws.as_str().len();
        if length > limit {
            return Err(InvalidPhantomToken::TooLong { length, limit });
        }
        if jws.parts().signature.is_empty() {
            return Err(InvalidPhantomToken::Shape);
        }
        Ok(Self(jws.into_text()))
    }

    /// The JWT itself: for the backend's `Authorization` field and for reading its claims only.
    #[must_use]
    pub const fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PhantomToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhantomToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: TOK-1
    #[test]
    fn the_credential_follows_b64token() {
        for token in ["a", "abc-._~+/123==", "A=", "_0XBPWQQ_2f3"] {
            assert_eq!(BearerToken::parse(token.as_bytes()).unwrap().expose(), token);
        }
        for token in ["", "=", "=a", "a=b", "a b", "a,b", "a;b", "a&b", "a%41", "a\"", "ä", "a\0"]
        {
            assert_eq!(
                BearerToken::parse(token.as_bytes()),
                Err(InvalidToken::Grammar),
                "{token:?}"
            );
        }
    }

    /// Rows: TOK-4
    #[test]
    fn length_is_checked_before_anything_else() {
        let longest = "a".repeat(BearerToken::MAX_LEN);
        assert!(BearerToken::parse(longest.as_bytes()).is_ok());
        let junk = vec![0xff; BearerToken::MAX_LEN + 1];
        assert!(matches!(BearerToken::parse(&junk), Err(InvalidToken::TooLong { .. })));
    }

    /// Rows: JIR-7
    #[test]
    fn a_phantom_token_is_header_safe_and_bounded() {
        assert!(PhantomToken::parse("e30.e30.c2ln", 12).is_ok());
        let long = PhantomToken::parse("e30.e30.c2ln", 11);
        assert_eq!(long, Err(InvalidPhantomToken::TooLong { length: 12, limit: 11 }));
        for jwt in ["e30.e30.", "e30.e30", "e30.e30.c2\r\nX: y", r#"{"active":false}"#, ""] {
            assert_eq!(PhantomToken::parse(jwt, 99), Err(InvalidPhantomToken::Shape), "{jwt:?}");
        }
    }

    #[test]
    fn a_digest_is_read_as_it_was_written_and_nothing_else_is_one() {
        let digest = TokenDigest::new(std::array::from_fn(|at| at as u8 * 8));
        let text = String::from(digest);
        assert_eq!((text.len(), &text[..6]), (64, "000810"));
        assert_eq!(TokenDigest::try_from(text.clone()), Ok(digest));
        for wrong in ["", &text[1..], &text.replace('0', "g"), &format!("{text}00"), "+1", "ä"] {
            assert_eq!(TokenDigest::try_from(wrong.to_owned()), Err(InvalidDigest), "{wrong}");
        }
    }

    /// Rows: INT-11
    #[test]
    fn no_token_type_prints_its_secret() {
        let printed = format!(
            "{:?} {:?} {:?}",
            BearerToken::parse(b"s3cret").unwrap(),
            PhantomToken::parse("e30.e30.c2ln", 99).unwrap(),
            TokenDigest::new([7; 32]),
        );
        assert!(!printed.contains("s3cret") && !printed.contains("e30") && !printed.contains('7'));
    }
}
