//! From a path to the API that serves it: the longest one wins.

use std::sync::Arc;

use crate::config_hash::ConfigMap;
use crate::managed::api::ServedApi;

/// APIs of a snapshot, as a tree of path segments.
#[derive(Debug, Default)]
pub struct ApiTable {
    root: Segment,
    apis: Vec<Arc<ServedApi>>,
}

#[derive(Debug, Default)]
struct Segment {
    children: ConfigMap<Box<str>, Segment>,
    api: Option<Arc<ServedApi>>,
}

/// An API, and how much of the path was its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located<'t, 'p> {
    pub(crate) api: &'t Arc<ServedApi>,
    /// Bytes of the path up to and with the version.
    pub(crate) consumed: usize,
    /// The rest: the path within the API.
    pub(crate) rest: &'p str,
}

impl ApiTable {
    /// Puts an API at a path. False: it is no path, or another API is there.
    pub(super) fn add(&mut self, path: &str, api: &Arc<ServedApi>) -> bool {
        let Some(segments) = path.strip_prefix('/') else { return false };
        let plain = |segment: &str| !matches!(segment, "" | "." | "..");
        if !segments.split('/').all(plain) {
            return false;
        }
        let mut node = &mut self.root;
        for segment in segments.split('/') {
            node = node.children.entry(segment.into()).or_default();
        }
        if node.api.is_some() {
            return false;
        }
        node.api = Some(api.clone());
        self.apis.push(api.clone());
        true
    }

    /// A path with an empty segment matches nothing: a backend may read it as another path than we
    /// do.
    #[must_use]
    pub(crate) fn find<'p>(&self, path: &'p str) -> Option<Located<'_, 'p>> {
        if path.contains("//") {
            return None;
        }
        let (mut node, mut end, mut found) = (&self.root, 0, None);
        for segment in path.strip_prefix('/')?.split('/') {
            let Some(child) = node.children.get(segment) else { break };
            node = child;
            end += 1 + segment.len();
            if let Some(api) = &node.api {
                found = Some((api, end));
            }
        }
        let (api, consumed) = found?;
        Some(Located { api, consumed, rest: path.get(consumed..).unwrap_or_default() })
    }

    /// Once per path it is served at.
    #[must_use]
    pub fn apis(&self) -> &[Arc<ServedApi>] {
        &self.apis
    }
}

#[cfg(test)]
mod tests;
