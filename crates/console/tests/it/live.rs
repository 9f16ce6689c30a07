//! Pages that the server draws again as what they show changes.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::Request;
use http::StatusCode;
use http::header;
use phantom_core::DenyReason;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::Browser;
use crate::support::Console;
use crate::traffic::decided;
use crate::traffic::reported;

const STREAMS: [&str; 3] =
    ["/traffic/events", "/traffic/decisions/events", "/admin/gateways/events"];
/// More than any test needs; a stream that says nothing for so long is broken.
const LONG: Duration = Duration::from_secs(20);

async fn open(console: &Console, browser: &Browser<'_>, path: &str) -> Response {
    let session = browser.cookie("__Host-phantom").unwrap();
    let request = Request::get(path)
        .header(header::HOST, "localhost:9443")
        .header(header::COOKIE, format!("__Host-phantom={session}"))
        .body(Body::empty())
        .unwrap();
    console.router.clone().oneshot(request).await.unwrap()
}

/// What is said, piece by piece.
struct Said(Body);

impl Said {
    async fn by(console: &Console, browser: &Browser<'_>, path: &str) -> Self {
        let response = open(console, browser, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        Self(response.into_body())
    }

    /// The next event or comment; none where the stream ends.
    async fn next(&mut self) -> Option<String> {
        let frame = timeout(LONG, http_body_util::BodyExt::frame(&mut self.0)).await.unwrap()?;
        let bytes = frame.unwrap().into_data().unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn has(&mut self, words: &str) -> String {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("it ends without {words:?}"));
            if event.contains(words) {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn what_gateways_report_comes_to_an_open_page_with_the_questions_of_the_page() {
    let console = Console::start().await;
    let browser = console.browser("admin").await;
    let response = open(&console, &browser, "/traffic/events?period=5m").await;
    let headers = response.headers().clone();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-store");
    for name in ["content-security-policy", "x-content-type-options", "referrer-policy"] {
        assert!(headers.contains_key(name), "{name}");
    }
    let mut traffic = Said(response.into_body());
    let first = traffic.next().await.unwrap();
    assert!(first.starts_with("data: ") && first.ends_with("\n\n"), "{first}");
    assert!(first.contains("No requests in this time.") && !first.contains("<html"), "{first}");
    let asked = "/traffic/decisions/events?api=Orders+1.0&status=401";
    let mut decisions = Said::by(&console, &browser, asked).await;
    decisions.has("None that is still known fits.").await;
    let mut gateways = Said::by(&console, &browser, "/admin/gateways/events").await;
    gateways.has("No gateway reports.").await;
    let last = |now| {
        let refused = decided(now, "one", "/orders/refused", Some(DenyReason::TokenExpired));
        vec![refused, decided(now, "two", "/orders/passed", None)]
    };
    reported(&console, "node-a", 3, 10, last).await;
    traffic.has("30 in all").await;
    let event = decisions.has("/orders/refused").await;
    assert!(!event.contains("/orders/passed"), "it was not asked for");
    gateways.has("node-a").await;
}

#[tokio::test]
async fn streams_are_for_whom_the_page_is_and_for_no_other_site() {
    let console = Console::start().await;
    for user in ["carla", "paul", "sue"] {
        let mut browser = console.browser(user).await;
        for path in STREAMS {
            browser.get(path).await.expect(403);
        }
    }
    let mut admin = console.browser("admin").await;
    for path in STREAMS {
        console.stranger().get(path).await.expect(303);
        for (name, value) in [("sec-fetch-site", "same-site"), ("origin", "https://localhost:1")] {
            let headers = [(name, value)];
            let page = admin.request(http::Method::GET, path, &headers, String::new()).await;
            page.expect(403);
        }
    }
    admin.get("/traffic/decisions/events?status=high").await.expect(400);
    admin.get("/traffic/events?period=2h").await.expect(400);
}

#[tokio::test]
async fn a_stream_ends_with_the_session_or_the_role_that_opened_it() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let mut said = Said::by(&console, &browser, "/admin/gateways/events").await;
    said.has("No gateway reports.").await;
    let page = browser.get("/account").await;
    browser.send(&page, "Sign out", &[]).await.expect(303);
    said.has("event: end").await;
    assert_eq!(said.next().await, None);

    // The same for one that nobody ended, though the stream asked all the time.
    let browser = console.browser("admin").await;
    let mut said = Said::by(&console, &browser, "/admin/gateways/events").await;
    said.has("No gateway reports.").await;
    console.wait(Duration::from_secs(40 * 60));
    // Some looks: none of them is a use of the session.
    tokio::time::sleep(Duration::from_secs(5)).await;
    console.wait(Duration::from_secs(25 * 60));
    said.has("event: end").await;
    assert_eq!(said.next().await, None);

    let browser = console.browser("admin").await;
    let mut said = Said::by(&console, &browser, "/traffic/events").await;
    said.has("No requests").await;
    let now = phantom_core::Clock::now(&*console.clock).wall;
    let actor = phantom_store::Actor { name: "admin".to_owned(), address: None };
    let mut write = console.store.write(&actor, now).await.unwrap();
    let mut user = write.user("admin").await.unwrap().unwrap();
    user.roles = vec![phantom_store::Role::from_name("Internal/creator").unwrap()];
    write.update_user(&user).await.unwrap();
    write.commit().await.unwrap();
    said.has("event: end").await;
    assert_eq!(said.next().await, None);
}

#[tokio::test]
async fn one_user_has_few_streams_and_another_has_room_all_the_same() {
    let console = Console::start().await;
    let browser = console.browser("admin").await;
    let mut open_ones = Vec::new();
    let refused = loop {
        let response = open(&console, &browser, "/traffic/events").await;
        if response.status() != StatusCode::OK {
            break response;
        }
        open_ones.push(response);
        assert!(open_ones.len() < 20, "there is no bound");
    };
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    // The page itself is there.
    console.browser("admin").await.get("/traffic").await.expect(200);
    // Whoever leaves makes room.
    open_ones.pop();
    let mut tries = 0;
    while open(&console, &browser, "/traffic/events").await.status() != StatusCode::OK {
        tries += 1;
        assert!(tries < 200, "its place does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn streams_end_when_the_server_does_and_do_not_hold_it_up() {
    let console = Console::start().await;
    let browser = console.browser("admin").await;
    let session = browser.cookie("__Host-phantom").unwrap().to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = console.stop.clone().cancelled_owned();
    let server = phantom_serve::serve(listener, None, console.router.clone(), usize::MAX, stop);
    let server = tokio::spawn(server);
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /traffic/events HTTP/1.1\r\nHost: {address}\r\nCookie: __Host-phantom={session}\r\n\r\n"
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains("No requests in this time.") {
        let read = tokio::io::AsyncReadExt::read_buf(&mut stream, &mut text);
        assert!(timeout(LONG, read).await.unwrap().unwrap() > 0);
    }
    console.stop.cancel();
    // The end of the body is said: it is not cut.
    timeout(LONG, tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut text))
        .await
        .unwrap()
        .unwrap();
    assert!(text.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&text));
    timeout(LONG, server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn texts_of_others_are_no_events() {
    let console = Console::start().await;
    let browser = console.browser("admin").await;
    let mut said = Said::by(&console, &browser, "/traffic/decisions/events?all=on").await;
    said.has("Nobody was refused").await;
    let attack = "/x\r\revent: end\rdata: y\n\n";
    reported(&console, "node", 1, 1, |now| vec![decided(now, "id", attack, None)]).await;
    let event = said.has("/x").await;
    let lines: Vec<_> = event.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
    assert!(lines.iter().all(|line| line.starts_with("data: ")), "{event}");
}
