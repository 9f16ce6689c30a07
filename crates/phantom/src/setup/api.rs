//! The API, deployed and published.

use serde_json::Value;
use serde_json::json;

use super::Environment;
use super::PUBLISHER;
use super::STAYS;
use super::Steps;
use super::differing;
use super::entries;
use super::id_of;
use super::rest;

/// What a revision can be deployed in.
const SERVED: [&str; 5] = ["CREATED", "PUBLISHED", "PROTOTYPED", "DEPRECATED", "BLOCKED"];

impl Steps<'_> {
    /// Its id.
    pub(super) async fn api(&mut self) -> anyhow::Result<String> {
        let Environment { api_name: name, api_version: version, .. } = self.environment;
        let path = format!("{PUBLISHER}/apis?query=name:%22{}%22&limit=100", rest::encoded(name));
        let found = self.rest.get(&path).await?;
        let has = |api: &Value, member: &str, wanted: &str| {
            api.get(member).is_some_and(|value| value == wanted)
        };
        let is_it = |api: &&Value| has(api, "name", name) && has(api, "version", version);
        let there = entries(&found).find(is_it);
        let is_there = there.is_some();
        let id = match there {
            Some(api) => id_of(api)?,
            None => {
                let described = described(self.environment);
                let api = self.rest.post(&format!("{PUBLISHER}/apis"), &described).await?;
                self.tell(&format!("API {name}: made"));
                id_of(&api)?
            }
        };
        let api = self.rest.get(&format!("{PUBLISHER}/apis/{id}")).await?;
        let led_on = self.led_on(&api);
        if is_there {
            let environment = self.environment;
            let upstream = "/endpointConfig/production_endpoints/url";
            let differing = differing(
                led_on.as_ref().unwrap_or(&api),
                &[
                    ("API_CONTEXT", "/context", &environment.api_context),
                    ("API_UPSTREAM", upstream, &environment.api_upstream),
                ],
            );
            self.tell(&match differing.is_empty() {
                true => format!("API {name}: there already"),
                false => format!("API {name}: there already{differing}: {STAYS}"),
            });
        }
        if let Some(led_on) = &led_on {
            self.rest.put(&format!("{PUBLISHER}/apis/{id}"), led_on).await?;
            self.tell(&format!("API {name}: led to where its backend is now"));
        }
        let state = api.get("lifeCycleStatus").and_then(Value::as_str).unwrap_or_default();
        if SERVED.contains(&state) {
            self.deploy(&id, led_on.is_some()).await?;
        }
        if state == "CREATED" {
            let path = format!("{PUBLISHER}/apis/change-lifecycle?action=Publish&apiId={id}");
            self.rest.post(&path, &Value::Null).await?;
            self.tell(&format!("API {name}: published"));
        }
        Ok(id)
    }

    /// Deploys the last revision where none is, else a new one: of `changes`, or as the first.
    async fn deploy(&mut self, id: &str, changes: bool) -> anyhow::Result<()> {
        let deployments = self.rest.get(&format!("{PUBLISHER}/apis/{id}/deployments")).await?;
        let is_deployed = deployments.as_array().is_some_and(|all| !all.is_empty());
        if is_deployed && !changes {
            return Ok(());
        }
        let path = format!("{PUBLISHER}/apis/{id}/revisions");
        let revisions = self.rest.get(&path).await?;
        let revision = match entries(&revisions).last() {
            Some(last) if !changes => id_of(last)?,
            _ => id_of(&self.rest.post(&path, &json!({"description": "set-up"})).await?)?,
        };
        let to = json!([{"name": "Default", "vhost": "localhost", "displayOnDevportal": true}]);
        let path = format!("{PUBLISHER}/apis/{id}/deploy-revision?revisionId={revision}");
        self.rest.post(&path, &to).await?;
        let name = &self.environment.api_name;
        self.tell(&format!("API {name}: a revision is deployed"));
        Ok(())
    }
}

fn described(environment: &Environment) -> Value {
    let protected = "Application & Application User";
    let operation = |verb: &str, target: &str, scopes: &[&str]| {
        json!({
            "target": target, "verb": verb, "authType": protected,
            "throttlingPolicy": "Unlimited", "scopes": scopes,
        })
    };
    let scope = |name: &str, what: &str| {
        json!({
            "scope": {"name": name, "displayName": name, "description": what, "bindings": []},
            "shared": false,
        })
    };
    json!({
        "name": environment.api_name,
        "version": environment.api_version,
        "context": environment.api_context,
        "endpointConfig": {
            "endpoint_type": "http",
            "production_endpoints": {"url": environment.api_upstream},
            "sandbox_endpoints": {"url": environment.api_upstream},
        },
        "policies": ["Unlimited", "Gold", "Silver", "Bronze"],
        "keyManagers": ["all"],
        "scopes": [scope("read", "See things"), scope("write", "Change things")],
        "operations": [
            operation("GET", "/get", &[]),
            operation("GET", "/headers", &[]),
            operation("GET", "/status/{code}", &[]),
            operation("GET", "/anything/*", &["read"]),
            operation("POST", "/anything/*", &["write"]),
        ],
    })
}
