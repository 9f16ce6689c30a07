//! The demands of a route on its callers.

use std::sync::Arc;
use std::time::Duration;

use crate::claims::ClaimRule;
use crate::scope::RequiredScope;

/// A route is one or the other, never neither.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// A token that meets these demands is asked for.
    Protected(Protection),
    /// Nothing is asked for, and no token is read.
    Public,
}

/// The demands on a token besides being genuine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Protection {
    /// Scope that the token has to grant.
    pub scope: RequiredScope,
    /// Conditions on its claims. Each has to be met.
    pub claims: Vec<ClaimRule>,
}

/// On what terms statements of one key manager are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The statement's issuer has to be this, byte for byte.
    pub issuer: Option<Arc<str>>,
    /// One member of the statement's audience has to be this.
    pub audience: Option<Box<str>>,
    /// Tolerance for clocks that disagree, 0 to 60 s, applied once at each end of a token's life.
    pub clock_skew: Duration,
}
