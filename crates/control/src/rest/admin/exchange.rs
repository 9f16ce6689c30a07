//! What the Admin API's operations have in common: searches, and what was made.

use axum::extract::FromRequestParts;
use http::HeaderValue;
use http::request::Parts;
use phantom_rest::prelude::*;
use phantom_terms::versioned::Versioned;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::rest::ADMIN;

/// A search. Unknown parameters are passed over, as clients of WSO2 send a few.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// What to look for.
    #[param(max_length = 512)]
    pub query: Option<String>,
}

/// 201, with the place of what was made.
#[derive(Clone, Debug)]
pub struct Created<T> {
    /// Within the Admin API: `/key-managers`.
    pub collection: &'static str,
    pub id: Uuid,
    pub made: Versioned<T>,
}

impl<S: Send + Sync> FromRequestParts<S> for SearchQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let QueryOf(search) = QueryOf::<Self>::from_request_parts(parts, state).await?;
        match search.query.as_ref().map_or(0, |text| text.chars().count()) {
            0..=512 => Ok(search),
            _ => Err(Problem::bad_request("query: size must be between 0 and 512")),
        }
    }
}

impl SearchQuery {
    pub fn text(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let location = format!("{ADMIN}{}/{}", self.collection, self.id);
        let mut response = (StatusCode::CREATED, Tagged(self.made)).into_response();
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}
