//! What gateways report of their traffic: that it arrives, and what is not in it.

use std::fs;
use std::path::Path;

use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::ADMIN;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::api;

/// In a query, and nowhere else.
const QUERY: &str = "told-in-the-query-alone";
/// In the token's statement, and nowhere else.
const SUBJECT: &str = "a-person-whom-the-token-names";
/// No token of anybody.
const UNKNOWN: &str = "_0XBPWQQ_4711_this_is_no_token_of_anybody";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_reports_what_it_did_and_neither_token_nor_subject_nor_query_is_in_it() {
    let bed = Bed::start("").await;
    bed.key_manager("login", "client-one").await;
    let id = bed.stack.api(&api("Bin", "login", &bed.upstream, &[])).await;
    bed.application(&id, "login", "client-one", "Unlimited").await;
    let token = bed.server.issue_user_token("client-one", SUBJECT, "read");
    bed.in_force("/bin/v1/get", &token).await;
    let call = async |token: &str| {
        let url = bed.stack.api_url(&format!("/bin/v1/get?secret={QUERY}"));
        Answer::of(bed.stack.http.get(url).bearer_auth(token)).await.status
    };
    assert_eq!((call(&token).await, call(UNKNOWN).await), (200, 401));

    let path = format!("{ADMIN}/traffic/decisions?api={id}");
    let refusals = format!("{path}&refused=true&status=401");
    let url = bed.stack.control_url(&refusals);
    let asked = || bed.stack.http.get(&url).basic_auth("admin", Some("admin"));
    // Before its subscription was in force, others may have been refused.
    let of_the_token = |answer: &Answer| {
        let list = answer.json()["list"].as_array().cloned().unwrap_or_default();
        list.into_iter().find(|one| one["reason"] == "token_inactive")
    };
    let told = |answer: &Answer| of_the_token(answer).is_some();
    let refusal = of_the_token(&http::eventually("the refusal", asked, told).await).unwrap();
    assert_eq!((&refusal["path"], &refusal["method"]), (&"/bin/v1/get".into(), &"GET".into()));
    assert_eq!((&refusal["keyManager"], &refusal["consulted"]), (&"login".into(), &"asked".into()));
    let all = bed.stack.get(&path).await;
    let passed = all["list"].as_array().unwrap().iter().find(|one| one["status"] == 200).unwrap();
    assert_eq!(passed["application"], "login");
    let one = format!("{path}&requestId={}", refusal["requestId"].as_str().unwrap());
    assert_eq!(bed.stack.get(&one).await["count"], 1);

    let traffic = bed.stack.get(&format!("{ADMIN}/traffic?api={id}")).await;
    let refusals = traffic["total"]["refusals"].as_array().unwrap();
    assert!(refusals.iter().any(|refused| refused["reason"] == "token_inactive"), "{traffic}");
    assert!(traffic["total"]["requests"].as_u64().unwrap() >= 3, "{traffic}");
    let calls = &bed.stack.get(&format!("{ADMIN}/traffic")).await["introspections"];
    let login = calls.as_array().unwrap().iter().find(|one| one["keyManager"] == "login").unwrap();
    assert!(login["active"].as_u64() >= Some(1) && login["inactive"].as_u64() >= Some(1));

    let gateways = bed.stack.get(&format!("{ADMIN}/gateways")).await;
    let gateway = &gateways["list"][0];
    assert_eq!((&gateways["count"], &gateway["state"]), (&1.into(), &"REPORTING".into()));
    assert_eq!(gateway["behindSince"], serde_json::Value::Null);
    assert!(gateway["catalog"].as_u64().unwrap() > 0);

    for text in [&*token, UNKNOWN, QUERY, SUBJECT] {
        let files = holding(bed.directory(), text);
        assert!(files.is_empty(), "{text} is in {files:?}");
    }
}

/// Files of the stack that hold that text.
fn holding(directory: &Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}
