use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use phantom_testkit::FakeAs;
use phantom_testkit::Framing;
use phantom_testkit::Reply;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;

fn egress(allow_private: bool) -> Egress {
    Egress::build(&EgressConfig { allow_private, ..EgressConfig::default() }).unwrap()
}

async fn get(egress: &Egress, url: &str, guarded: bool) -> Result<Answer, EgressError> {
    let target = Target { url: Url::parse(url).unwrap(), guarded };
    egress.get(&target, "application/json", 1024).await
}

/// Rows: DSC-4
#[tokio::test]
async fn a_document_cannot_send_us_to_a_private_address() {
    let server = FakeAs::start().await;
    server.answer("/", Reply::with_type(200, "application/json", "{}"));
    let port = server.address().port();
    let guarded = egress(false);
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0x7f.1", "0"] {
        let refused = get(&guarded, &format!("http://{host}:{port}/"), true).await;
        assert!(matches!(refused, Err(EgressError::ForbiddenAddress)), "{host}: {refused:?}");
    }
    let by_name = get(&guarded, &format!("http://localhost:{port}/"), true).await;
    assert!(matches!(by_name, Err(EgressError::Connect { .. })), "{by_name:?}");
    assert_eq!(server.connections(), 0, "nobody was connected to");

    assert!(get(&guarded, &server.url("/"), false).await.is_ok(), "the operator's own choice");
    assert!(get(&egress(true), &server.url("/"), true).await.is_ok(), "allowed for this one");
}

/// Rows: DSC-4
#[tokio::test]
async fn a_document_that_a_user_names_is_fetched_from_public_addresses_only() {
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

/// Rows: INT-12
#[tokio::test]
async fn the_client_follows_no_redirect_and_uses_no_proxy() {
    let server = FakeAs::start().await;
    server.answer("/", Reply::status(302).header("location", "/elsewhere"));
    let answer = get(&egress(false), &server.url("/"), false).await.unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(server.count("/elsewhere"), 0);
    let agent = server.last("/").header("user-agent").unwrap().to_owned();
    assert!(agent.starts_with("phantom-gateway/"), "{agent}");
}

/// Rows: INT-13
#[tokio::test]
async fn the_callers_limit_is_the_limit() {
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

/// Rows: DSC-4
#[tokio::test]
async fn a_document_cannot_send_questions_to_a_private_address() {
    let server = FakeAs::start().await;
    server.answer("/", good());
    let port = server.address().port();
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "2130706433", "0"] {
        let refused = post_to(&egress(false), &format!("http://{host}:{port}/"), true).await;
        assert!(matches!(refused, Err(EgressError::ForbiddenAddress)), "{host}: {refused:?}");
    }
    let by_name = post_to(&egress(false), &format!("http://localhost:{port}/"), true).await;
    assert!(matches!(by_name, Err(EgressError::Connect { .. })), "{by_name:?}");
    assert_eq!(server.connections(), 0, "nobody was connected to");
    let one = egress(false);
    assert!(post_to(&one, &server.url("/"), false).await.is_ok(), "the operator's own choice");
    let by_name = post_to(&one, &format!("http://localhost:{port}/"), true).await;
    assert!(
        matches!(by_name, Err(EgressError::Connect { .. })),
        "a kept connection is no way around"
    );
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
    assert!(matches!(post(&fresh, &server, "/once").await, Err(EgressError::Cut { .. })));
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

/// How a server ends a connection that it kept.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Before anything more is asked: FIN, or `close_notify` and FIN.
    Idle,
    /// The same, when it is asked once more.
    WhenAsked,
    /// RST, when it is asked once more.
    Reset,
    /// Over TLS: FIN without a `close_notify`.
    Abrupt,
}

/// Answers the first request of each connection, ends the connection in this way, and counts them.
async fn answers_once(end: End, tls: Option<tokio_rustls::TlsAcceptor>) -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            count.fetch_add(1, SeqCst);
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => answer_and_end(socket, end, |socket| socket).await,
                    Some(tls) => {
                        let Ok(stream) = tls.accept(socket).await else { return };
                        answer_and_end(stream, end, |stream| stream.into_inner().0).await;
                    }
                }
            });
        }
    });
    (port, connections)
}

async fn answer_and_end<S>(mut stream: S, end: End, socket: impl FnOnce(S) -> TcpStream)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = vec![0; 4096];
    if stream.read(&mut request).await.unwrap_or(0) == 0 {
        return;
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood").await.unwrap();
    stream.flush().await.unwrap();
    match end {
        End::Idle => drop(stream.shutdown().await),
        End::WhenAsked => {
            drop(stream.read(&mut request).await);
            drop(stream.shutdown().await);
        }
        // What is closed with bytes unread is reset.
        End::Reset => drop(socket(stream).readable().await),
        End::Abrupt => {
            drop(stream.read(&mut request).await);
            drop(socket(stream));
        }
    }
}

#[tokio::test]
async fn a_question_on_a_kept_connection_that_the_server_had_closed_is_put_once_more() {
    for https in [false, true] {
        for end in [End::Idle, End::WhenAsked, End::Reset, End::Abrupt] {
            let tls = https.then(|| {
                let certified =
                    rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
                let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
                let config = rustls::ServerConfig::builder_with_provider(Arc::new(
                    rustls::crypto::aws_lc_rs::default_provider(),
                ));
                let config = config.with_safe_default_protocol_versions().unwrap();
                let config = config.with_no_client_auth();
                let chain = vec![certified.cert.der().clone()];
                tokio_rustls::TlsAcceptor::from(Arc::new(
                    config.with_single_cert(chain, key).unwrap(),
                ))
            });
            let (port, connections) = answers_once(end, tls).await;
            let config = EgressConfig { trust: ServerTrust::Anyone, ..EgressConfig::default() };
            let egress = Egress::build(&config).unwrap();
            let url = format!("{}://localhost:{port}/", if https { "https" } else { "http" });
            for times in 1..=6 {
                let answer = post_to(&egress, &url, false).await;
                assert_eq!(answer.unwrap().body, b"good", "{end:?} {url} {times}");
            }
            assert!(connections.load(SeqCst) >= 6, "{end:?} {url}: one answer each");
        }
    }
}

#[tokio::test]
async fn a_question_over_http_2_on_a_connection_that_ends_just_then_is_put_once_more() {
    let server = FakeAs::start_http2().await;
    let config = EgressConfig { trust: ServerTrust::Anyone, ..EgressConfig::default() };
    let egress = Egress::build(&config).unwrap();
    server.answer("/", good());
    assert!(post(&egress, &server, "/").await.is_ok());
    for times in 1..=3 {
        server.answer_once("/", Reply::status(200).framing(Framing::Close));
        assert_eq!(post(&egress, &server, "/").await.unwrap().body, b"good");
        assert_eq!(server.connections(), times + 1);
    }
    // On a first connection it is what the server has to say.
    server.answer("/once", Reply::status(200).framing(Framing::Close));
    let fresh = Egress::build(&config).unwrap();
    assert!(matches!(post(&fresh, &server, "/once").await, Err(EgressError::Cut { .. })));
    assert_eq!(server.count("/once"), 1);
}

#[tokio::test]
async fn what_is_no_http_is_an_answer_of_which_nothing_can_be_made() {
    for words in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                drop(socket.read(&mut request).await);
                socket.write_all(words.as_bytes()).await.unwrap();
                drop(socket.shutdown().await);
            }
        });
        let asked = post_to(&egress(false), &url, false).await;
        assert!(matches!(asked, Err(EgressError::Malformed(_))), "{words}: {asked:?}");
        let fetched = get(&egress(false), &url, false).await;
        assert!(matches!(fetched, Err(EgressError::Malformed(_))), "{words}: {fetched:?}");
        serving.await.unwrap();
    }
}

#[tokio::test]
async fn tls_that_fails_is_told_in_words_with_the_setting_that_helps() {
    let server = FakeAs::start_tls().await;
    server.answer("/", good());
    let config = |trust| EgressConfig { trust, ..EgressConfig::default() };
    let unknown = Egress::build(&config(ServerTrust::System)).unwrap();
    let said = post(&unknown, &server, "/").await.unwrap_err().to_string();
    assert!(said.contains("UnknownIssuer") && said.contains("set ca_file"), "{said}");
    let own = ServerTrust::Authorities(server.ca_pem().as_bytes().to_vec());
    let known = Egress::build(&config(own)).unwrap();
    assert!(post(&known, &server, "/").await.is_ok());
    let by_address = format!("https://{}/", server.address());
    let said = post_to(&known, &by_address, false).await.unwrap_err().to_string();
    assert!(said.contains("not valid for name") && said.contains("localhost"), "{said}");
    let said = get(&known, &by_address, false).await.unwrap_err().to_string();
    assert!(said.contains("not valid for name"), "{said}");
}
