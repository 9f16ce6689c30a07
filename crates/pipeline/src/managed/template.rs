//! From the rest of a path to the operation: resource templates of one API.
//!
//! Segment by segment from the left, a literal goes before `{id}.json`, that before `{id}` and all before
//! a last `*`. An operation that does not take the verb is passed over: the next template may have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use phantom_core::PathTemplate;
use phantom_core::template::InvalidTemplate;
use phantom_core::template::Pattern;
use phantom_core::template::Segment;
use phantom_core::template::in_capitals;
use phantom_core::template::one_spelling;
use thiserror::Error;

use crate::managed::api::ManagedOperation;

/// Operations of one API, as a tree of template segments.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    literals: BTreeMap<Box<str>, Resources>,
    /// Those that ask for most first.
    patterns: BTreeMap<Pattern, Resources>,
    /// Operations whose template ends here.
    here: Vec<Arc<ManagedOperation>>,
    /// Operations whose template goes on with `*`, which also takes nothing.
    rest: Vec<Arc<ManagedOperation>>,
}

#[derive(Debug)]
pub(crate) enum Resource<'r> {
    Found(&'r Arc<ManagedOperation>),
    /// A template takes the path, but none of its operations the verb.
    OtherVerbs,
    Nothing,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum NotServed {
    #[error("its template {0}")]
    Template(#[from] InvalidTemplate),
    #[error("its template is there already for this verb")]
    Taken,
}

impl Resources {
    /// Adds an operation under its template.
    pub(super) fn add(&mut self, operation: Arc<ManagedOperation>) -> Result<(), NotServed> {
        let template = PathTemplate::parse(&operation.template)?;
        let mut node = self;
        for segment in template.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Pattern(pattern) => node.patterns.entry(pattern.clone()).or_default(),
            };
        }
        let operations = if template.takes_rest() { &mut node.rest } else { &mut node.here };
        if operations.iter().any(|other| other.verb == operation.verb) {
            return Err(NotServed::Taken);
        }
        operations.push(operation);
        Ok(())
    }

    /// `rest` is what follows the API's own path. A slash at its end means nothing: a backend may
    /// take the path with and without for the same, so what protects the one protects the other.
    ///
    /// Some backends decode a path before they look for what is asked, others do not: one that
    /// leads them to different operations leads to none.
    #[must_use]
    pub(crate) fn find(&self, rest: &str, verb: &str) -> Resource<'_> {
        if !rest.contains('%') {
            return self.find_as_read(rest, verb);
        }
        let found = self.find_as_read(&in_capitals(rest), verb);
        match self.find_as_read(&one_spelling(rest), verb) {
            other if found.is(&other) => found,
            _ => Resource::Nothing,
        }
    }

    fn find_as_read(&self, rest: &str, verb: &str) -> Resource<'_> {
        let mut any = false;
        let found = self.search(segments(rest), &mut |operations| {
            any |= !operations.is_empty();
            // `HEAD` is a verb of its own here, as in WSO2.
            operations.iter().find(|operation| *operation.verb == *verb)
        });
        match found {
            Some(operation) => Resource::Found(operation),
            None if any => Resource::OtherVerbs,
            None => Resource::Nothing,
        }
    }

    /// Verbs that the path can be asked with, each once, those of the best template first.
    #[must_use]
    pub(crate) fn verbs(&self, rest: &str) -> Vec<&str> {
        let mut verbs: Vec<&str> = Vec::new();
        self.search(segments(&in_capitals(rest)), &mut |operations| {
            for operation in operations {
                if !verbs.contains(&&*operation.verb) {
                    verbs.push(&operation.verb);
                }
            }
            None::<()>
        });
        verbs
    }

    /// One of the operations, whichever.
    #[must_use]
    pub(crate) fn any(&self) -> Option<&Arc<ManagedOperation>> {
        let mut deeper = self.literals.values().chain(self.patterns.values());
        let own = self.here.first().or_else(|| self.rest.first());
        own.or_else(|| deeper.find_map(Self::any))
    }

    /// Offers the operations of each template that takes the path, the best first, until one is
    /// taken. A node of the tree belongs to one place in the path, so none is visited twice.
    fn search<'r, 'p, T>(
        &'r self,
        mut rest: impl Iterator<Item = &'p str> + Clone,
        take: &mut impl FnMut(&'r [Arc<ManagedOperation>]) -> Option<T>,
    ) -> Option<T> {
        let deeper = match rest.next() {
            None => take(&self.here),
            Some(segment) => {
                let literal = self.literals.get(segment);
                let mut patterns = self.patterns.iter();
                literal.and_then(|node| node.search(rest.clone(), take)).or_else(|| {
                    patterns.find_map(|(pattern, node)| {
                        pattern.takes(segment).then(|| node.search(rest.clone(), take)).flatten()
                    })
                })
            }
        };
        deeper.or_else(|| take(&self.rest))
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.split('/').filter(|segment| !segment.is_empty())
}

impl Resource<'_> {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Found(one), Self::Found(other)) => Arc::ptr_eq(one, other),
            (Self::OtherVerbs, Self::OtherVerbs) | (Self::Nothing, Self::Nothing) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
