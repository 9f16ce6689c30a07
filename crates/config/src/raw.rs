//! The file as written: keys and types are right, nothing else has been looked at.

mod control;
mod gateway;
mod key_manager;
mod listener;
mod route;
mod secret;

pub(crate) use control::RawControl;
pub(crate) use gateway::RawGateway;
pub(crate) use gateway::RawLimits;
pub(crate) use key_manager::RawKeyManager;
pub(crate) use listener::RawListener;
pub(crate) use listener::RawTls;
pub(crate) use route::RawClaimRule;
pub(crate) use route::RawCookie;
pub(crate) use route::RawCors;
pub(crate) use route::RawRateLimit;
pub(crate) use route::RawRoute;
pub(crate) use secret::RawSecret;

use toml::de::DeTable;

use crate::place::At;
use crate::place::Span;
use crate::placeholder;
use crate::problem::Problems;
use crate::section::Section;

/// What the parser says of a key that stands twice.
const DUPLICATE: &str = "duplicate key";

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct RawConfig {
    pub(crate) gateway: RawGateway,
    pub(crate) management_bind: Option<At<String>>,
    pub(crate) control: Option<RawControl>,
    pub(crate) listeners: Vec<RawListener>,
    pub(crate) key_managers: Vec<RawKeyManager>,
    pub(crate) routes: Vec<RawRoute>,
}

impl RawConfig {
    /// Notes what is wrong with the text, its keys and their types, and returns the rest. `None`
    /// where the syntax is broken: what is then missing or misplaced is no news.
    pub(crate) fn parse(text: &str, problems: &Problems) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty()
            && let Some((at, language)) = other_language(text)
        {
            let message = format!("this is {language}, and the configuration is TOML");
            problems.syntax(Span { start: at, end: at }, message, "");
            return None;
        }
        for error in &errors {
            let span = error.span().unwrap_or_default();
            let twice = error.message() == DUPLICATE;
            // A second [table] brings all its keys a second time.
            let is_header = text.get(..span.start).is_some_and(|before| before.ends_with('['));
            let hint = match text.get(span.clone()) {
                Some(name) if twice && is_header => format!("write [[{name}]] for each of several"),
                Some(name) if twice => {
                    format!("{name} stands in this table already: remove one of the two")
                }
                _ => String::new(),
            };
            problems.syntax(span.into(), error.message(), hint);
            if twice && is_header {
                break;
            }
        }
        if !errors.is_empty() {
            return None;
        }
        placeholder::warn(table.get_ref(), problems);
        let mut root = Section::root(&table, problems);
        let gateway = root.section("gateway").map(RawGateway::read).unwrap_or_default();
        let management_bind = root.section("management").and_then(|mut section| {
            let bind = section.take_like("bind", "an address and a port, as \"127.0.0.1:9090\"");
            section.finish();
            bind
        });
        let control = root.section("control").map(RawControl::read);
        let listeners = root.sections("listener").into_iter().map(RawListener::read).collect();
        let key_managers =
            root.sections("key_manager").into_iter().map(RawKeyManager::read).collect();
        let routes = root.sections("route").into_iter().map(RawRoute::read).collect();
        root.finish();
        Some(Self { gateway, management_bind, control, listeners, key_managers, routes })
    }
}

/// What a text that is no TOML is instead, by its first line that says something.
fn other_language(text: &str) -> Option<(usize, &'static str)> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let is_yaml = |line: &str| {
            let key = line.split_once(':').map(|(key, rest)| (key.trim_matches('"'), rest));
            let is_key = |key: &str| {
                !key.is_empty()
                    && key
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            };
            line == "---"
                || line.starts_with("- ")
                || key.is_some_and(|(key, rest)| {
                    is_key(key) && (rest.is_empty() || rest.starts_with(' '))
                })
        };
        return match line {
            line if line.starts_with('{') => Some((start, "JSON")),
            line if line.starts_with('<') => Some((start, "XML")),
            line if is_yaml(line) => Some((start, "YAML")),
            _ => None,
        };
    }
    None
}
