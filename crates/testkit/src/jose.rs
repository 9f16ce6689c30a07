//! Signs tokens for tests: good ones by default, and any header and payload on request.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use phantom_core::UnixTime;
use serde_json::Value;
use serde_json::json;

/// A key pair with a `kid`, and the algorithm it signs with.
#[derive(Debug)]
pub struct Signer {
    kid: String,
    alg: &'static str,
    key: Key,
}

enum Key {
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Signer {
    #[must_use]
    pub fn es256(kid: &str) -> Self {
        Self::ec(kid, "ES256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    #[must_use]
    pub fn es384(kid: &str) -> Self {
        Self::ec(kid, "ES384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    #[must_use]
    pub fn es512(kid: &str) -> Self {
        Self::ec(kid, "ES512", &signature::ECDSA_P521_SHA512_FIXED_SIGNING)
    }

    fn ec(
        kid: &str,
        alg: &'static str,
        signing: &'static signature::EcdsaSigningAlgorithm,
    ) -> Self {
        let key = EcdsaKeyPair::generate(signing).expect("an EC key can be generated");
        Self { kid: kid.to_owned(), alg, key: Key::Ec(key) }
    }

    #[must_use]
    pub fn ed25519(kid: &str) -> Self {
        let key = Ed25519KeyPair::generate().expect("an Ed25519 key can be generated");
        Self { kid: kid.to_owned(), alg: "EdDSA", key: Key::Ed25519(key) }
    }

    /// `alg`: one of RS256 to RS512 and PS256 to PS512.
    #[must_use]
    pub fn rsa(kid: &str, alg: &'static str) -> Self {
        let key = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("an RSA key");
        Self { kid: kid.to_owned(), alg, key: Key::Rsa(key) }
    }

    #[must_use]
    pub fn rs256(kid: &str) -> Self {
        Self::rsa(kid, "RS256")
    }

    /// The same key under another algorithm of its family.
    #[must_use]
    pub fn with_alg(mut self, alg: &'static str) -> Self {
        self.alg = alg;
        self
    }

    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// An access token (RFC 9068).
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_typ("at+jwt", claims)
    }

    #[must_use]
    pub fn sign_typ(&self, typ: &str, claims: &Value) -> String {
        self.sign_with(&json!({"alg": self.alg, "typ": typ, "kid": self.kid}), claims)
    }

    /// Any header, also a lying one; signed with this key's algorithm.
    #[must_use]
    pub fn sign_with(&self, header: &Value, claims: &Value) -> String {
        self.sign_raw(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// Any bytes for header and payload.
    #[must_use]
    pub fn sign_raw(&self, header: &[u8], payload: &[u8]) -> String {
        let mut token =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = URL_SAFE_NO_PAD.encode(self.signature(token.as_bytes()));
        token.push('.');
        token.push_str(&signature);
        token
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ec(key) => key.sign(&random, message).expect("it signs").as_ref().to_vec(),
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::Rsa(key) => {
                let encoding: &'static dyn signature::RsaEncoding = match self.alg {
                    "RS256" => &signature::RSA_PKCS1_SHA256,
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    "PS512" => &signature::RSA_PSS_SHA512,
                    other => panic!("{other} is no RSA algorithm"),
                };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(encoding, &random, message, &mut signature).expect("it signs");
                signature
            }
        }
    }

    /// The public key, with `kid`, `use` and `alg`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let encode = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let mut jwk = match &self.key {
            Key::Ec(key) => {
                let point = &key.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let crv = match self.alg {
                    "ES384" => "P-384",
                    "ES512" => "P-521",
                    _ => "P-256",
                };
                json!({"kty": "EC", "crv": crv, "x": encode(x), "y": encode(y)})
            }
            Key::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref())})
            }
            Key::Rsa(key) => {
                let (n, e) = rsa_components(key.public_key().as_ref());
                json!({"kty": "RSA", "n": encode(n), "e": encode(e)})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.alg);
        jwk
    }

    /// A key set with this key alone.
    #[must_use]
    pub fn jwks(&self) -> String {
        jwks(&[self])
    }

    /// The private key, as `private_key_jwt` wants it.
    #[must_use]
    pub fn private_key_pem(&self) -> String {
        let der = match &self.key {
            Key::Ec(key) => key.to_pkcs8v1().expect("it exports").as_ref().to_vec(),
            Key::Ed25519(key) => key.to_pkcs8v1().expect("it exports").as_ref().to_vec(),
            Key::Rsa(key) => {
                let der: Pkcs8V1Der<'_> = key.as_der().expect("it exports");
                der.as_ref().to_vec()
            }
        };
        let body = STANDARD.encode(der);
        let lines: Vec<&str> =
            body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
    }
}

/// A key set of several keys.
#[must_use]
pub fn jwks(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({"keys": keys}).to_string()
}

/// The claims of a good access token that lives five minutes.
#[must_use]
pub fn access_token_claims(issuer: &str, now: UnixTime) -> Value {
    json!({
        "iss": issuer,
        "sub": "alice",
        "aud": "client-one",
        "client_id": "client-one",
        "scope": "read write",
        "iat": now.as_secs(),
        "exp": now.as_secs() + 300,
        "jti": "c2f9",
    })
}

/// Modulus and exponent of a DER RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa_components(der: &[u8]) -> (&[u8], &[u8]) {
    fn element(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, header) = match der[1] {
            short @ 0..0x80 => (usize::from(short), 2),
            long => {
                let octets = usize::from(long & 0x7f);
                let length =
                    der[2..2 + octets].iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
                (length, 2 + octets)
            }
        };
        der[header..].split_at(length)
    }
    let (sequence, _) = element(der);
    let (n, rest) = element(sequence);
    let (e, _) = element(rest);
    (n.strip_prefix(&[0]).unwrap_or(n), e)
}
