//! Deny policies that are made at one node, seen from two gateways on one database.

use std::time::Duration;

use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::SecondGateway;
use phantom_e2e::managed::api;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;

const PATH: &str = "/bin/v1/get";
const BLOCKED: &str = r#"{"code":"900805","message":"Message blocked","description":"You have been blocked from accessing the resource"}"#;

struct Scene {
    bed: Bed,
    second: SecondGateway,
    token: String,
}

impl Scene {
    async fn start() -> Self {
        let bed = Bed::start("").await;
        let second = SecondGateway::start(&bed.stack, bed.directory());
        bed.key_manager("login", "client-one").await;
        let id = bed.stack.api(&api("Bin", "login", &bed.upstream, &[])).await;
        bed.application(&id, "login", "client-one", "Unlimited").await;
        let token = bed.server.issue_user_token("client-one", "mallory", "read");
        let scene = Self { bed, second, token };
        for url in scene.urls() {
            let call = || scene.bed.stack.http.get(&url).bearer_auth(&scene.token);
            http::eventually("in force", call, |answer| answer.status == 200).await;
        }
        scene
    }

    fn urls(&self) -> [String; 2] {
        [self.bed.stack.api_url(PATH), self.second.api_url(PATH)]
    }

    /// At both, a second after the answer to whoever changed something.
    async fn are_denied(&self, denied: bool, because: &str) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for url in self.urls() {
            let answer = Answer::of(self.bed.stack.http.get(&url).bearer_auth(&self.token)).await;
            if denied {
                assert_eq!((answer.status, &*answer.body), (403, BLOCKED), "{url}: {because}");
            } else {
                assert_eq!(answer.status, 200, "{url}: {because}: {}", answer.body);
            }
        }
    }

    /// With what status the gateway would answer itself, by what the control plane explains.
    async fn explained(&self, peer: Option<&str>) -> Option<u64> {
        let url = self.bed.stack.api_url(PATH);
        let order = json!({"url": url, "token": self.token, "peer": peer});
        let explained = self.bed.stack.post("/api/phantom/v1/explain", &order).await;
        explained["outcome"]["answer"]["status"].as_u64()
    }

    /// The new policy's path.
    async fn deny(&self, kind: &str, value: &Value) -> String {
        let body = json!({"conditionType": kind, "conditionValue": value});
        let path = format!("{ADMIN}/throttling/deny-policies");
        let made = self.bed.stack.post(&path, &body).await;
        format!("{ADMIN}/throttling/deny-policy/{}", made["conditionId"].as_str().unwrap())
    }
}

/// Rows: WSO2-8.7.6
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deny_policies_of_all_kinds_act_at_every_gateway_within_a_second() {
    let scene = Scene::start().await;
    let here = json!({"startingIp": "127.0.0.1", "endingIp": "127.0.0.9"});
    let not_here = json!({"startingIp": "10.0.0.1", "endingIp": "10.0.0.9", "invert": true});
    for (kind, value) in [
        ("API", json!("/bin/v1")),
        ("APPLICATION", json!("admin:login")),
        ("IP", json!({"fixedIp": "127.0.0.1"})),
        ("IPRANGE", here),
        ("IPRANGE", not_here),
        ("USER", json!("mallory")),
    ] {
        let path = scene.deny(kind, &value).await;
        scene.are_denied(true, kind).await;
        // What is explained is what happens: asked from here, it comes from here.
        assert_eq!(scene.explained(None).await, Some(403), "{kind}");
        let there = scene.explained(Some("10.0.0.5")).await;
        assert_eq!(there.is_some(), matches!(kind, "API" | "APPLICATION" | "USER"), "{kind}");
        let off = json!({"conditionStatus": false});
        scene.bed.stack.rest(Method::PATCH, &path, &off).await;
        scene.are_denied(false, kind).await;
        let on = json!({"conditionStatus": true});
        scene.bed.stack.rest(Method::PATCH, &path, &on).await;
        scene.are_denied(true, kind).await;
        scene.bed.stack.delete(&path).await;
        scene.are_denied(false, kind).await;
    }
    let mine = json!({"startingIp": "127.0.0.0", "endingIp": "127.0.0.9", "invert": true});
    scene.deny("IPRANGE", &mine).await;
    scene.are_denied(false, "an inverted range spares whom it names").await;
}
