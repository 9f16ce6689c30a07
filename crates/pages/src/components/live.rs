//! A part of a page that the server draws again as it changes.

use askama::Template;

use super::Notice;
use super::Tone;
use super::drawn;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/live.html")]
pub struct Live {
    /// Where what it shows of now is sent.
    events: String,
    /// The page it stands on.
    here: String,
    /// Drawn.
    content: String,
    /// What says whether it goes on stands below.
    is_headed: bool,
    ended: Notice,
}

drawn!(Live);

impl Live {
    pub fn new(events: impl Into<String>, here: &str, content: &impl Template) -> Self {
        Self {
            events: events.into(),
            here: here.to_owned(),
            content: content.render().unwrap_or_default(),
            is_headed: false,
            ended: Notice::new(
                Tone::Warn,
                "You are signed out",
                "What stands here is not renewed any more.",
            ),
        }
    }

    /// It begins with the head of the page.
    pub fn headed(self) -> Self {
        Self { is_headed: true, ..self }
    }
}
