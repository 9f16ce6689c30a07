//! Why a JWT is not believed. Causes go to the log; the client gets one text for all (JWT-16).

use thiserror::Error;

/// No claim value and no part of the token is in here (INT-11).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// Three parts of unpadded base64url (RFC 7515 §7.1).
    #[error("it is not a compact JWS in strict base64url")]
    Shape,
    /// Looked at no further, whatever is configured (JWT-11).
    #[error("it is longer than {} bytes", crate::verify::MAX_JWT_LEN)]
    TooLong,
    /// The backend would refuse the request, with words that no client understands (JIR-7).
    #[error("it has {length} bytes, the backend's header takes {limit} (max_phantom_token_bytes)")]
    TooLongForBackend {
        /// Bytes of the token.
        length: usize,
        /// Bytes allowed by the configuration.
        limit: usize,
    },
    /// Not strict JSON, `crit` or `b64` in it, `alg` missing, or `alg`, `typ` or `kid` of the
    /// wrong type.
    #[error("its header is refused: {0}")]
    Header(&'static str),
    /// Not in the allow-list, or no asymmetric one at all (JWT-2).
    #[error(
        "its algorithm is not among those that `algorithms` and `signed_response_algorithm` allow"
    )]
    Algorithm,
    /// On a request, newer keys were looked for first (DSC-7).
    #[error("no key of the issuer has its kid")]
    UnknownKey,
    /// The key decides on the algorithm; the token only names it (JWT-2).
    #[error("the key of its kid does not serve its algorithm")]
    KeyMisfit,
    /// The token names no key, or a name that several have (JWT-4).
    #[error("more than one key of the issuer fits")]
    AmbiguousKey,
    /// Forged, or by a key that the issuer no longer has.
    #[error("its signature does not verify")]
    Signature,
    /// RFC 8725 §3.11; `accepted_typ` says which are.
    #[error("its typ is not accepted for this key manager")]
    Typ,
    /// An ID token, a refresh token, a proof, by its claims (JWT-14).
    #[error("it is another kind of token: {0}")]
    OtherKind(&'static str),
    /// Duplicate members are among the reasons.
    #[error("its payload is not a strict JSON object")]
    Payload,
    /// A claim of `required_claims`, or one that its standard requires.
    #[error("claim {0} is missing")]
    ClaimMissing(Box<str>),
    /// Of another type than its standard gives it (INT-9).
    #[error("claim {0} is malformed")]
    ClaimMalformed(&'static str),
    /// A signed introspection answer whose members stand where a token's stand: nothing in it says that
    /// it is for us (RFC 9701 §5).
    #[error(
        "it is a signed introspection answer (typ token-introspection+jwt) without the member \
         token_introspection that RFC 9701 asks for: no phantom token, and too little to permit. Have the \
         server answer by RFC 9701 (response = \"rfc9701\") or in JSON (response = \"json\")"
    )]
    FlatStatement,
    /// Compared byte by byte; absent is another one too (JWT-6).
    #[error("its issuer is not the one of the metadata or, where that is set, of `issuer`")]
    Issuer,
    /// The `aud` of a signed answer (RFC 9701 §5) lacks our client id. A token's audience is
    /// judged by `core::authorize`.
    #[error("its audience is not this gateway")]
    Audience,
    /// `exp`, with the tolerance for clocks (JWT-9).
    #[error("it has expired")]
    Expired,
    /// `nbf`, with the tolerance for clocks (JWT-9).
    #[error("it is not valid yet")]
    NotYetValid,
    /// `iat` is later than now and the tolerance for clocks.
    #[error("it was issued in the future")]
    IssuedInFuture,
    /// `iat` of a signed answer is more than a minute and the tolerance for clocks ago (JIR-2).
    #[error("it was issued too long ago to be an answer to this question")]
    NotRecent,
}
