//! Path and query parameters, refused in the words of the conventions.

use axum::extract::FromRequestParts;
use axum::extract::Path;
use http::request::Parts;
use phantom_terms::json;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Parameters of the path. Ids stay text: one that cannot be is one that is not there.
#[derive(Clone, Copy, Debug)]
pub struct PathOf<T>(pub T);

/// Parameters of the query. Unknown ones are passed over, as WSO2's clients send a few.
#[derive(Clone, Copy, Debug)]
pub struct QueryOf<T>(pub T);

impl<S, T> FromRequestParts<S> for PathOf<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        let Path(value) = path.map_err(|_| Problem::bad_request("The path cannot be read."))?;
        Ok(Self(value))
    }
}

impl<S, T> FromRequestParts<S> for QueryOf<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.map(|(name, text)| (name.into_owned(), text.into_owned()));
        Ok(Self(json::parameters(pairs)?))
    }
}
