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

/// How names are held against a [`NamePart`]: by what stands at `$1` and `$2`.
pub(crate) enum NameMatch {
    /// At least the first text and below the second, as an index has them.
    Range([String; 2]),
    /// Like the first pattern, and unlike the second where there is one: every name is looked at.
    Like([Option<String>; 2]),
}

impl NamePart<'_> {
    pub(crate) fn matching(&self) -> Result<NameMatch, StoreError> {
        let anywhere = containing(self.text)?;
        let beginning = anywhere.strip_prefix('%').unwrap_or(&anywhere).to_owned();
        let folded = fold(self.text);
        Ok(match (self.place, successor(&folded)) {
            (NamePlace::Beginning, Some(end)) => NameMatch::Range([folded, end]),
            (NamePlace::Beginning, None) => NameMatch::Like([Some(beginning), None]),
            (NamePlace::Within, _) => NameMatch::Like([Some(anywhere), Some(beginning)]),
        })
    }
}

/// The first text, by code points, that comes after all those that begin with this one. There is none
/// after the empty text, and none after the last character that there is.
fn successor(text: &str) -> Option<String> {
    let kept = text.trim_end_matches(char::MAX);
    let last = kept.chars().next_back()?;
    // The surrogates lie between, which are no characters.
    let next = (last..=char::MAX).nth(1)?;
    Some(format!("{}{next}", kept.strip_suffix(last)?))
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

#[cfg(test)]
mod tests {
    use super::successor;

    #[test]
    fn what_begins_with_a_text_lies_before_its_successor() {
        for (text, next) in
            [("a", "b"), ("shop-", "shop."), ("z", "{"), ("é", "ê"), ("\u{d7ff}", "\u{e000}")]
        {
            assert_eq!(successor(text).as_deref(), Some(next));
            assert!(format!("{text}{}", char::MAX).as_str() < next);
        }
        assert_eq!(successor("a\u{10ffff}\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(successor(""), None);
        assert_eq!(successor("\u{10ffff}"), None);
    }
}
