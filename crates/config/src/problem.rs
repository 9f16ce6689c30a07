//! What is wrong with a configuration, collected until all of it has been looked at.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::place::Place;
use crate::place::Span;

/// What is said of a key that nobody asked for.
pub(crate) const UNKNOWN_KEY: &str = "unknown key";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

impl Severity {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One error or warning. Never holds a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub severity: Severity,
    pub place: Place,
    pub message: String,
    /// What would be right.
    pub hint: Option<String>,
}

/// A text without user and password of the addresses in it: `https://…@host`.
pub(crate) fn without_credentials(text: String) -> String {
    let hidden = match hidden(&text) {
        Cow::Borrowed(_) => None,
        Cow::Owned(hidden) => Some(hidden),
    };
    hidden.unwrap_or(text)
}

/// The same; borrowed where there is nothing to hide.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    let Some((before, after)) = text.split_once("://") else { return Cow::Borrowed(text) };
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'');
    let (authority, rest) = after.split_at(after.find(ends).unwrap_or(after.len()));
    let rest = hidden(rest);
    match (authority.rsplit_once('@'), rest) {
        (None, Cow::Borrowed(_)) => Cow::Borrowed(text),
        (None, Cow::Owned(rest)) => Cow::Owned(format!("{before}://{authority}{rest}")),
        (Some((_, host)), rest) => Cow::Owned(format!("{before}://…@{host}{rest}")),
    }
}

/// Collects problems; shared by all who look at one file.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    noted: RefCell<Vec<Problem>>,
    /// Keys of which something was said elsewhere: at a misspelt name, or at the table without them.
    told: RefCell<Vec<Box<str>>>,
}

impl Problems {
    pub(crate) fn error(&self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, place, message.into(), hint.into());
    }

    pub(crate) fn warning(
        &self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(Severity::Warning, place, message.into(), hint.into());
    }

    /// An error of the file as a whole or of a stretch without a key.
    pub(crate) fn syntax(&self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        let place = Place { span, key: Box::default() };
        self.add(Severity::Error, &place, message.into(), hint.into());
    }

    fn add(&self, severity: Severity, place: &Place, message: String, hint: String) {
        let message = without_credentials(message);
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        self.noted.borrow_mut().push(Problem { severity, place: place.clone(), message, hint });
    }

    /// What is wrong with a key is said where it does not stand.
    pub(crate) fn tell_of(&self, key: Box<str>) {
        self.told.borrow_mut().push(key);
    }

    /// Whether an error about a key of a table was noted already: it is of a wrong type or value,
    /// misspelt, or missing.
    pub(crate) fn concerns(&self, table: &Place, key: &str) -> bool {
        let path = table.path_of(key);
        let is_error = |problem: &Problem| problem.severity == Severity::Error;
        let noted = self.noted.borrow();
        noted.iter().any(|problem| is_error(problem) && problem.place.key == path)
            || self.told.borrow().contains(&path)
    }

    /// Whether something was noted already about just this place.
    pub(crate) fn are_at(&self, place: &Place) -> bool {
        self.noted.borrow().iter().any(|problem| problem.place == *place)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.noted.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    /// In the order of the file.
    pub(crate) fn into_sorted(self) -> Vec<Problem> {
        let mut problems = self.noted.into_inner();
        problems.sort_by_key(|problem| (problem.place.span.start, problem.severity));
        problems
    }
}
