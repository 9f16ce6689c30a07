//! `/apis/{apiId}/traffic` and `/applications/{applicationId}/traffic`, with the decisions of each: for publishers
//! and for the subscribers that own them.

use phantom_observe::traffic;
use phantom_observe::traffic::DecisionInfo;
use phantom_observe::traffic::Period;
use phantom_observe::traffic::Traffic;
use phantom_rest::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PeriodQuery {
    /// `5m`, `1h`, `3h` or `24h`.
    #[param(default = "1h")]
    period: String,
}

impl PeriodQuery {
    fn period(&self) -> Answer<Period> {
        Ok(Period::parse_or(&self.period, Period::Hour)?)
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct RefusedQuery {
    /// Refused or broken off, and no others.
    #[param(default = false)]
    refused: bool,
}

/// Read the traffic of an API
///
/// With the applications that call it most. Nothing of other APIs, gateways or key managers is in it.
#[utoipa::path(
    get,
    path = "/apis/{apiId}/traffic",
    operation_id = "readApiTraffic",
    tag = "Phantom Gateway",
    params(("apiId" = String, Path), PeriodQuery),
    responses((status = 200, description = "Its numbers", body = Traffic), ReadErrors)
)]
pub async fn of_api(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<PeriodQuery>,
) -> Answer<Json<Traffic>> {
    Ok(Json(traffic::of_api(&control, &caller, &id, query.period()?).await?))
}

/// List the last decisions on calls of an API
#[utoipa::path(
    get,
    path = "/apis/{apiId}/decisions",
    operation_id = "listApiDecisions",
    tag = "Phantom Gateway",
    params(("apiId" = String, Path), RefusedQuery),
    responses(
        (status = 200, description = "The newest first", body = WholeList<DecisionInfo>),
        ReadErrors,
    )
)]
pub async fn decisions_of_api(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<RefusedQuery>,
) -> Answer<Json<WholeList<DecisionInfo>>> {
    let found = traffic::decisions_of_api(&control, &caller, &id, query.refused).await?;
    Ok(Json(WholeList::new(found)))
}

/// Read what an application of one's own used
///
/// With the APIs that it calls most.
#[utoipa::path(
    get,
    path = "/applications/{applicationId}/traffic",
    operation_id = "readApplicationTraffic",
    tag = "Phantom Gateway",
    params(("applicationId" = String, Path), PeriodQuery),
    responses((status = 200, description = "Its numbers", body = Traffic), OwnReadErrors)
)]
pub async fn of_application(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<PeriodQuery>,
) -> Answer<Json<Traffic>> {
    Ok(Json(traffic::of_application(&control, &caller, &id, query.period()?).await?))
}

/// List the last decisions on calls of an application of one's own
#[utoipa::path(
    get,
    path = "/applications/{applicationId}/decisions",
    operation_id = "listApplicationDecisions",
    tag = "Phantom Gateway",
    params(("applicationId" = String, Path), RefusedQuery),
    responses(
        (status = 200, description = "The newest first", body = WholeList<DecisionInfo>),
        OwnReadErrors,
    )
)]
pub async fn decisions_of_application(
    State(control): State<Arc<Control>>,
    Extension(caller): Extension<Caller>,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<RefusedQuery>,
) -> Answer<Json<WholeList<DecisionInfo>>> {
    let found = traffic::decisions_of_application(&control, &caller, &id, query.refused).await?;
    Ok(Json(WholeList::new(found)))
}
