//! Revisions and deployments: what an API was when it was frozen, and what gateways serve.

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::random;
use phantom_core::UnixTime;
use phantom_definition::Transport;
pub use phantom_store::DeploymentRow;
use phantom_store::RevisionRow;
use phantom_store::Write;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use url::Url;
use uuid::Uuid;

use crate::apis;
use crate::apis::Api;
use crate::apis::document::ApiDocument;
use crate::lifecycle::LifecycleState;
use phantom_terms::versioned::Expected;

/// Most revisions of an API.
pub const MAX_REVISIONS: usize = 5;
/// The one environment there is.
pub const ENVIRONMENT: &str = "Default";
const LOCALHOST: &str = "localhost";

/// A revision with where it is deployed.
#[derive(Clone, Debug)]
pub struct Revision {
    pub row: RevisionRow,
    pub deployments: Vec<DeploymentRow>,
}

impl Revision {
    /// What the API was.
    pub fn settings(&self) -> Outcome<ApiDocument> {
        stored::read(&self.row.document)
    }
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
    let rows = control.store().revisions(id).await?;
    Ok(with_deployments(rows, &control.store().deployments(id).await?))
}

pub async fn read(control: &Control, api: &str, revision: &str) -> Outcome<Revision> {
    let found = list(control, api).await?.into_iter().find(|each| is_named(&each.row, revision));
    found.ok_or_else(|| Refusal::not_found(Kind::Revision, revision))
}

pub async fn deployments(control: &Control, api: &str) -> Outcome<Vec<DeploymentRow>> {
    deployments_of(control, &apis::read(control, api).await?).await
}

pub async fn deployments_of(control: &Control, api: &Api) -> Outcome<Vec<DeploymentRow>> {
    Ok(control.store().deployments(api.row.id).await?)
}

/// Freezes the working copy.
pub async fn create(
    control: &Control,
    caller: &Caller,
    api: &str,
    description: String,
) -> Outcome<Revision> {
    let mut write = control.write(caller).await?;
    let api = apis::find_one(&mut write, api).await?;
    if write.revisions(api.row.id).await?.len() >= MAX_REVISIONS {
        return Err(Refusal::TooManyRevisions(MAX_REVISIONS));
    }
    let row = freeze(control, &mut write, api, description).await?;
    write.commit().await?;
    Ok(Revision { row, deployments: Vec::new() })
}

/// What gateways serve of an API, and whether that is its working copy.
#[derive(Clone, Debug)]
pub struct Standing {
    pub deployed: Option<Deployed>,
    /// The working copy differs from what is deployed.
    pub is_changed: bool,
}

/// What gateways serve.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub revision: Uuid,
    pub number: u64,
    pub since: UnixTime,
    pub settings: ApiDocument,
}

pub async fn standing(control: &Control, api: &Api) -> Outcome<Standing> {
    let none = Standing { deployed: None, is_changed: false };
    let Some(deployment) = control.store().deployment(api.row.id, ENVIRONMENT).await? else {
        return Ok(none);
    };
    let Some(row) = control.store().revision(deployment.revision).await? else { return Ok(none) };
    let settings: ApiDocument = stored::read(&row.document)?;
    let is_changed = in_force(&settings) != in_force(&api.document);
    let (revision, number, since) = (row.id, row.number, deployment.deployed_at);
    Ok(Standing { deployed: Some(Deployed { revision, number, since, settings }), is_changed })
}

/// Freezes the working copy and has gateways serve it, at once. The oldest revision that is not deployed
/// makes room where there are as many as there may be.
pub async fn save_and_deploy(
    control: &Control,
    caller: &Caller,
    api: &str,
    description: String,
    expected: &Expected,
) -> Outcome<Revision> {
    let mut write = control.write(caller).await?;
    let api = apis::find_one(&mut write, api).await?;
    expected.check(api.row.version)?;
    if api.row.state == LifecycleState::Retired {
        return Err(Refusal::ApiRetired);
    }
    let rows = write.revisions(api.row.id).await?;
    let deployments = write.deployments(api.row.id).await?;
    let is_deployed = |row: &&RevisionRow| deployments.iter().any(|each| each.revision == row.id);
    if rows.len() >= MAX_REVISIONS {
        let oldest = rows.iter().find(|row| !is_deployed(row));
        let oldest = oldest.ok_or(Refusal::TooManyRevisions(MAX_REVISIONS))?;
        write.delete_revision(oldest.id).await?;
    }
    let row = freeze(control, &mut write, api, description).await?;
    let deployment = DeploymentRow {
        api: row.api,
        revision: row.id,
        environment: ENVIRONMENT.to_owned(),
        vhost: gateway_host(control).unwrap_or_else(|| LOCALHOST.to_owned()),
        display_on_devportal: true,
        deployed_at: control.now(),
    };
    write.deploy(&deployment).await?;
    write.commit().await?;
    Ok(Revision { row, deployments: vec![deployment] })
}

/// What of the settings makes a difference: members that mean nothing to us do not, nor does what was done
/// to the API before, nor the order of what has none.
#[must_use]
pub fn in_force(document: &ApiDocument) -> ApiDocument {
    let mut document = frozen(document.clone());
    document.others.clear();
    for operation in &mut document.operations {
        // Made anew with one that is taken away and added again.
        operation.id.clear();
        operation.others.clear();
        each_once(&mut operation.scopes);
    }
    document
        .operations
        .sort_by(|a, b| (&a.target, a.verb.as_str()).cmp(&(&b.target, b.verb.as_str())));
    document.scopes.iter_mut().for_each(|scope| each_once(&mut scope.bindings));
    document.scopes.sort_by(|a, b| (&a.name, a.shared).cmp(&(&b.name, b.shared)));
    document.additional_properties.sort_by(|a, b| a.name.cmp(&b.name));
    // By what they are called, as they stand in a document.
    document
        .security_scheme
        .sort_by_key(|scheme| stored::write(scheme).map(|name| name.to_string()).ok());
    document.transport.sort_by_key(|transport| *transport == Transport::Https);
    let cors = &mut document.cors_configuration;
    for names in [
        &mut document.audiences,
        &mut document.tags,
        &mut document.policies,
        &mut document.visible_roles,
        &mut document.key_managers,
        &mut cors.access_control_allow_origins,
        &mut cors.access_control_allow_headers,
        &mut cors.access_control_allow_methods,
    ] {
        each_once(names);
    }
    document
}

fn each_once(names: &mut Vec<String>) {
    names.sort_unstable();
    names.dedup();
}

/// As a revision keeps it.
fn frozen(document: ApiDocument) -> ApiDocument {
    ApiDocument { history: Vec::new(), ..document }
}

async fn freeze(
    control: &Control,
    write: &mut Write,
    api: Api,
    description: String,
) -> Outcome<RevisionRow> {
    let row = RevisionRow {
        id: random::id(),
        api: api.row.id,
        number: write.next_revision_number(api.row.id).await?,
        description,
        document: stored::write(&frozen(api.document))?,
        created_at: control.now(),
    };
    write.insert_revision(&row).await?;
    Ok(row)
}

/// Gives those that remain.
pub async fn delete(
    control: &Control,
    caller: &Caller,
    api: &str,
    revision: &str,
) -> Outcome<Vec<Revision>> {
    let mut write = control.write(caller).await?;
    let api = apis::find_one(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    let deployments = write.deployments(api.row.id).await?;
    if deployments.iter().any(|deployment| deployment.revision == row.id) {
        return Err(Refusal::RevisionDeployed);
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
        return Err(Refusal::invalid("At least one environment has to be named"));
    }
    let mut write = control.write(caller).await?;
    let api = apis::find_one(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    if api.row.state == LifecycleState::Retired {
        return Err(Refusal::ApiRetired);
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
    let api = apis::find_one(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    if let Some(strange) = environments.and_then(|all| all.iter().find(|e| *e != ENVIRONMENT)) {
        return Err(Refusal::UnknownEnvironment(strange.clone()));
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
    let mut api = apis::find_one(&mut write, api).await?;
    let row = find(&mut write, &api, revision).await?;
    let history = std::mem::take(&mut api.document.history);
    let settings = ApiDocument { history, ..stored::read(&row.document)? };
    apis::change_settings(&mut write, &mut api, settings).await?;
    let api = api.save(&mut write).await?;
    write.commit().await?;
    Ok(api)
}

async fn find(write: &mut Write, api: &Api, revision: &str) -> Outcome<RevisionRow> {
    let rows = write.revisions(api.row.id).await?;
    rows.into_iter()
        .find(|row| is_named(row, revision))
        .ok_or_else(|| Refusal::not_found(Kind::Revision, revision))
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
        return Err(Refusal::UnknownEnvironment(place.environment.clone()));
    }
    let gateway = gateway_host(control);
    let vhost = place.vhost.as_deref().filter(|host| !host.is_empty());
    let is_known = |host: &&str| *host == LOCALHOST || gateway.as_deref() == Some(*host);
    vhost.filter(is_known).ok_or_else(|| Refusal::UnknownHost {
        asked: place.vhost.clone().unwrap_or_default(),
        known: gateway.clone().unwrap_or_else(|| LOCALHOST.to_owned()),
    })
}

/// The host under which gateways serve APIs.
#[must_use]
pub fn gateway_host(control: &Control) -> Option<String> {
    let url = Url::parse(&control.settings.gateway_https_url).ok()?;
    url.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(json: serde_json::Value) -> ApiDocument {
        serde_json::from_value(json).expect("settings")
    }

    #[test]
    fn another_order_of_what_has_none_is_no_change() {
        let operation = |id: &str, target: &str, scopes: [&str; 2]| json!({"id": id, "target": target, "verb": "GET", "scopes": scopes});
        let scope = |name: &str, roles: [&str; 2]| json!({"name": name, "bindings": roles});
        let one = settings(json!({
            "tags": ["a", "b"], "policies": ["Gold", "Silver"], "audiences": ["a", "b"],
            "keyManagers": ["one", "two"], "visibleRoles": ["admin", "Internal/creator"],
            "transport": ["http", "https"], "securityScheme": ["oauth2", "api_key"],
            "corsConfiguration": {"accessControlAllowMethods": ["GET", "PUT"],
                "accessControlAllowHeaders": ["a", "b"], "accessControlAllowOrigins": ["*", "null"]},
            "additionalProperties": [{"name": "a"}, {"name": "b"}],
            "scopes": [scope("r", ["admin", "Internal/creator"]), scope("w", ["admin", "admin"])],
            "operations": [operation("1", "/a", ["r", "w"]), operation("2", "/b", ["r", "w"])],
        }));
        let other = settings(json!({
            "tags": ["b", "a"], "policies": ["Silver", "Gold"], "audiences": ["b", "a"],
            "keyManagers": ["two", "one"], "visibleRoles": ["Internal/creator", "admin"],
            "transport": ["https", "http"], "securityScheme": ["api_key", "oauth2"],
            "corsConfiguration": {"accessControlAllowMethods": ["PUT", "GET"],
                "accessControlAllowHeaders": ["b", "a"], "accessControlAllowOrigins": ["null", "*"]},
            "additionalProperties": [{"name": "b"}, {"name": "a"}],
            "scopes": [scope("w", ["admin", "admin"]), scope("r", ["Internal/creator", "admin"])],
            "operations": [operation("3", "/b", ["w", "r"]), operation("1", "/a", ["w", "r"])],
        }));
        assert_eq!(in_force(&one), in_force(&other));
        let less = ApiDocument { tags: vec!["b".to_owned()], ..other };
        assert_ne!(in_force(&one), in_force(&less));
    }
}
