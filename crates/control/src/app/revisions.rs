//! Revisions and deployments: what an API was when it was frozen, and what gateways serve.

use http::StatusCode;
use phantom_store::DeploymentRow;
use phantom_store::RevisionRow;
use phantom_store::Write;
use url::Url;
use uuid::Uuid;

use crate::app::apis;
use crate::app::apis::Api;
use crate::app::apis::document::ApiDocument;
use crate::app::lifecycle::LifecycleState;
use crate::caller::Caller;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;
use crate::random;

/// Most revisions of an API.
const MAX_REVISIONS: usize = 5;
/// The one environment there is.
pub const ENVIRONMENT: &str = "Default";
const LOCALHOST: &str = "localhost";

/// A revision with where it is deployed.
#[derive(Clone, Debug)]
pub struct Revision {
    pub row: RevisionRow,
    pub deployments: Vec<DeploymentRow>,
}

/// Where a revision is to be deployed.
#[derive(Clone, Debug)]
pub struct Place {
    pub environment: String,
    pub vhost: Option<String>,
    pub display_on_devportal: bool,
}

/// All of an API, by number.
pub async fn list(control: &Control, api: &str) -> Outcome<Vec<Revision>> {
    let id = apis::read(control, api).await?.row.id;
    let rows = control.store.revisions(id).await?;
    Ok(with_deployments(rows, &control.store.deployments(id).await?))
}

pub async fn read(control: &Control, api: &str, revision: &str) -> Outcome<Revision> {
    let found = list(control, api).await?.into_iter().find(|each| is_named(&each.row, revision));
    found.ok_or_else(|| unknown(revision))
}

pub async fn deployments(control: &Control, api: &str) -> Outcome<Vec<DeploymentRow>> {
    let id = apis::read(control, api).await?.row.id;
    Ok(control.store.deployments(id).await?)
}

/// Freezes the working copy.
pub async fn create(
    control: &Control,
    caller: &Caller,
    api: &str,
    description: String,
) -> Outcome<Revision> {
    let mut write = control.write(caller).await?;
    let api = apis::read_within(&mut write, api).await?;
    if write.revisions(api.row.id).await?.len() >= MAX_REVISIONS {
        let rule = format!("An API has at most {MAX_REVISIONS} revisions: delete one first");
        return Err(refused(900_351, rule));
    }
    let frozen = ApiDocument { history: Vec::new(), ..api.document };
    let row = RevisionRow {
        id: random::id(),
        api: api.row.id,
        number: write.next_revision_number(api.row.id).await?,
        description,
        document: frozen.to_value()?,
        created_at: control.now(),
    };
    write.insert_revision(&row).await?;
    write.commit().await?;
    Ok(Revision { row, deployments: Vec::new() })
}

/// Gives those that remain.
pub async fn delete(
    control: &Control,
    caller: &Caller,
    api: &str,
    revision: &str,
) -> Outcome<Vec<Revision>> {
    let mut write = control.write(caller).await?;
    let api = apis::read_within(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    let deployments = write.deployments(api.row.id).await?;
    if deployments.iter().any(|deployment| deployment.revision == row.id) {
        return Err(refused(900_348, "The revision is deployed: undeploy it first"));
    }
    write.delete_revision(row.id).await?;
    let remaining = write.revisions(api.row.id).await?;
    write.commit().await?;
    Ok(with_deployments(remaining, &deployments))
}

/// In the place of what was deployed there before. Gives all deployments of the revision.
pub async fn deploy(
    control: &Control,
    caller: &Caller,
    api: &str,
    revision: &str,
    places: &[Place],
) -> Outcome<Vec<DeploymentRow>> {
    if places.is_empty() {
        return Err(Problem::bad_request("At least one environment has to be named"));
    }
    let mut write = control.write(caller).await?;
    let api = apis::read_within(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    if api.row.state == LifecycleState::Retired {
        return Err(refused(903_227, "The API is retired"));
    }
    for place in places {
        let vhost = known_place(control, place)?.to_owned();
        let deployment = DeploymentRow {
            api: api.row.id,
            revision: row.id,
            environment: place.environment.clone(),
            vhost,
            display_on_devportal: place.display_on_devportal,
            deployed_at: control.now(),
        };
        write.deploy(&deployment).await?;
    }
    let deployments = write.deployments(api.row.id).await?;
    write.commit().await?;
    Ok(of_revision(deployments, row.id))
}

/// From these environments, or from all. Gives the deployments of the revision that remain.
pub async fn undeploy(
    control: &Control,
    caller: &Caller,
    api: &str,
    revision: &str,
    environments: Option<&[String]>,
) -> Outcome<Vec<DeploymentRow>> {
    let mut write = control.write(caller).await?;
    let api = apis::read_within(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    if let Some(strange) = environments.and_then(|all| all.iter().find(|e| *e != ENVIRONMENT)) {
        return Err(unknown_environment(strange));
    }
    let deployed = of_revision(write.deployments(api.row.id).await?, row.id);
    for deployment in deployed {
        let environment = deployment.environment;
        if environments.is_none_or(|all| all.contains(&environment)) {
            write.undeploy(api.row.id, &environment).await?;
        }
    }
    let remaining = write.deployments(api.row.id).await?;
    write.commit().await?;
    Ok(of_revision(remaining, row.id))
}

/// Makes the working copy what the revision is.
pub async fn restore(
    control: &Control,
    caller: &Caller,
    api: &str,
    revision: &str,
) -> Outcome<Api> {
    let mut write = control.write(caller).await?;
    let mut api = apis::read_within(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    let history = std::mem::take(&mut api.document.history);
    let settings = ApiDocument { history, ..ApiDocument::of_revision(&row)? };
    apis::change_settings(&mut write, &mut api, settings).await?;
    let api = api.save(&mut write).await?;
    write.commit().await?;
    Ok(api)
}

async fn find(write: &mut Write, api: &Api, revision: &str) -> Outcome<RevisionRow> {
    let rows = write.revisions(api.row.id).await?;
    rows.into_iter().find(|row| is_named(row, revision)).ok_or_else(|| unknown(revision))
}

/// By its id, or by its number where a client has only that.
fn is_named(row: &RevisionRow, name: &str) -> bool {
    match Uuid::try_parse(name) {
        Ok(id) => row.id == id,
        Err(_) => name.parse() == Ok(row.number),
    }
}

fn with_deployments(rows: Vec<RevisionRow>, deployments: &[DeploymentRow]) -> Vec<Revision> {
    let with = |row: RevisionRow| {
        let deployments = of_revision(deployments.to_vec(), row.id);
        Revision { row, deployments }
    };
    rows.into_iter().map(with).collect()
}

fn of_revision(mut deployments: Vec<DeploymentRow>, revision: Uuid) -> Vec<DeploymentRow> {
    deployments.retain(|deployment| deployment.revision == revision);
    deployments
}

fn known_place<'p>(control: &Control, place: &'p Place) -> Outcome<&'p str> {
    if place.environment != ENVIRONMENT {
        return Err(unknown_environment(&place.environment));
    }
    let gateway = gateway_host(control);
    let vhost = place.vhost.as_deref().filter(|host| !host.is_empty());
    let is_known = |host: &&str| *host == LOCALHOST || gateway.as_deref() == Some(*host);
    vhost.filter(is_known).ok_or_else(|| {
        let host = place.vhost.as_deref().unwrap_or_default();
        refused(900_511, format!("There is no virtual host '{host}' in this environment"))
    })
}

/// The host under which gateways serve APIs.
#[must_use]
pub fn gateway_host(control: &Control) -> Option<String> {
    let url = Url::parse(&control.settings.gateway_https_url).ok()?;
    url.host_str().map(str::to_owned)
}

fn unknown_environment(name: &str) -> Problem {
    refused(900_504, format!("There is no environment '{name}'"))
}

fn unknown(revision: &str) -> Problem {
    let description = format!("Requested revision with id '{revision}' not found");
    Problem::coded(StatusCode::NOT_FOUND, 900_347, "Not Found", description)
}

fn refused(code: u32, description: impl Into<String>) -> Problem {
    Problem::coded(StatusCode::BAD_REQUEST, code, "Bad Request", description.into())
}
