//! From the rest of a path to the operation: resource templates of one API.
//!
//! Segment by segment from the left, a literal goes before `{param}` and both before a last `*`. An
//! operation that does not take the verb is passed over: the next template may have it.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::route::Route;

/// Segments of a template; searching goes no deeper.
const MAX_SEGMENTS: usize = 64;

/// Operations of one API, as a tree of template segments.
#[derive(Debug, Default)]
pub struct Resources {
    literals: BTreeMap<Box<str>, Resources>,
    parameter: Option<Box<Resources>>,
    /// Operations whose template ends here.
    here: Vec<Arc<Route>>,
    /// Operations whose template goes on with `*`, which also takes nothing.
    rest: Vec<Arc<Route>>,
}

#[derive(Debug)]
pub enum Resource<'r> {
    Found(&'r Arc<Route>),
    /// A template takes the path, but none of its operations the verb.
    OtherVerbs,
    Nothing,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum InvalidTemplate {
    #[error("does not start with a slash")]
    NoSlash,
    #[error("has more than {MAX_SEGMENTS} segments")]
    TooLong,
    #[error("has `*` or braces other than in a whole segment `{{name}}` or a last segment `*`")]
    Wildcard,
    #[error("is there already for this verb")]
    Taken,
}

impl Resources {
    /// Adds an operation under its template.
    pub(super) fn add(&mut self, template: &str, route: Arc<Route>) -> Result<(), InvalidTemplate> {
        let Template { parts, rest } = Template::parse(template)?;
        let mut node = self;
        for part in parts {
            node = match part {
                Part::Literal(text) => node.literals.entry(text.into()).or_default(),
                Part::Parameter => node.parameter.get_or_insert_default(),
            };
        }
        let routes = if rest { &mut node.rest } else { &mut node.here };
        if routes.iter().any(|other| other.matcher.methods == route.matcher.methods) {
            return Err(InvalidTemplate::Taken);
        }
        routes.push(route);
        Ok(())
    }

    /// `rest` is what follows the API's own path. A slash at its end means nothing: a backend may
    /// take the path with and without for the same, so what protects the one protects the other.
    #[must_use]
    pub fn find(&self, rest: &str, verb: &str) -> Resource<'_> {
        let mut any = false;
        let found = self.search(segments(rest), &mut |routes| {
            any |= !routes.is_empty();
            routes.iter().find(|route| takes(route, verb))
        });
        match found {
            Some(route) => Resource::Found(route),
            None if any => Resource::OtherVerbs,
            None => Resource::Nothing,
        }
    }

    /// Verbs that the path can be asked with, each once, those of the best template first.
    #[must_use]
    pub fn verbs(&self, rest: &str) -> Vec<&str> {
        let mut verbs: Vec<&str> = Vec::new();
        self.search(segments(rest), &mut |routes| {
            for verb in routes.iter().flat_map(|route| &route.matcher.methods) {
                if !verbs.contains(&&**verb) {
                    verbs.push(verb);
                }
            }
            None::<()>
        });
        verbs
    }

    /// One of the operations, whichever.
    #[must_use]
    pub fn any(&self) -> Option<&Arc<Route>> {
        let deeper = self.literals.values().chain(self.parameter.as_deref());
        let own = self.here.first().or_else(|| self.rest.first());
        own.or_else(|| deeper.into_iter().find_map(Self::any))
    }

    /// Offers the operations of each template that takes the path, the best first, until one is
    /// taken. A node of the tree belongs to one place in the path, so none is visited twice.
    fn search<'r, 'p, T>(
        &'r self,
        mut rest: impl Iterator<Item = &'p str> + Clone,
        take: &mut impl FnMut(&'r [Arc<Route>]) -> Option<T>,
    ) -> Option<T> {
        let deeper = match rest.next() {
            None => take(&self.here),
            Some(segment) => {
                let literal = self.literals.get(segment);
                let found = literal.and_then(|node| node.search(rest.clone(), take));
                match (found, &self.parameter) {
                    (None, Some(node)) => node.search(rest, take),
                    (found, _) => found,
                }
            }
        };
        deeper.or_else(|| take(&self.rest))
    }
}

/// `HEAD` is a verb of its own here, as in WSO2.
fn takes(route: &Route, verb: &str) -> bool {
    route.matcher.methods.iter().any(|method| &**method == verb)
}

fn segments(path: &str) -> impl Iterator<Item = &str> + Clone {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[derive(Debug, PartialEq, Eq)]
struct Template<'t> {
    parts: Vec<Part<'t>>,
    rest: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Literal(&'t str),
    Parameter,
}

impl<'t> Template<'t> {
    fn parse(text: &'t str) -> Result<Self, InvalidTemplate> {
        let path = text.strip_prefix('/').ok_or(InvalidTemplate::NoSlash)?;
        let (path, rest) = match path.strip_suffix('*') {
            Some(path) if path.is_empty() || path.ends_with('/') => (path, true),
            _ => (path, false),
        };
        let parts = segments(path).map(Part::parse).collect::<Result<Vec<_>, _>>()?;
        if parts.len() > MAX_SEGMENTS {
            return Err(InvalidTemplate::TooLong);
        }
        Ok(Self { parts, rest })
    }
}

impl<'t> Part<'t> {
    fn parse(segment: &'t str) -> Result<Self, InvalidTemplate> {
        let wild = |text: &str| text.contains(['{', '}', '*']);
        match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !name.is_empty() && !wild(name) => Ok(Self::Parameter),
            None if !wild(segment) => Ok(Self::Literal(segment)),
            _ => Err(InvalidTemplate::Wildcard),
        }
    }
}

#[cfg(test)]
mod tests;
