//! The Publisher API.

mod apis;
mod definitions;
mod hostile;
mod lifecycle;
mod listing;
mod others;
mod published;
mod revisions;
mod scopes;

use serde_json::Value;
use serde_json::json;

use crate::support::Plane;

const BASE: &str = "/api/am/publisher/v4";

/// The least an API needs, with a plan and an endpoint so that it can be published.
fn api(name: &str) -> Value {
    json!({
        "name": name, "version": "v1", "context": format!("/{}", name.to_lowercase()),
        "policies": ["Unlimited"],
        "endpointConfig": {
            "endpoint_type": "http",
            "production_endpoints": {"url": "http://backend:8080"},
        },
    })
}

/// The API with those members put in.
#[expect(clippy::needless_pass_by_value, reason = "callers make the value where they hand it over")]
fn with(name: &str, members: Value) -> Value {
    let mut api = api(name);
    for (member, value) in members.as_object().unwrap() {
        api[member] = value.clone();
    }
    api
}

fn at(path: &str) -> String {
    format!("{BASE}{path}")
}

impl Plane {
    async fn make(&self, api: &Value) -> Value {
        self.post(&at("/apis"), api).by_admin().send().await.expect(201)
    }

    /// Its id.
    async fn made(&self, name: &str) -> String {
        self.make(&api(name)).await["id"].as_str().unwrap().to_owned()
    }

    async fn act(&self, id: &str, action: &str) -> crate::support::Answer {
        let action: String = form_urlencoded::byte_serialize(action.as_bytes()).collect();
        let path = at(&format!("/apis/change-lifecycle?apiId={id}&action={action}"));
        self.call("POST", &path).by_admin().send().await
    }

    /// The id of a revision that is deployed in the one environment.
    async fn deployed(&self, id: &str) -> String {
        let path = at(&format!("/apis/{id}/revisions"));
        let revision = self.post(&path, &json!({})).by_admin().send().await.expect(201);
        let revision = revision["id"].as_str().unwrap().to_owned();
        let path = at(&format!("/apis/{id}/deploy-revision?revisionId={revision}"));
        let places = json!([{"name": "Default", "vhost": "localhost"}]);
        self.post(&path, &places).by_admin().send().await.expect(201);
        revision
    }

    /// The id of a subscription of sue's, the API published first.
    async fn subscribed(&self, id: &str) -> String {
        self.act(id, "Publish").await.expect(200);
        let devportal = "/api/am/devportal/v3";
        let application = json!({"name": "App", "throttlingPolicy": "Unlimited"});
        let path = format!("{devportal}/applications");
        let application = self.post(&path, &application).by_user("sue").send().await.expect(201);
        let subscription = json!({
            "applicationId": application["applicationId"], "apiId": id,
            "throttlingPolicy": "Unlimited",
        });
        let path = format!("{devportal}/subscriptions");
        let made = self.post(&path, &subscription).by_user("sue").send().await.expect(201);
        made["subscriptionId"].as_str().unwrap().to_owned()
    }

    fn now(&self) -> String {
        phantom_core::Clock::now(&*self.clock).wall.as_millis().to_string()
    }
}
