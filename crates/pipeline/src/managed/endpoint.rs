//! From the URL of an endpoint to the upstream that requests are sent to.

use thiserror::Error;
use url::Host;
use url::Url;

use crate::route::Upstream;

#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum InvalidEndpoint {
    #[error("not an absolute http or https URL with a host and a port that is not 0")]
    NotHttp,
    #[error("a user name or password in it")]
    Credentials,
    #[error("a query or fragment in it")]
    Query,
    #[error("a path with dot segments or characters to be encoded")]
    Path,
}

pub(super) fn parse(text: &str) -> Result<Upstream, InvalidEndpoint> {
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
        Some(Host::Domain(name)) => name.into(),
        Some(Host::Ipv4(address)) => address.to_string().into(),
        Some(Host::Ipv6(address)) => address.to_string().into(),
        None => return Err(InvalidEndpoint::NotHttp),
    };
    // The path goes out byte for byte: one that the URL parser rewrites is not what was meant.
    let written = text.trim().split_once("://").map_or("", |(_, rest)| rest);
    let written = written.find('/').and_then(|at| written.get(at..)).unwrap_or("/");
    if written != url.path() {
        return Err(InvalidEndpoint::Path);
    }
    let port = url.port_or_known_default().filter(|port| *port != 0);
    let port = port.ok_or(InvalidEndpoint::NotHttp)?;
    Ok(Upstream { https, host, port, path: written.trim_end_matches('/').into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_absolute_url_that_is_sent_as_written() {
        let cases = [
            ("http://localhost:3000/api", (false, "localhost", 3000, "/api")),
            ("https://httpbin.org", (true, "httpbin.org", 443, "")),
            ("http://[::1]:81/", (false, "::1", 81, "")),
            ("http://127.0.0.1/a%20b/", (false, "127.0.0.1", 80, "/a%20b")),
        ];
        for (text, (https, host, port, path)) in cases {
            let expected = Upstream { https, host: host.into(), port, path: path.into() };
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for (text, error) in [
            ("localhost:3000", InvalidEndpoint::NotHttp),
            ("/api", InvalidEndpoint::NotHttp),
            ("", InvalidEndpoint::NotHttp),
            ("ftp://b", InvalidEndpoint::NotHttp),
            ("http://b:0", InvalidEndpoint::NotHttp),
            ("http://b:99999", InvalidEndpoint::NotHttp),
            ("http://u:p@b", InvalidEndpoint::Credentials),
            ("http://b/?q", InvalidEndpoint::Query),
            ("http://b/#f", InvalidEndpoint::Query),
            ("http://b/a/../c", InvalidEndpoint::Path),
            ("http://b/a b", InvalidEndpoint::Path),
            ("http://b/a\r\nX: y", InvalidEndpoint::Path),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
