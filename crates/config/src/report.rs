//! Problems as a person or a program reads them.

use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::place::Place;
use crate::place::WHOLE_FILE;
use crate::place::line_and_column;
use crate::problem::Problem;
use crate::problem::Severity;
use crate::problem::UNKNOWN_KEY;
use crate::problem::hidden;
use crate::problem::without_credentials;

/// Words of keys whose values are secrets.
const SECRETS: [&str; 5] = ["secret", "password", "client_key", "sealing_key", "database"];

/// A file's text and all that was found in it.
#[derive(Clone, Debug)]
pub struct Report {
    file: String,
    text: String,
    problems: Vec<Problem>,
}

impl Report {
    pub(crate) fn new(file: &Path, text: &str, problems: Vec<Problem>) -> Self {
        Self { file: file.display().to_string(), text: text.to_owned(), problems }
    }

    /// What was found after the file had been read.
    pub fn add_error(&mut self, place: &Place, message: String) {
        let message = without_credentials(message);
        let (severity, place) = (Severity::Error, place.clone());
        self.problems.push(Problem { severity, place, message, hint: None });
    }

    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    #[must_use]
    pub fn warnings(&self) -> usize {
        self.problems.len() - self.errors()
    }

    /// `file:line:column` of a problem.
    #[must_use]
    pub fn position(&self, problem: &Problem) -> String {
        let (line, column) = line_and_column(&self.text, problem.place.span.start);
        format!("{}:{line}:{column}", self.file)
    }

    #[must_use]
    pub fn to_json(&self) -> Value {
        let problems: Vec<Value> = self
            .problems
            .iter()
            .map(|problem| {
                let (line, column) = line_and_column(&self.text, problem.place.span.start);
                json!({
                    "severity": problem.severity.name(),
                    "line": line,
                    "column": column,
                    "key": &*problem.place.key,
                    "message": problem.message,
                    "hint": problem.hint,
                })
            })
            .collect();
        json!({
            "file": self.file,
            "errors": self.errors(),
            "warnings": self.warnings(),
            "problems": problems,
        })
    }

    /// The line a problem is in, without what may be a secret: any value on a line that speaks of
    /// one, or has an address with a password, and any value whose key we don't know.
    fn excerpt(&self, problem: &Problem) -> Option<String> {
        let (line, _) = line_and_column(&self.text, problem.place.span.start);
        let line = self.text.lines().nth(line.checked_sub(1)?)?;
        let doubtful = problem.place.key.is_empty()
            || problem.message == UNKNOWN_KEY
            || SECRETS.iter().any(|word| line.contains(word))
            || hidden(line) != line;
        let shown = match line.split_once('=') {
            Some((key, _)) if doubtful => format!("{key}= …"),
            None if doubtful && problem.place.key.is_empty() => return None,
            _ => line.to_owned(),
        };
        (!shown.trim().is_empty()).then_some(shown)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            let (at, severity) = (self.position(problem), problem.severity.name());
            match &*problem.place.key {
                "" => writeln!(f, "{at}: {severity}: {}", problem.message)?,
                WHOLE_FILE => writeln!(f, "{}: {severity}: {}", self.file, problem.message)?,
                key => writeln!(f, "{at}: {severity}: {key}: {}", problem.message)?,
            }
            if let Some(line) = self.excerpt(problem).filter(|_| *problem.place.key != *WHOLE_FILE)
            {
                writeln!(f, "    | {line}")?;
            }
            if let Some(hint) = &problem.hint {
                writeln!(f, "    = {hint}")?;
            }
        }
        let mut summary = String::new();
        match (self.errors(), self.warnings()) {
            (0, 0) => write!(summary, "no errors, no warnings")?,
            (errors, 0) => write!(summary, "{}", counted(errors, "error"))?,
            (errors, warnings) => {
                write!(summary, "{}, {}", counted(errors, "error"), counted(warnings, "warning"))?;
            }
        }
        writeln!(f, "{}: {summary}", self.file)
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
