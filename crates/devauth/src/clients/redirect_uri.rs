//! Where the browser may be sent back to.

use url::{Host, Url};

/// Longer redirect URIs are refused.
const MAX_LENGTH: usize = 2048;

/// What a client registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectUri {
    /// Compared character by character (RFC 9700 §2.1).
    Exact(String),
    /// 127.0.0.1, `[::1]` or localhost with any port and path (RFC 8252 §7.3, §8.3), over `https` too: the
    /// console of the demo is there.
    Loopback,
}

impl RedirectUri {
    fn matches(&self, asked: &str, parsed: &Url) -> bool {
        match self {
            Self::Exact(registered) => registered == asked,
            Self::Loopback => is_loopback(parsed),
        }
    }
}

/// The URI to answer to, or `None` if the client did not register it.
///
/// RFC 6749 §3.1.2.3: it may be left out when exactly one complete URI is registered.
pub(crate) fn choose(registered: &[RedirectUri], asked: Option<&str>) -> Option<Url> {
    match asked {
        Some(asked) if asked.len() <= MAX_LENGTH => {
            let parsed = Url::parse(asked).ok()?;
            // RFC 6749 §3.1.2: no fragment. User information has no place here either.
            let plain = parsed.fragment().is_none()
                && parsed.username().is_empty()
                && parsed.password().is_none();
            (plain && registered.iter().any(|uri| uri.matches(asked, &parsed))).then_some(parsed)
        }
        Some(_) => None,
        None => match registered {
            [RedirectUri::Exact(only)] => Url::parse(only).ok(),
            _ => None,
        },
    }
}

fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && match url.host() {
            Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
            Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_rule_takes_any_port_and_path_and_no_other_host() {
        let rule = [RedirectUri::Loopback];
        for good in [
            "http://127.0.0.1:1/cb",
            "http://localhost/",
            "http://[::1]:9/x?y=z",
            "https://localhost:9443/cb",
        ] {
            assert!(choose(&rule, Some(good)).is_some(), "{good}");
        }
        for bad in [
            "ftp://localhost/cb",
            "https://localhost.example.com/cb",
            "http://localhost.example.com/cb",
            "http://127.0.0.1@evil.example/cb",
            "http://user@localhost/cb",
            "http://localhost/cb#part",
            "http://example.com/?http://localhost/",
            "javascript:alert(1)",
            "/cb",
            "",
        ] {
            assert!(choose(&rule, Some(bad)).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_exact_rule_compares_every_character() {
        let rule = [RedirectUri::Exact("https://app.example/cb".to_owned())];
        assert!(choose(&rule, Some("https://app.example/cb")).is_some());
        assert!(choose(&rule, Some("https://app.example/cb/")).is_none());
        assert!(choose(&rule, Some("https://app.example:443/cb")).is_none());
        assert_eq!(choose(&rule, None).unwrap().as_str(), "https://app.example/cb");
    }

    #[test]
    fn a_uri_can_be_left_out_only_when_one_complete_one_is_registered() {
        assert!(choose(&[RedirectUri::Loopback], None).is_none());
        let one = RedirectUri::Exact("https://app.example/cb".to_owned());
        assert!(choose(&[one.clone(), RedirectUri::Loopback], None).is_none());
        assert!(choose(&[], None).is_none());
    }

    #[test]
    fn an_overlong_uri_is_refused() {
        let long = format!("http://localhost/{}", "a".repeat(MAX_LENGTH));
        assert!(choose(&[RedirectUri::Loopback], Some(&long)).is_none());
    }
}
