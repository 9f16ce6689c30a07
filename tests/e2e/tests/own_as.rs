//! The development authorization server over TLS, from sign-in to revocation, behind the gateway.

use std::fs;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use phantom_devauth::DevAuth;
use phantom_devauth::DevAuthHandle;
use phantom_devauth::DevAuthOptions;
use phantom_devauth::SigningAlgorithm;
use phantom_e2e::certificate;
use phantom_e2e::gateway::CLIENT;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::scripted_as;
use phantom_testkit::FakeAs;
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tokio::task::JoinSet;

const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Authorization server, gateway, backend; and a client that trusts the server by its certificate.
struct Stack {
    server: DevAuthHandle,
    origin: String,
    gateway: Gateway,
    backend: FakeAs,
    http: Client,
}

impl Stack {
    async fn start(lines: &str) -> Self {
        http::install_crypto();
        let directory = directory();
        let pem = certificate::self_signed(directory.path(), |_| {});
        let chain = vec![CertificateDer::from_pem_file(&pem.certificate).unwrap()];
        let key = PrivateKeyDer::from_pem_file(&pem.key).unwrap();
        let tls = rustls::ServerConfig::builder().with_no_client_auth();
        let server = DevAuth::bind(DevAuthOptions {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: Some(Arc::new(tls.with_single_cert(chain, key).unwrap())),
            algorithm: SigningAlgorithm::Es256,
            ..DevAuthOptions::default()
        });
        let server = server.await.unwrap();
        let origin = format!("https://localhost:{}", server.local_addr().port());
        let handle = server.handle();
        tokio::spawn(server.serve(std::future::pending()));

        let backend = scripted_as::backend().await;
        let text = format!(
            "[[key_manager]]\nname = \"own\"\nca_file = \"cert.pem\"\n\
             well_known = \"{}/.well-known/openid-configuration\"\n{CLIENT}{lines}\n{}",
            handle.issuer(),
            scripted_as::route(&backend, "key_manager = \"own\""),
        );
        let http = http::client_trusting(&fs::read_to_string(&pem.certificate).unwrap());
        let gateway = Gateway::start_in(directory, &text, &[]);
        gateway.ready().await;
        Self { server: handle, origin, gateway, backend, http }
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let request = self
            .http
            .post(format!("{}{path}", self.origin))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.extend_pairs(form).finish());
        Answer::of(request).await
    }

    /// Claims of the JWT that the backend got for a token.
    async fn forwarded(&self, token: &str) -> Value {
        let answer = self.gateway.get_with("/api", token).await;
        assert_eq!(answer.status, 200, "{answer:?}\n{}", self.gateway.process.output());
        let request = self.backend.last("/api");
        let jwt = request.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
        let payload = base64_url(jwt.split('.').nth(1).unwrap());
        serde_json::from_slice(&payload).unwrap()
    }
}

fn base64_url(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// Name and value of the hidden fields of the page's form, as a browser would send them.
fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!("{name}=\""))?;
        let (value, _) = rest.split_once('"')?;
        Some(value.replace("&amp;", "&"))
    };
    let tags = page.split('<').filter(|tag| tag.starts_with("input type=\"hidden\""));
    tags.map(|tag| (attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_pkce_and_the_backend_learns_who_it_is_until_revocation() {
    let stack = Stack::start("token_cache_seconds = 1").await;
    let authorize = "/oauth/v2/oauth-authorize";
    let query = format!(
        "response_type=code&client_id=public-client&redirect_uri={REDIRECT_URI}&scope=read\
         &state=a%26b&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let page = stack.http.get(format!("{}{authorize}?{query}", stack.origin));
    let page = Answer::of(page).await;
    assert_eq!(page.status, 200, "{}", page.body);

    let mut form = hidden_fields(&page.body);
    form.push(("username".into(), "alice".into()));
    form.push(("password".into(), "Password1".into()));
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let back = stack.post(authorize, &form).await;
    assert_eq!(back.status, 303, "{}", back.body);
    let (target, query) = back.header("location").unwrap().split_once('?').unwrap();
    assert_eq!(target, REDIRECT_URI);
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    assert_eq!(parameter("state"), "a&b");
    assert_eq!(parameter("iss"), stack.server.issuer());

    let code = parameter("code");
    let redeem = |verifier| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", "public-client"),
            ("redirect_uri", REDIRECT_URI),
            ("code", &code),
            ("code_verifier", verifier),
        ]
    };
    let tokens = stack.post("/oauth/v2/oauth-token", &redeem(VERIFIER)).await.json();
    let (access, refresh) =
        (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let claims = stack.forwarded(access).await;
    assert_eq!((&claims["sub"], &claims["scope"]), (&"alice".into(), &"read".into()));

    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", "public-client"),
        ("refresh_token", refresh),
    ];
    let tokens = stack.post("/oauth/v2/oauth-token", &form).await.json();
    let refreshed = tokens["access_token"].as_str().unwrap();
    assert_ne!(refreshed, access);
    assert_eq!(stack.forwarded(refreshed).await["sub"], "alice");

    let form = [("token", refreshed), ("client_id", "public-client")];
    assert_eq!(stack.post("/oauth/v2/oauth-revoke", &form).await.status, 200);
    let request = || stack.gateway.http.get(stack.gateway.url("/api")).bearer_auth(refreshed);
    http::eventually("revoked", request, |answer| answer.status == 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_verifier_does_not_redeem_a_code() {
    let stack = Stack::start("").await;
    let form = [
        ("response_type", "code"),
        ("client_id", "public-client"),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "read"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("username", "alice"),
        ("password", "Password1"),
    ];
    let back = stack.post("/oauth/v2/oauth-authorize", &form).await;
    let (_, query) = back.header("location").unwrap().split_once('?').unwrap();
    let code = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "code").unwrap().1;
    let verifier = "x".repeat(43);
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "public-client"),
        ("redirect_uri", REDIRECT_URI),
        ("code", &*code),
        ("code_verifier", &verifier),
    ];
    let answer = stack.post("/oauth/v2/oauth-token", &form).await;
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_under_load_and_no_good_token_is_refused() {
    const CALLERS: usize = 8;
    const BEFORE: usize = 10;
    const AFTER: usize = 20;
    let stack = Arc::new(Stack::start("").await);
    let rotated = Arc::new(tokio::sync::Barrier::new(CALLERS + 1));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (stack, rotated) = (Arc::clone(&stack), Arc::clone(&rotated));
        callers.spawn(async move {
            for call in 0..BEFORE + AFTER {
                if call == BEFORE {
                    rotated.wait().await;
                }
                // Each with a token of its own, so that each is introspected and verified.
                let token = stack.server.issue_token("test-client", "read");
                let answer = stack.gateway.get_with("/api", &token).await;
                assert_eq!(answer.status, 200, "call {call}: {answer:?}");
            }
        });
    }
    // All have been served with the old key; now they go on while the key changes.
    rotated.wait().await;
    stack.server.rotate_keys(false).unwrap();
    while let Some(ended) = callers.join_next().await {
        ended.unwrap_or_else(|error| panic!("{error}\n{}", stack.gateway.process.output()));
    }
    assert_eq!(stack.backend.count("/api"), CALLERS * (BEFORE + AFTER));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_gone_at_once_makes_nobodys_token_bad() {
    let stack = Stack::start("").await;
    stack.forwarded(&stack.server.issue_token("test-client", "read")).await;
    stack.server.rotate_keys(true).unwrap();
    stack.forwarded(&stack.server.issue_token("test-client", "read")).await;
    // Sooner than the gateway may ask for keys again: no verdict, or a good one once it has asked.
    stack.server.rotate_keys(true).unwrap();
    let token = stack.server.issue_token("test-client", "read");
    for _ in 0..5 {
        let answer = stack.gateway.get_with("/api", &token).await;
        assert!(matches!(answer.status, 200 | 502 | 503), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
