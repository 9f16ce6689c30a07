//! URLs of authorization servers, over which tokens and secrets go.

use url::Host;
use url::Url;

/// Returns whether nobody on the way reads what is sent there: over https, or on this machine.
#[must_use]
pub fn is_secure(url: &Url) -> bool {
    let is_this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => true,
        "http" => is_this_machine,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine() {
        let is_secure = |text: &str| is_secure(&Url::parse(text).unwrap());
        for text in
            ["https://as.example/x", "http://localhost:8443", "http://127.0.0.1", "http://[::1]"]
        {
            assert!(is_secure(text), "{text}");
        }
        for text in
            ["http://as.example", "http://localhost.example", "http://10.0.0.1", "ftp://localhost"]
        {
            assert!(!is_secure(text), "{text}");
        }
    }
}
