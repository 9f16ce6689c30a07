//! The process is killed in the middle of writes, again and again: what was acknowledged is there,
//! the database opens, and the gateway serves what was published last.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use phantom_devauth::SampleApi;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use reqwest::Method;
use serde_json::Value;
use serde_json::json;

const ROUNDS: usize = 100;
const WRITERS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_a_hundred_kills() {
    let (directory, ports) = (directory(), Ports::free());
    let backend = SampleApi::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let upstream = format!("http://{}", backend.local_addr());
    tokio::spawn(backend.serve(std::future::pending()));

    let stack = Stack::start(directory.path(), ports, "");
    stack.ready().await;
    let api = json!({
        "name": "Open", "version": "v1", "context": "/open", "policies": ["Unlimited"],
        "endpointConfig": {"endpoint_type": "http", "production_endpoints": {"url": upstream}},
        "operations": [{
            "target": "/*", "verb": "GET", "authType": "None",
            "throttlingPolicy": "Unlimited", "scopes": [],
        }],
    });
    stack.api(&api).await;
    let mut stack = Some(stack);
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let running = match stack.take() {
            Some(first) => first,
            None => Stack::start(directory.path(), ports, ""),
        };
        running.ready().await;
        let url = running.api_url("/open/v1/get");
        let serves = |answer: &Answer| answer.status == 200;
        http::eventually("the published API", || running.http.get(&url), serves).await;
        let (running, written) = write_until_killed(running, round).await;
        drop(running);
        acknowledged.extend(written);
    }
    assert!(acknowledged.len() > ROUNDS, "{} writes were acknowledged", acknowledged.len());

    let survivor = Stack::start(directory.path(), ports, "");
    survivor.ready().await;
    let mut kept = std::collections::HashSet::new();
    loop {
        let path = format!("{DEVPORTAL}/applications?limit=500&offset={}", kept.len());
        let page = survivor.get(&path).await;
        let entries = page["list"].as_array().unwrap();
        kept.extend(entries.iter().map(|e| e["applicationId"].as_str().unwrap().to_owned()));
        if entries.is_empty() {
            break;
        }
    }
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !kept.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
}

/// Writers write until the process is gone; gives the ids that were acknowledged.
async fn write_until_killed(mut stack: Stack, round: usize) -> (Stack, Vec<String>) {
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    // The first call checks the password, which takes longest.
    stack.get(&format!("{DEVPORTAL}/applications?limit=1")).await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let acknowledged = acknowledged.clone();
            let (client, url) =
                (stack.http.clone(), stack.control_url(&format!("{DEVPORTAL}/applications")));
            tokio::spawn(async move {
                for at in 0.. {
                    let name = format!("app {round}-{writer}-{at}");
                    let body = json!({"name": name, "throttlingPolicy": "Unlimited"});
                    let request = client
                        .request(Method::POST, &url)
                        .basic_auth("admin", Some("admin"))
                        .header("content-type", "application/json")
                        .body(body.to_string());
                    let Ok(answer) = Answer::try_of(request).await else { return };
                    assert_eq!(answer.status, 201, "{}", answer.body);
                    let made: Value = answer.json();
                    let id = made["applicationId"].as_str().unwrap().to_owned();
                    acknowledged.lock().unwrap().push(id);
                }
            })
        })
        .collect();
    // Another moment each time, from the first write on.
    tokio::time::sleep(Duration::from_millis(5 + (round as u64 * 37) % 150)).await;
    stack.process.kill();
    for writer in writers {
        writer.await.unwrap();
    }
    let written = std::mem::take(&mut *acknowledged.lock().unwrap());
    (stack, written)
}
