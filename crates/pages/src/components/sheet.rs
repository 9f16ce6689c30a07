//! A form of its own on a page: what it is for, its fields, its button; and a page that is a row of
//! components.

use askama::Template;
use askama::filters::HtmlSafe;

use super::Csrf;
use super::Head;
use super::Link;
use super::Notice;
use super::Tabs;
use super::Version;
use super::drawn;

#[derive(Clone, Debug, Template)]
#[template(path = "components/sheet.html")]
pub struct Sheet {
    csrf: Csrf,
    version: Option<Version>,
    /// Where it is sent; the page's own address where there is none.
    action: String,
    heading: String,
    /// Under the heading: what comes of it.
    text: String,
    hidden: Vec<(String, String)>,
    /// Drawn.
    fields: Vec<String>,
    buttons: Vec<Button>,
    links: Vec<Link>,
}

#[derive(Clone, Debug)]
struct Button {
    name: String,
    value: String,
    words: String,
    kind: &'static str,
    /// What is left out does not matter to it.
    is_lenient: bool,
}

/// A page whose parts stand one under the other.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/stack.html")]
pub struct Stack {
    head: Head,
    notices: Vec<Notice>,
    tabs: Option<Tabs>,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
struct Part {
    heading: String,
    text: String,
    drawn: String,
}

drawn!(Sheet);

impl Sheet {
    pub fn new(csrf: &Csrf, action: impl Into<String>) -> Self {
        Self {
            csrf: csrf.clone(),
            version: None,
            action: action.into(),
            heading: String::new(),
            text: String::new(),
            hidden: Vec::new(),
            fields: Vec::new(),
            buttons: Vec::new(),
            links: Vec::new(),
        }
    }

    pub fn of_version(mut self, version: i64) -> Self {
        self.version = Some(Version(version));
        self
    }

    pub fn headed(mut self, heading: impl Into<String>, text: impl Into<String>) -> Self {
        (self.heading, self.text) = (heading.into(), text.into());
        self
    }

    pub fn hidden(mut self, name: &str, value: impl Into<String>) -> Self {
        self.hidden.push((name.to_owned(), value.into()));
        self
    }

    pub fn field(mut self, field: &(impl Template + HtmlSafe)) -> Self {
        self.fields.push(field.render().unwrap_or_default());
        self
    }

    /// The main thing to do with it.
    pub fn button(self, words: &str) -> Self {
        self.with_button("", "", words, "main", false)
    }

    /// One beside the main one, which takes the form as it is.
    pub(crate) fn other_button(self, name: &str, value: &str, words: &str) -> Self {
        self.with_button(name, value, words, "", true)
    }

    pub fn plain_button(self, words: &str) -> Self {
        self.with_button("", "", words, "", false)
    }

    fn with_button(
        mut self,
        name: &str,
        value: &str,
        words: &str,
        kind: &'static str,
        is_lenient: bool,
    ) -> Self {
        let [name, value, words] = [name, value, words].map(str::to_owned);
        self.buttons.push(Button { name, value, words, kind, is_lenient });
        self
    }

    pub fn cancel(self, href: impl Into<String>) -> Self {
        self.link("Cancel", href)
    }

    /// Beside the buttons.
    pub fn link(mut self, words: &str, href: impl Into<String>) -> Self {
        self.links.push(Link::new(words, href));
        self
    }
}

impl Stack {
    pub fn new(head: Head) -> Self {
        Self { head, ..Self::default() }
    }

    pub fn notice(mut self, notice: Option<Notice>) -> Self {
        self.notices.extend(notice);
        self
    }

    pub fn tabs(mut self, tabs: Tabs) -> Self {
        self.tabs = Some(tabs);
        self
    }

    pub fn part(self, component: &(impl Template + HtmlSafe)) -> Self {
        self.section("", "", component)
    }

    /// Words of somebody's, as they stand.
    pub fn text(mut self, heading: &str, text: String) -> Self {
        let (heading, drawn) = (heading.to_owned(), String::new());
        self.parts.push(Part { heading, text, drawn });
        self
    }

    /// A part under a heading, with a line of what it is.
    pub fn section(
        mut self,
        heading: impl Into<String>,
        text: impl Into<String>,
        component: &(impl Template + HtmlSafe),
    ) -> Self {
        let drawn = component.render().unwrap_or_default();
        self.parts.push(Part { heading: heading.into(), text: text.into(), drawn });
        self
    }
}
