//! `/search`: APIs by the query language of listings.

use phantom_manage::apis;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::ApiType;
use phantom_manage::lifecycle::LifecycleState;
use phantom_rest::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::extract::QueryParameter;

/// An API that was found. Nothing else is searched.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APISearchResult)]
pub struct SearchResult {
    id: Uuid,
    name: String,
    r#type: Found,
    transport_type: ApiType,
    description: Option<String>,
    context: String,
    version: String,
    provider: String,
    status: LifecycleState,
}

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = publisher::SearchResultType)]
pub enum Found {
    #[serde(rename = "API")]
    Api,
}

/// Search APIs
#[utoipa::path(
    get,
    path = "/search",
    operation_id = "publisher_search",
    tag = "Publisher: search",
    params(QueryParameter, PageRequest),
    responses((status = 200, body = PagedList<SearchResult>), ListErrors),
)]
pub async fn search(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<QueryParameter>,
    QueryOf(page): QueryOf<PageRequest>,
) -> Answer<Json<PagedList<SearchResult>>> {
    let page = page.page()?;
    let (found, total) = apis::find(&control, &query.parse()?, page).await?;
    let list = found.into_iter().map(SearchResult::of).collect();
    let parameters = [("query", query.query.as_deref())];
    Ok(Json(PagedList::new(list, total, page, "/search", &parameters)))
}

impl SearchResult {
    fn of(api: Api) -> Self {
        Self {
            id: api.row.id,
            name: api.row.name,
            r#type: Found::Api,
            transport_type: ApiType::Http,
            description: api.document.description,
            context: api.row.context,
            version: api.row.version_name,
            provider: api.row.provider,
            status: api.row.state,
        }
    }
}
