//! A word for a state. Its colour is never all there is: a sign stands before it.

use askama::Template;

use super::drawn;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
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
pub(crate) struct Badge {
    pub(crate) tone: Tone,
    pub(crate) words: String,
}

drawn!(Badge);

impl Tone {
    pub(crate) const ALL: [Self; 4] = [Self::Good, Self::Warn, Self::Bad, Self::Neutral];

    pub(crate) const fn name(self) -> &'static str {
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
    pub(crate) fn new(tone: Tone, words: impl Into<String>) -> Self {
        Self { tone, words: words.into() }
    }

    pub(crate) fn good(words: impl Into<String>) -> Self {
        Self::new(Tone::Good, words)
    }

    pub(crate) fn warn(words: impl Into<String>) -> Self {
        Self::new(Tone::Warn, words)
    }

    pub(crate) fn bad(words: impl Into<String>) -> Self {
        Self::new(Tone::Bad, words)
    }

    pub(crate) fn neutral(words: impl Into<String>) -> Self {
        Self::new(Tone::Neutral, words)
    }

    /// On or off, in words.
    pub(crate) fn enabled(enabled: bool) -> Self {
        if enabled { Self::good("Enabled") } else { Self::neutral("Disabled") }
    }
}
