//! Which port is whose, and texts that name the default ones.

use std::fmt;
use std::hash::BuildHasher;
use std::hash::Hasher;
use std::hash::RandomState;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::TcpListener;

use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

/// Ports of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Ports {
    pub authorization_server: u16,
    pub api: u16,
    pub gateway: u16,
    /// Managed APIs over TLS, and without.
    pub apis_https: u16,
    pub apis_http: u16,
    pub control: u16,
    pub management: u16,
}

impl Ports {
    /// Those of the tutorials.
    pub const DEFAULT: Self = Self {
        authorization_server: 8443,
        api: 3000,
        gateway: 8080,
        apis_https: 8243,
        apis_http: 8280,
        control: 9443,
        management: 9090,
    };

    /// Each port, whose it is, and the option that changes it.
    const fn named(self) -> [(u16, &'static str, &'static str); 7] {
        [
            (self.authorization_server, "development authorization server", "--as-port"),
            (self.api, "sample API", "--api-port"),
            (self.gateway, "gateway", "--gateway-port"),
            (self.apis_https, "gateway's APIs", "--apis-port"),
            (self.apis_http, "gateway's APIs", "--apis-http-port"),
            (self.control, "control plane", "--control-port"),
            (self.management, "management listener", "--management-port"),
        ]
    }

    /// Names all that are somebody else's, so that nobody meets one after the other. A port that is free
    /// on 127.0.0.1 alone is not: half of the clients that say `localhost` would reach another server.
    pub(super) fn require_free(self) -> Result<(), PortsTaken> {
        let mut chosen: Vec<_> = self.named().into_iter().filter(|(port, ..)| *port != 0).collect();
        for (at, (port, _, flag)) in chosen.iter().enumerate() {
            if let Some((.., other)) = chosen.iter().take(at).find(|(before, ..)| before == port) {
                return Err(PortsTaken::Twice(*port, other, flag));
            }
        }
        chosen.retain(|(port, ..)| is_taken(*port));
        if chosen.is_empty() { Ok(()) } else { Err(PortsTaken::ByOthers(chosen)) }
    }

    /// With a free port in the place of each 0 that the configuration has to name. Another process
    /// may take one meanwhile, which the start then says.
    pub(super) fn settled(self) -> io::Result<Self> {
        let settle = |port| match port {
            0 => free_port(),
            port => Ok(port),
        };
        Ok(Self {
            gateway: settle(self.gateway)?,
            apis_https: settle(self.apis_https)?,
            apis_http: settle(self.apis_http)?,
            control: settle(self.control)?,
            management: settle(self.management)?,
            ..self
        })
    }

    /// The text with these ports in the place of the default ones, in one pass: what was put in
    /// is not looked at again.
    #[must_use]
    pub fn rewrite(self, text: &str) -> String {
        let default = Self::DEFAULT;
        let names = [
            (format!("localhost:{}", default.authorization_server), self.authorization_server),
            (format!("localhost:{}", default.api), self.api),
            (format!("localhost:{}", default.gateway), self.gateway),
            (format!("localhost:{}", default.apis_https), self.apis_https),
            (format!("localhost:{}", default.apis_http), self.apis_http),
            (format!("localhost:{}", default.control), self.control),
            (format!("127.0.0.1:{}", default.management), self.management),
        ];
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let next = names
                .iter()
                .filter_map(|(name, port)| Some((rest.find(name.as_str())?, name, port)))
                .min_by_key(|(at, _, _)| *at);
            let Some((at, name, port)) = next else { break };
            let (before, found) = rest.split_at(at);
            let host = name.split(':').next().unwrap_or_default();
            out.push_str(before);
            out.push_str(&format!("{host}:{port}"));
            rest = found.get(name.len()..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }
}

/// Why the demo cannot have its ports.
#[derive(Debug, Error)]
pub enum PortsTaken {
    /// Others listen there.
    ByOthers(Vec<(u16, &'static str, &'static str)>),
    /// Two of its own would, by these options.
    Twice(u16, &'static str, &'static str),
}

impl fmt::Display for PortsTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = match self {
            Self::ByOthers(others) => others,
            Self::Twice(port, one, other) => {
                return write!(
                    f,
                    "{one} and {other} are both {port}: choose another for one of them"
                );
            }
        };
        for (number, (port, whose, flag)) in others.iter().enumerate() {
            let line = if number == 0 { "" } else { "\n" };
            write!(
                f,
                "{line}port {port} for the {whose} is taken: stop what uses it, or choose another \
                 with {flag}"
            )?;
        }
        Ok(())
    }
}

fn is_taken(port: u16) -> bool {
    let addresses: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    addresses.into_iter().any(|address| {
        let bound = TcpListener::bind((address, port));
        bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
    })
}

/// Below those that connections to others get, of which each comes into use at any time.
fn free_port() -> io::Result<u16> {
    const FIRST: u64 = 20_000;
    const MOST: u64 = 12_000;
    for _ in 0..64 {
        let chance = FIRST + RandomState::new().build_hasher().finish() % MOST;
        let port = u16::try_from(chance).unwrap_or_default();
        if !is_taken(port) {
            return Ok(port);
        }
    }
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_one_demo_at_one_port_are_named() {
        let ports = Ports { authorization_server: 8080, ..Ports::DEFAULT };
        let words = ports.require_free().unwrap_err().to_string();
        assert_eq!(
            words,
            "--as-port and --gateway-port are both 8080: choose another for one of them"
        );
    }

    #[test]
    fn ports_are_rewritten_once_each() {
        let ports = Ports {
            authorization_server: 3000,
            api: 8080,
            gateway: 8443,
            management: 1,
            ..Ports::DEFAULT
        };
        let text = "https://localhost:8443/ http://localhost:3000 localhost:8080 127.0.0.1:9090.";
        assert_eq!(
            ports.rewrite(text),
            "https://localhost:3000/ http://localhost:8080 localhost:8443 127.0.0.1:1."
        );
        assert_eq!(Ports::DEFAULT.rewrite(text), text);
    }
}
