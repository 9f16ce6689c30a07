//! The sample APIs, over real HTTP.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::*;
use crate::jose::base64url;
use crate::test_server::{Answer, client};

struct Sample {
    origin: String,
    http: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl Sample {
    async fn start() -> Self {
        let api = SampleApi::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let origin = format!("http://{}", api.local_addr());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(api.serve(async {
            let _ = stopped.await;
        }));
        Self { origin, http: client(), _stop: stop }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let url = format!("{}{path}", self.origin);
        let mut request = self.http.request(method, url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers, "").await
    }
}

fn jwt(payload: &Value) -> String {
    format!("{}.{}.c2ln", base64url(r#"{"alg":"none"}"#), base64url(payload.to_string()))
}

#[tokio::test]
async fn the_tutorials_api_shows_the_jwt_and_its_payload() {
    let sample = Sample::start().await;
    // Encodes to text with both `-` and `_`, which the tutorial's own API decodes wrongly.
    let payload = json!({"jti": "7c1e6a18", "name": "Zoë ÿ¿ >>>???", "n": 1});
    let jwt = jwt(&payload);
    assert!(jwt.contains('-') || jwt.contains('_'), "{jwt}");
    for path in ["/api", "/api/", "/api/orders/1?x=y"] {
        let answer = sample.get(path, &[("authorization", &format!("Bearer {jwt}"))]).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(answer.text.contains(&format!("\"message\": \"API Received JWT: {jwt}\"")));
        assert_eq!(answer.json()["tokenPayload"], payload);
    }
}

#[tokio::test]
async fn without_a_bearer_token_the_tutorials_api_says_none() {
    let sample = Sample::start().await;
    for headers in [&[][..], &[("authorization", "Basic YTpi")]] {
        let answer = sample.send(Method::POST, "/api", headers, "").await;
        assert_eq!(answer.json(), json!({"message": "API Received JWT: [NONE]"}));
    }
}

#[tokio::test]
async fn a_broken_jwt_is_answered_with_400_and_not_repeated() {
    let sample = Sample::start().await;
    let deep = format!("a.{}.b", base64url("[".repeat(10_000)));
    for bad in ["opaque", "a.b", "a.!!!.c", "a.W10.c", "a.bm90IGpzb24.c", "a.e30.c.d", &deep] {
        let answer = sample.get("/api", &[("authorization", &format!("Bearer {bad}"))]).await;
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.json()["message"].is_string());
        assert!(!answer.text.contains(bad));
    }
}

#[tokio::test]
async fn get_echoes_arguments_headers_origin_and_url() {
    let sample = Sample::start().await;
    let headers = [("authorization", "Bearer eyJraWQ"), ("x-two-words", "1")];
    let answer = sample.get("/get?a=1&b=2&b=3&c=%26", &headers).await;
    let body = answer.json();
    assert_eq!(body["args"], json!({"a": "1", "b": ["2", "3"], "c": "&"}));
    assert_eq!(body["headers"]["Authorization"], json!("Bearer eyJraWQ"));
    assert_eq!(body["headers"]["X-Two-Words"], json!("1"));
    assert_eq!(body["headers"]["Host"], json!(sample.origin.strip_prefix("http://").unwrap()));
    assert_eq!(body["origin"], json!("127.0.0.1"));
    assert_eq!(body["url"], json!(format!("{}/get?a=1&b=2&b=3&c=%26", sample.origin)));
}

#[tokio::test]
async fn forwarded_fields_decide_the_origin_and_are_shown_and_the_url_is_what_was_asked_here() {
    let sample = Sample::start().await;
    let headers = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https")];
    let body = sample.get("/get", &headers).await.json();
    assert_eq!(body["origin"], json!("192.0.2.1"));
    assert_eq!(body["url"], json!(format!("{}/get", sample.origin)));
    assert_eq!(body["headers"]["X-Forwarded-For"], json!("192.0.2.1"));
}

#[tokio::test]
async fn headers_shows_repeated_fields_joined() {
    let sample = Sample::start().await;
    let body = sample.get("/headers", &[("x-a", "1"), ("x-a", "2")]).await.json();
    assert_eq!(body["headers"]["X-A"], json!("1,2"));
}

#[tokio::test]
async fn anything_echoes_method_and_body_as_text_form_or_json() {
    let sample = Sample::start().await;
    let answer = sample.send(Method::PUT, "/anything/a/b?x=y", &[], r#"{"k":1}"#).await.json();
    assert_eq!(answer["method"], json!("PUT"));
    assert_eq!((&answer["data"], &answer["json"]), (&json!(r#"{"k":1}"#), &json!({"k": 1})));
    assert_eq!((&answer["args"], &answer["form"]), (&json!({"x": "y"}), &json!({})));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = sample.send(Method::POST, "/anything", &form, "a=1&a=2&b=3").await.json();
    assert_eq!(answer["form"], json!({"a": ["1", "2"], "b": "3"}));
    assert_eq!((&answer["data"], &answer["json"]), (&json!(""), &Value::Null));
}

#[tokio::test]
async fn a_body_too_long_to_echo_is_refused() {
    let sample = Sample::start().await;
    let long = "a".repeat(MAX_ECHOED_BODY + 1);
    let answer = sample.send(Method::POST, "/anything", &[], &long).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn status_answers_with_the_status_asked_for() {
    let sample = Sample::start().await;
    for code in [200, 204, 302, 304, 401, 404, 418, 500, 503, 599] {
        let answer = sample.send(Method::DELETE, &format!("/status/{code}"), &[], "").await;
        assert_eq!((answer.status, answer.text.as_str()), (code, ""));
    }
    for code in ["100", "101", "199", "600", "99999", "-1", "x"] {
        assert_eq!(sample.get(&format!("/status/{code}"), &[]).await.status, 400, "{code}");
    }
}

#[tokio::test]
async fn bytes_gives_exactly_as_many_as_asked_for() {
    let sample = Sample::start().await;
    for count in [0, 1, 65_536, 200_000] {
        let answer = sample.get(&format!("/bytes/{count}"), &[]).await;
        assert_eq!(answer.header("content-length"), Some(count.to_string().as_str()));
        assert_eq!(answer.text.len(), count);
    }
    assert_eq!(sample.get("/bytes/1073741825", &[]).await.status, 400);
    let head = sample.send(Method::HEAD, "/bytes/1073741824", &[], "").await;
    assert_eq!(head.header("content-length"), Some("1073741824"));
}

#[tokio::test]
async fn stream_gives_one_json_line_each_and_at_most_a_hundred() {
    let sample = Sample::start().await;
    for (asked, given) in [(0, 0), (3, 3), (1000, 100)] {
        let answer = sample.get(&format!("/stream/{asked}"), &[]).await;
        let lines: Vec<Value> =
            answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), given);
        assert!(lines.iter().enumerate().all(|(n, line)| line["id"] == json!(n)));
    }
}

#[tokio::test]
async fn sse_sends_as_many_events_as_asked_for() {
    let sample = Sample::start().await;
    let answer = sample.get("/sse?count=3&interval_ms=1", &[]).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let ids: Vec<&str> = answer.text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["0", "1", "2"]);
    assert!(answer.text.ends_with("\n\n"), "the last event is complete");
    assert_eq!(sample.get("/sse?count=x", &[]).await.status, 400);
}

#[tokio::test]
async fn sse_events_arrive_one_by_one() {
    let sample = Sample::start().await;
    let url = format!("{}/sse?interval_ms=1", sample.origin);
    let mut response = sample.http.get(url).send().await.unwrap();
    let first: Bytes = response.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"id: 0\nevent: tick\n"), "{first:?}");
    assert!(response.chunk().await.unwrap().is_some(), "and more follow");
}

#[tokio::test]
async fn upload_counts_more_than_it_could_echo() {
    let sample = Sample::start().await;
    let long = "a".repeat(3 * MAX_ECHOED_BODY);
    let answer = sample.send(Method::POST, "/upload", &[], &long).await;
    assert_eq!(answer.text, format!(r#"{{"bytes":{}}}"#, long.len()));
}

#[tokio::test]
async fn an_unknown_path_is_404_in_json() {
    let sample = Sample::start().await;
    let answer = sample.get("/nothing", &[]).await;
    assert_eq!(answer.status, 404);
    assert!(answer.json()["message"].is_string());
    assert_eq!(sample.get("/", &[]).await.status, 200);
}

#[tokio::test]
async fn a_delay_is_capped_and_nonsense_is_refused() {
    let sample = Sample::start().await;
    for seconds in ["0", "0.01", "-5", "NaN"] {
        let answer = sample.get(&format!("/delay/{seconds}"), &[]).await;
        assert_eq!(answer.status, 200, "{seconds}");
        assert_eq!(answer.json()["method"], json!("GET"));
    }
    assert_eq!(sample.get("/delay/x", &[]).await.status, 400);
    assert_eq!(echo::wait(1e300), Duration::from_secs(10));
    assert_eq!(echo::wait(f64::INFINITY), Duration::from_secs(10));
    assert_eq!(echo::wait(2.5), Duration::from_millis(2500));
}

#[tokio::test]
async fn http2_with_prior_knowledge_shows_the_authority_as_host() {
    let sample = Sample::start().await;
    let h2c = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let response = h2c.get(format!("{}/get", sample.origin)).send().await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    let body = Answer::read(response).await.json();
    assert_eq!(body["headers"]["Host"], json!(sample.origin.strip_prefix("http://").unwrap()));
    assert_eq!(body["url"], json!(format!("{}/get", sample.origin)));
}
