//! The issuer identifier and the URLs that follow from it.

use url::{Host, Url};

use crate::error::DevAuthError;

pub(crate) const TOKEN_PATH: &str = "/oauth/v2/oauth-token";
pub(crate) const INTROSPECTION_PATH: &str = "/oauth/v2/oauth-introspect";
pub(crate) const REVOCATION_PATH: &str = "/oauth/v2/oauth-revoke";
pub(crate) const AUTHORIZATION_PATH: &str = "/oauth/v2/oauth-authorize";
pub(crate) const JWKS_PATH: &str = "/oauth/v2/oauth-anonymous/jwks";
const ISSUER_PATH: &str = "/oauth/v2/oauth-anonymous";

/// Scheme and authority of the issuer, and its path without a final slash.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    identifier: String,
    origin: String,
    path: String,
}

impl Issuer {
    /// The issuer of a server nobody gave another name.
    pub(crate) fn local(port: u16, tls: bool) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let origin = format!("{scheme}://localhost:{port}");
        let identifier = format!("{origin}{ISSUER_PATH}");
        Self { identifier, origin, path: ISSUER_PATH.to_owned() }
    }

    pub(crate) fn parse(identifier: &str) -> Result<Self, DevAuthError> {
        let refuse = |problem| DevAuthError::Issuer { issuer: identifier.to_owned(), problem };
        let url = Url::parse(identifier).map_err(|_| refuse("is not a URL"))?;
        // RFC 8414 §2: https; plain http is for a development machine's own use.
        match (url.scheme(), is_loopback(&url)) {
            ("https", _) | ("http", true) => {}
            _ => return Err(refuse("is neither https nor http on this machine")),
        }
        // RFC 8414 §2: no query, no fragment.
        if identifier.contains(['?', '#']) {
            return Err(refuse("has a query or a fragment"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("has user information"));
        }
        let origin = url.origin().ascii_serialization();
        // Compared byte for byte by everyone, so it must be written the way URLs are built from it.
        let path = identifier
            .strip_prefix(&origin)
            .filter(|path| path.is_empty() || path.starts_with('/'))
            .ok_or(refuse("is not in normal form"))?;
        if !path.split('/').skip(1).all(is_plain_segment) {
            return Err(refuse("has a path of other characters than A-Z a-z 0-9 . _ ~ -"));
        }
        // RFC 8414 §3.1: a final slash is removed before a well-known path is built.
        let path = path.trim_end_matches('/').to_owned();
        Ok(Self { identifier: identifier.to_owned(), origin, path })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.identifier
    }

    pub(crate) fn token_endpoint(&self) -> String {
        self.endpoint(TOKEN_PATH)
    }

    pub(crate) fn introspection_endpoint(&self) -> String {
        self.endpoint(INTROSPECTION_PATH)
    }

    pub(crate) fn revocation_endpoint(&self) -> String {
        self.endpoint(REVOCATION_PATH)
    }

    pub(crate) fn authorization_endpoint(&self) -> String {
        self.endpoint(AUTHORIZATION_PATH)
    }

    pub(crate) fn jwks_uri(&self) -> String {
        self.endpoint(JWKS_PATH)
    }

    /// OpenID Connect Discovery §4: appended to the issuer.
    pub(crate) fn openid_configuration_path(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.path)
    }

    /// RFC 8414 §3.1: inserted between host and path.
    pub(crate) fn authorization_server_metadata_path(&self) -> String {
        format!("/.well-known/oauth-authorization-server{}", self.path)
    }

    fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Segments that mean the same in a URL, in a route and in an address bar.
fn is_plain_segment(segment: &str) -> bool {
    segment != "."
        && segment != ".."
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows: DSC-1
    #[test]
    fn the_well_known_paths_follow_from_the_issuer() {
        let issuer = Issuer::parse("https://login.example:8443/a/b").unwrap();
        assert_eq!(issuer.openid_configuration_path(), "/a/b/.well-known/openid-configuration");
        assert_eq!(
            issuer.authorization_server_metadata_path(),
            "/.well-known/oauth-authorization-server/a/b"
        );
        assert_eq!(issuer.token_endpoint(), "https://login.example:8443/oauth/v2/oauth-token");
        let bare = Issuer::parse("https://login.example/").unwrap();
        assert_eq!(bare.as_str(), "https://login.example/");
        assert_eq!(bare.openid_configuration_path(), "/.well-known/openid-configuration");
    }

    /// Rows: DSC-3
    #[test]
    fn an_issuer_with_query_fragment_or_foreign_http_is_refused() {
        for bad in [
            "https://login.example/?a",
            "https://login.example/#a",
            "http://login.example/",
            "https://user@login.example/",
            "https://LOGIN.example/",
            "https://login.example:443/",
            "https://login.example/{a}",
            "https://login.example/:a",
            "https://login.example/a/../b",
            "ftp://localhost/",
            "login.example",
            "",
        ] {
            assert!(Issuer::parse(bad).is_err(), "{bad}");
        }
        assert!(Issuer::parse("http://localhost:1234/a").is_ok());
    }
}
