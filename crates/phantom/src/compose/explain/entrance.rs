//! Which listener a request comes in by, by scheme and port of its URL.

use std::net::SocketAddr;

use phantom_config::Entrance;
use phantom_pipeline::Entry;
use url::Url;

use crate::compose::explain::AskedRequest;
use crate::compose::explain::Laid;

/// By what a request comes in.
pub(super) struct Found {
    pub(super) entry: Entry,
    pub(super) tls: bool,
    pub(super) said: String,
}

/// An error says that nobody listens there, and who listens where.
pub(super) fn find(asked: &AskedRequest, laid: &Laid) -> Result<Found, String> {
    let Some((https, port)) = asked.place else {
        return Ok(Found {
            entry: Entry::All,
            tls: true,
            said: "none is named: routes first, then managed APIs. A URL names one".to_owned(),
        });
    };
    let entrances = &laid.entrances;
    let at_port = |entrance: &&Entrance| entrance.address.port() == port;
    if let Some(entrance) = entrances.iter().filter(at_port).find(|each| each.tls == https) {
        let (entry, said) = (entrance.serves, described(entrance));
        return Ok(Found { entry, tls: https || entrance.behind_tls, said });
    }
    if let Some(found) = public(asked, https, port, laid) {
        return Ok(found);
    }
    // Whoever ends TLS in front of it has a port of its own.
    if https && let Some(entrance) = entrances.iter().find(|each| each.behind_tls && !each.tls) {
        let said = format!("{}, behind TLS that ends in front of it", described(entrance));
        return Ok(Found { entry: entrance.serves, tls: true, said });
    }
    Err(nobody(https, port, laid))
}

/// The address that applications know gateways by: whoever stands there sends on to a listener for APIs.
fn public(asked: &AskedRequest, https: bool, port: u16, laid: &Laid) -> Option<Found> {
    let control = laid.control.as_ref()?;
    let urls = [Some(&control.gateway_https_url), control.gateway_http_url.as_ref()];
    let known = urls.into_iter().flatten().find(|url| {
        Url::parse(url).is_ok_and(|url| {
            (url.scheme() == "https") == https
                && url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(&asked.host))
                && url.port_or_known_default() == Some(port)
        })
    })?;
    let serves_apis = || laid.entrances.iter().filter(|each| each.serves.serves_apis());
    let entrance = serves_apis().find(|each| each.tls == https).or_else(|| serves_apis().next())?;
    let said = format!("{}; applications know it as {known}", described(entrance));
    Some(Found { entry: entrance.serves, tls: https, said })
}

fn nobody(https: bool, port: u16, laid: &Laid) -> String {
    let scheme = scheme(https);
    let at = |address: &SocketAddr| address.port() == port;
    let other = laid.entrances.iter().find(|each| at(&each.address));
    let is_control = laid.control.iter().flat_map(|control| &control.bind).any(at);
    let why = match other {
        Some(other) => format!("{} speaks {}", other.address, self::scheme(other.tls)),
        None if at(&laid.management) => "that is the management listener's".to_owned(),
        None if is_control => "that is the control plane's".to_owned(),
        None => {
            let all: Vec<String> = laid.entrances.iter().map(described).collect();
            format!("there are {}", all.join("; "))
        }
    };
    format!("none takes {scheme} on port {port}: {why}")
}

fn described(entrance: &Entrance) -> String {
    let serves = match entrance.serves {
        Entry::All => "routes and managed APIs",
        Entry::Apis => "managed APIs",
        Entry::Routes => "routes",
    };
    format!("{} ({}), which serves {serves}", entrance.address, scheme(entrance.tls))
}

const fn scheme(https: bool) -> &'static str {
    if https { "https" } else { "http" }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use phantom_config::Purpose;
    use phantom_config::Source;
    use phantom_core::Clock;

    use super::*;
    use crate::clock::SystemClock;

    /// A gateway behind somebody who ends TLS at another port.
    fn laid() -> Laid {
        crate::compose::install_crypto();
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "[gateway]\ndata_dir = \"{}\"\n[[listener]]\nbind = \"127.0.0.1:18280\"\nserve = \"apis\"\n\
             behind_tls = true\n[[listener]]\nbind = \"127.0.0.1:18080\"\nserve = \"routes\"\n\
             behind_tls = true\n[control]\nbind = \"127.0.0.1:19443\"\n\
             gateway_https_url = \"https://api.example.com/\"\n",
            directory.path().display()
        );
        let source = Source { path: directory.path().join("phantom.toml"), text };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let (config, report) = source.compile(Purpose::Check, &clock);
        Laid::of(&config.unwrap_or_else(|| panic!("{report}")))
    }

    fn find(url: &str, laid: &Laid) -> Result<Found, String> {
        super::find(&AskedRequest::new("GET", url, None, [], None).unwrap(), laid)
    }

    #[test]
    fn the_address_that_applications_know_leads_to_the_listener_for_apis() {
        let mut laid = laid();
        laid.entrances.reverse();
        let found =
            find("https://api.example.com/orders", &laid).unwrap_or_else(|why| panic!("{why}"));
        assert!(found.tls && found.entry == Entry::Apis);
        assert!(
            found.said.ends_with("applications know it as https://api.example.com"),
            "{}",
            found.said
        );
        // Of another address it is only known that TLS may end in front of a listener.
        for elsewhere in ["https://other.example.com/orders", "https://api.example.com:8443/orders"]
        {
            let found = find(elsewhere, &laid).unwrap_or_else(|why| panic!("{why}"));
            assert!(found.said.ends_with("behind TLS that ends in front of it"), "{}", found.said);
        }
        let why = find("http://api.example.com/orders", &laid).err().unwrap();
        assert!(why.starts_with("none takes http on port 80"), "{why}");
    }

    #[test]
    fn a_listener_is_found_by_its_port_before_any_other_way() {
        let found = find("http://localhost:18080/", &laid()).unwrap_or_else(|why| panic!("{why}"));
        assert!(found.entry == Entry::Routes && found.tls, "TLS ends in front of it");
    }
}
