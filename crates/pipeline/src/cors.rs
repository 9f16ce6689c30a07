//! Cross-origin requests (Fetch standard): preflights are answered here, answers get their fields.

use crate::facts::RequestFacts;

/// The freedom that a route gives browsers of other origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Those whose pages may read answers.
    pub origins: AllowedOrigins,
    /// The value of `Access-Control-Allow-Methods`: names separated by commas.
    pub methods: Box<str>,
    /// The value of `Access-Control-Allow-Headers`; empty: it is left out.
    pub headers: Box<str>,
    /// The value of `Access-Control-Expose-Headers`; empty: it is left out.
    pub expose: Box<str>,
    /// Cookies and client certificates; not to be had with [`AllowedOrigins::Any`].
    pub credentials: bool,
    /// For how long a browser may keep the answer to a preflight.
    pub max_age_seconds: u32,
}

/// Origins as browsers write them: scheme, host and port, compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// `*`, said to every page alike.
    Any,
    /// Every origin is named as if it were listed: WSO2's `*` with credentials, for the managed APIs
    /// whose owners want that.
    Every,
    /// Origins, and patterns such as `https://*.example.com` for all hosts below one.
    Listed(Box<[Box<str>]>),
}

impl AllowedOrigins {
    /// The origin as it may be named in an answer: known to us, or free of what no origin has.
    fn echo<'a>(&self, asked: &'a [u8]) -> Option<&'a str> {
        let asked = std::str::from_utf8(asked).ok()?;
        let is_allowed = match self {
            Self::Any => false,
            Self::Every => asked.bytes().all(|byte| byte.is_ascii_graphic()),
            Self::Listed(origins) => origins.iter().any(|allowed| is_covered(allowed, asked)),
        };
        is_allowed.then_some(asked)
    }
}

/// `*` stands for one label of a host or more, and for nothing else.
fn is_covered(allowed: &str, asked: &str) -> bool {
    let Some((scheme, domain)) = allowed.split_once('*') else { return allowed == asked };
    let below = asked.strip_prefix(scheme).and_then(|rest| rest.strip_suffix(domain));
    let is_label = |label: &str| {
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        !label.is_empty() && label.bytes().all(fits)
    };
    scheme.ends_with("://")
        && domain.starts_with('.')
        && below.is_some_and(|below| below.split('.').all(is_label))
}

impl Default for AllowedOrigins {
    fn default() -> Self {
        Self::Listed(Box::default())
    }
}

/// Names in lower case, and values.
pub type HeaderList = Vec<(&'static str, String)>;

impl Cors {
    /// The header fields of a preflight's answer; none but `Vary` for an origin that is not listed.
    #[must_use]
    pub(crate) fn preflight(&self, facts: &RequestFacts<'_>) -> HeaderList {
        let mut fields = self.preflight_for(facts, &self.methods);
        if fields.iter().any(|(name, _)| *name == "access-control-allow-methods") {
            fields.push(("access-control-max-age", self.max_age_seconds.to_string()));
        }
        fields
    }

    /// As [`Cors::preflight`], for a resource with methods of its own, of which those among ours are
    /// allowed. How long the answer holds is not said.
    #[must_use]
    pub(crate) fn preflight_of(&self, facts: &RequestFacts<'_>, resource: &[&str]) -> HeaderList {
        let ours =
            |method: &str| self.methods.split(", ").any(|each| each == "*" || each == method);
        let allowed: Vec<&str> = resource.iter().copied().filter(|method| ours(method)).collect();
        self.preflight_for(facts, &allowed.join(", "))
    }

    fn preflight_for(&self, facts: &RequestFacts<'_>, methods: &str) -> HeaderList {
        let mut fields = self.answer_fields(facts);
        // What a page may read is said with what there is to be read.
        fields.retain(|(name, _)| *name != "access-control-expose-headers");
        let allowed = fields.iter().any(|(name, _)| *name == "access-control-allow-origin");
        if allowed {
            fields.push(("access-control-allow-methods", methods.to_owned()));
            if !self.headers.is_empty() {
                fields.push(("access-control-allow-headers", self.headers.to_string()));
            }
        }
        fields
    }

    /// The header fields of any other answer, refusals too: without them a browser hides the
    /// challenge from the page (COR-3).
    #[must_use]
    pub(crate) fn answer_fields(&self, facts: &RequestFacts<'_>) -> HeaderList {
        self.fields_for(facts.fields.origin.one())
    }

    /// The header fields of an answer, refusals too, to a request with that `Origin`: without them
    /// a browser hides the challenge from the page (COR-3). `None`: it names none, or several.
    #[must_use]
    pub fn fields_for(&self, origin: Option<&[u8]>) -> HeaderList {
        let mut fields = HeaderList::new();
        let listed = match &self.origins {
            AllowedOrigins::Any => {
                // The same for all, without an origin too: so the answer does not vary by it.
                fields.push(("access-control-allow-origin", "*".to_owned()));
                true
            }
            origins => {
                fields.push(("vary", "Origin".to_owned()));
                let ours = origin.and_then(|asked| origins.echo(asked));
                if let Some(origin) = ours {
                    fields.push(("access-control-allow-origin", origin.to_owned()));
                    if self.credentials {
                        fields.push(("access-control-allow-credentials", "true".to_owned()));
                    }
                }
                ours.is_some()
            }
        };
        if listed && !self.expose.is_empty() {
            fields.push(("access-control-expose-headers", self.expose.to_string()));
        }
        fields
    }
}

/// The method that a true preflight asks for: `OPTIONS` with `Origin` and
/// `Access-Control-Request-Method` (COR-1). Any other `OPTIONS` is a request like all others and
/// needs a token.
#[must_use]
pub(crate) fn preflight_method<'a>(facts: &RequestFacts<'a>) -> Option<&'a str> {
    if facts.method != "OPTIONS" {
        return None;
    }
    facts.fields.origin.one()?;
    std::str::from_utf8(facts.fields.access_control_request_method.one()?).ok()
}

#[cfg(test)]
mod tests;
