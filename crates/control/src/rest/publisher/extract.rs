//! What handlers of several files take from a request.

use phantom_terms::refusal::Outcome;
use phantom_terms::search;
use serde::Deserialize;
use utoipa::IntoParams;

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

impl QueryParameter {
    pub fn parse(&self) -> Outcome<search::ApiQuery> {
        search::ApiQuery::parse(self.query.as_deref().unwrap_or_default())
    }
}
