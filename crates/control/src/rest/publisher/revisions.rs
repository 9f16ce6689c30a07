//! `/apis/{apiId}/revisions` and deployments.

use phantom_manage::revisions;
use phantom_manage::revisions::DeploymentRow;
use phantom_manage::revisions::Place;
use phantom_manage::revisions::Revision;
use phantom_rest::prelude::*;
use phantom_terms::text;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;
use uuid::Uuid;

use super::apis;
use super::apis::ApiResponse;
use super::date_time;
use crate::rest::PUBLISHER;

/// A revision to be made. Members that only we set are taken and change nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = publisher::APIRevisionRequest)]
pub struct RevisionRequest {
    #[schema(max_length = 255)]
    description: Option<String>,
}

/// Where a revision is to be deployed, or to be no more.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = publisher::APIRevisionDeploymentRequest)]
pub struct DeploymentRequest {
    /// Of the environment: `Default`.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// `localhost`, or the host of the gateway.
    #[schema(min_length = 1, max_length = 255)]
    vhost: Option<String>,
    #[schema(default = true)]
    display_on_devportal: Option<bool>,
}

/// Names a revision, by its id or its number.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct RevisionParameter {
    #[param(max_length = 255)]
    revision_id: Option<String>,
    #[param(max_length = 255)]
    revision_number: Option<String>,
    /// Of undeployment: whatever the body names.
    #[param(default = false)]
    all_environments: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeployedQuery {
    /// `deployed:true` or `deployed:false`.
    #[param(max_length = 255)]
    query: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APIRevision)]
pub struct RevisionResponse {
    /// `Revision 1`.
    display_name: String,
    id: Uuid,
    description: String,
    #[schema(format = "date-time")]
    created_time: String,
    api_info: RevisedApi,
    deployment_info: Vec<DeploymentResponse>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = publisher::APIRevisionAPIInfo)]
pub struct RevisedApi {
    id: Uuid,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::APIRevisionDeployment)]
pub struct DeploymentResponse {
    revision_uuid: Uuid,
    /// Of the environment.
    name: String,
    status: DeploymentStatus,
    vhost: String,
    display_on_devportal: bool,
    #[schema(format = "date-time")]
    deployed_time: String,
    #[schema(format = "date-time")]
    success_deployed_time: String,
}

/// No workflow holds deployments back.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = publisher::DeploymentStatus)]
pub enum DeploymentStatus {
    Approved,
}

/// List the revisions of an API
#[utoipa::path(
    get,
    path = "/apis/{apiId}/revisions",
    operation_id = "publisher_list_revisions",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path), DeployedQuery),
    responses((status = 200, body = WholeList<RevisionResponse>), ReadErrors),
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    PathOf(api): PathOf<String>,
    QueryOf(query): QueryOf<DeployedQuery>,
) -> Answer<Json<WholeList<RevisionResponse>>> {
    let wanted = match query.query.as_deref().unwrap_or_default() {
        "" => None,
        "deployed:true" => Some(true),
        "deployed:false" => Some(false),
        _ => return Err(Problem::bad_request("query: deployed:true or deployed:false")),
    };
    let mut all = revisions::list(&control, &api).await?;
    all.retain(|each| wanted.is_none_or(|deployed| deployed != each.deployments.is_empty()));
    Ok(Json(listed(all)))
}

/// Freeze an API as a revision
#[utoipa::path(
    post,
    path = "/apis/{apiId}/revisions",
    operation_id = "publisher_create_revision",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path)),
    request_body = RevisionRequest,
    responses((status = 201, body = RevisionResponse), CreateErrors),
)]
pub async fn create(
    State(control): State<Arc<Control>>,
    PathOf(api): PathOf<String>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<RevisionRequest>,
) -> Answer<Response> {
    let description = request.description.unwrap_or_default();
    text::length("description", &description, 0, 255)?;
    let revision = revisions::create(&control, &caller, &api, description).await?;
    let path = format!("/apis/{}/revisions/{}", revision.row.api, revision.row.id);
    let headers = [(http::header::LOCATION, location(&control, PUBLISHER, &path)?)];
    let answer = Json(RevisionResponse::from(revision));
    Ok((StatusCode::CREATED, headers, answer).into_response())
}

/// Read a revision
#[utoipa::path(
    get,
    path = "/apis/{apiId}/revisions/{revisionId}",
    operation_id = "publisher_read_revision",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path), ("revisionId" = String, Path)),
    responses((status = 200, body = RevisionResponse), ReadErrors),
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    PathOf((api, revision)): PathOf<(String, String)>,
) -> Answer<Json<RevisionResponse>> {
    Ok(Json(revisions::read(&control, &api, &revision).await?.into()))
}

/// Take a revision away
#[utoipa::path(
    delete,
    path = "/apis/{apiId}/revisions/{revisionId}",
    operation_id = "publisher_delete_revision",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path), ("revisionId" = String, Path)),
    responses((status = 200, body = WholeList<RevisionResponse>), DeleteErrors),
)]
pub async fn delete(
    State(control): State<Arc<Control>>,
    PathOf((api, revision)): PathOf<(String, String)>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<WholeList<RevisionResponse>>> {
    Ok(Json(listed(revisions::delete(&control, &caller, &api, &revision).await?)))
}

/// List the deployments of an API
#[utoipa::path(
    get,
    path = "/apis/{apiId}/deployments",
    operation_id = "publisher_list_deployments",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path)),
    responses((status = 200, body = Vec<DeploymentResponse>), ReadErrors),
)]
pub async fn deployments(
    State(control): State<Arc<Control>>,
    PathOf(api): PathOf<String>,
) -> Answer<Json<Vec<DeploymentResponse>>> {
    Ok(Json(deployed(revisions::deployments(&control, &api).await?)))
}

/// Deploy a revision, in the place of what was deployed before
#[utoipa::path(
    post,
    path = "/apis/{apiId}/deploy-revision",
    operation_id = "publisher_deploy_revision",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path), RevisionParameter),
    request_body = Vec<DeploymentRequest>,
    responses((status = 201, body = Vec<DeploymentResponse>), CreateErrors),
)]
pub async fn deploy(
    State(control): State<Arc<Control>>,
    PathOf(api): PathOf<String>,
    QueryOf(which): QueryOf<RevisionParameter>,
    Extension(caller): Extension<Caller>,
    Body(requests): Body<Vec<DeploymentRequest>>,
) -> Answer<Response> {
    let revision = which.revision()?;
    let places: Vec<Place> = requests.into_iter().map(Place::from).collect();
    let rows = revisions::deploy(&control, &caller, &api, revision, &places).await?;
    Ok((StatusCode::CREATED, Json(deployed(rows))).into_response())
}

/// End the deployment of a revision
#[utoipa::path(
    post,
    path = "/apis/{apiId}/undeploy-revision",
    operation_id = "publisher_undeploy_revision",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path), RevisionParameter),
    request_body = Vec<DeploymentRequest>,
    responses((status = 201, body = Vec<DeploymentResponse>), CreateErrors),
)]
pub async fn undeploy(
    State(control): State<Arc<Control>>,
    PathOf(api): PathOf<String>,
    QueryOf(which): QueryOf<RevisionParameter>,
    Extension(caller): Extension<Caller>,
    Body(requests): Body<Vec<DeploymentRequest>>,
) -> Answer<Response> {
    let revision = which.revision()?;
    let named: Vec<String> = requests.into_iter().map(|request| request.name).collect();
    let environments = match which.all_environments {
        Some(true) => None,
        _ if named.is_empty() => {
            return Err(Problem::bad_request("At least one environment has to be named"));
        }
        _ => Some(named.as_slice()),
    };
    let rows = revisions::undeploy(&control, &caller, &api, revision, environments).await?;
    Ok((StatusCode::CREATED, Json(deployed(rows))).into_response())
}

/// Make the working copy what a revision is
#[utoipa::path(
    post,
    path = "/apis/{apiId}/restore-revision",
    operation_id = "publisher_restore_revision",
    tag = "Publisher: revisions",
    params(("apiId" = String, Path), RevisionParameter),
    responses((status = 201, body = ApiResponse), CreateErrors),
)]
pub async fn restore(
    State(control): State<Arc<Control>>,
    PathOf(api): PathOf<String>,
    QueryOf(which): QueryOf<RevisionParameter>,
    Extension(caller): Extension<Caller>,
) -> Answer<Response> {
    let api = revisions::restore(&control, &caller, &api, which.revision()?).await?;
    apis::created(&control, api)
}

impl RevisionParameter {
    fn revision(&self) -> Answer<&str> {
        let named = self.revision_id.as_deref().or(self.revision_number.as_deref());
        named.ok_or_else(|| Problem::bad_request("revisionId: must not be null"))
    }
}

impl From<DeploymentRequest> for Place {
    fn from(request: DeploymentRequest) -> Self {
        Self {
            environment: request.name,
            vhost: request.vhost,
            display_on_devportal: request.display_on_devportal.unwrap_or(true),
        }
    }
}

impl From<Revision> for RevisionResponse {
    fn from(revision: Revision) -> Self {
        let Revision { row, deployments } = revision;
        Self {
            display_name: format!("Revision {}", row.number),
            id: row.id,
            description: row.description,
            created_time: date_time(row.created_at.as_millis()),
            api_info: RevisedApi { id: row.api },
            deployment_info: deployed(deployments),
        }
    }
}

impl From<DeploymentRow> for DeploymentResponse {
    fn from(row: DeploymentRow) -> Self {
        let time = date_time(row.deployed_at.as_millis());
        Self {
            revision_uuid: row.revision,
            name: row.environment,
            status: DeploymentStatus::Approved,
            vhost: row.vhost,
            display_on_devportal: row.display_on_devportal,
            deployed_time: time.clone(),
            success_deployed_time: time,
        }
    }
}

fn listed(revisions: Vec<Revision>) -> WholeList<RevisionResponse> {
    WholeList::new(revisions.into_iter().map(RevisionResponse::from).collect())
}

fn deployed(rows: Vec<DeploymentRow>) -> Vec<DeploymentResponse> {
    rows.into_iter().map(DeploymentResponse::from).collect()
}
