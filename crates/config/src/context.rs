//! What every part of the compiler needs: a place for problems, and where relative paths begin.

use std::ops::RangeInclusive;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::place::At;
use crate::place::Place;
use crate::problem::Problems;
use crate::suggest;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'p> {
    pub(crate) problems: &'p Problems,
    /// The directory of the file; relative paths in it start there.
    pub(crate) directory: &'p Path,
}

impl Context<'_> {
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        self.directory.join(text)
    }

    pub(crate) fn error(&self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.error(place, message, hint);
    }

    pub(crate) fn warning(
        &self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.problems.warning(place, message, hint);
    }

    /// Where it looks like a variable, that was said and is the news.
    pub(crate) fn note_literal_secret(&self, place: &Place, hint: &str) {
        if !self.problems.are_at(place) {
            let message = "a secret in the configuration file is read by whoever reads the file";
            self.warning(place, message, hint);
        }
    }

    /// A key that has to be there. Its absence is noted at the table.
    pub(crate) fn required<T>(
        &self,
        value: Option<At<T>>,
        table: &Place,
        key: &str,
        example: &str,
    ) -> Option<At<T>> {
        if value.is_none() && !self.problems.concerns(table, key) {
            self.error(table, format!("`{key}` is missing"), format!("add {key} = {example}"));
            self.problems.tell_of(table.path_of(key));
        }
        value
    }

    /// One of a few words; absent: the default.
    pub(crate) fn choice<T: Copy + Default>(
        &self,
        value: Option<&At<String>>,
        words: &[(&str, T)],
    ) -> T {
        let Some(at) = value else { return T::default() };
        if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == at.value) {
            return *chosen;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match suggest::nearest(&at.value.to_lowercase(), &known) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("one of \"{}\"", known.join("\", \"")),
        };
        self.error(&at.place, format!("{:?} is not known here", at.value), hint);
        T::default()
    }

    /// A number within bounds; absent or out of them: the default.
    pub(crate) fn number<T: TryFrom<u64>>(
        &self,
        value: Option<&At<u64>>,
        bounds: RangeInclusive<u64>,
        default: T,
    ) -> T {
        let Some(at) = value else { return default };
        if !bounds.contains(&at.value) {
            let (least, most) = (bounds.start(), bounds.end());
            self.error(
                &at.place,
                format!("{} is out of bounds", at.value),
                format!("{least} to {most}"),
            );
            return default;
        }
        T::try_from(at.value).unwrap_or(default)
    }

    /// A duration above zero and at most an hour; absent or else: the default.
    pub(crate) fn duration(&self, value: Option<&At<Duration>>, default: Duration) -> Duration {
        let Some(at) = value else { return default };
        if at.value.is_zero() || at.value > Duration::from_secs(3600) {
            self.error(&at.place, "has to be more than 0 and at most \"1h\"", "");
            return default;
        }
        at.value
    }
}
