//! The query language of API listings: `name:Http version:"v1" status:PUBLISHED`.
//!
//! Terms are separated by blanks. A term is `key:value`, or a bare word, which means the name. An
//! unquoted value is looked for anywhere; with `*` in it, which stands for anything, and `"quoted"`
//! it has to be the whole; case never counts. Terms of one key are alternatives, and every key has
//! to be met. `*` alone asks for nothing.

use std::collections::BTreeMap;

use phantom_store::TagWanted;

use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// Longest query, in bytes.
pub const MAX_QUERY: usize = 1024;
/// Most terms of a query.
const MAX_TERMS: usize = 32;

/// A query, understood. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiQuery(BTreeMap<Key, Vec<Wanted>>);

/// What a term looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Name,
    Version,
    Context,
    Status,
    Description,
    Provider,
    Tag,
    Category,
    Type,
    Vendor,
    DisplayName,
    /// `*`, whatever comes after it.
    Everything,
    /// A property of the owner's own, by its name in lower case.
    Property(String),
}

/// A value, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Whole(String),
    Part(String),
    /// What stands between `*`, in this order: the first at the beginning, the last at the end.
    Pattern(Vec<String>),
}

impl ApiQuery {
    pub fn parse(query: &str) -> Outcome<Self> {
        if query.len() > MAX_QUERY {
            return Err(Refusal::invalid(format!("query: at most {MAX_QUERY} bytes")));
        }
        let mut terms: BTreeMap<Key, Vec<Wanted>> = BTreeMap::new();
        let mut count = 0;
        let mut rest = query.trim_start();
        while !rest.is_empty() {
            let (key, wanted, after) = term(rest)?;
            count += 1;
            if count > MAX_TERMS {
                return Err(Refusal::invalid(format!("query: at most {MAX_TERMS} terms")));
            }
            rest = after.trim_start();
            if key != Key::Everything {
                terms.entry(key).or_default().push(wanted);
            }
        }
        Ok(Self(terms))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `values` gives what the API has of a key: none, one, or several, as with tags.
    pub fn matches<'v, I>(&self, mut values: impl FnMut(&Key) -> I) -> bool
    where
        I: IntoIterator<Item = &'v str>,
    {
        self.0.iter().all(|(key, wanted)| {
            values(key).into_iter().any(|value| {
                let value = value.to_lowercase();
                wanted.iter().any(|wanted| wanted.matches(&value))
            })
        })
    }

    /// Whether the name is one of those asked for, as a whole.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.0.get(&Key::Name).is_some_and(|wanted| wanted.iter().any(|each| each.is(&name)))
    }

    /// The same, where nothing else is asked and any name that holds it will do.
    #[must_use]
    pub fn only_name_part(&self) -> Option<&str> {
        let part = self.name_part().filter(|_| self.0.len() == 1);
        part.filter(|_| {
            let wanted = self.0.get(&Key::Name).map(Vec::as_slice);
            matches!(wanted, Some([Wanted::Part(_)]))
        })
    }

    /// A part of the name and a tag, where nothing else is asked: the store finds those alone.
    #[must_use]
    pub fn only_name_part_and_tag(&self) -> Option<(Option<&str>, Option<TagWanted>)> {
        let name = match self.0.get(&Key::Name).map(Vec::as_slice) {
            None => None,
            Some([Wanted::Part(part)]) => Some(part.as_str()),
            Some(_) => return None,
        };
        let tag = match self.0.get(&Key::Tag).map(Vec::as_slice) {
            None => None,
            Some([Wanted::Part(part)]) => Some(TagWanted::Part(part.clone())),
            Some([Wanted::Whole(whole)]) => Some(TagWanted::Whole(whole.clone())),
            Some(_) => return None,
        };
        let asked = usize::from(name.is_some()) + usize::from(tag.is_some());
        (self.0.len() == asked).then_some((name, tag))
    }

    /// The tag, where one is asked for: lets the store narrow the search.
    #[must_use]
    pub fn tag(&self) -> Option<TagWanted> {
        match self.0.get(&Key::Tag).map(Vec::as_slice) {
            Some([Wanted::Whole(whole)]) => Some(TagWanted::Whole(whole.clone())),
            Some([only]) => only.part().map(|part| TagWanted::Part(part.to_owned())),
            _ => None,
        }
    }

    /// What the name has to hold, where that is one thing: lets the store narrow the search.
    #[must_use]
    pub fn name_part(&self) -> Option<&str> {
        match self.0.get(&Key::Name).map(Vec::as_slice) {
            Some([only]) => only.part(),
            _ => None,
        }
    }
}

impl Wanted {
    /// Of a value in lower case.
    pub fn matches(&self, value: &str) -> bool {
        match self {
            Self::Whole(text) => value == text,
            Self::Part(text) => value.contains(text.as_str()),
            Self::Pattern(pieces) => is_of_pattern(pieces, value),
        }
    }

    /// A value without quotation marks.
    pub fn unquoted(text: &str) -> Self {
        let text = text.to_lowercase();
        match text.contains('*') {
            true => Self::Pattern(text.split('*').map(str::to_owned).collect()),
            false => Self::Part(text),
        }
    }

    fn is(&self, value: &str) -> bool {
        match self {
            Self::Whole(text) | Self::Part(text) => text == value,
            Self::Pattern(_) => false,
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Whole(text) | Self::Part(text) if text.is_empty())
    }

    /// A text that is in all values which match.
    fn part(&self) -> Option<&str> {
        let part = match self {
            Self::Whole(text) | Self::Part(text) => Some(text),
            Self::Pattern(pieces) => pieces.iter().max_by_key(|piece| piece.len()),
        };
        part.map(String::as_str).filter(|part| !part.is_empty())
    }
}

impl Key {
    fn named(name: &str) -> Self {
        match name.to_lowercase().as_str() {
            "name" => Self::Name,
            "version" => Self::Version,
            "context" => Self::Context,
            "status" => Self::Status,
            "description" => Self::Description,
            "provider" => Self::Provider,
            "tags" | "tag" => Self::Tag,
            "api-category" => Self::Category,
            "type" => Self::Type,
            "vendor" => Self::Vendor,
            "display-name" => Self::DisplayName,
            "*" => Self::Everything,
            other => Self::Property(other.to_owned()),
        }
    }
}

/// The first term of a text that starts with one, and what comes after it.
fn term(text: &str) -> Outcome<(Key, Wanted, &str)> {
    let is_end = |c: char| c.is_whitespace() || c == '"';
    let word = text.split(is_end).next().unwrap_or_default();
    let (key, rest) = match word.split_once(':') {
        Some((key, _)) => (key, text.get(key.len() + 1..).unwrap_or_default()),
        None if word == "*" => ("*", text),
        None => ("name", text),
    };
    if key.is_empty() {
        return Err(Refusal::invalid("query: a value without a key before its colon"));
    }
    let (wanted, after) = value(rest)?;
    if wanted.is_empty() {
        return Err(Refusal::invalid(format!("query: '{key}:' without a value")));
    }
    Ok((Key::named(key), wanted, after))
}

fn value(text: &str) -> Outcome<(Wanted, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, after) = quoted
            .split_once('"')
            .ok_or_else(|| Refusal::invalid("query: a quotation mark is not closed"))?;
        return Ok((Wanted::Whole(value.to_lowercase()), after));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (value, after) = text.split_at_checked(end).unwrap_or((text, ""));
    Ok((Wanted::unquoted(value), after))
}

/// Each piece where it first fits leaves the most for those after it.
fn is_of_pattern(pieces: &[String], value: &str) -> bool {
    let [first, between @ .., last] = pieces else { return false };
    let inner = value.strip_prefix(first.as_str());
    let Some(mut rest) = inner.and_then(|rest| rest.strip_suffix(last.as_str())) else {
        return false;
    };
    for piece in between {
        match rest.split_once(piece.as_str()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests;
