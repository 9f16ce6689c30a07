//! The workbench, before a fake authorization server and a fake gateway.

use phantom_core::Clock;
use phantom_testkit::FakeAs;
use phantom_testkit::Framing;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use phantom_testkit::jose;
use serde_json::json;

use crate::support::Browser;
use crate::support::Console;
use crate::support::Page;

const ISSUER: &str = "https://as.example";
const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// A server with metadata, and keys of that signer.
async fn server(signer: &Signer) -> FakeAs {
    let server = FakeAs::start().await;
    let metadata = json!({
        "issuer": ISSUER,
        "token_endpoint": server.url("/token"),
        "authorization_endpoint": server.url("/authorize"),
        "introspection_endpoint": server.url("/introspect"),
        "jwks_uri": server.url("/jwks"),
    });
    server.answer("/metadata", Reply::json(&metadata));
    server.answer("/jwks", Reply::with_type(200, "application/json", signer.jwks()));
    server.answer(
        "/token",
        Reply::json(&json!({"access_token": "opaque-1", "token_type": "Bearer"})),
    );
    server
}

/// The page without what stands around it, where its own address is.
fn main(page: &Page) -> &str {
    page.text.split("<main").nth(1).unwrap()
}

/// Presses a button of the bench with that server and these fields.
async fn press(
    browser: &mut Browser<'_>,
    server: &FakeAs,
    button: &str,
    fields: &[(&str, &str)],
) -> Page {
    let page = browser.get("/workbench").await.expect(200);
    let metadata = server.url("/metadata");
    let mut all = vec![("key_manager", "other"), ("well_known", metadata.as_str())];
    all.extend(fields);
    browser.send(&page, button, &all).await
}

#[tokio::test]
async fn a_token_is_got_with_the_clients_own_credentials_and_its_secret_is_shown_nowhere() {
    let server = server(&Signer::es256("k")).await;
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let fields =
        [("client_id", "client-one"), ("secret.client_secret", "hide-me"), ("scope", "read write")];
    let page = press(&mut browser, &server, "Get a token", &fields).await.expect(200);
    let page = page.says("There is a token").says("opaque-1").says("HTTP 200");
    assert!(!page.has("hide-me") && page.has("value=\"client-one\"") && page.has("$CLIENT_SECRET"));
    let sent = server.last("/token");
    assert_eq!(sent.form("grant_type").as_deref(), Some("client_credentials"));
    assert_eq!(sent.form("scope").as_deref(), Some("read write"));
    // client-one:hide-me
    assert_eq!(sent.header("authorization"), Some("Basic Y2xpZW50LW9uZTpoaWRlLW1l"));

    let mut fields = fields.to_vec();
    fields.push(("client_auth", "post"));
    let page = press(&mut browser, &server, "Get a token", &fields).await.expect(200);
    assert!(!page.has("hide-me"));
    let sent = server.last("/token");
    assert_eq!(sent.form("client_secret").as_deref(), Some("hide-me"));
    assert_eq!(sent.header("authorization"), None);
}

#[tokio::test]
async fn a_token_is_introspected_in_both_ways_and_its_jwt_is_read_and_verified() {
    let signer = Signer::es256("k");
    let server = server(&signer).await;
    let console = Console::start().await;
    let now = console.clock.now().wall;
    let jwt = signer.sign(&jose::access_token_claims(ISSUER, now));
    let answer = jwt.clone();
    server.answer_by("/introspect", move |request| match request.header("accept") {
        Some("application/jwt") => Reply::jwt(&answer),
        _ => Reply::json(&json!({"active": true, "client_id": "client-one"})),
    });
    let mut browser = console.browser("sue").await;
    let fields = [
        ("secret.token", "opaque-1"),
        ("introspector", "gateway"),
        ("secret.introspector", "hide-me"),
    ];
    let page = press(&mut browser, &server, "Introspect", &fields).await.expect(200);
    let page = page.says("The token is active").says("Signature verified");
    let page = page.says("Who issued it: the issuer of the key manager").says("client-one");
    assert!(!page.has("hide-me") && page.text.len() < 40_000);
    assert_eq!(server.last("/introspect").form("token").as_deref(), Some("opaque-1"));

    // Of another key, and after its end.
    server.answer("/jwks", Reply::with_type(200, "application/json", Signer::es256("k").jwks()));
    console.wait(std::time::Duration::from_secs(600));
    let fields = [("secret.token", jwt.as_str())];
    let page = press(&mut browser, &server, "Decode a JWT", &fields).await.expect(200);
    let page = page.says("Signature refused");
    let ended = page.text.split(">exp<").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(ended.contains("Wrong"), "{ended}");
    let fields = [("secret.token", "opaque-1")];
    let page = press(&mut browser, &server, "Decode a JWT", &fields).await.expect(422);
    page.says("An opaque token says nothing");
}

#[tokio::test]
async fn what_is_wrong_with_a_token_or_a_client_is_said_in_words() {
    let server = server(&Signer::es256("k")).await;
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let fields =
        [("secret.token", "opaque-1"), ("introspector", "gateway"), ("secret.introspector", "x")];
    server.answer("/introspect", Reply::json(&json!({"active": false})));
    let page = press(&mut browser, &server, "Introspect", &fields).await.expect(200);
    page.says("The token is not active");
    server.answer("/introspect", Reply::status(401));
    let page = press(&mut browser, &server, "Introspect", &fields).await.expect(200);
    page.says("The server refuses the introspection client");
    let page = press(&mut browser, &server, "Introspect", &fields[..1]).await.expect(422);
    assert!(page.has("aria-invalid") && page.has("opaque-1"), "what was typed stays");

    let fields = [("client_id", "client-one"), ("secret.client_secret", "x")];
    let error = Reply::with_type(400, "application/json", r#"{"error":"invalid_scope"}"#);
    server.answer("/token", error);
    let page = press(&mut browser, &server, "Get a token", &fields).await.expect(200);
    page.says("The client may not have one of these scopes");
    for framing in [Framing::Close, Framing::Cut] {
        server.answer("/token", Reply::with_type(200, "text/plain", "x").framing(framing));
        let page = press(&mut browser, &server, "Get a token", &fields).await.expect(200);
        // Somebody was asked, whatever network they are in.
        assert!(!page.says("There is no answer").has("allow_private"));
    }
    server.answer("/token", Reply::with_type(200, "text/plain", vec![b'x'; 300 * 1024]));
    let page = press(&mut browser, &server, "Get a token", &fields).await.expect(200);
    page.says("There is no answer").says("longer than");
}

#[tokio::test]
async fn a_user_signs_in_by_a_code_with_pkce_and_nothing_secret_is_in_an_address() {
    let server = server(&Signer::es256("k")).await;
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let fields =
        [("client_id", "client-one"), ("secret.client_secret", "hide-me"), ("scope", "openid")];
    let page = press(&mut browser, &server, "Sign in a user", &fields).await.expect(200);
    assert!(!page.has("hide-me"));
    let to = page.link("Go to 127.0.0.1");
    assert!(to.starts_with(&server.url("/authorize?")) && !to.contains("hide-me"), "{to}");
    let query = |name: &str| {
        let start = format!("{name}=");
        let pairs = to.split('?').nth(1).unwrap().split('&');
        pairs.filter_map(|pair| pair.strip_prefix(&start)).next().unwrap().to_owned()
    };
    assert_eq!(query("code_challenge_method"), "S256");
    assert_eq!(query("redirect_uri"), "https%3A%2F%2Flocalhost%3A9443%2Fworkbench%2Fcallback");
    let kept = browser.cookie("__Host-phantom-workbench").unwrap().to_owned();
    assert!(!kept.contains("hide") && kept.len() < 4000);

    // With another state, of another issuer, in another session: nothing is taken, no word is shown.
    let state = query("state");
    for question in [
        format!("code=c-1&state={state}x"),
        "code=c-1".to_owned(),
        format!("code=c-1&state={state}&iss=https%3A%2F%2Fevil.example"),
        "error=call-this-number&state=x".to_owned(),
    ] {
        let page = browser.get(&format!("/workbench/callback?{question}")).await.expect(200);
        let page = page.says("The answer was not taken");
        let shown = main(&page);
        assert!(!shown.contains("c-1") && !shown.contains("call-this-number"));
    }
    let mut other = console.browser("paul").await;
    other.set_cookie("__Host-phantom-workbench", &kept);
    let at = format!("/workbench/callback?code=c-1&state={state}&iss=https%3A%2F%2Fas.example");
    other.get(&at).await.expect(200).says("The answer was not taken");

    let page = browser.get(&at).await.expect(200).says("The server sent a code");
    let page = browser.send(&page, "Exchange the code", &[]).await.expect(200);
    let page = page.says("There is a token").says("opaque-1").says("value=\"client-one\"");
    assert!(!page.has("hide-me") && !page.has("c-1"));
    let sent = server.last("/token");
    assert_eq!(sent.form("code").as_deref(), Some("c-1"));
    let verifier = sent.form("code_verifier").unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let challenge = base64::Engine::encode(&phantom_core::jwt::BASE64URL, digest);
    assert_eq!(challenge, query("code_challenge"));
    // It is good once.
    assert_eq!(browser.cookie("__Host-phantom-workbench"), None);
    browser.get(&at).await.expect(200).says("The answer was not taken");
}

#[tokio::test]
async fn an_error_that_a_server_sends_back_is_shown_as_text() {
    let server = server(&Signer::es256("k")).await;
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let fields = [("client_id", "client-one")];
    let page = press(&mut browser, &server, "Sign in a user", &fields).await.expect(200);
    let to = page.link("Go to 127.0.0.1");
    let state = to.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let said = "%3Cscript%3Ealert(1)%3C/script%3E";
    let at =
        format!("/workbench/callback?error=access_denied&error_description={said}&state={state}");
    let page = browser.get(&at).await.expect(200).says("access_denied");
    assert!(!page.has("<script>alert"));
}

#[tokio::test]
async fn an_api_is_called_through_the_gateway_and_nothing_else_is() {
    let gateway = FakeAs::start().await;
    let challenge = "Bearer error=\"invalid_token\"";
    let refusal = Reply::with_type(401, "application/json", r#"{"code":900901}"#);
    gateway.answer("/httpbin/v1/get", refusal.header("www-authenticate", challenge));
    let console = Console::start_before(gateway.url("").trim_end_matches('/'), true).await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/workbench").await.expect(200);
    let url = gateway.url("/httpbin/v1/get");
    let fields = [
        ("url", url.as_str()),
        ("secret.token", "opaque-1"),
        ("secret.headers", "X-One: 1\nX-Two: 2"),
    ];
    let page = browser.send(&page, "Call the API", &fields).await.expect(200);
    let page = page.says("HTTP 401").says("invalid_token").says("900901").says("$TOKEN");
    let sent = gateway.last("/httpbin/v1/get");
    assert_eq!(sent.header("authorization"), Some("Bearer opaque-1"));
    assert_eq!((sent.header("x-one"), sent.header("x-two")), (Some("1"), Some("2")));

    let elsewhere = FakeAs::start().await;
    for url in [
        elsewhere.url("/x"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "https://localhost:9443/api/am/admin/v4/key-managers".to_owned(),
        "file:///etc/passwd".to_owned(),
        "javascript:alert(1)".to_owned(),
        url.replace("http://", "http://user:pass@"),
        gateway.url("/httpbin/v1/../v1/get"),
        gateway.url("/httpbin/v1/%2E/get"),
    ] {
        let refused = browser.send(&page, "Call the API", &[("url", &url)]).await.expect(422);
        assert!(refused.has("aria-invalid"), "{url}");
    }
    let dots = gateway.url("/httpbin/v1/x/../get");
    let refused = browser.send(&page, "Call the API", &[("url", &dots)]).await.expect(422);
    refused.says("what would be sent is another path");
    for (headers, said) in [
        ("Host: other", "Host, connection and what frames a request are not set by hand."),
        ("Transfer-Encoding: chunked", "what frames a request are not set by hand."),
        ("X: a\u{1}b", "The value of a header holds no control characters."),
        (": x", "The name of a header is of ASCII letters"),
        ("X-\u{dc}: 1", "The name of a header is of ASCII letters"),
    ] {
        let fields = [("secret.headers", headers)];
        let refused = browser.send(&page, "Call the API", &fields).await.expect(422);
        let refused = refused.says(said);
        assert!(refused.has("aria-invalid") && !refused.has("allow_private"), "{headers}");
    }
    let refused = browser.send(&page, "Call the API", &[("secret.token", "a\u{1}b")]).await;
    refused.expect(422).says("Must not hold control characters.");
    let fragment = format!("{url}#part");
    for button in ["Call the API", "Explain without sending"] {
        let refused = browser.send(&page, button, &[("url", &fragment)]).await.expect(422);
        assert!(refused.says("Must not hold a fragment.").has("aria-invalid"), "{button}");
    }
    assert_eq!((elsewhere.connections(), gateway.count("/httpbin/v1/get")), (0, 1));
}

#[tokio::test]
async fn a_user_cannot_send_the_control_plane_to_private_addresses() {
    let server = server(&Signer::es256("k")).await;
    let console = Console::start_before("http://localhost:8280", false).await;
    let mut browser = console.browser("sue").await;
    let fields = [("client_id", "client-one"), ("secret.client_secret", "x")];
    for button in ["Get a token", "Sign in a user", "Introspect", "Decode a JWT"] {
        let page = press(&mut browser, &server, button, &fields).await.expect(422);
        assert!(page.has("aria-invalid"), "{button}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_foreign_servers_say_is_text_and_bounded() {
    let server = FakeAs::start().await;
    let signer = Signer::es256("k");
    let metadata = json!({
        "issuer": ISSUER,
        "token_endpoint": server.url("/token"),
        "introspection_endpoint": server.url("/introspect"),
        "jwks_uri": server.url("/jwks"),
    });
    server.answer("/metadata", Reply::json(&metadata));
    server.answer("/jwks", Reply::with_type(200, "application/json", signer.jwks()));
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let fields = [("client_id", MARKUP), ("secret.client_secret", "x"), ("scope", MARKUP)];
    let long = format!("{MARKUP}{}", "<b>".repeat(50_000));
    for (media_type, body) in [
        ("text/html", long),
        ("application/json", json!({"error": MARKUP, MARKUP: MARKUP}).to_string()),
    ] {
        let reply = Reply::with_type(400, media_type, body).header("x-said", "<script>alert(1)");
        server.answer("/token", reply);
        let page = press(&mut browser, &server, "Get a token", &fields).await.expect(200);
        assert!(!page.has("<script>alert") && !page.has("<img src=x"), "{media_type}");
        assert!(page.text.len() < 80_000, "{}", page.text.len());
    }
    let claims = json!({"iss": MARKUP, "sub": MARKUP, MARKUP: MARKUP, "exp": 1});
    let jwt = signer.sign(&claims);
    let fields = [("secret.token", jwt.as_str())];
    let page = press(&mut browser, &server, "Decode a JWT", &fields).await.expect(200);
    assert!(!page.has("<script>alert") && !page.has("<img src=x"));
}

#[tokio::test]
async fn gateways_credentials_are_used_by_those_alone_who_manage_key_managers() {
    let server = FakeAs::start().await;
    server.answer("/introspect", Reply::json(&json!({"active": false})));
    let console = Console::start().await;
    let mut admin = console.browser("admin").await;
    let page = admin.get("/admin/key-managers/new").await;
    let (endpoint, keys) = (server.url("/introspect"), server.url("/jwks"));
    let fields = [
        ("name", "curity"),
        ("issuer", ISSUER),
        ("introspection_endpoint", endpoint.as_str()),
        ("certificate", keys.as_str()),
        ("client_id", "gateway"),
        ("secret.client_secret", "Password1"),
        ("expected_audience", "client-one"),
    ];
    admin.send(&page, "Save", &fields).await.expect(303);
    let id = console.store.key_manager_by_name("curity").await.unwrap().unwrap().id.to_string();
    let sent = [("key_manager", id.as_str()), ("secret.token", "t")];
    let page = admin.get("/workbench").await.expect(200);
    let page = admin.send(&page, "Introspect", &sent).await.expect(200);
    assert!(
        page.says("The token is not active").has("gateway") && server.count("/introspect") == 2
    );

    let mut sue = console.browser("sue").await;
    let page = sue.get("/workbench").await.expect(200);
    let page = sue.send(&page, "Introspect", &sent).await.expect(422);
    assert!(!page.has("Password1") && server.count("/introspect") == 2);
}

#[tokio::test]
async fn a_link_fills_in_what_is_called_and_nothing_of_elsewhere() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let at = "/workbench?method=POST&url=http%3A%2F%2Flocalhost%3A8280%2Forders";
    let page = browser.get(at).await.expect(200);
    assert!(page.has("value=\"http://localhost:8280/orders\""));
    let page = browser.get("/workbench?url=https%3A%2F%2Fevil.example%2F").await.expect(200);
    assert!(!main(&page).contains("evil.example"));
}

#[tokio::test]
async fn what_is_secret_in_a_form_is_not_kept_when_the_session_ends() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/workbench").await.expect(200);
    console.wait(std::time::Duration::from_secs(3 * 3600));
    let fields =
        [("secret.token", "opaque-1"), ("secret.body", "hide-me"), ("client_id", "client-one")];
    let page = browser.send(&page, "Call the API", &fields).await.expect(401);
    assert!(page.has("client-one") && !page.has("opaque-1") && !page.has("hide-me"));
}
