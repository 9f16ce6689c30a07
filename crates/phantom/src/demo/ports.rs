//! Which port is whose, and texts that name the default ones.

/// Ports of the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub authorization_server: u16,
    pub api: u16,
    pub gateway: u16,
    pub management: u16,
}

impl Ports {
    /// The tutorial's.
    pub const DEFAULT: Self =
        Self { authorization_server: 8443, api: 3000, gateway: 8080, management: 9090 };

    /// The text with these ports in the place of the default ones, in one pass: what was put in
    /// is not looked at again.
    #[must_use]
    pub fn rewrite(self, text: &str) -> String {
        let default = Self::DEFAULT;
        let names = [
            (format!("localhost:{}", default.authorization_server), self.authorization_server),
            (format!("localhost:{}", default.api), self.api),
            (format!("localhost:{}", default.gateway), self.gateway),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_rewritten_once_each() {
        let ports = Ports { authorization_server: 3000, api: 8080, gateway: 8443, management: 1 };
        let text = "https://localhost:8443/ http://localhost:3000 localhost:8080 127.0.0.1:9090.";
        assert_eq!(
            ports.rewrite(text),
            "https://localhost:3000/ http://localhost:8080 localhost:8443 127.0.0.1:1."
        );
        assert_eq!(Ports::DEFAULT.rewrite(text), text);
    }
}
