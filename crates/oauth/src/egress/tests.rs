use phantom_testkit::FakeAs;
use phantom_testkit::Reply;

use super::*;

fn egress(allow_private: bool) -> Egress {
    Egress::build(&EgressConfig { allow_private, ..EgressConfig::default() }).unwrap()
}

async fn get(egress: &Egress, url: &str, guarded: bool) -> Result<Answer, EgressError> {
    let target = Target { url: Url::parse(url).unwrap(), guarded };
    egress.get(&target, "application/json", 1024).await
}

#[tokio::test]
async fn dsc_4_a_document_cannot_send_us_to_a_private_address() {
    let server = FakeAs::start().await;
    server.answer("/", Reply::with_type(200, "application/json", "{}"));
    let port = server.address().port();
    let guarded = egress(false);
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0x7f.1", "0"] {
        let refused = get(&guarded, &format!("http://{host}:{port}/"), true).await;
        assert!(matches!(refused, Err(EgressError::ForbiddenAddress)), "{host}: {refused:?}");
    }
    let by_name = get(&guarded, &format!("http://localhost:{port}/"), true).await;
    assert!(matches!(by_name, Err(EgressError::Connect(_))), "{by_name:?}");
    assert_eq!(server.connections(), 0, "nobody was connected to");

    assert!(get(&guarded, &server.url("/"), false).await.is_ok(), "the operator's own choice");
    assert!(get(&egress(true), &server.url("/"), true).await.is_ok(), "allowed for this one");
}

#[tokio::test]
async fn dsc_4_a_document_that_a_user_names_is_fetched_from_public_addresses_only() {
    let server = FakeAs::start().await;
    server.answer("/", Reply::with_type(200, "application/json", "{}"));
    server.answer("/away", Reply::status(302).header("location", "/"));
    let fetch = async |allow_private, path, limit| {
        let url = Url::parse(&server.url(path)).unwrap();
        egress(allow_private).fetch(&url, "application/json", limit).await
    };
    let refused = fetch(false, "/", 10).await;
    assert!(matches!(refused, Err(FetchError::NoAnswer(EgressError::ForbiddenAddress))));
    assert_eq!(server.connections(), 0, "nobody was connected to");

    assert_eq!(fetch(true, "/", 10).await.unwrap(), b"{}");
    let long = fetch(true, "/", 1).await;
    assert!(matches!(long, Err(FetchError::NoAnswer(EgressError::TooLong { limit: 1 }))));
    let elsewhere = fetch(true, "/away", 10).await;
    assert!(matches!(elsewhere, Err(FetchError::Status(StatusCode::FOUND))));
}

#[tokio::test]
async fn int_12_the_client_follows_no_redirect_and_uses_no_proxy() {
    let server = FakeAs::start().await;
    server.answer("/", Reply::status(302).header("location", "/elsewhere"));
    let answer = get(&egress(false), &server.url("/"), false).await.unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(server.count("/elsewhere"), 0);
    let agent = server.last("/").header("user-agent").unwrap().to_owned();
    assert!(agent.starts_with("phantom-gateway/"), "{agent}");
}

#[tokio::test]
async fn int_13_the_callers_limit_is_the_limit() {
    let server = FakeAs::start().await;
    for framing in [phantom_testkit::Framing::ContentLength, phantom_testkit::Framing::Chunked] {
        server.answer("/", Reply::with_type(200, "text/plain", "x".repeat(1024)).framing(framing));
        assert_eq!(get(&egress(false), &server.url("/"), false).await.unwrap().body.len(), 1024);
        server.answer("/", Reply::with_type(200, "text/plain", "x".repeat(1025)).framing(framing));
        let refused = get(&egress(false), &server.url("/"), false).await;
        assert!(matches!(refused, Err(EgressError::TooLong { limit: 1024 })), "{refused:?}");
    }
}
