//! `/tags`: of the APIs on offer.

use phantom_rest::prelude::*;
use phantom_subscribe::subscriptions::visible;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = devportal::Tag)]
pub struct Tag {
    value: String,
    /// APIs that have it.
    count: u64,
}

/// List the tags of the APIs on offer
#[utoipa::path(
    get,
    path = "/tags",
    operation_id = "devportal_list_tags",
    tag = "DevPortal: APIs",
    params(PageRequest),
    responses((status = 200, body = PagedList<Tag>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(page): QueryOf<PageRequest>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PagedList<Tag>>> {
    let page = page.page()?;
    let counts = visible::tags(&control, &caller).await?;
    let tags = counts.into_iter().map(|(value, count)| Tag { value, count }).collect();
    let (list, total) = page.of(tags);
    Ok(Json(PagedList::new(list, total, page, "/tags", &[])))
}
