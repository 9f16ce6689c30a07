//! Authorization servers that we have not written, each by the lines that docs/authorization-servers.md
//! gives for it.

use std::fs;

use phantom_e2e::gateway::CLIENT;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::peer::Peer;
use phantom_e2e::peer::PythonPeer;
use phantom_e2e::scripted_as;
use phantom_e2e::scripted_as::ScriptedAs;
use phantom_e2e::workspace;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use serde_json::Value;
use serde_json::json;

/// Whom the page's lines name.
const EXAMPLE: &str = "https://login.example.com";

/// The lines of a server in the table, for one that is elsewhere.
fn documented(server: &str, origin: &str) -> String {
    let page = workspace::root().join("docs/authorization-servers.md");
    let page = fs::read_to_string(page).unwrap();
    let row = page.lines().find(|line| line.starts_with(&format!("| {server} ")));
    let row = row.unwrap_or_else(|| panic!("{server} is not in the table"));
    let lines = row.split('|').nth(2).unwrap().split('`').skip(1).step_by(2);
    let lines: Vec<String> = lines.map(|line| line.replace(EXAMPLE, origin)).collect();
    assert!(!lines.is_empty(), "{row}");
    lines.join("\n")
}

struct Stack {
    gateway: Gateway,
    backend: FakeAs,
}

impl Stack {
    /// Ready by the lines of the table and who we are, alone.
    async fn start(server: &str, origin: &str, secret: &str) -> Self {
        let backend = scripted_as::backend().await;
        let lines = documented(server, origin);
        let text = format!("[[key_manager]]\nname = \"peer\"\n{CLIENT}{lines}\n")
            + &scripted_as::route(&backend, "key_manager = \"peer\"\nscope = \"read\"");
        let variables = [("INTROSPECTION_CLIENT_SECRET", secret)];
        let gateway = Gateway::start_in(directory(), &text, &variables);
        gateway.ready().await;
        Self { gateway, backend }
    }

    async fn get(&self, token: &str) -> Answer {
        self.gateway.get_with("/api", token).await
    }

    /// The claims of what the backend got in the token's place.
    async fn serves(&self, token: &str) -> Value {
        let answer = self.get(token).await;
        assert_eq!(answer.status, 200, "{answer:?}\n{}", self.gateway.process.output());
        let request = self.backend.last("/api");
        let jwt = request.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
        let payload = phantom_core::jwt::decode(jwt.split('.').nth(1).unwrap()).unwrap();
        serde_json::from_slice(&payload).unwrap()
    }

    async fn refuses(&self, token: &str, status: u16) {
        let before = self.backend.count("/api");
        let answer = self.get(token).await;
        assert_eq!(answer.status, status, "{answer:?}\n{}", self.gateway.process.output());
        assert_eq!(self.backend.count("/api"), before);
    }
}

/// RFC 9068 §2.2.
fn assert_whole(claims: &Value, subject: &str, client: &str) {
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(!claims[name].is_null(), "{name} is missing: {claims}");
    }
    assert_eq!((&claims["sub"], &claims["client_id"]), (&subject.into(), &client.into()));
    assert_eq!(
        (&claims["iss"], &claims["scope"]),
        (&"https://gateway.test".into(), &"read".into())
    );
    let life = claims["exp"].as_u64().unwrap() - scripted_as::now().as_secs();
    assert!(life > 0, "{claims}");
}

async fn works(server: &str, kind: &str, password_client: &str) {
    let mut peer = PythonPeer::start(kind);
    let stack = Stack::start(server, peer.origin(), "Password1").await;
    let token = peer.token("test-client", "grant_type=client_credentials&scope=read").await;
    assert_whole(&stack.serves(&token["access_token"]).await, "test-client", "test-client");
    stack.refuses("no-such-token", 401).await;

    let form = "grant_type=password&username=alice&password=Password1&scope=read";
    let token = peer.token(password_client, form).await;
    let user = if kind == "aioauth" { password_client } else { "alice" };
    assert_whole(&stack.serves(&token["access_token"]).await, user, password_client);
    stack.refuses(&token["refresh_token"], 401).await;

    let stranger = Stack::start(server, peer.origin(), "wrong").await;
    stranger.refuses(&token["access_token"], 502).await;

    peer.kill();
    stack.refuses("unknown-so-far", 503).await;
    // The others mark their answers `no-store`.
    if kind == "django" {
        stack.serves(&token["access_token"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn authlib_works_by_the_lines_of_the_table() {
    works("Authlib", "authlib", "test-client").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn django_oauth_toolkit_works_by_the_lines_of_the_table() {
    works("Django OAuth Toolkit", "django", "password-client").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aioauth_works_by_the_lines_of_the_table() {
    works("aioauth", "aioauth", "test-client").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_provider_works_by_the_lines_of_the_table() {
    let peer = Peer::start(&[("AS_ALG", "ES256"), ("AS_PHANTOM", "off")]);
    let stack = Stack::start("oidc-provider", peer.issuer(), "Password1").await;
    let claims = stack.serves(&peer.token("read").await).await;
    assert_whole(&claims, "test-client", "test-client");
    stack.refuses("no-such-token", 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_keys_is_taken_by_check_and_ready_at_once() {
    let server = FakeAs::start().await;
    let backend = scripted_as::backend().await;
    let text = format!(
        "[[key_manager]]\nname = \"plain\"\nresponse = \"json\"\n{CLIENT}\
         introspection_endpoint = \"{}\"\n",
        server.url("/introspect")
    ) + &scripted_as::route(&backend, "key_manager = \"plain\"");
    let gateway = Gateway::start(&text);
    let request = || gateway.http.get(gateway.management_url("/readyz"));
    http::eventually("ready", request, |answer| answer.status == 200).await;
    assert_eq!(server.connections(), 0, "it was asked nothing");
}

/// What is wrong with a JWT, by the log: whose it is, and which claim.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_names_claim_and_key_manager_of_a_jwt_that_is_not_accepted() {
    let server = ScriptedAs::start("k1").await;
    let backend = scripted_as::backend().await;
    let mut claims = server.claims();
    let audience = claims["aud"].as_str().unwrap().to_owned();
    let lines = format!("expected_audience = \"{audience}\"");
    let route = "key_manager = \"scripted\"\njwt = \"accept_jwt\"";
    let text = server.key_manager("scripted", &lines) + &scripted_as::route(&backend, route);
    let mut gateway = Gateway::start(&text);
    gateway.ready().await;
    assert_eq!(gateway.get_with("/api", &server.phantom_token()).await.status, 200);

    claims.as_object_mut().unwrap().remove("jti");
    let brought = gateway.get_with("/api", &server.signer.sign(&claims)).await;
    assert_eq!(brought.status, 401);
    claims["exp"] = Value::from("tomorrow");
    server.server.answer(scripted_as::INTROSPECT, Reply::jwt(&server.signer.sign(&claims)));
    assert_eq!(gateway.get_with("/api", "opaque").await.status, 502);
    for claim in ["claim jti is missing", "claim exp is malformed"] {
        gateway.process.wait_until(claim, |log| {
            let mut lines = log.lines();
            lines.any(|line| line.contains(claim) && line.contains("\"key_manager\":\"scripted\""))
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_of_the_server_is_503_and_a_spoilt_answer_is_502_without_a_pause() {
    let server = ScriptedAs::start("k1").await;
    let backend = scripted_as::backend().await;
    let text = server.key_manager("scripted", "response = \"json\"")
        + &scripted_as::route(&backend, "key_manager = \"scripted\"");
    let gateway = Gateway::start(&text);
    gateway.ready().await;
    let large = "x".repeat(70 * 1024);
    for (reply, status, pause) in [
        (Reply::with_type(400, "application/json", r#"{"error":"server_error"}"#), 503, true),
        (Reply::with_type(400, "text/html", "<html>"), 503, true),
        (Reply::with_type(400, "application/json", r#"{"error":"invalid_token"}"#), 401, false),
        (Reply::with_type(200, "application/json", large), 502, false),
        (Reply::json(&json!({"active": true, "token_use": "refresh_token"})), 401, false),
        (Reply::json(&json!({"active": true, "token_type": "DPoP"})), 401, false),
        (Reply::json(&json!({"active": true, "cnf": {"jkt": "x"}})), 401, false),
        (Reply::json(&json!({"active": true, "aud": null, "exp": null})), 200, false),
    ] {
        server.server.answer(scripted_as::INTROSPECT, reply);
        let token = format!("token-{}", server.introspections());
        let answer = gateway.get_with("/api", &token).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("retry-after").is_some(), pause, "{answer:?}");
    }
}
