//! What handlers of several files take from a request.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::search;
use crate::problem::Problem;
use crate::rest::devportal::entity_tag::Precondition;

pub use crate::rest::devportal::extract::PathOf;
pub use crate::rest::devportal::extract::QueryOf;

/// `If-Match`.
#[derive(Clone, Debug)]
pub struct IfMatch(Precondition);

/// Names one API.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ApiParameter {
    #[param(max_length = 255)]
    pub api_id: String,
}

/// A query of section "search" of the documentation: `name:Http status:PUBLISHED`.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QueryParameter {
    #[param(max_length = 1024)]
    pub query: Option<String>,
}

impl IfMatch {
    /// For use cases, which know the version that is there.
    pub fn accepts(&self) -> impl Fn(i64) -> Result<(), Problem> + Send + Sync + '_ {
        |version| self.0.require(version)
    }
}

impl QueryParameter {
    pub fn parse(&self) -> Result<search::ApiQuery, Problem> {
        search::ApiQuery::parse(self.query.as_deref().unwrap_or_default())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self(Precondition::if_match(&parts.headers)))
    }
}
