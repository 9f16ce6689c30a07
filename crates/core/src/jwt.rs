//! The shape of a compact JWS (RFC 7515 §7.1), before any key is involved.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use thiserror::Error;

/// base64url without padding, white space or stray trailing bits (RFC 7515 §2).
pub const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// Three base64url parts, none decoded yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactJws<'a> {
    /// JOSE header.
    pub header: &'a str,
    /// Claims, where it is a JWT.
    pub payload: &'a str,
    /// Empty where there is none.
    pub signature: &'a str,
}

/// Why a text is no compact JWS.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum InvalidShape {
    /// Not three parts, or an empty header or payload.
    #[error("not three parts")]
    Parts,
    /// A part with other characters than base64url's.
    #[error("not strict base64url")]
    Encoding,
}

impl<'a> CompactJws<'a> {
    /// Exactly three parts over the base64url alphabet; header and payload are not empty.
    ///
    /// # Errors
    /// It has other parts, or characters that are not base64url's.
    pub fn parse(token: &'a str) -> Result<Self, InvalidShape> {
        // From both ends, so that nobody looks for dots in the payload, which is most of it.
        let (header, rest) = token.split_once('.').ok_or(InvalidShape::Parts)?;
        let (payload, signature) = rest.rsplit_once('.').ok_or(InvalidShape::Parts)?;
        if header.is_empty() || payload.is_empty() {
            return Err(InvalidShape::Parts);
        }
        // Without a way out in between it is done many bytes at a time.
        let alphabet = |part: &str| part.bytes().fold(true, |all, b| all & is_base64url_byte(b));
        if !(alphabet(header) && alphabet(payload) && alphabet(signature)) {
            let dots = payload.contains('.');
            return Err(if dots { InvalidShape::Parts } else { InvalidShape::Encoding });
        }
        Ok(Self { header, payload, signature })
    }
}

impl CompactJws<'_> {
    /// Returns whether the payload can be decoded: the alphabet is known, so that only its end can be wrong.
    #[must_use]
    pub fn has_decodable_payload(&self) -> bool {
        let whole = self.payload.len() - self.payload.len() % 4;
        self.payload.get(whole..).is_some_and(|end| decode(end).is_ok())
    }
}

/// A compact JWS with its text: its shape is known, so nobody has to look at it twice.
#[derive(Clone, PartialEq, Eq)]
pub struct CompactJwsText {
    text: Box<str>,
    header_end: usize,
    payload_end: usize,
}

impl CompactJwsText {
    /// As [`CompactJws::parse`].
    ///
    /// # Errors
    /// As of [`CompactJws::parse`].
    pub fn parse(text: Box<str>) -> Result<Self, InvalidShape> {
        let parts = CompactJws::parse(&text)?;
        let header_end = parts.header.len();
        let payload_end = header_end + 1 + parts.payload.len();
        Ok(Self { text, header_end, payload_end })
    }

    /// The three parts, without a look at the text again.
    #[must_use]
    pub fn parts(&self) -> CompactJws<'_> {
        let part = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        CompactJws {
            header: part(0, self.header_end),
            payload: part(self.header_end + 1, self.payload_end),
            signature: part(self.payload_end + 1, self.text.len()),
        }
    }

    /// The bytes that a signature is over (RFC 7515 §5.2): header, dot, payload.
    #[must_use]
    pub fn signing_input(&self) -> &str {
        self.text.get(..self.payload_end).unwrap_or_default()
    }

    /// The whole text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole text, given away.
    #[must_use]
    pub fn into_text(self) -> Box<str> {
        self.text
    }
}

/// Never the token.
impl fmt::Debug for CompactJwsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompactJwsText(redacted)")
    }
}

/// Strict base64url: no padding, no white space, zero trailing bits (RFC 7515 §2).
///
/// # Errors
/// It is none.
pub fn decode(part: &str) -> Result<Vec<u8>, InvalidShape> {
    BASE64URL.decode(part).map_err(|_| InvalidShape::Encoding)
}

/// Returns whether a credential looks like a JWT: three dot-separated parts whose first decodes to a JSON
/// object (RFC 7519 §7.2). Opaque tokens may hold dots; few hold two and a JSON header.
#[must_use]
pub fn looks_like_jwt(token: &str) -> bool {
    let Ok(jws) = CompactJws::parse(token) else { return false };
    jws.header.starts_with("ey") && decode(jws.header).is_ok_and(|header| header.starts_with(b"{"))
}

const fn is_base64url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: JWT-10
    #[test]
    fn base64url_is_strict() {
        assert_eq!(decode("QUI"), Ok(b"AB".to_vec()));
        // Padding, white space, the standard alphabet, and bits left over in the last symbol.
        for part in ["QUI=", "QU I", "QUI\n", "Q+I_", "Q/I_", "QUJ", "Q", "A==="] {
            assert_eq!(decode(part), Err(InvalidShape::Encoding), "{part}");
        }
    }

    /// Rows: JWT-10
    #[test]
    fn a_compact_jws_has_exactly_three_parts() {
        assert!(CompactJws::parse("e30.e30.c2ln").is_ok());
        assert!(CompactJws::parse("e30.e30.").is_ok(), "the empty signature falls to the verifier");
        for token in ["", ".", "..", "e30.e30", "e30.e30.c2ln.x", "e30.e30.a.b.c", ".e30.c2ln"] {
            assert_eq!(CompactJws::parse(token), Err(InvalidShape::Parts), "{token}");
        }
        for token in ["e3 0.e30.c2ln", "e30.e+0.c2ln", "e30.e30.c2ln="] {
            assert_eq!(CompactJws::parse(token), Err(InvalidShape::Encoding), "{token}");
        }
    }

    #[test]
    fn a_jws_that_owns_its_text_has_the_same_parts() {
        for text in ["e30.e30.c2ln", "e30.e30.", "e.3.0"] {
            let owned = CompactJwsText::parse(text.into()).unwrap();
            assert_eq!(owned.parts(), CompactJws::parse(text).unwrap(), "{text}");
            assert_eq!(format!("{}.{}", owned.signing_input(), owned.parts().signature), text);
        }
        assert_eq!(CompactJwsText::parse("e30.e30".into()), Err(InvalidShape::Parts));
    }

    /// Rows: JWT-10
    #[test]
    fn a_payload_that_cannot_be_decoded_is_known_by_its_end() {
        for payload in ["QUI", "QUJD", "QUJDQQ", "QUJDQUI", "QUJ", "Q", "QUJDQ", "QUJDQUJ", "QR"] {
            let jws = CompactJws { header: "e30", payload, signature: "" };
            assert_eq!(jws.has_decodable_payload(), decode(payload).is_ok(), "{payload}");
        }
    }

    #[test]
    fn an_opaque_token_with_dots_is_not_a_jwt() {
        assert!(looks_like_jwt("eyJhbGciOiJub25lIn0.e30."));
        assert!(!looks_like_jwt("_0XBPWQQ_f3f1.a8b2.77"));
        assert!(!looks_like_jwt("eyABC"));
    }
}
