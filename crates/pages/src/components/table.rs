//! Rows that can be looked through: searched, paged, each one a link, with words where there are none.

use askama::Template;

use super::Badge;
use super::Link;
use super::drawn;
use crate::words;
use phantom_core::UnixTime;

#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/table.html")]
pub struct Table {
    /// What it is a table of, for those who cannot see it.
    pub caption: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    pub empty: Empty,
    pub search: Option<Search>,
    pub pager: Option<Pager>,
}

/// What stands in a cell.
#[derive(Clone, Debug)]
pub enum Cell {
    Text(String),
    /// The row's own page.
    Link(Link),
    /// For machines.
    Code(String),
    Badge(Badge),
    /// To the right.
    Number(String),
    /// Said relative to now, with the time itself beside it.
    Time {
        ago: String,
        exact: String,
    },
    /// Several links.
    Links(Vec<Link>),
    /// A component, drawn.
    Drawn(String),
}

/// Instead of rows.
#[derive(Clone, Debug, Default)]
pub struct Empty {
    /// What belongs here.
    pub text: String,
    pub action: Option<Link>,
}

#[derive(Clone, Debug, Default)]
pub struct Search {
    pub query: String,
    pub hint: String,
    /// Asked along with it.
    pub kept: Vec<(String, String)>,
}

/// Which part of a list is shown.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "components/pager.html")]
pub struct Pager {
    /// Of a list that is not counted: where the newest and the older rows are.
    turned: Option<(Option<String>, Option<String>)>,
    /// The page's address without its number.
    base: String,
    page: u64,
    pages: u64,
    total: u64,
}

drawn!(Table, Pager);

impl Table {
    pub fn new(caption: &str, columns: &[&str]) -> Self {
        Self {
            caption: caption.to_owned(),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            ..Self::default()
        }
    }

    pub fn empty(mut self, text: &str, action: Option<Link>) -> Self {
        self.empty = Empty { text: text.to_owned(), action };
        self
    }

    pub fn rows(mut self, rows: Vec<Vec<Cell>>) -> Self {
        self.rows = rows;
        self
    }

    pub fn search(mut self, query: &str, hint: &str) -> Self {
        self.search =
            Some(Search { query: query.to_owned(), hint: hint.to_owned(), ..Search::default() });
        self
    }

    /// What else the address asks, and goes on asking when something is looked for.
    pub fn keeping(mut self, questions: &[(&str, &str)]) -> Self {
        if let Some(search) = &mut self.search {
            let given = questions.iter().filter(|(_, value)| !value.is_empty());
            search.kept.extend(given.map(|(name, value)| ((*name).into(), (*value).into())));
        }
        self
    }

    pub fn paged(mut self, pager: Pager) -> Self {
        self.pager = Some(pager);
        self
    }

    /// Nothing was found, rather than nothing is there.
    fn is_searched(&self) -> bool {
        !self.query().is_empty()
    }

    fn query(&self) -> &str {
        self.search.as_ref().map_or("", |search| &search.query)
    }

    fn column(&self, index: usize) -> &str {
        self.columns.get(index).map_or("", String::as_str)
    }

    fn is_of_numbers(&self, index: usize) -> bool {
        self.rows.first().and_then(|row| row.get(index)).is_some_and(Cell::is_number)
    }
}

impl Pager {
    /// `page` counts from 1; `base` is the address with its other questions, if it has any.
    pub fn new(base: impl Into<String>, page: u64, size: u64, total: u64) -> Self {
        let pages = total.div_ceil(size.max(1)).max(1);
        Self { turned: None, base: base.into(), page: page.clamp(1, pages), pages, total }
    }

    /// For a list that goes on and on: back to its beginning, and on to what is older.
    pub fn turned(newest: Option<String>, older: Option<String>) -> Self {
        Self { turned: Some((newest, older)), ..Self::default() }
    }

    fn address(&self, page: u64) -> String {
        let sign = if self.base.contains('?') { '&' } else { '?' };
        format!("{}{sign}page={page}", self.base)
    }

    pub fn previous(&self) -> Option<String> {
        (self.page > 1).then(|| self.address(self.page - 1))
    }

    pub fn next(&self) -> Option<String> {
        (self.page < self.pages).then(|| self.address(self.page + 1))
    }

    pub fn said(&self) -> String {
        let total = words::count(self.total);
        match self.pages {
            1 => total,
            pages => {
                format!("{total}, page {} of {}", words::count(self.page), words::count(pages))
            }
        }
    }
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn link(words: impl Into<String>, href: impl Into<String>) -> Self {
        Self::Link(Link::new(words, href))
    }

    pub fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    pub fn number(number: u64) -> Self {
        Self::Number(words::count(number))
    }

    pub fn time(now: UnixTime, at: UnixTime) -> Self {
        Self::Time { ago: words::ago(now, at), exact: words::time(at) }
    }

    pub fn drawn(component: &(impl Template + askama::filters::HtmlSafe)) -> Self {
        Self::Drawn(component.render().unwrap_or_default())
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

impl From<Badge> for Cell {
    fn from(badge: Badge) -> Self {
        Self::Badge(badge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_keeps_the_questions_and_knows_its_ends() {
        let pager = Pager::new("/x?query=a", 2, 10, 35);
        assert_eq!(pager.previous().as_deref(), Some("/x?query=a&page=1"));
        assert_eq!(pager.next().as_deref(), Some("/x?query=a&page=3"));
        let last = Pager::new("/x", 9, 10, 35);
        assert_eq!((last.next(), last.previous().as_deref()), (None, Some("/x?page=3")));
        assert_eq!(Pager::new("/x", 1, 10, 0).said(), "0");
    }
}
