//! Where in the file something stands.

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// Stands in the place of a key where a problem is about none: an empty one is that of broken syntax.
pub(crate) const WHOLE_FILE: &str = "(file)";

/// A key of the file and the stretch it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub span: Span,
    /// As `route[1].upstream`; empty for the file as a whole.
    pub key: Box<str>,
}

impl Place {
    /// The name of a key of the table at this place.
    pub(crate) fn path_of(&self, key: &str) -> Box<str> {
        match &*self.key {
            "" => key.into(),
            table => format!("{table}.{key}").into(),
        }
    }

    /// As the header of a table of that name is written, `route.claims`; `None` for the file's own.
    pub(crate) fn header(&self) -> Option<String> {
        let names = self.key.split('.').map(|part| part.split('[').next().unwrap_or_default());
        let header = names.collect::<Vec<_>>().join(".");
        (!header.is_empty()).then_some(header)
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub place: Place,
}

/// Line and column, both from 1; the column counts characters.
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "a\nbä = 1\n";
        for (offset, expected) in [(0, (1, 1)), (2, (2, 1)), (4, (2, 2)), (5, (2, 3)), (99, (3, 1))]
        {
            assert_eq!(line_and_column(text, offset), expected, "{offset}");
        }
    }
}
