//! What the set-up is told, by a file of variables and by the environment.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use anyhow::bail;
use url::Url;
use zeroize::Zeroizing;

/// Longest file taken.
const MAX_BYTES: u64 = 64 * 1024;

/// Every variable with its default: those of the demo.
const DEFAULTS: [(&str, &str); 16] = [
    ("PHANTOM_CONTROL_URL", "https://localhost:9443"),
    ("PHANTOM_ADMIN_USERNAME", "admin"),
    ("PHANTOM_ADMIN_PASSWORD", "admin"),
    ("KEY_MANAGER_NAME", "curity"),
    (
        "IDSVR_WELL_KNOWN",
        "https://localhost:8443/oauth/v2/oauth-anonymous/.well-known/openid-configuration",
    ),
    ("INTROSPECTION_CLIENT_ID", "api-gateway-client"),
    ("INTROSPECTION_CLIENT_SECRET", "Password1"),
    ("EXPECTED_AUDIENCE", "client-one"),
    ("CLOCK_SKEW", "60"),
    ("CACHE_MAX_ENTRIES", "50000"),
    ("API_NAME", "HttpBin"),
    ("API_VERSION", "v1"),
    ("API_CONTEXT", "/httpbin"),
    ("API_UPSTREAM", "http://localhost:3000"),
    ("APPLICATION_NAME", "CurityApp"),
    ("CONSUMER_KEY", "client-one"),
];

/// Shown by nobody.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[derive(Clone, Debug)]
pub struct Environment {
    pub(super) control: Url,
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) key_manager: String,
    pub(super) well_known: String,
    pub(super) introspection_client_id: String,
    pub(super) introspection_client_secret: Secret,
    pub(super) expected_audience: String,
    pub(super) clock_skew: String,
    pub(super) cache_max_entries: String,
    pub(super) api_name: String,
    pub(super) api_version: String,
    pub(super) api_context: String,
    pub(super) api_upstream: String,
    pub(super) application: String,
    pub(super) consumer_key: String,
    /// Variables that were named nowhere, so that they are the demo's.
    assumed: Vec<&'static str>,
}

impl Environment {
    /// Variables of the process go before those of the file, which go before the defaults.
    pub fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let text = match file {
            None => String::new(),
            Some(path) => read(path).with_context(|| format!("cannot read {}", path.display()))?,
        };
        Self::compile(&text, |name| std::env::var(name).ok())
    }

    /// The file's text, and what goes before it.
    pub(crate) fn compile(
        text: &str,
        process: impl Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let file = variables(text)?;
        let value = |name: &str| {
            let default =
                || DEFAULTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            process(name)
                .or_else(|| file.get(name).cloned())
                .unwrap_or_else(|| default().unwrap_or_default().to_owned())
        };
        // No audience is what a server without one gives.
        let needed = DEFAULTS.iter().filter(|(name, _)| *name != "EXPECTED_AUDIENCE");
        for (name, _) in needed {
            if value(name).trim().is_empty() {
                bail!("{name} is empty: give it a value, or leave it out for that of the demo");
            }
        }
        let secret = |name: &str| Secret(Zeroizing::new(value(name)));
        let control = value("PHANTOM_CONTROL_URL");
        let control = Url::parse(&control)
            .with_context(|| format!("PHANTOM_CONTROL_URL: {control:?} is not a URL"))?;
        let is_assumed = |name: &&str| process(name).is_none() && !file.contains_key(*name);
        Ok(Self {
            assumed: DEFAULTS.iter().map(|(name, _)| *name).filter(is_assumed).collect(),
            control,
            username: value("PHANTOM_ADMIN_USERNAME"),
            password: secret("PHANTOM_ADMIN_PASSWORD"),
            key_manager: value("KEY_MANAGER_NAME"),
            well_known: value("IDSVR_WELL_KNOWN"),
            introspection_client_id: value("INTROSPECTION_CLIENT_ID"),
            introspection_client_secret: secret("INTROSPECTION_CLIENT_SECRET"),
            expected_audience: value("EXPECTED_AUDIENCE"),
            clock_skew: value("CLOCK_SKEW"),
            cache_max_entries: value("CACHE_MAX_ENTRIES"),
            api_name: value("API_NAME"),
            api_version: value("API_VERSION"),
            api_context: value("API_CONTEXT"),
            api_upstream: value("API_UPSTREAM"),
            application: value("APPLICATION_NAME"),
            consumer_key: value("CONSUMER_KEY"),
        })
    }

    /// Names of the variables whose values are the demo's, since nothing else was said.
    #[must_use]
    pub fn assumed(&self) -> &[&'static str] {
        &self.assumed
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let length = std::fs::metadata(path)?.len();
    if length > MAX_BYTES {
        bail!("it is longer than {MAX_BYTES} bytes");
    }
    Ok(std::fs::read_to_string(path)?)
}

/// `NAME=value` lines; `#` begins a comment line, quotes around a value are not part of it. A name
/// that nothing is done with is a mistake and said to be one.
fn variables(text: &str) -> anyhow::Result<HashMap<String, String>> {
    let mut variables = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let at = at + 1;
        let (name, value) =
            line.split_once('=').with_context(|| format!("line {at}: not NAME=value"))?;
        let name = name.trim();
        if !DEFAULTS.iter().any(|(known, _)| *known == name) {
            bail!("line {at}: {name} is not known; see deploy/.env.example");
        }
        let value = value.trim();
        let quoted = |quote: char| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
        let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
        variables.insert(name.to_owned(), value.to_owned());
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_goes_before_the_file_and_the_file_before_the_defaults() {
        let text = "# c\nAPI_NAME=\"Bin\"\nexport CLOCK_SKEW=5\nCONSUMER_KEY='k'\n\n";
        let process = |name: &str| (name == "CLOCK_SKEW").then(|| "7".to_owned());
        let environment = Environment::compile(text, process).unwrap();
        assert_eq!(environment.api_name, "Bin");
        assert_eq!(environment.clock_skew, "7");
        assert_eq!(environment.consumer_key, "k");
        assert_eq!(environment.application, "CurityApp");
    }

    #[test]
    fn a_line_that_means_nothing_is_refused_with_its_number() {
        let error = |text: &str| Environment::compile(text, |_| None).unwrap_err().to_string();
        assert!(error("API_NAME=a\nnonsense").contains("line 2"));
        assert!(error("API_NAMES=a").contains("API_NAMES is not known"));
        assert!(error("PHANTOM_CONTROL_URL=nowhere").contains("not a URL"));
        assert!(error("CONSUMER_KEY=").contains("CONSUMER_KEY is empty"));
        assert!(Environment::compile("EXPECTED_AUDIENCE=", |_| None).is_ok());
    }

    #[test]
    fn the_example_file_is_made_of_the_defaults() {
        let text = include_str!("../../../../deploy/.env.example");
        let in_file = variables(text).unwrap();
        for (name, value) in DEFAULTS {
            assert_eq!(in_file.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn secrets_are_in_no_debug_output() {
        let environment = Environment::compile("PHANTOM_ADMIN_PASSWORD=hunter2", |_| None);
        assert!(!format!("{environment:?}").contains("hunter2"));
    }
}
