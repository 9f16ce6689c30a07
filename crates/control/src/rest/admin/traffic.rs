//! `/gateways`, `/traffic` and `/traffic/decisions`, which WSO2 has not: what gateways report.

use phantom_observe::gateways;
use phantom_observe::gateways::GatewayInfo;
use phantom_observe::traffic;
use phantom_observe::traffic::DecisionInfo;
use phantom_observe::traffic::DecisionsWanted;
use phantom_observe::traffic::Traffic;
use phantom_observe::traffic::TrafficWanted;
use phantom_rest::prelude::*;
use serde::Deserialize;
use utoipa::IntoParams;

/// List gateways
///
/// Those that reported within a day, with the catalog in force at each.
#[utoipa::path(
    get,
    path = "/gateways",
    operation_id = "listGateways",
    tag = "Admin: traffic",
    responses((status = 200, description = "All of them", body = WholeList<GatewayInfo>), ReadErrors)
)]
pub async fn gateways(State(control): State<Arc<Control>>) -> Answer<Json<WholeList<GatewayInfo>>> {
    Ok(Json(WholeList::new(gateways::list(&control).await?)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficQuery {
    /// `5m`, `1h`, `3h` or `24h`.
    #[param(default = "5m")]
    period: String,
    /// Of that gateway alone, by its id.
    gateway: String,
    /// Of that API alone, by its id, or of the route of that name. One of this and the next two.
    api: String,
    /// Of that application alone, by its id.
    application: String,
    /// Of that key manager alone, by its name.
    key_manager: String,
}

/// Read the traffic of a period
///
/// As gateways reported it: requests, outcomes, latency, cache, refusals, and who had them.
#[utoipa::path(
    get,
    path = "/traffic",
    operation_id = "readTraffic",
    tag = "Admin: traffic",
    params(TrafficQuery),
    responses((status = 200, description = "Its numbers", body = Traffic), ReadErrors)
)]
pub async fn read(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<TrafficQuery>,
) -> Answer<Json<Traffic>> {
    let of = [&*query.api, &*query.application, &*query.key_manager];
    let wanted = TrafficWanted::parse(&query.period, &query.gateway, of)?;
    Ok(Json(traffic::read(&control, &wanted).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", default)]
pub struct DecisionsQuery {
    /// Refused or broken off, and no others.
    #[param(default = false)]
    refused: bool,
    /// Id, or name and version.
    api: String,
    /// By its id.
    application: String,
    /// Such as `401`, or `4xx`.
    status: String,
    /// As the client, the backend or the access log was told it.
    request_id: String,
}

/// List the last decisions
///
/// The newest first, at most 250: of the last ten minutes, refusals first, and of the day before some refusals.
#[utoipa::path(
    get,
    path = "/traffic/decisions",
    operation_id = "listDecisions",
    tag = "Admin: traffic",
    params(DecisionsQuery),
    responses(
        (status = 200, description = "Those that match", body = WholeList<DecisionInfo>),
        ReadErrors,
    )
)]
pub async fn decisions(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<DecisionsQuery>,
) -> Answer<Json<WholeList<DecisionInfo>>> {
    let DecisionsQuery { refused, api, application, status, request_id } = query;
    let wanted = DecisionsWanted::parse(refused, &api, &application, &status, &request_id)?;
    Ok(Json(WholeList::new(traffic::decisions(&control, &wanted).await?)))
}
