//! The server's signing keys: one that signs, and those that signed before it.

mod signing_key;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use self::signing_key::SigningKey;
pub use self::signing_key::{KeyError, SigningAlgorithm};

/// Retired keys published beside the active one; beyond it the oldest goes.
const MAX_RETIRED: usize = 16;

#[derive(Debug)]
pub(crate) struct KeyRing {
    algorithm: SigningAlgorithm,
    keys: RwLock<Keys>,
}

#[derive(Debug)]
struct Keys {
    active: Arc<SigningKey>,
    retired: VecDeque<Retired>,
}

#[derive(Debug)]
struct Retired {
    jwk: Value,
    publish_until: i64,
}

impl KeyRing {
    pub(crate) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let active = Arc::new(SigningKey::generate(algorithm)?);
        Ok(Self { algorithm, keys: RwLock::new(Keys { active, retired: VecDeque::new() }) })
    }

    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// A JWT in compact form. `typ` is the media type without `application/` (RFC 7515 §4.1.9).
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, KeyError> {
        let active = {
            let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&keys.active)
        };
        active.sign(typ, claims)
    }

    /// Makes a new key the active one and returns its `kid`. The old one stays published until
    /// `publish_until`, when the last JWT it signed is over; `None` drops it and all before it.
    pub(crate) fn rotate(&self, publish_until: Option<i64>, now: i64) -> Result<String, KeyError> {
        let new = Arc::new(SigningKey::generate(self.algorithm)?);
        let kid = new.kid().to_owned();
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut keys.active, new);
        match publish_until {
            Some(publish_until) => {
                keys.retired.retain(|key| now < key.publish_until);
                keys.retired.push_back(Retired { jwk: old.jwk().clone(), publish_until });
                if keys.retired.len() > MAX_RETIRED {
                    keys.retired.pop_front();
                }
            }
            None => keys.retired.clear(),
        }
        Ok(kid)
    }

    /// The JWK set (RFC 7517 §5), the active key first.
    pub(crate) fn jwks(&self, now: i64) -> Value {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let retired = keys.retired.iter().filter(|key| now < key.publish_until);
        let published: Vec<&Value> =
            std::iter::once(keys.active.jwk()).chain(retired.map(|key| &key.jwk)).collect();
        json!({ "keys": published })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(ring: &KeyRing, now: i64) -> usize {
        ring.jwks(now)["keys"].as_array().unwrap().len()
    }

    #[test]
    fn a_retired_key_is_published_until_its_last_jwt_is_over() {
        let ring = KeyRing::generate(SigningAlgorithm::Es256).unwrap();
        ring.rotate(Some(300), 0).unwrap();
        assert_eq!(published(&ring, 299), 2);
        assert_eq!(published(&ring, 300), 1);
    }

    #[test]
    fn the_new_key_comes_first_and_signs() {
        let ring = KeyRing::generate(SigningAlgorithm::EdDsa).unwrap();
        let kid = ring.rotate(Some(300), 0).unwrap();
        assert_eq!(ring.jwks(0)["keys"][0]["kid"], json!(kid));
        let jwt = ring.sign("at+jwt", &json!({})).unwrap();
        let jws = crate::jose::UnverifiedJws::parse(&jwt).unwrap();
        assert_eq!(jws.header_text("kid"), Some(kid.as_str()));
    }

    #[test]
    fn dropping_the_old_key_drops_every_retired_one() {
        let ring = KeyRing::generate(SigningAlgorithm::EdDsa).unwrap();
        ring.rotate(Some(300), 0).unwrap();
        ring.rotate(None, 0).unwrap();
        assert_eq!(published(&ring, 0), 1);
    }

    #[test]
    fn retired_keys_are_bounded() {
        let ring = KeyRing::generate(SigningAlgorithm::EdDsa).unwrap();
        for _ in 0..MAX_RETIRED + 5 {
            ring.rotate(Some(300), 0).unwrap();
        }
        assert_eq!(published(&ring, 0), MAX_RETIRED + 1);
    }
}
