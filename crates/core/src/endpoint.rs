//! Where backends are: what control planes take, configuration files name and gateways call, by one
//! rule.

use std::net::IpAddr;

use thiserror::Error;
use url::Host;
use url::Url;

use crate::address;

/// Longest URL of an endpoint, in bytes.
pub const MAX_ENDPOINT: usize = 2048;

/// An absolute http or https URL that a path can be appended to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Over TLS.
    pub https: bool,
    /// Host in URI form, without brackets for IPv6.
    pub host: Box<str>,
    /// Written out, or the scheme's own.
    pub port: u16,
    /// Without a slash at the end; empty for the root. Sent byte for byte.
    pub path: Box<str>,
}

/// Why a URL is no endpoint.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidEndpoint {
    /// More than [`MAX_ENDPOINT`] bytes.
    #[error("is longer than {MAX_ENDPOINT} bytes")]
    TooLong,
    /// Another scheme, no host, or port 0.
    #[error("is not an absolute http or https URL with a host and a port that is not 0")]
    NotHttp,
    /// A user name or password before the host.
    #[error("holds a user name or password")]
    Credentials,
    /// A query or a fragment.
    #[error("holds a query or fragment")]
    Query,
    /// Neither a name nor an address.
    #[error("has a host that is no name and no address")]
    Host,
    /// A path that is not sent as it is written.
    #[error("has a path with empty or dot segments or characters to be encoded")]
    Path,
}

impl Endpoint {
    /// Reads a URL. What the URL standard would mend is refused, as it would not be sent as written.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        if text.len() > MAX_ENDPOINT {
            return Err(InvalidEndpoint::TooLong);
        }
        // Byte for byte what is sent: one that the URL parser mends is not what was meant.
        let written = text.split_once("://").ok_or(InvalidEndpoint::NotHttp)?.1;
        let (authority, written) = match written.find(['/', '?', '#']) {
            Some(at) => written.split_at_checked(at).ok_or(InvalidEndpoint::NotHttp)?,
            None => (written, ""),
        };
        if authority.contains(|c: char| c.is_whitespace() || c.is_control() || "\\{}%".contains(c))
        {
            return Err(InvalidEndpoint::Host);
        }
        let url = Url::parse(text).map_err(|_| InvalidEndpoint::NotHttp)?;
        let https = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(InvalidEndpoint::NotHttp),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidEndpoint::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidEndpoint::Query);
        }
        let host: Box<str> = match url.host() {
            Some(Host::Domain(name)) if is_name(name) => name.into(),
            Some(Host::Domain(_)) => return Err(InvalidEndpoint::Host),
            Some(Host::Ipv4(address)) => address.to_string().into(),
            Some(Host::Ipv6(address)) => address.to_string().into(),
            None => return Err(InvalidEndpoint::NotHttp),
        };
        let is_same = written == url.path() || (written.is_empty() && url.path() == "/");
        let path = written.trim_end_matches('/');
        if !is_same || path.contains("//") || path.contains(['{', '}', '|', '^', '`', '\\']) {
            return Err(InvalidEndpoint::Path);
        }
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or(InvalidEndpoint::NotHttp)?;
        Ok(Self { https, host, port, path: path.into() })
    }

    /// Returns whether it says of itself that it is on the machine that calls it, or where only machines of the
    /// same link are. Other names may lead there all the same, which is seen when they are called.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(literal) => address::is_local(literal),
            Err(_) => address::is_local_name(&self.host),
        }
    }
}

/// As resolvers take it and certificates may hold it.
fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_absolute_url_that_is_sent_as_written() {
        for (text, (https, host, port, path)) in [
            ("http://localhost:3000/api", (false, "localhost", 3000, "/api")),
            ("https://httpbin.org", (true, "httpbin.org", 443, "")),
            ("HTTPS://HttpBin.org/A", (true, "httpbin.org", 443, "/A")),
            ("http://[::1]:81/", (false, "::1", 81, "")),
            ("http://127.0.0.1/a%20b/", (false, "127.0.0.1", 80, "/a%20b")),
            ("http://my_service:8080", (false, "my_service", 8080, "")),
            ("http://bücher.example/", (false, "xn--bcher-kva.example", 80, "")),
        ] {
            let expected = Endpoint { https, host: host.into(), port, path: path.into() };
            assert_eq!(Endpoint::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_gateways_cannot_call_is_no_endpoint() {
        use InvalidEndpoint as Invalid;
        let long = format!("http://b/{}", "a".repeat(MAX_ENDPOINT));
        for (text, error) in [
            ("localhost:3000", Invalid::NotHttp),
            ("http:b", Invalid::NotHttp),
            ("/api", Invalid::NotHttp),
            ("", Invalid::NotHttp),
            ("ftp://b", Invalid::NotHttp),
            ("unix:/run/b", Invalid::NotHttp),
            ("http://", Invalid::NotHttp),
            ("http:///b", Invalid::Path),
            ("http://b:0", Invalid::NotHttp),
            ("http://b:99999", Invalid::NotHttp),
            ("http://u:p@b", Invalid::Credentials),
            ("http://b/?q", Invalid::Query),
            ("http://b?q", Invalid::Query),
            ("http://b/#f", Invalid::Query),
            ("http://b/a/../c", Invalid::Path),
            ("http://b/a b", Invalid::Path),
            ("http://b/é", Invalid::Path),
            ("http://b/{uri.var.t}", Invalid::Path),
            ("http://b/a//b", Invalid::Path),
            ("http://b/a\\b", Invalid::Path),
            ("http://b/a\r\nX: y", Invalid::Path),
            ("http://b/a ", Invalid::Path),
            ("http://b\n.example/", Invalid::Host),
            ("http://{region}.example.com", Invalid::Host),
            ("http://a..b/", Invalid::Host),
            ("http://b\\c/", Invalid::Host),
            ("http://%61/", Invalid::Host),
            (long.as_str(), Invalid::TooLong),
        ] {
            assert_eq!(Endpoint::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_endpoint_may_say_that_it_is_on_this_machine() {
        for text in [
            "http://localhost:9090",
            "http://LOCALHOST./",
            "http://a.localhost",
            "http://127.8.8.8",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0.0.0.0",
            "http://[::1]",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "http://169.254.169.254/latest",
            "http://[fe80::1]",
        ] {
            assert!(Endpoint::parse(text).unwrap().is_local(), "{text}");
        }
        for text in ["http://10.0.0.1", "http://localhost.example", "https://[2001:db8::1]"] {
            assert!(!Endpoint::parse(text).unwrap().is_local(), "{text}");
        }
    }
}
