//! The thing that a request is for: a route of the file, or an operation of a managed API. Answers, log and metrics
//! ask both the same.

use std::sync::Arc;

use phantom_core::Access;

use crate::cors::Cors;
use crate::error_format::ErrorFormat;
use crate::managed::ManagedOperation;
use crate::route::Bounds;
use crate::route::Route;

/// A route or an operation. Clones share it.
#[derive(Clone, Debug)]
pub enum Matched {
    /// The operation of a managed API.
    Operation(Arc<ManagedOperation>),
    /// The route of the file.
    Route(Arc<Route>),
}

impl Matched {
    /// The label in metrics and logs.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Operation(operation) => &operation.api.label,
            Self::Route(route) => &route.name,
        }
    }

    /// The terms on which it may be called.
    #[must_use]
    pub fn access(&self) -> &Access {
        match self {
            Self::Operation(operation) => &operation.access,
            Self::Route(route) => &route.access,
        }
    }

    /// The realm of challenges (RFC 9110 §11.5).
    #[must_use]
    pub fn realm(&self) -> &str {
        match self {
            Self::Operation(_) => "api",
            Self::Route(route) => &route.realm,
        }
    }

    /// Managed APIs answer as WSO2's gateways do.
    #[must_use]
    pub fn error_format(&self) -> ErrorFormat {
        match self {
            Self::Operation(_) => ErrorFormat::Managed,
            Self::Route(route) => route.error_format,
        }
    }

    /// `None`: pages of other origins read nothing.
    #[must_use]
    pub fn cors(&self) -> Option<&Cors> {
        match self {
            Self::Operation(operation) => operation.api.cors.as_deref(),
            Self::Route(route) => route.cors.as_deref(),
        }
    }

    /// Those of the gateway for managed APIs.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        match self {
            Self::Operation(_) => Bounds::default(),
            Self::Route(route) => route.bounds,
        }
    }

    /// `None` for an operation.
    #[must_use]
    pub fn route(&self) -> Option<&Route> {
        match self {
            Self::Operation(_) => None,
            Self::Route(route) => Some(route),
        }
    }

    /// `None` for a route.
    #[must_use]
    pub fn operation(&self) -> Option<&ManagedOperation> {
        match self {
            Self::Operation(operation) => Some(operation),
            Self::Route(_) => None,
        }
    }
}

impl From<&Arc<Route>> for Matched {
    fn from(route: &Arc<Route>) -> Self {
        Self::Route(route.clone())
    }
}

impl From<&Arc<ManagedOperation>> for Matched {
    fn from(operation: &Arc<ManagedOperation>) -> Self {
        Self::Operation(operation.clone())
    }
}
