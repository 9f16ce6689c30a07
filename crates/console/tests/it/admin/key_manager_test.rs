//! The test of a key manager, against servers that are set up wrongly in one way each.

use phantom_core::Clock;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use phantom_testkit::jose;
use serde_json::json;

use crate::support::Browser;
use crate::support::Console;
use crate::support::Page;

const ISSUER: &str = "https://idsvr:8443/oauth";
const METADATA: &str = "/.well-known/openid-configuration";

struct Scene {
    console: Console,
    server: FakeAs,
    signer: Signer,
}

impl Scene {
    async fn set() -> Self {
        let (console, server) = (Console::start().await, FakeAs::start().await);
        let signer = Signer::es256("one");
        server.answer("/jwks", Reply::with_type(200, "application/json", signer.jwks()));
        server.answer("/introspect", Reply::status(204));
        let scene = Self { console, server, signer };
        scene.metadata(ISSUER);
        scene
    }

    fn metadata(&self, issuer: &str) {
        let metadata = json!({
            "issuer": issuer, "introspection_endpoint": self.server.url("/introspect"),
            "jwks_uri": self.server.url("/jwks"),
        });
        self.server.answer(METADATA, Reply::json(&metadata));
    }

    fn token(&self, issuer: &str, audience: &str) -> Reply {
        let mut claims = jose::access_token_claims(issuer, self.console.clock.now().wall);
        claims["aud"] = json!(audience);
        Reply::jwt(&self.signer.sign(&claims))
    }

    /// Adds the key manager and gives its page.
    async fn page(&self, browser: &mut Browser<'_>) -> Page {
        let url = |path: &str| self.server.url(path);
        let (well_known, introspection) = (url(METADATA), url("/introspect"));
        let keys = url("/jwks");
        let fields = [
            ("name", "curity"),
            ("issuer", ISSUER),
            ("well_known", &*well_known),
            ("introspection_endpoint", &*introspection),
            ("token_endpoint", "https://idsvr:8443/token"),
            ("certificate", &*keys),
            ("client_id", "api-gateway-client"),
            ("secret.client_secret", "Password1"),
            ("expected_audience", "client-one"),
        ];
        let page = browser.get("/admin/key-managers/new").await;
        let page = browser.send_on(&page, "Save", &fields).await.expect(200);
        browser.get(&page.link("curity")).await.expect(200)
    }
}

async fn tested(browser: &mut Browser<'_>, page: &Page, token: &str) -> Page {
    let page = browser.send(page, "Test", &[("secret.token", token)]).await.expect(200);
    assert!(token.is_empty() || !page.has(token), "a token is never sent back");
    assert!(!page.has("Password1"));
    page
}

#[tokio::test]
async fn a_test_of_a_key_manager_goes_through_all_steps_with_a_made_up_token_and_a_real_one() {
    let scene = Scene::set().await;
    let mut browser = scene.console.browser("admin").await;
    let page = scene.page(&mut browser).await;
    let made_up = tested(&mut browser, &page, "").await.says("Nothing failed");
    made_up.says("1 key verifies signatures.").says("A made-up token is not active there");
    scene.server.answer("/introspect", scene.token(ISSUER, "client-one"));
    let good = tested(&mut browser, &page, "opaque-1").await.says("Nothing failed");
    good.says("The token is active; issuer and signature of its JWT are good");
    assert_eq!(scene.server.last("/introspect").form("token").as_deref(), Some("opaque-1"));
    assert_eq!(scene.server.last("/introspect").header("accept"), Some("application/jwt"));
}

#[tokio::test]
async fn a_test_says_which_step_failed_why_and_what_would_be_right() {
    let scene = Scene::set().await;
    let mut browser = scene.console.browser("admin").await;
    let page = scene.page(&mut browser).await;
    let server = &scene.server;

    scene.metadata("https://login.example.com");
    let said = tested(&mut browser, &page, "").await.says("Metadata failed");
    said.says(
        "The issuer in the metadata is “https://login.example.com”, but “https://idsvr:8443/oauth”",
    );
    scene.metadata(ISSUER);

    server.answer("/jwks", Reply::status(404));
    tested(&mut browser, &page, "").await.says("Key set failed").says("the answer is 404");
    let keys = scene.signer.jwks();
    server.answer("/jwks", Reply::with_type(200, "application/json", keys));

    for (reply, title, words) in [
        (Reply::status(401), "Client authentication failed", "Check Client ID and Client Secret"),
        (
            Reply::json(&json!({"active": true, "sub": "sue"})),
            "Introspection failed",
            "It answered in JSON, though “Accept: application/jwt” asks for a JWT",
        ),
        (
            Reply::json(&json!({"active": true, "sub": "sue"})),
            "Introspection failed",
            "or with the JWT as the member “phantom_token” or “jwt” of its JSON",
        ),
        (Reply::json(&json!({"active": false})), "Introspection failed", "is not active"),
        (Reply::status(404), "Introspection failed", "Check the introspection endpoint"),
        (Reply::status(500), "Introspection failed", "Until it is well, gateways answer 503"),
        (
            scene.token("https://login.example.com", "client-one"),
            "Introspection failed",
            "The token&#39;s issuer is “https://login.example.com”",
        ),
        (
            scene.token(ISSUER, "client-two"),
            "Introspection failed",
            "it is for “client-two”; Expected Audience is “client-one”",
        ),
        (
            Reply::jwt(
                &Signer::es256("other").sign(&json!({"iss": ISSUER, "exp": 4_000_000_000_u64})),
            ),
            "Introspection failed",
            "Check the key set under Keys",
        ),
    ] {
        server.answer("/introspect", reply);
        tested(&mut browser, &page, "opaque-1").await.says(title).says(words);
    }
    scene.server.stop().await;
    let said = tested(&mut browser, &page, "opaque-1").await.says("Metadata failed");
    let said = said.says("A server on a private address needs “allow_private” in [control]");
    assert_eq!(said.text.matches("cannot connect").count(), 3);
}

#[tokio::test]
async fn what_a_foreign_server_says_is_text_and_a_token_that_is_none_is_refused() {
    let scene = Scene::set().await;
    let mut browser = scene.console.browser("admin").await;
    let page = scene.page(&mut browser).await;
    scene.metadata("https://x.example/<script>alert(1)</script>");
    let said = tested(&mut browser, &page, "").await;
    assert!(!said.has("<script>alert") && said.has("&#60;script&#62;"));
    let refused = browser.send(&page, "Test", &[("secret.token", "two words")]).await.expect(422);
    assert!(refused.has("This cannot be a token") && !refused.has("two words"));
    // Nobody else has somebody's servers asked.
    let asked = scene.server.count("/introspect");
    for user in ["carla", "paul", "sue"] {
        let mut other = scene.console.browser(user).await;
        let proof = other.get("/").await.form("Sign out").fields.remove(0).1;
        let path = format!("{}/test", page.path);
        let body = format!("_csrf={proof}");
        other.request(http::Method::POST, &path, &[], body).await.expect(403);
    }
    assert_eq!(scene.server.count("/introspect"), asked);
}
