//! What an API is called and where it is served: fixed when it is made.

use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;

/// Name, version and context, valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub version: String,
    /// Starts with a slash, does not end with one; may hold `{version}`.
    pub context: String,
}

/// Characters that neither name nor version may hold.
const FORBIDDEN: &str = r#"~!@#;:%^*()+={}|\<>"',&$[]/"#;
/// What stands in a context for the version.
pub const VERSION: &str = "{version}";

impl Identity {
    pub fn new(name: &str, version: &str, context: &str) -> Outcome<Self> {
        let is_sound = |c: char| !FORBIDDEN.contains(c) && !c.is_control();
        let name = name.trim();
        let length = name.chars().count();
        if length == 0 {
            return Err(Refusal::invalid("name: must not be blank"));
        }
        if length > 200 {
            return Err(Refusal::invalid("name: size must be between 1 and 200"));
        }
        if !name.chars().all(is_sound) {
            return Err(Refusal::invalid(format!("name: must not hold any of {FORBIDDEN}")));
        }
        check_version(version)?;
        let context = valid_context(context)?;
        Ok(Self { name: name.to_owned(), version: version.to_owned(), context })
    }

    /// The path it is served at.
    #[must_use]
    pub fn path(&self) -> String {
        path(&self.context, &self.version)
    }
}

/// The path that an API of that context and version is served at.
#[must_use]
pub fn path(context: &str, version: &str) -> String {
    if context.contains(VERSION) {
        context.replace(VERSION, version)
    } else {
        format!("{context}/{version}")
    }
}

/// The path without version, where the default version is served as well.
#[must_use]
pub fn default_path(context: &str) -> Option<String> {
    let segments = context.split('/').filter(|segment| !segment.contains(VERSION));
    let path = segments.collect::<Vec<_>>().join("/");
    Some(path).filter(|path| !path.is_empty())
}

/// It becomes a segment of paths.
pub fn check_version(version: &str) -> Outcome<()> {
    let length = version.chars().count();
    if length == 0 {
        return Err(Refusal::invalid("version: must not be blank"));
    }
    if length > 30 {
        return Err(Refusal::invalid("version: size must be between 1 and 30"));
    }
    let is_sound = |c: char| !FORBIDDEN.contains(c) && !c.is_control() && !c.is_whitespace();
    if !version.chars().all(is_sound) || !version.is_ascii() || version.contains(['?', '`']) {
        let rule = format!("version: must not hold blanks or any of {FORBIDDEN}");
        return Err(Refusal::invalid(rule));
    }
    if matches!(version, "." | "..") {
        return Err(Refusal::invalid("version: not a segment of a path"));
    }
    Ok(())
}

fn valid_context(given: &str) -> Outcome<String> {
    let context = if given.starts_with('/') { given.to_owned() } else { format!("/{given}") };
    if given.trim().is_empty() {
        return Err(Refusal::invalid("context: must not be blank"));
    }
    if context.chars().count() > 232 {
        return Err(Refusal::invalid("context: size must be between 1 and 232"));
    }
    if context.ends_with('/') {
        return Err(Refusal::Context("must not end with '/'"));
    }
    let plain = context.replace(VERSION, "v");
    let is_sound = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if !plain.chars().all(is_sound) {
        return Err(Refusal::Context(
            "letters, digits, '-', '.', '_', '~', '/' and {version} only",
        ));
    }
    let mut segments = plain.split('/').skip(1);
    if segments.any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(Refusal::Context("a segment is empty or made of dots"));
    }
    Ok(context)
}
