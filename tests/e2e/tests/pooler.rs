//! The database is reached through pgbouncer, which hands two servers out by the transaction.

use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::Bed;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::api;
use phantom_testkit::Pooler;
use phantom_testkit::Postgres;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stack_starts_serves_and_follows_changes_through_a_pooler_in_transaction_mode() {
    let start = || Pooler::start(Postgres::start());
    let pooler = tokio::task::spawn_blocking(start).await.unwrap();
    let bed = Bed::start(&format!("database = \"{}\"", pooler.url())).await;
    bed.key_manager("login", "client-one").await;
    let id = bed.stack.api(&api("Bin", "login", &bed.upstream, &[])).await;
    let application = bed.application(&id, "login", "client-one", "Unlimited").await;
    let (path, token) = ("/bin/v1/get", bed.token("client-one"));
    bed.in_force(path, &token).await;
    // Many at once, who take turns at the two.
    let calls = (0..30).map(|number| {
        let body = json!({"name": format!("App {number}"), "throttlingPolicy": "Unlimited"});
        let rest = bed.stack.client();
        tokio::spawn(async move {
            let path = format!("{DEVPORTAL}/applications");
            rest.try_rest(reqwest::Method::POST, &path, &body).await.unwrap()
        })
    });
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    let list = bed.stack.get(&format!("{DEVPORTAL}/applications?limit=50")).await;
    assert_eq!(list["count"], 31);
    let subscription = format!("{DEVPORTAL}/subscriptions/{}", application.subscription);
    bed.stack.delete(&subscription).await;
    let url = bed.stack.api_url(path);
    let call = || bed.stack.http.get(&url).bearer_auth(&token);
    http::eventually("no subscription", call, |answer: &Answer| answer.status == 403).await;
}
