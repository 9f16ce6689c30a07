//! The signature algorithms a token may use: asymmetric ones only (JWT-2). `none` and the HMAC
//! family have no value here, so no configuration can let them in.

use std::fmt;

/// JWA names (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037 §3.1). Ed448 is not served.
    EdDsa,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4, as the next two).
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// ECDSA on P-521 with SHA-512.
    Es512,
    /// RSASSA-PSS with SHA-256 (RFC 7518 §3.5, as the next two).
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3, as the next two).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

impl Algorithm {
    /// In the order of their JWA names.
    pub const ALL: [Self; 10] = [
        Self::EdDsa,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
    ];

    /// Compared exactly: `none`, `None`, `hs256` and `es256` are all unknown. RFC 9864 renames
    /// `EdDSA` over this curve to `Ed25519`; both name the same algorithm.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL.into_iter().find(|algorithm| algorithm.name() == name),
        }
    }

    /// The JWA name, as headers and metadata spell it: case matters. [`Self::EdDsa`] goes by its
    /// older name, which every server knows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An allow-list of algorithms, one per key manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithms(u16);

impl Algorithms {
    /// The default of `algorithms`.
    pub const ALL: Self = Self((1 << Algorithm::ALL.len()) - 1);

    /// Returns whether a signature may be made with it.
    #[must_use]
    pub const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// Returns whether no token could be verified, which [`crate::KeyManager::build`] refuses.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Algorithm> for Algorithms {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |bits, algorithm| bits | (1 << algorithm as u16)))
    }
}

impl Default for Algorithms {
    fn default() -> Self {
        Self::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: JWT-2
    #[test]
    fn none_and_hmac_are_not_algorithms() {
        for name in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "es256", "ES521"] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
            assert!(Algorithms::ALL.contains(algorithm));
        }
        assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    }

    /// Rows: JWT-2
    #[test]
    fn an_allow_list_holds_what_was_listed() {
        let allowed: Algorithms = [Algorithm::Es256, Algorithm::Rs512].into_iter().collect();
        for algorithm in Algorithm::ALL {
            let listed = matches!(algorithm, Algorithm::Es256 | Algorithm::Rs512);
            assert_eq!(allowed.contains(algorithm), listed, "{algorithm}");
        }
        assert!(Algorithms::from_iter([]).is_empty());
    }
}
