//! Secrets among a key manager's properties: taken out before anything is stored, shown as a mask.

use std::collections::BTreeMap;

use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;
use serde_json::Value;

use super::document::Properties;
use crate::connector::Connector;

/// What stands in answers in place of a secret. Sent back, it leaves the secret as it is.
pub const MASK: &str = "*****";

/// Longest secret taken, in bytes.
const MAX_SECRET: usize = 4096;

pub(crate) type Secrets = BTreeMap<String, SecretString>;

/// Takes the secrets out of the properties. `kept` are those stored now.
pub(crate) fn take(
    connector: Connector,
    properties: &mut Properties,
    kept: &Secrets,
) -> Outcome<Secrets> {
    let names: Vec<String> =
        properties.0.keys().filter(|name| connector.masks(name)).cloned().collect();
    let mut secrets = Secrets::new();
    for name in names {
        let secret = match properties.0.remove(&name) {
            Some(Value::String(text)) if text == MASK => kept.get(&name).cloned(),
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) if text.len() <= MAX_SECRET => Some(text.into()),
            Some(Value::Null) | None => None,
            Some(_) => {
                let rule =
                    format!("additionalProperties.{name}: must be a text of at most 4096 bytes");
                return Err(Refusal::invalid(rule));
            }
        };
        secrets.extend(secret.map(|secret| (name, secret)));
    }
    Ok(secrets)
}

/// Puts a mask in the place of each secret.
pub(crate) fn mask(properties: &mut Properties, secrets: &Secrets) {
    let masked = secrets.keys().map(|name| (name.clone(), Value::from(MASK)));
    properties.0.extend(masked);
}
