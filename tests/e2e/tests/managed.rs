//! Changes of the control plane under load: a second after each answer every request is decided by
//! the new state, and requests that no change concerns never fail.
//!
//! `PHANTOM_RATE` is the requests a second of all callers, `PHANTOM_BINARY` another binary to call.

use std::time::Duration;

use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::Application;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::PUBLISHER;
use phantom_e2e::managed::api;
use phantom_e2e::paced;
use phantom_e2e::paced::Call;
use phantom_e2e::paced::Callers;
use phantom_e2e::paced::Tally;
use serde_json::Value;
use serde_json::json;

/// In force for certain from then on.
const IN_FORCE: Duration = Duration::from_secs(1);
/// Of each group of callers.
const CONNECTIONS: u32 = 8;
/// An hour of any load, and what any load uses up at once.
const AMPLE: u64 = 1_000_000_000;
const TIGHT: u64 = 10;
const LEVELS: [&str; 3] = ["application", "subscription", "advanced"];

/// Two APIs, each with a key manager and an application of its own. `/bin/v1` is changed, `/other/v1`
/// is not.
struct Managed {
    bed: Bed,
    key_manager: String,
    api: String,
    /// Its client is `client-one`; that of the other application is `test-client`.
    subject: Application,
}

impl Managed {
    async fn start() -> Self {
        let bed = Bed::start("").await;
        let key_manager = bed.key_manager("login", "client-one").await;
        bed.key_manager("other", "test-client").await;
        for level in LEVELS {
            bed.stack.post(&policies(level), &policy(level, AMPLE)).await;
        }
        let api_id = bed.stack.api(&bin(&bed.upstream, &[])).await;
        let other = bed.stack.api(&api("Other", "other", &bed.upstream, &[])).await;
        let subject = bed.application(&api_id, "login", "client-one", "Own").await;
        bed.application(&other, "other", "test-client", "Unlimited").await;
        Self { bed, key_manager, api: api_id, subject }
    }

    fn callers(&self, path: &str, token: &str) -> Callers {
        Callers::start(&Call {
            authority: self.bed.stack.apis_authority(),
            path: path.to_owned(),
            token: token.to_owned(),
            rate: paced::rate() / 2,
            connections: CONNECTIONS,
        })
    }

    async fn subscription(&self, callers: &Callers) {
        let Self { bed, api, subject, .. } = self;
        for (operation, state, status) in [
            ("block-subscription", "&blockState=BLOCKED", 401),
            ("unblock-subscription", "", 200),
            ("block-subscription", "&blockState=PROD_ONLY_BLOCKED", 401),
            ("unblock-subscription", "", 200),
        ] {
            let id = &subject.subscription;
            let path = format!("{PUBLISHER}/subscriptions/{operation}?subscriptionId={id}{state}");
            let block = async { drop(bed.stack.post(&path, &Value::Null).await) };
            callers.change(&format!("{operation}{state}"), status, block).await;
        }
        let path = format!("{DEVPORTAL}/subscriptions/{}", subject.subscription);
        callers.change("subscription deleted", 403, bed.stack.delete(&path)).await;
        let subscribe = async { drop(bed.subscribe(&subject.id, api, "Own").await) };
        callers.change("subscription made", 200, subscribe).await;
    }

    async fn mapping(&self, callers: &Callers) {
        let Self { bed, subject, .. } = self;
        let Application { id, mapping, .. } = subject;
        let path = format!("{DEVPORTAL}/applications/{id}/oauth-keys/{mapping}");
        callers.change("mapping deleted", 403, bed.stack.delete(&path)).await;
        let map = async { drop(bed.map(id, "login", "client-one").await) };
        callers.change("mapping made", 200, map).await;
    }

    async fn scope(&self, callers: &Callers) {
        let Self { bed, api, .. } = self;
        let path = format!("{PUBLISHER}/apis/{api}");
        let deploy = async |scopes: &[&str]| {
            bed.stack.put(&path, &bin(&bed.upstream, scopes)).await;
            bed.stack.deploy(api).await;
        };
        // The token does not have this one.
        callers.change("scope required", 403, deploy(&["write"])).await;
        callers.change("scope of the token required", 200, deploy(&["read"])).await;
        callers.change("no scope required", 200, deploy(&[])).await;
    }

    /// Limits of policies, then other policies in their place.
    async fn policy(&self, callers: &Callers) {
        let Self { bed, subject, .. } = self;
        for level in LEVELS {
            let all = bed.stack.get(&policies(level)).await;
            let own = all["list"].as_array().unwrap().iter().find(|p| p["policyName"] == "Own");
            let id = own.unwrap()["policyId"].as_str().unwrap();
            let path = format!("{}/{id}", policies(level));
            for (limit, status) in [(TIGHT, 429), (AMPLE, 200)] {
                let put = async { drop(bed.stack.put(&path, &policy(level, limit)).await) };
                callers.change(&format!("{level} policy: {limit} an hour"), status, put).await;
            }
        }
        let path = format!("{DEVPORTAL}/applications/{}", subject.id);
        for (plan, status) in [("10PerMin", 429), ("Own", 200)] {
            let body = json!({"name": "login", "throttlingPolicy": plan});
            let put = async { drop(bed.stack.put(&path, &body).await) };
            callers.change(&format!("application's plan: {plan}"), status, put).await;
        }
    }

    async fn key_manager(&self, callers: &Callers) {
        let stack = &self.bed.stack;
        let path = format!("{ADMIN}/key-managers/{}", self.key_manager);
        let before = stack.get(&path).await;
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut body = before.clone();
            change(&mut body);
            body
        };
        let disabled = changed(&|body| body["enabled"] = json!(false));
        let audience = changed(&|body| {
            body["additionalProperties"]["expected_audience"] = json!("client-two");
        });
        let issuer = changed(&|body| body["issuer"] = json!("https://other.example"));
        for (what, body, status) in [
            ("disabled", &disabled, 401),
            ("enabled", &before, 200),
            ("for another audience", &audience, 401),
            ("for its audience", &before, 200),
            ("of another issuer", &issuer, 401),
            ("of its issuer", &before, 200),
        ] {
            let put = async { drop(stack.put(&path, body).await) };
            callers.change(&format!("key manager {what}"), status, put).await;
        }
    }
}

fn policies(level: &str) -> String {
    format!("{ADMIN}/throttling/policies/{level}")
}

/// That many requests an hour.
fn policy(level: &str, limit: u64) -> Value {
    let limit = json!({"timeUnit": "hour", "unitTime": 1, "requestCount": limit});
    let mut policy = json!({
        "policyName": "Own", "description": format!("At the {level} level"),
        "defaultLimit": {"type": "REQUESTCOUNTLIMIT", "requestCount": limit},
    });
    if level == "subscription" {
        policy["stopOnQuotaReach"] = json!(true);
    }
    policy
}

/// With a policy of our own at each level that an API has to do with.
fn bin(upstream: &str, scopes: &[&str]) -> Value {
    let mut body = api("Bin", "login", upstream, scopes);
    body["policies"] = json!(["Unlimited", "Own"]);
    body["apiThrottlingPolicy"] = json!("Own");
    body
}

/// Rows: WSO2-1
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_in_force_a_second_after_its_answer_and_fails_no_other_request() {
    let managed = Managed::start().await;
    let bed = &managed.bed;
    let path = format!("{DEVPORTAL}/applications/{}", managed.subject.id);
    bed.stack.put(&path, &json!({"name": "login", "throttlingPolicy": "Own"})).await;
    let (token, others_token) = (bed.token("client-one"), bed.token("test-client"));
    bed.in_force("/bin/v1/get", &token).await;
    bed.in_force("/other/v1/get", &others_token).await;
    let callers = managed.callers("/bin/v1/get", &token);
    // Whatever is changed, these are answered 200 all the time.
    let bystanders = managed.callers("/other/v1/get", &others_token);

    managed.subscription(&callers).await;
    managed.mapping(&callers).await;
    managed.scope(&callers).await;
    managed.policy(&callers).await;
    managed.key_manager(&callers).await;

    let (callers, bystanders) = (callers.end().await, bystanders.end().await);
    println!("subject: {callers}\nothers: {bystanders}");
    for tally in [&callers, &bystanders] {
        assert_eq!((tally.wrong(), tally.dropped(), tally.of_class(5)), (0, 0, 0), "{tally}");
    }
    let enough = |tally: &Tally| tally.answers() > 1000;
    assert!(enough(&callers) && enough(&bystanders), "{callers}\n{bystanders}");
}

/// Rows: WSO2-6.3
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_working_copy_is_not_served_until_it_is_deployed() {
    let Managed { bed, api: api_id, .. } = Managed::start().await;
    let (url, token) = (bed.stack.api_url("/bin/v1/get"), bed.token("client-one"));
    let asked = || bed.stack.http.get(&url).bearer_auth(&token);
    http::eventually("the API", asked, |answer| answer.status == 200).await;
    let path = format!("{PUBLISHER}/apis/{api_id}");
    bed.stack.put(&path, &bin(&bed.upstream, &["write"])).await;
    tokio::time::sleep(IN_FORCE).await;
    assert_eq!(Answer::of(asked()).await.status, 200);
    bed.stack.deploy(&api_id).await;
    http::eventually("the revision", asked, |answer| answer.status == 403).await;
}
