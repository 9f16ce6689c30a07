//! Which port is whose, and texts that name the default ones.

use std::io;
use std::net::Ipv4Addr;
use std::net::TcpListener;

use serde::Deserialize;
use serde::Serialize;

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

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

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
