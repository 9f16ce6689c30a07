//! Where an API's backends are.

use phantom_access::plane::Settings;
use phantom_core::Endpoint;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;

use crate::apis::document::EndpointConfig;

/// Longest configuration kept, in bytes of JSON.
const MAX_CONFIG: usize = 16 * 1024;

pub(super) fn check(config: &EndpointConfig, reach: Reach) -> Outcome<()> {
    let EndpointConfig(config) = config;
    match config.get("endpoint_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if kind == "http" => {}
        Some(_) => {
            return Err(Refusal::invalid("endpointConfig: endpoint_type has to be http"));
        }
    }
    for kind in ["production_endpoints", "sandbox_endpoints"] {
        match config.get(kind) {
            None | Some(Value::Null) => {}
            Some(Value::Object(endpoint)) => match endpoint.get("url") {
                None | Some(Value::Null) => {}
                Some(Value::String(url)) if url.is_empty() => {}
                Some(Value::String(url)) => {
                    reach.check(kind, url)?;
                }
                Some(_) => return Err(refused(kind, "url has to be text")),
            },
            Some(_) => return Err(refused(kind, "has to be an object with a url")),
        }
    }
    if has_credentials(config.get("endpoint_security")) {
        // Accepting them would promise that backends are called with them.
        let rule = "endpointConfig: endpoint_security is not supported, switch it off";
        return Err(Refusal::invalid(rule));
    }
    let size = serde_json::to_string(config).map_or(usize::MAX, |text| text.len());
    if size > MAX_CONFIG {
        return Err(Refusal::invalid(format!("endpointConfig: at most {MAX_CONFIG} bytes")));
    }
    Ok(())
}

/// Where endpoints may be.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Also on the machines of gateways, and on their links.
    local: bool,
}

impl Reach {
    #[must_use]
    pub const fn of(settings: &Settings) -> Self {
        Self { local: settings.allow_local_endpoints }
    }

    /// Whether gateways can call it, and may.
    pub fn check(self, member: &str, text: &str) -> Outcome<()> {
        let endpoint =
            Endpoint::parse(text).map_err(|error| refused(member, &format!("the URL {error}")))?;
        if endpoint.is_local() && !self.local {
            let why = "the URL leads to the gateway's own machine or its link, which \
                       control.allow_local_endpoints permits";
            return Err(refused(member, why));
        }
        Ok(())
    }
}

fn refused(member: &str, why: &str) -> Refusal {
    Refusal::invalid(format!("{member}: {why}"))
}

/// `{"production":{"enabled":true,…},"sandbox":…}`.
fn has_credentials(security: Option<&Value>) -> bool {
    let Some(Value::Object(kinds)) = security else { return false };
    kinds.values().any(|kind| {
        kind.get("enabled").is_some_and(|enabled| *enabled == true || *enabled == "true")
            || kind.get("password").and_then(Value::as_str).is_some_and(|text| !text.is_empty())
            || kind.get("clientSecret").and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    })
}
