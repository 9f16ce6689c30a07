use phantom_testkit::FakeAs;
use phantom_testkit::Framing;
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

/// What introspection sends, to a path of a server.
async fn post(egress: &Egress, server: &FakeAs, path: &str) -> Result<Answer, EgressError> {
    post_to(egress, &server.url(path), false).await
}

async fn post_to(egress: &Egress, url: &str, guarded: bool) -> Result<Answer, EgressError> {
    let target = Target { url: Url::parse(url).unwrap(), guarded };
    egress.post_form(&target, HeaderMap::new(), "token=x".to_owned(), DEFAULT_BODY_LIMIT).await
}

fn good() -> Reply {
    Reply::with_type(200, "text/plain", "good")
}

#[tokio::test]
async fn dsc_4_a_document_cannot_send_questions_to_a_private_address() {
    let server = FakeAs::start().await;
    server.answer("/", good());
    let port = server.address().port();
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0"] {
        let refused = post_to(&egress(false), &format!("http://{host}:{port}/"), true).await;
        assert!(matches!(refused, Err(EgressError::ForbiddenAddress)), "{host}: {refused:?}");
    }
    let by_name = post_to(&egress(false), &format!("http://localhost:{port}/"), true).await;
    assert!(matches!(by_name, Err(EgressError::Connect(_))), "{by_name:?}");
    assert_eq!(server.connections(), 0, "nobody was connected to");
    let one = egress(false);
    assert!(post_to(&one, &server.url("/"), false).await.is_ok(), "the operator's own choice");
    let by_name = post_to(&one, &format!("http://localhost:{port}/"), true).await;
    assert!(matches!(by_name, Err(EgressError::Connect(_))), "a kept connection is no way around");
    assert!(post_to(&egress(true), &server.url("/"), true).await.is_ok(), "allowed for this one");
}

#[tokio::test]
async fn a_connection_is_used_again_and_only_while_it_is_in_step() {
    let server = FakeAs::start().await;
    let egress = egress(false);
    let spoilt = [
        Reply::status(200).framing(Framing::CloseDelimited),
        good().header("connection", "close"),
        good().header("keep-alive", "timeout=0"),
        good().header("content-encoding", "gzip"),
        Reply::with_type(200, "text/plain", "x".repeat(DEFAULT_BODY_LIMIT + 1)),
        good().framing(Framing::Cut),
    ];
    for (before, reply) in spoilt.into_iter().enumerate() {
        server.answer("/", good());
        for _ in 0..5 {
            assert_eq!(post(&egress, &server, "/").await.unwrap().body, b"good");
        }
        assert_eq!(server.connections(), before + 1);
        server.answer("/", reply);
        drop(post(&egress, &server, "/").await);
    }
}

#[tokio::test]
async fn a_kept_connection_that_ends_just_then_is_replaced() {
    let server = FakeAs::start().await;
    let egress = egress(false);
    server.answer("/", good());
    assert!(post(&egress, &server, "/").await.is_ok());
    let idle_too_long = Reply::status(408).header("connection", "close");
    for (times, last_word) in
        [Reply::status(200).framing(Framing::Close), idle_too_long.framing(Framing::CloseDelimited)]
            .into_iter()
            .enumerate()
    {
        server.answer_once("/", last_word.clone());
        assert_eq!(post(&egress, &server, "/").await.unwrap().body, b"good");
        assert_eq!(server.connections(), times + 2);
    }
    // On a new connection it is what the server has to say, and is not asked again.
    server.answer("/once", Reply::status(200).framing(Framing::Close));
    let fresh = super::tests::egress(false);
    assert!(matches!(post(&fresh, &server, "/once").await, Err(EgressError::Cut(_))));
    assert_eq!(server.count("/once"), 1);
    server.answer("/late", Reply::status(408).framing(Framing::CloseDelimited));
    let late = post(&super::tests::egress(false), &server, "/late").await.unwrap();
    assert_eq!((late.status, server.count("/late")), (StatusCode::REQUEST_TIMEOUT, 1));
}

#[tokio::test]
async fn a_call_that_was_given_up_takes_its_connection_with_it() {
    let server = FakeAs::start().await;
    let config = EgressConfig { timeout: Duration::from_millis(50), ..EgressConfig::default() };
    let egress = Egress::build(&config).unwrap();
    for framing in [Framing::Hang, Framing::HangAfterHead] {
        server.answer("/", good().framing(framing));
        let late = post(&egress, &server, "/").await;
        assert!(matches!(late, Err(EgressError::Deadline)), "{late:?}");
    }
    server.answer("/", good());
    assert_eq!(post(&egress, &server, "/").await.unwrap().body, b"good");
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn connections_that_nobody_used_for_long_are_closed() {
    let server = FakeAs::start().await;
    let egress = egress(false);
    server.answer("/", good().header("keep-alive", "timeout=1"));
    assert!(post(&egress, &server, "/").await.is_ok());
    egress.sweep();
    assert!(post(&egress, &server, "/").await.is_ok());
    assert_eq!(server.connections(), 1);
    tokio::time::sleep(Duration::from_millis(1010)).await;
    egress.sweep();
    assert!(post(&egress, &server, "/").await.is_ok());
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_connection_serves_the_runtime_it_was_made_on() {
    let servers = tokio::runtime::Runtime::new().unwrap();
    let server = servers.block_on(FakeAs::start());
    server.answer("/", good());
    let worker = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (egress, workers) = (egress(false), [worker(), worker()]);
    for _ in 0..3 {
        for worker in &workers {
            worker.block_on(post(&egress, &server, "/")).unwrap();
        }
    }
    assert_eq!(server.connections(), 2);
    let [first, second] = workers;
    drop(first);
    second.block_on(post(&egress, &server, "/")).unwrap();
    assert_eq!(server.connections(), 2, "the end of one takes nothing from the other");
}

#[tokio::test]
async fn over_tls_the_server_chooses_the_protocol_and_may_choose_again() {
    let (old, new) = (FakeAs::start_tls().await, FakeAs::start_http2().await);
    let config = EgressConfig { trust: ServerTrust::Anyone, ..EgressConfig::default() };
    let egress = Egress::build(&config).unwrap();
    for server in [&old, &new] {
        server.answer("/", good());
    }
    for _ in 0..5 {
        assert_eq!(post(&egress, &old, "/").await.unwrap().body, b"good");
    }
    assert!(!old.last("/").http2);
    assert_eq!(old.connections(), 2, "one to see what it chooses, one to keep");
    for _ in 0..5 {
        assert_eq!(post(&egress, &new, "/").await.unwrap().body, b"good");
        assert!(new.last("/").http2);
    }
    assert_eq!(new.count("/"), 5);
}
