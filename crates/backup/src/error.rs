//! Why there is no backup, or no restore.

use std::fmt;

use phantom_store::StoreError;

use super::kind::Kind;
use super::text::shown;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("this is no YAML that a backup could be{}: {reason}", at(.line))]
    Yaml { line: Option<u64>, reason: &'static str },
    #[error("this is not a backup: it has no `phantom_backup`")]
    NotABackup,
    #[error("the backup is of format {found}, this program knows format {known}")]
    Format { found: u64, known: u64 },
    #[error(
        "the secrets of this backup are sealed with another key (its id is {theirs}, that of the \
         key given is {ours}): give the key that it was made with"
    )]
    WrongKey { theirs: String, ours: String },
    #[error("{0}")]
    Invalid(Mistakes),
    #[error("a backup has at most 256 MiB")]
    TooLarge,
    #[error("no backup was made: what was written cannot be read back as it is stored")]
    Unfaithful {
        #[source]
        source: Option<Box<BackupError>>,
    },
    #[error("no thread to read or write YAML on")]
    NoThread,
    #[error("the store has changed since it was compared with the backup: nothing was imported")]
    ChangedMeanwhile,
    #[error("nothing was imported: {label}")]
    Refused {
        label: String,
        #[source]
        source: StoreError,
    },
    #[error(
        "nothing was imported: no administrator would be left, who is a user with the role admin"
    )]
    NoAdministrator,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn at(line: &Option<u64>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

/// What is wrong with one member of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub place: Place,
    /// Never the value: it may be a secret in the wrong place.
    pub message: String,
}

/// Where in the file, as `applications[3].owner`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File,
    Section(Kind),
    Entry(Kind, usize),
    Member(Kind, usize, &'static str),
    /// Not in the file: an entry of the store that the file leaves as it is.
    Stored(String),
}

/// Mistakes in the order they were found, the first [`Mistakes::MOST`] of them.
#[derive(Clone, Debug, Default)]
pub struct Mistakes {
    list: Vec<Mistake>,
    more: usize,
    /// What to do about some of them, said once.
    advice: Option<&'static str>,
}

impl Mistakes {
    pub const MOST: usize = 100;

    pub(crate) fn note(&mut self, place: Place, message: impl Into<String>) {
        if self.list.len() < Self::MOST {
            self.list.push(Mistake { place, message: message.into() });
        } else {
            self.more += 1;
        }
    }

    pub(crate) fn advise(&mut self, advice: &'static str) {
        self.advice = Some(advice);
    }

    pub(crate) fn none_or_err(self) -> Result<(), BackupError> {
        if self.list.is_empty() { Ok(()) } else { Err(BackupError::Invalid(self)) }
    }

    /// These and then those.
    pub(crate) fn and(mut self, others: Self) -> Self {
        for Mistake { place, message } in others.list {
            self.note(place, message);
        }
        self.more += others.more;
        self.advice = self.advice.or(others.advice);
        self
    }

    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len() + self.more;
        write!(f, "the backup has {count} error{}", if count == 1 { "" } else { "s" })?;
        for Mistake { place, message } in &self.list {
            write!(f, "\n  {place}: {message}")?;
        }
        if self.more > 0 {
            write!(f, "\n  and {} more", self.more)?;
        }
        match self.advice {
            Some(advice) => write!(f, "\n{advice}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file"),
            Self::Section(kind) => f.write_str(kind.section()),
            Self::Entry(kind, index) => write!(f, "{}[{index}]", kind.section()),
            Self::Member(kind, index, name) => write!(f, "{}[{index}].{name}", kind.section()),
            Self::Stored(label) => write!(f, "in the store, {}", shown(label)),
        }
    }
}
