//! A word for a state. Its colour is never all there is: a sign stands before it.

use askama::Template;

use super::drawn;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    Good,
    Warn,
    Bad,
    #[default]
    Neutral,
}

#[derive(Clone, Debug, Default, Template)]
#[template(
    source = r#"<span class="badge {{ tone.name() }}"><span aria-hidden="true">{{ tone.sign() }}</span> {{ words }}</span>"#,
    ext = "html"
)]
pub struct Badge {
    pub tone: Tone,
    pub words: String,
}

drawn!(Badge);

impl Tone {
    pub(crate) const ALL: [Self; 4] = [Self::Good, Self::Warn, Self::Bad, Self::Neutral];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
        }
    }

    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Warn => "!",
            Self::Bad => "✕",
            Self::Neutral => "·",
        }
    }
}

impl Badge {
    pub fn new(tone: Tone, words: impl Into<String>) -> Self {
        Self { tone, words: words.into() }
    }

    pub fn good(words: impl Into<String>) -> Self {
        Self::new(Tone::Good, words)
    }

    pub fn warn(words: impl Into<String>) -> Self {
        Self::new(Tone::Warn, words)
    }

    pub fn bad(words: impl Into<String>) -> Self {
        Self::new(Tone::Bad, words)
    }

    pub fn neutral(words: impl Into<String>) -> Self {
        Self::new(Tone::Neutral, words)
    }

    /// On or off, in words.
    pub fn enabled(enabled: bool) -> Self {
        if enabled { Self::good("Enabled") } else { Self::neutral("Disabled") }
    }
}
