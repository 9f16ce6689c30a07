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

pub(crate) use badge::Badge;
pub(crate) use badge::Tone;
pub(crate) use chart::Chart;
pub(crate) use chart::Series;
pub(crate) use code::Code;
pub(crate) use diff::Diff;
pub(crate) use field::Field;
pub(crate) use field::Secret;
pub(crate) use hits::Hit;
pub(crate) use hits::Hits;
pub(crate) use hits::HitsOfKind;
pub(crate) use live::Live;
pub(crate) use notice::Notice;
pub(crate) use sheet::Sheet;
pub(crate) use sheet::Stack;
pub(crate) use table::Cell;
pub(crate) use table::Pager;
pub(crate) use table::Table;
pub(crate) use trace::Hop;
pub(crate) use trace::Trace;

/// Components draw themselves where a page names them: `{{ table }}`.
macro_rules! drawn {
    ($($component:ty),+ $(,)?) => { $( impl askama::filters::HtmlSafe for $component {} )+ };
}
pub(crate) use drawn;

/// The proof in a form, as a field nobody sees.
#[derive(Clone, Template)]
#[template(source = r#"<input type="hidden" name="_csrf" value="{{ self.0 }}">"#, ext = "html")]
pub(crate) struct Csrf(pub(crate) String);

/// The version a form was filled from.
#[derive(Clone, Copy, Debug, Template)]
#[template(source = r#"<input type="hidden" name="_version" value="{{ self.0 }}">"#, ext = "html")]
pub(crate) struct Version(pub(crate) i64);

/// What a page begins with: its title, its state in one line, its main action.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/head.html")]
pub(crate) struct Head {
    pub(crate) title: String,
    /// Where it lies: words and address, the outermost first.
    pub(crate) trail: Vec<Link>,
    pub(crate) state: String,
    pub(crate) badges: Vec<Badge>,
    pub(crate) actions: Vec<Link>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) words: String,
    pub(crate) href: String,
    /// It stands for where we are, or for the main thing to do.
    pub(crate) is_main: bool,
}

/// Pages of one thing, side by side, perhaps under headings.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/tabs.html")]
pub(crate) struct Tabs {
    /// What they are of, for those who cannot see them.
    pub(crate) label: String,
    pub(crate) links: Vec<Link>,
    /// What several stand under, outermost first: before which of the links, and where it leads.
    pub(crate) headings: Vec<(usize, Link)>,
}

/// One number with its words.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/stat.html")]
pub(crate) struct Stat {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) unit: String,
    pub(crate) note: String,
}

/// Names with their values.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/facts.html")]
pub(crate) struct Facts(pub(crate) Vec<(String, Cell)>);

/// Before something is taken away: what it is, and what goes with it.
#[derive(Clone, Template)]
#[template(path = "components/confirm.html")]
pub(crate) struct Confirm {
    pub(crate) csrf: Csrf,
    pub(crate) version: Option<Version>,
    pub(crate) action: String,
    pub(crate) back: String,
    pub(crate) question: String,
    /// What will be affected, counted.
    pub(crate) effects: Vec<String>,
    /// Why it cannot be done yet: there is no button then.
    pub(crate) obstacle: Option<String>,
    /// The button.
    pub(crate) verb: String,
    /// For the worst: this has to be typed.
    pub(crate) typed: Option<String>,
    pub(crate) error: Option<String>,
}

/// What takes a while, and what it is doing.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/steps.html")]
pub(crate) struct Steps(pub(crate) Vec<Step>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    pub(crate) badge: Badge,
    pub(crate) title: String,
    /// Why, and what would be right.
    pub(crate) text: String,
}

/// One button that does something at once, in a row of a table.
#[derive(Clone, Template)]
#[template(path = "components/press.html")]
pub(crate) struct Press {
    pub(crate) csrf: Csrf,
    pub(crate) version: Option<Version>,
    pub(crate) action: String,
    /// The button.
    pub(crate) verb: String,
    /// What it is done to, for those who cannot see the row.
    pub(crate) of: String,
}

/// Things to do or to look at, each with where that is done.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/tasks.html")]
pub(crate) struct Tasks(pub(crate) Vec<Task>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    pub(crate) badge: Badge,
    /// Without an address for whom it is not.
    pub(crate) title: Link,
    pub(crate) text: String,
}

drawn!(Csrf, Version, Head, Tabs, Stat, Facts, Confirm, Steps, Press, Tasks);

impl Link {
    pub(crate) fn new(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self { words: words.into(), href: href.into(), is_main: false }
    }

    pub(crate) fn main(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self { is_main: true, ..Self::new(words, href) }
    }
}

impl Head {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Says in a line how it stands.
    pub(crate) fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    pub(crate) fn badge(mut self, badge: Badge) -> Self {
        self.badges.push(badge);
        self
    }

    pub(crate) fn action(mut self, link: Link) -> Self {
        self.actions.push(link);
        self
    }

    /// Lies within another page.
    pub(crate) fn under(mut self, words: impl Into<String>, href: impl Into<String>) -> Self {
        self.trail.push(Link::new(words, href));
        self
    }
}

impl Tabs {
    /// Words and address of each; the one whose address is `here` is where we are.
    pub(crate) fn new(label: &str, here: &str, links: &[(&str, String)]) -> Self {
        let here = here.split('?').next().unwrap_or(here);
        let links = links.iter().map(|(words, href)| Link {
            is_main: href == here,
            ..Link::new(*words, href.as_str())
        });
        Self { label: label.to_owned(), links: links.collect(), headings: Vec::new() }
    }

    /// A heading before the link of that number. It leads to the first of those under it.
    pub(crate) fn heading(mut self, before: usize, words: &str) -> Self {
        let href = self.links.get(before).map(|link| link.href.clone()).unwrap_or_default();
        self.headings.push((before, Link::new(words, href)));
        self
    }

    /// Those from that number on stand under no heading.
    pub(crate) fn apart(mut self, before: usize) -> Self {
        self.headings.push((before, Link::default()));
        self
    }

    fn headings(&self, before: usize) -> impl Iterator<Item = &Link> {
        self.headings.iter().filter(move |(at, _)| *at == before).map(|(_, link)| link)
    }
}
