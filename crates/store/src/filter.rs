//! What listings have in common: pages, and text to look for.

use crate::error::StoreError;

/// One page of a listing and how many rows there are in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In the order of the listing, no more than were asked for.
    pub rows: Vec<T>,
    /// Of all pages together.
    pub total: u64,
}

/// A text that names have, case aside, and how many of them are wanted. They are not counted, so that the
/// search ends where enough are found.
#[derive(Clone, Copy, Debug)]
pub struct NamePart<'t> {
    /// Taken as it is: `%` and `_` stand for themselves.
    pub text: &'t str,
    /// Names that have it elsewhere are left out.
    pub place: NamePlace,
    /// Rows at most.
    pub limit: u64,
    /// Rows that match and are left out before.
    pub offset: u64,
}

/// Where in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePlace {
    /// The name begins with the text.
    Beginning,
    /// Anywhere but at its beginning.
    Within,
}

impl NamePlace {
    /// In the order in which those who look for something want it.
    pub const ALL: [Self; 2] = [Self::Beginning, Self::Within];
}

impl NamePart<'_> {
    /// What the name is like, and what it is not.
    pub(crate) fn patterns(&self) -> Result<[Option<String>; 2], StoreError> {
        let anywhere = containing(self.text)?;
        let beginning = anywhere.strip_prefix('%').unwrap_or(&anywhere).to_owned();
        Ok(match self.place {
            NamePlace::Beginning => [Some(beginning), None],
            NamePlace::Within => [Some(anywhere), Some(beginning)],
        })
    }
}

/// The pattern for `LIKE .. ESCAPE '\'` that finds the text anywhere, case aside, and nothing but
/// the text: `%` and `_` stand for themselves.
pub(crate) fn containing(text: &str) -> Result<String, StoreError> {
    // SQLite refuses patterns beyond 50,000 bytes; nobody looks for a name that long.
    const LONGEST: usize = 1024;
    if text.len() > LONGEST {
        return Err(StoreError::Refused { reason: "text to look for is longer than 1024 bytes" });
    }
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in fold(text).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    Ok(pattern)
}

/// The form in which names are compared when case does not count.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}
