//! A sentence that stays until it is dismissed, and is read out.

use askama::Template;

use super::drawn;
use crate::components::Tone;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/notice.html")]
pub struct Notice {
    pub tone: Tone,
    pub title: String,
    pub text: String,
}

drawn!(Notice);

impl Notice {
    pub fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { tone, title: title.into(), text: text.into() }
    }

    /// A form that was not taken.
    pub fn refused(whole: Option<&str>) -> Self {
        match whole {
            Some(text) => Self::new(Tone::Bad, "It was not saved", text),
            None => Self::new(
                Tone::Bad,
                "It was not saved",
                "What has to be changed is said at the fields.",
            ),
        }
    }
}
