//! Against a real authorization server that we have not written, in all its modes.

use std::process::Command;

use phantom_e2e::certificate;
use phantom_e2e::gateway::Gateway;
use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::peer;
use phantom_e2e::peer::Peer;
use phantom_e2e::scripted_as;
use phantom_testkit::FakeAs;

/// Authorization server, gateway, backend.
struct Stack {
    peer: Peer,
    gateway: Gateway,
    backend: FakeAs,
}

const ROUTE: &str = "key_manager = \"peer\"";

impl Stack {
    /// `lines`: more of the key manager.
    async fn start(environment: &[(&str, &str)], lines: &str) -> Self {
        Self::start_with(environment, lines, ROUTE, &[]).await
    }

    async fn start_with(
        environment: &[(&str, &str)],
        lines: &str,
        route: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let backend = scripted_as::backend().await;
        let peer = Peer::start(environment);
        let text = peer.key_manager(lines) + &scripted_as::route(&backend, route);
        let gateway = Gateway::start_in(directory(), &text, variables);
        gateway.ready().await;
        Self { peer, gateway, backend }
    }

    /// A token's request is served, and the backend gets a JWT in its place.
    async fn serves(&self, token: &str) -> String {
        let before = self.backend.count("/api");
        let answer = self.gateway.get_with("/api", token).await;
        let output = self.gateway.process.output();
        assert_eq!((answer.status, &*answer.body), (200, "backend"), "{answer:?}\n{output}");
        assert_eq!(self.backend.count("/api"), before + 1);
        let request = self.backend.last("/api");
        assert!(!format!("{request:?}").contains(token), "the opaque token went on");
        let fields = request.headers.iter().filter(|(name, _)| name == "authorization");
        let values: Vec<&str> = fields.map(|(_, value)| value.as_str()).collect();
        let [value] = values[..] else { panic!("{values:?}") };
        let jwt = value.strip_prefix("Bearer ").unwrap();
        assert!(jwt.starts_with("eyJ") && jwt.split('.').count() == 3, "{jwt}");
        jwt.to_owned()
    }

    /// A token's request is answered here; the backend hears nothing.
    async fn refuses(&self, token: &str, status: u16) -> Answer {
        let before = self.backend.count("/api");
        let answer = self.gateway.get_with("/api", token).await;
        let output = self.gateway.process.output();
        assert_eq!(answer.status, status, "{answer:?}\n{output}");
        assert_eq!(self.backend.count("/api"), before, "the backend was asked");
        answer
    }
}

async fn serves_with(environment: &[(&str, &str)], lines: &str) {
    let stack = Stack::start(environment, lines).await;
    let token = stack.peer.token("read").await;
    let first = stack.serves(&token).await;
    assert_eq!(stack.serves(&token).await, first, "from the cache");
    assert_eq!(stack.peer.introspections().await, 1);
    let answer = stack.refuses("no-such-token", 401).await;
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
}

#[tokio::test(flavor = "multi_thread")]
async fn phantom_tokens_signed_with_rs256_are_forwarded() {
    serves_with(&[("AS_ALG", "RS256"), ("AS_INACTIVE", "204")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phantom_tokens_signed_with_ps256_are_forwarded() {
    serves_with(&[("AS_ALG", "PS256"), ("AS_INACTIVE", "json")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phantom_tokens_signed_with_es256_are_forwarded() {
    serves_with(&[("AS_ALG", "ES256")], "expected_audience = \"client-one\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phantom_tokens_signed_with_eddsa_are_forwarded() {
    serves_with(&[("AS_ALG", "EdDSA")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_manager_without_discovery_works_as_well() {
    let backend = scripted_as::backend().await;
    let peer = Peer::start(&[("AS_ALG", "ES256")]);
    let issuer = peer.issuer();
    let text = format!(
        "[[key_manager]]\nname = \"peer\"\nissuer = \"{issuer}\"\n\
         introspection_endpoint = \"{issuer}/oauth/v2/oauth-introspect\"\n\
         jwks_uri = \"{issuer}/oauth/v2/oauth-anonymous/jwks\"\n\
         client_id = \"api-gateway-client\"\nclient_secret = \"Password1\"\n\
         client_auth = \"basic\"\n{}",
        scripted_as::route(&backend, ROUTE)
    );
    let stack = Stack { gateway: Gateway::start(&text), peer, backend };
    let token = stack.peer.token("read").await;
    stack.serves(&token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typ_of_jwt_or_none_is_taken_of_the_server_unless_a_list_says_otherwise() {
    for typ in ["JWT", ""] {
        let environment = [("AS_ALG", "ES256"), ("AS_JWT_TYP", typ)];
        serves_with(&environment, "").await;
        let strict = Stack::start(&environment, "accepted_typ = [\"at+jwt\"]").await;
        strict.refuses(&strict.peer.token("read").await, 502).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_where_a_jwt_was_asked_for_is_never_forwarded() {
    let stack = Stack::start(&[("AS_ALG", "ES256"), ("AS_PHANTOM", "off")], "").await;
    let token = stack.peer.token("read").await;
    for _ in 0..2 {
        let answer = stack.refuses(&token, 502).await;
        assert_eq!(answer.header("www-authenticate"), None);
    }
    stack.refuses("no-such-token", 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_minted_into_a_token_that_verifies_against_our_published_keys() {
    let environment = [("AS_ALG", "ES256"), ("AS_PHANTOM", "off")];
    let stack = Stack::start(&environment, "response = \"json\"").await;
    let jwt = stack.serves(&stack.peer.token("read").await).await;
    verify_elsewhere(&jwt, &stack.gateway.url("/.well-known/jwks.json"));
    stack.refuses("no-such-token", 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_statement_is_minted_into_a_token_and_not_forwarded() {
    let lines = "response = \"rfc9701\"\nsigned_response_algorithm = \"RS256\"";
    let stack = Stack::start(&[("AS_ALG", "RS256")], lines).await;
    let jwt = stack.serves(&stack.peer.token("read").await).await;
    verify_elsewhere(&jwt, &stack.gateway.url("/.well-known/jwks.json"));
    stack.refuses("no-such-token", 401).await;
}

/// By a library that we have not written, with the keys fetched as a backend would.
fn verify_elsewhere(jwt: &str, jwks: &str) {
    let script = "
        import * as jose from 'jose';
        const [jwt, jwks] = process.argv.slice(1);
        const { payload, protectedHeader } = await jose.jwtVerify(
            jwt, jose.createRemoteJWKSet(new URL(jwks)),
            { issuer: 'https://gateway.test', audience: 'client-one', typ: 'at+jwt' });
        console.log(protectedHeader.alg, payload.scope, payload.client_id, typeof payload.exp);
    ";
    let output = Command::new("node")
        .args(["--input-type=module", "-e", script, jwt, jwks])
        .current_dir(peer::folder_of("oidc-provider"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "ES256 read test-client number", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_of_its_own_is_trusted_by_its_ca_file_alone() {
    let files = directory();
    let pem = certificate::self_signed(files.path(), |_| {});
    let (cert, key) = (pem.certificate.to_str().unwrap(), pem.key.to_str().unwrap());
    let environment = [("AS_ALG", "ES256"), ("AS_TLS_CERT", cert), ("AS_TLS_KEY", key)];
    serves_with(&environment, &format!("ca_file = \"{cert}\"")).await;

    let backend = scripted_as::backend().await;
    let peer = Peer::start(&environment);
    let text = peer.key_manager("") + &scripted_as::route(&backend, ROUTE);
    let stack = Stack { gateway: Gateway::start(&text), peer, backend };
    let answer = stack.refuses(&stack.peer.token("read").await, 503).await;
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_client_secret_is_our_fault_and_not_the_tokens() {
    let wrong = [("INTROSPECTION_CLIENT_SECRET", "wrong")];
    let mut stack = Stack::start_with(&[("AS_ALG", "ES256")], "", ROUTE, &wrong).await;
    let answer = stack.refuses(&stack.peer.token("read").await, 502).await;
    assert_eq!(answer.header("www-authenticate"), None);
    stack.gateway.process.wait_for("it refused our client credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_fails_new_tokens_for_now_and_known_ones_not_at_all() {
    let mut stack = Stack::start(&[("AS_ALG", "ES256")], "").await;
    let (known, unknown) = (stack.peer.token("read").await, stack.peer.token("read").await);
    stack.serves(&known).await;
    stack.peer.kill();
    for _ in 0..8 {
        stack.serves(&known).await;
        let answer = stack.refuses(&unknown, 503).await;
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds >= 1, "{answer:?}");
        assert_eq!(answer.header("www-authenticate"), None);
    }

    stack.peer.restart();
    let token = stack.peer.token("read").await;
    let request = || stack.gateway.http.get(stack.gateway.url("/api")).bearer_auth(&token);
    let never = |answer: &Answer| assert_ne!(answer.status, 401, "a good token was called bad");
    http::eventually("served again", request, |answer| {
        never(answer);
        answer.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_refused_when_the_cache_lets_go() {
    let stack = Stack::start(&[("AS_ALG", "ES256")], "token_cache_seconds = 1").await;
    let token = stack.peer.token("read").await;
    stack.serves(&token).await;
    stack.peer.revoke(&token).await;
    let request = || stack.gateway.http.get(stack.gateway.url("/api")).bearer_auth(&token);
    http::eventually("revoked", request, |answer| answer.status == 401).await;
    stack.refuses(&token, 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_slower_than_the_timeout_is_unavailable() {
    let environment = [("AS_ALG", "ES256"), ("AS_SLOW_MS", "60000")];
    let stack = Stack::start(&environment, "timeout = \"300ms\"").await;
    let answer = stack.refuses(&stack.peer.token("read").await, 503).await;
    assert!(answer.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_refused_although_the_cache_may_keep_it_longer() {
    let environment = [("AS_ALG", "ES256"), ("AS_TOKEN_TTL", "3")];
    let stack = Stack::start(&environment, "token_cache_seconds = 900").await;
    // Another token for each try: on a busy machine one may expire before it is used.
    let token = loop {
        let token = stack.peer.token("read").await;
        if stack.gateway.get_with("/api", &token).await.status == 200 {
            break token;
        }
    };
    let request = || stack.gateway.http.get(stack.gateway.url("/api")).bearer_auth(&token);
    http::eventually("expired", request, |answer| answer.status == 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_audience_is_refused() {
    let lines = "expected_audience = \"another-api\"";
    let stack = Stack::start(&[("AS_ALG", "ES256")], lines).await;
    let answer = stack.refuses(&stack.peer.token("read").await, 401).await;
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_scope_is_told_which_scope_is_needed() {
    let route = "key_manager = \"peer\"\nscope = \"read write\"";
    let stack = Stack::start_with(&[("AS_ALG", "ES256")], "", route, &[]).await;
    let answer = stack.refuses(&stack.peer.token("read").await, 403).await;
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"read write\""), "{challenge}");
    stack.serves(&stack.peer.token("read%20write").await).await;
}
