//! `/applications`: a subscriber's own.

mod wire;

use phantom_rest::prelude::*;
use phantom_subscribe::applications;
use phantom_subscribe::applications::Application;
use phantom_subscribe::applications::ApplicationDocument;
use phantom_subscribe::applications::ApplicationFilter;
use phantom_subscribe::applications::ApplicationSort;
use phantom_subscribe::keys;
use phantom_terms::text;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

pub use wire::ApplicationInfo;
pub use wire::ApplicationResponse;

use crate::rest::DEVPORTAL;

/// Which applications are listed, in which order.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationQuery {
    /// Part of the name, in any case.
    #[param(max_length = 255)]
    query: Option<String>,
    #[param(inline)]
    sort_by: Option<SortBy>,
    #[param(inline)]
    sort_order: Option<SortOrder>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum SortBy {
    #[default]
    Name,
    ThrottlingPolicy,
    Status,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortOrder {
    #[default]
    Asc,
    Desc,
}

/// List one's applications
#[utoipa::path(
    get,
    path = "/applications",
    operation_id = "devportal_list_applications",
    tag = "DevPortal: applications",
    params(ApplicationQuery, PageRequest),
    responses((status = 200, body = PagedList<ApplicationInfo>), ListErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<ApplicationQuery>,
    QueryOf(page): QueryOf<PageRequest>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PagedList<ApplicationInfo>>> {
    let page = page.page()?;
    text::optional("query", query.query.as_deref(), 255)?;
    let filter = ApplicationFilter {
        name_contains: query.query.clone(),
        sort_by: query.sort_by.unwrap_or_default().into(),
        descending: query.sort_order == Some(SortOrder::Desc),
        ..ApplicationFilter::default()
    };
    let found = applications::list(&control, &caller, filter, page).await?;
    let list = found.rows.into_iter().map(ApplicationInfo::from).collect();
    let parameters = [
        ("query", query.query.as_deref()),
        ("sortBy", query.sort_by.map(SortBy::name)),
        ("sortOrder", query.sort_order.map(SortOrder::name)),
    ];
    Ok(Json(PagedList::new(list, found.total, page, "/applications", &parameters)))
}

/// Make an application
#[utoipa::path(
    post,
    path = "/applications",
    operation_id = "devportal_create_application",
    tag = "DevPortal: applications",
    request_body = ApplicationDocument,
    responses((status = 201, body = ApplicationResponse), CreateErrors),
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    Body(document): Body<ApplicationDocument>,
) -> Answer<Response> {
    let application = applications::create(&control, &caller, document).await?;
    let path = format!("/applications/{}", application.row.id);
    let location = [(header::LOCATION, location(&control, DEVPORTAL, &path)?)];
    let answer = described(&control, application).await?;
    Ok((StatusCode::CREATED, location, answer).into_response())
}

/// Read an application
#[utoipa::path(
    get,
    path = "/applications/{applicationId}",
    operation_id = "devportal_read_application",
    tag = "DevPortal: applications",
    params(("applicationId" = String, Path)),
    responses((status = 200, body = ApplicationResponse), OwnReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    let application = applications::find(&control, &caller, &id).await?;
    described(&control, application).await
}

/// Change an application
#[utoipa::path(
    put,
    path = "/applications/{applicationId}",
    operation_id = "devportal_update_application",
    tag = "DevPortal: applications",
    params(("applicationId" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body = ApplicationDocument,
    responses((status = 200, body = ApplicationResponse), UpdateErrors),
)]
pub async fn update(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
    IfMatch(expected): IfMatch,
    Body(document): Body<ApplicationDocument>,
) -> Answer<Response> {
    let application = applications::update(&control, &caller, &id, document, &expected).await?;
    described(&control, application).await
}

/// Delete an application, its keys and subscriptions
#[utoipa::path(
    delete,
    path = "/applications/{applicationId}",
    operation_id = "devportal_delete_application",
    tag = "DevPortal: applications",
    params(("applicationId" = String, Path), ("If-Match" = Option<String>, Header)),
    responses((status = 200, description = "Deleted"), DeleteErrors),
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    PathOf(id): PathOf<String>,
    Extension(caller): Extension<Caller>,
    IfMatch(expected): IfMatch,
) -> Answer<()> {
    Ok(applications::delete(&control, &caller, &id, &expected).await?)
}

async fn described(control: &Control, application: Application) -> Answer<Response> {
    let keys = keys::of_application(control, application.row.id).await?;
    let tag = [(header::ETAG, entity_tag(application.row.version))];
    let keys = keys.into_iter().map(Into::into).collect();
    Ok((tag, Json(ApplicationResponse::new(application, keys))).into_response())
}

impl SortBy {
    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ThrottlingPolicy => "throttlingPolicy",
            Self::Status => "status",
        }
    }
}

impl From<SortBy> for ApplicationSort {
    fn from(sort_by: SortBy) -> Self {
        match sort_by {
            SortBy::Name => Self::Name,
            SortBy::ThrottlingPolicy => Self::Plan,
            SortBy::Status => Self::Status,
        }
    }
}

impl SortOrder {
    const fn name(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}
