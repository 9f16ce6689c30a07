//! Why a JWT is not believed. Causes go to the log; the client gets one text for all (JWT-16).

use thiserror::Error;

/// No claim value and no part of the token is in here (INT-11).
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("it is not a compact JWS in strict base64url")]
    Shape,
    #[error("it is longer than {} bytes", crate::verify::MAX_JWT_LEN)]
    TooLong,
    #[error("it has {length} bytes, the backend's header takes {limit} (max_phantom_token_bytes)")]
    TooLongForBackend { length: usize, limit: usize },
    #[error("its header is refused: {0}")]
    Header(&'static str),
    #[error("its algorithm is not allowed")]
    Algorithm,
    #[error("no key of the issuer has its kid")]
    UnknownKey,
    #[error("the key of its kid does not serve its algorithm")]
    KeyMisfit,
    #[error("more than one key of the issuer fits")]
    AmbiguousKey,
    #[error("its signature does not verify")]
    Signature,
    #[error("its typ is not accepted for this key manager")]
    Typ,
    #[error("it is another kind of token: {0}")]
    OtherKind(&'static str),
    #[error("its payload is not a strict JSON object")]
    Payload,
    #[error("claim {0} is missing")]
    ClaimMissing(Box<str>),
    #[error("claim {0} is malformed")]
    ClaimMalformed(&'static str),
    #[error("its issuer is not the configured one")]
    Issuer,
    #[error("its audience is not this gateway")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it was issued in the future")]
    IssuedInFuture,
    #[error("it was issued too long ago to be an answer to this question")]
    NotRecent,
}
