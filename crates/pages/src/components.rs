//! The pieces that pages are made of, each once. `/design` shows all of them in all states.

mod badge;
mod chart;
mod code;
mod diff;
mod field;
mod hits;
mod live;
mod notice;
mod sheet;
mod table;
mod trace;

use askama::Template;

pub use badge::Badge;
pub use badge::Tone;
pub use chart::Chart;
pub use chart::Series;
pub use code::Code;
pub use diff::Diff;
pub use field::Field;
pub use field::Secret;
pub use hits::Hit;
pub use hits::Hits;
pub use hits::HitsOfKind;
pub use live::Live;
pub use notice::Notice;
pub use sheet::Sheet;
pub use sheet::Stack;
pub use table::Cell;
pub use table::Pager;
pub use table::Table;
pub use trace::Hop;
pub use trace::Trace;

/// Components draw themselves where a page names them: `{{ table }}`.
#[macro_export]
macro_rules! drawn {
    ($($component:ty),+ $(,)?) => { $( impl askama::filters::HtmlSafe for $component {} )+ };
}
pub use drawn;

/// The proof in a form, as a field nobody sees.
#[derive(Clone, Template)]
#[template(source = r#"<input type="hidden" name="_csrf" value="{{ self.0 }}">"#, ext = "html")]
pub struct Csrf(pub String);

/// The version a form was filled from.
#[derive(Clone, Copy, Debug, Template)]
#[template(source = r#"<input type="hidden" name="_version" value="{{ self.0 }}">"#, ext = "html")]
pub struct Version(pub i64);

/// What a page begins with: its title, its state in one line, its main action.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/head.html")]
pub struct Head {
    pub title: String,
    /// Where it lies: words and address, the outermost first.
    pub(crate) trail: Vec<Link>,
    pub state: String,
    pub(crate) badges: Vec<Badge>,
    pub actions: Vec<Link>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    pub words: String,
    pub href: String,
    /// It stands for where we are, or for the main thing to do.
    pub is_main: bool,
}

/// Pages of one thing, side by side, perhaps under headings.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/tabs.html")]
pub struct Tabs {
    /// What they are of, for those who cannot see them.
    pub label: String,
    pub links: Vec<Link>,
    /// What several stand under, outermost first: before which of the links, and where it leads.
    pub headings: Vec<(usize, Link)>,
}

/// One number with its words.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/stat.html")]
pub struct Stat {
    pub label: String,
    pub value: String,
    pub unit: String,
    pub note: String,
}

/// Names with their values.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/facts.html")]
pub struct Facts(pub Vec<(String, Cell)>);

/// Before something is taken away: what it is, and what goes with it.
#[derive(Clone, Debug, Template)]
#[template(path = "components/confirm.html")]
pub struct Confirm {
    pub csrf: Csrf,
    pub version: Option<Version>,
    pub action: String,
    pub back: String,
    pub question: String,
    /// What will be affected, counted.
    pub effects: Vec<String>,
    /// Why it cannot be done yet: there is no button then.
    pub obstacle: Option<String>,
    /// The button.
    pub verb: String,
    /// For the worst: this has to be typed.
    pub typed: Option<String>,
    pub error: Option<String>,
}

/// What takes a while, and what it is doing.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/steps.html")]
pub struct Steps(pub Vec<Step>);

#[derive(Clone, Debug, Default)]
pub struct Step {
    pub badge: Badge,
    pub title: String,
    /// Why, and what would be right.
    pub text: String,
}

/// One button that does something at once, in a row of a table.
#[derive(Clone, Debug, Template)]
#[template(path = "components/press.html")]
pub struct Press {
    pub csrf: Csrf,
    pub version: Option<Version>,
    pub action: String,
    /// The button.
    pub verb: String,
    /// What it is done to, for those who cannot see the row.
    pub of: String,
}

/// Things to do or to look at, each with where that is done.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/tasks.html")]
pub struct Tasks(pub Vec<Task>);

#[derive(Clone, Debug, Default)]
pub struct Task {
    pub badge: Badge,
    /// Without an address for whom it is not.
    pub title: Link,
    pub text: String,
}

drawn!(Csrf, Version, Head, Tabs, Stat, Facts, Confirm, Steps, Press, Tasks);

/// Not what it proves with.
impl std::fmt::Debug for Csrf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Csrf(redacted)")
    }
}

impl Link {
    pub fn new(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self { words: words.into(), href: href.into(), is_main: false }
    }

    pub fn main(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self { is_main: true, ..Self::new(words, href) }
    }
}

impl Head {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Says in a line how it stands.
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    pub fn badge(mut self, badge: Badge) -> Self {
        self.badges.push(badge);
        self
    }

    pub fn action(mut self, link: Link) -> Self {
        self.actions.push(link);
        self
    }

    /// Lies within another page.
    pub fn under(mut self, words: impl Into<String>, href: impl Into<String>) -> Self {
        self.trail.push(Link::new(words, href));
        self
    }
}

impl Tabs {
    /// Words and address of each; the one whose address is `here` is where we are.
    pub fn new(label: &str, here: &str, links: &[(&str, String)]) -> Self {
        let here = here.split('?').next().unwrap_or(here);
        let links = links.iter().map(|(words, href)| Link {
            is_main: href == here,
            ..Link::new(*words, href.as_str())
        });
        Self { label: label.to_owned(), links: links.collect(), headings: Vec::new() }
    }

    /// A heading before the link of that number. It leads to the first of those under it.
    pub fn heading(mut self, before: usize, words: &str) -> Self {
        let href = self.links.get(before).map(|link| link.href.clone()).unwrap_or_default();
        self.headings.push((before, Link::new(words, href)));
        self
    }

    /// Those from that number on stand under no heading.
    pub fn apart(mut self, before: usize) -> Self {
        self.headings.push((before, Link::default()));
        self
    }

    fn headings(&self, before: usize) -> impl Iterator<Item = &Link> {
        self.headings.iter().filter(move |(at, _)| *at == before).map(|(_, link)| link)
    }
}
