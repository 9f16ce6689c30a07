//! One metadata document: where it is, whose it is, what it may name.

use phantom_core::json;
use serde_json::Map;
use serde_json::Value;
use thiserror::Error;
use url::Url;

use crate::discovery::DocumentRules;
use crate::egress::Target;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// The two places a document may stand. Only the configured one is tried (DSC-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnown {
    /// OpenID Connect Discovery §4: appended to the issuer.
    OpenId,
    /// RFC 8414 §3: inserted between host and path.
    OAuth,
}

impl WellKnown {
    /// The document's address for an issuer.
    #[must_use]
    pub fn address(self, issuer: &str) -> Option<Url> {
        let text = match self {
            Self::OpenId => format!("{}{OPENID}", issuer.strip_suffix('/').unwrap_or(issuer)),
            Self::OAuth => {
                let path = issuer.find("://").map(|scheme| scheme + 3)?;
                let path = issuer.get(path..)?.find('/').map_or(issuer.len(), |slash| path + slash);
                let (origin, path) = issuer.split_at_checked(path)?;
                format!("{origin}{OAUTH}{}", path.strip_suffix('/').unwrap_or(path))
            }
        };
        Url::parse(&text).ok()
    }

    /// The issuer that a document at this address speaks for. Byte for byte what was configured:
    /// no URL parser in between. `None` where the address is of neither form.
    #[must_use]
    pub fn issuer_of(well_known: &str) -> Option<String> {
        if let Some(issuer) = well_known.strip_suffix(OPENID) {
            return Some(issuer.to_owned());
        }
        let (origin, path) = well_known.split_once(OAUTH)?;
        (path.is_empty() || path.starts_with('/')).then(|| format!("{origin}{path}"))
    }
}

/// The members of a document that we use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) issuer: Box<str>,
    pub(crate) introspection_endpoint: Option<Endpoint>,
    /// RFC 8705 §5.
    pub(crate) mtls_introspection_endpoint: Option<Endpoint>,
    pub(crate) jwks_uri: Option<Endpoint>,
    /// `introspection_endpoint_auth_signing_alg_values_supported`.
    pub(crate) assertion_algorithms: Option<Vec<Box<str>>>,
}

/// An address, or why it is not gone to: that is for who needs it, and stops nobody else.
pub(crate) type Endpoint = Result<Target, InvalidEndpoint>;

#[derive(Debug, Error)]
pub(crate) enum InvalidMetadata {
    #[error("the document is not acceptable JSON")]
    Json(#[source] json::InvalidJson),
    #[error(
        "the document's issuer is {found:?}, it has to be {expected:?}: document discarded; if the former is \
         right, set it as issuer"
    )]
    Issuer { expected: Box<str>, found: Box<str> },
}

#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum InvalidEndpoint {
    #[error("{member} of its metadata is not a URL: set it in the configuration")]
    NotAUrl { member: &'static str },
    #[error("{member} of its metadata is not https: set it in the configuration if it is right")]
    NotHttps { member: &'static str },
    #[error(
        "{member} of its metadata is on host {host:?}, which is not the document's: add it to \
         allowed_hosts if it is right"
    )]
    OtherHost { member: &'static str, host: Box<str> },
}

impl Metadata {
    pub(crate) fn parse(
        document: &[u8],
        well_known: &Url,
        rules: &DocumentRules,
    ) -> Result<Self, InvalidMetadata> {
        let members = json::parse_object(document).map_err(InvalidMetadata::Json)?;
        let issuer = members.get("issuer").and_then(Value::as_str).unwrap_or_default();
        if *issuer != *rules.issuer {
            return Err(InvalidMetadata::Issuer {
                expected: rules.issuer.clone(),
                found: issuer.chars().take(256).collect::<String>().into(),
            });
        }
        let endpoint = |members: &Map<String, Value>, name| {
            let stated = members.get(name).filter(|value| !value.is_null());
            stated.map(|value| derived(value, name, well_known, rules))
        };
        let aliases = members.get("mtls_endpoint_aliases").and_then(Value::as_object);
        Ok(Self {
            issuer: issuer.into(),
            introspection_endpoint: endpoint(&members, "introspection_endpoint"),
            mtls_introspection_endpoint: aliases
                .and_then(|aliases| endpoint(aliases, "introspection_endpoint")),
            jwks_uri: endpoint(&members, "jwks_uri"),
            assertion_algorithms: members
                .get("introspection_endpoint_auth_signing_alg_values_supported")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(Value::as_str).map(Box::from).collect()),
        })
    }
}

/// An address the document names: https, and on the document's own host or a listed one. The
/// operator vouches for the former; the latter is watched when we connect (DSC-4).
fn derived(
    value: &Value,
    member: &'static str,
    well_known: &Url,
    rules: &DocumentRules,
) -> Result<Target, InvalidEndpoint> {
    let url = value
        .as_str()
        .and_then(|text| Url::parse(text).ok())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or(InvalidEndpoint::NotAUrl { member })?;
    let host = url.host_str().unwrap_or_default();
    let same_host = well_known.host_str() == Some(host);
    // Plain only where the operator had the document itself fetched that way.
    let plain = url.scheme() == "http" && well_known.scheme() == "http" && same_host;
    if url.scheme() != "https" && !plain {
        return Err(InvalidEndpoint::NotHttps { member });
    }
    if !same_host && !rules.allowed_hosts.iter().any(|allowed| **allowed == *host) {
        return Err(InvalidEndpoint::OtherHost { member, host: host.into() });
    }
    Ok(Target { url, guarded: !same_host })
}

#[cfg(test)]
mod tests;
