//! What must never happen: a token accepted where nobody vouched for it, a token that speaks to the
//! authorization server, anything but a verified JWT on its way to the backend.

use std::time::Duration;

use phantom_e2e::gateway::Gateway;
use phantom_e2e::scripted_as;
use phantom_e2e::scripted_as::INTROSPECT;
use phantom_e2e::scripted_as::ScriptedAs;
use phantom_e2e::wire::Connection;
use phantom_testkit::FakeAs;
use phantom_testkit::Framing;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use serde_json::json;

struct Stack {
    server: ScriptedAs,
    gateway: Gateway,
    backend: FakeAs,
}

impl Stack {
    /// `lines`: more of the key manager.
    async fn start(lines: &str) -> Self {
        let (server, backend) = (ScriptedAs::start("k1").await, scripted_as::backend().await);
        let text = server.key_manager("login", lines)
            + &scripted_as::route(&backend, "key_manager = \"login\"");
        let gateway = Gateway::start(&text);
        gateway.ready().await;
        Self { server, gateway, backend }
    }

    /// The status for bytes in the place of a token, sent as they are.
    async fn status_of(&self, token: &str) -> u16 {
        let authority = self.gateway.authority();
        let mut connection = Connection::open(authority).await;
        let head = format!("GET /api HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
        connection.send(&format!("{head}Authorization: Bearer {token}\r\n\r\n")).await.unwrap();
        connection.receive().await.unwrap().unwrap().status()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_counts_only_where_its_own_key_manager_vouches() {
    let (one, two) = (ScriptedAs::start("k1").await, ScriptedAs::start("k1").await);
    let backend = FakeAs::start().await;
    for path in ["/one", "/two", "/any"] {
        backend.answer(path, Reply::with_type(200, "text/plain", "backend"));
    }
    let jwt = one.vouch();
    two.server.answer(INTROSPECT, Reply::status(204));
    let route = |path: &str, managers: &str| {
        let upstream = backend.url(path);
        format!(
            "[[route]]\npath = \"{path}\"\nupstream = \"{upstream}\"\nkey_manager = {managers}\n"
        )
    };
    let gateway = Gateway::start(
        &[
            one.key_manager("one", ""),
            two.key_manager("two", ""),
            route("/one", "\"one\""),
            route("/two", "\"two\""),
            route("/any", "[\"two\", \"one\"]"),
        ]
        .concat(),
    );
    gateway.ready().await;
    let status = async |path, token| gateway.get_with(path, token).await.status;

    // In the first one's cache now, and not a bit better at the second.
    assert_eq!(status("/one", "token-a").await, 200);
    assert_eq!(status("/two", "token-a").await, 401);
    assert_eq!(status("/one", "token-a").await, 200);
    // The other way round: a refusal at the second says nothing at the first.
    assert_eq!(status("/two", "token-b").await, 401);
    assert_eq!(status("/one", "token-b").await, 200);
    // Either may vouch; the JWT is that of the one who did.
    assert_eq!(status("/any", "token-c").await, 200);
    assert_eq!(status("/two", "token-c").await, 401);
    let forwarded = backend.last("/any");
    assert_eq!(forwarded.header("authorization"), Some(&*format!("Bearer {jwt}")));
    assert_eq!(backend.count("/two"), 0);

    // A JWT of the first, signed by the first, in the mouth of the second: same kid, other key.
    two.server.answer(INTROSPECT, Reply::jwt(&one.phantom_token()));
    assert_eq!(status("/two", "token-d").await, 502);
    // The second's own key under the first's name.
    two.server.answer(INTROSPECT, Reply::jwt(&two.signer.sign(&one.claims())));
    assert_eq!(status("/two", "token-e").await, 502);
    // The first's key under the second's name.
    two.server.answer(INTROSPECT, Reply::jwt(&one.signer.sign(&two.claims())));
    assert_eq!(status("/two", "token-h").await, 502);
    assert_eq!(backend.count("/two"), 0);

    // Nobody vouches; one cannot be asked: then it is not known to be bad.
    one.server.answer(INTROSPECT, Reply::status(204));
    two.server.answer(INTROSPECT, Reply::status(204));
    assert_eq!(status("/any", "token-f").await, 401);
    one.server.answer(INTROSPECT, Reply::status(500));
    assert_eq!(status("/any", "token-g").await, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_never_adds_a_parameter_to_the_question() {
    let stack = Stack::start("").await;
    stack.server.vouch();
    // All that b64token allows (RFC 6750 §2.1).
    for token in ["a+b/c~d_e.f-g==", "token=", "a=="] {
        assert_eq!(stack.status_of(token).await, 200, "{token}");
        let request = stack.server.server.last(INTROSPECT);
        let form: Vec<(String, String)> =
            form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        let expected = [("token", token), ("token_type_hint", "access_token")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(form, expected, "{}", request.body);
        // The credential is in its field and nowhere else.
        let basic = request.header("authorization").unwrap();
        assert!(basic.starts_with("Basic "), "{basic}");
        assert_eq!(request.path, INTROSPECT);
    }
    let (asked, forwarded) = (stack.server.introspections(), stack.backend.count("/api"));
    for token in [
        "a&b",
        "a&token_type_hint=refresh_token",
        "a=b",
        "a%26b",
        "a%",
        "a b",
        "a;b",
        "a\"b",
        "a,b",
        "a\tb",
        "ä",
        "=",
        "",
    ] {
        let status = stack.status_of(token).await;
        // No token at all is no credential (RSP-1).
        let expected = if token.is_empty() { [400, 401] } else { [400, 400] };
        assert!(expected.contains(&status), "{token:?}: {status}");
    }
    assert_eq!(stack.server.introspections(), asked, "the server was asked about junk");
    assert_eq!(stack.backend.count("/api"), forwarded);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_verified_jwt_is_ever_forwarded() {
    let stack = Stack::start("timeout = \"3s\"").await;
    let server = &stack.server;
    let jwt = server.phantom_token();
    let with = |name: &str, value: serde_json::Value| {
        let mut claims = server.claims();
        claims[name] = value;
        server.signer.sign(&claims)
    };
    let mut cut_off = jwt.clone();
    cut_off.truncate(jwt.len() - 4);
    let flat = json!({"active": true, "iss": server.issuer(), "sub": "alice"});
    let statement = server.signer.sign_typ("token-introspection+jwt", &flat);
    let mut id_token = server.claims();
    id_token["nonce"] = json!("n-0S6_WzA2Mj");
    server.server.answer("/elsewhere", Reply::jwt(&jwt));
    let html = || Reply::with_type(200, "text/html", "<html>eyJ.eyJ.x</html>");
    let redirect = |status| Reply::status(status).header("location", "/elsewhere");

    let cases: [(&str, Reply, u16); 34] = [
        ("no content", Reply::status(204), 401),
        ("inactive", Reply::json(&json!({"active": false})), 401),
        ("bad request", Reply::status(400), 401),
        ("active, no JWT", Reply::json(&json!({"active": true, "sub": "alice"})), 502),
        ("active as text", Reply::json(&json!({"active": "true"})), 502),
        ("a page", html(), 502),
        ("JWT as text", Reply::with_type(200, "text/plain", jwt.clone()), 502),
        ("JWT without a type", Reply { headers: vec![], ..Reply::jwt(&jwt) }, 502),
        ("JSON as JWT", Reply::with_type(200, "application/jwt", "{\"active\":true}"), 502),
        ("empty", Reply::with_type(200, "application/jwt", ""), 502),
        ("created", Reply { status: 201, ..Reply::jwt(&jwt) }, 502),
        ("moved", redirect(302), 502),
        ("moved, method kept", redirect(307), 502),
        ("unauthorized", Reply::status(401), 502),
        ("forbidden page", Reply { status: 403, ..html() }, 502),
        ("not found", Reply::status(404), 502),
        ("another's signature", Reply::jwt(&Signer::es256("k1").sign(&server.claims())), 502),
        ("unknown kid", Reply::jwt(&Signer::es256("k2").sign(&server.claims())), 502),
        ("signature cut off", Reply::jwt(&cut_off), 502),
        ("no signature", Reply::jwt(&unsigned(server)), 502),
        ("another issuer", Reply::jwt(&with("iss", json!("https://evil.example"))), 502),
        ("ID token", Reply::jwt(&server.signer.sign_typ("JWT", &id_token)), 502),
        ("ID token by typ", Reply::jwt(&server.signer.sign_typ("id_token+jwt", &flat)), 502),
        ("statement as JWT", Reply::jwt(&statement), 502),
        (
            "statement",
            Reply::with_type(200, "application/token-introspection+jwt", statement.clone()),
            502,
        ),
        ("two JWTs", Reply::jwt(&format!("{jwt} {jwt}")), 502),
        ("line feed in JWT", Reply::jwt(&format!("{jwt}\r\nX-Evil: 1")), 502),
        ("expired", Reply::jwt(&with("exp", json!(1))), 401),
        ("busy", Reply::status(429), 503),
        ("broken", Reply::status(500), 503),
        ("oversized", Reply::jwt(&format!("{jwt}{}", "A".repeat(200_000))), 502),
        ("truncated", Reply::jwt(&jwt).framing(Framing::Cut), 503),
        ("dripping", Reply::jwt(&jwt).framing(Framing::Drip(Duration::from_millis(50))), 503),
        ("head alone", Reply::jwt(&jwt).framing(Framing::HangAfterHead), 503),
    ];
    let mut wrong = Vec::new();
    for (index, (name, reply, expected)) in cases.into_iter().enumerate() {
        let before = stack.backend.count("/api");
        server.server.answer(INTROSPECT, reply);
        let status = stack.status_of(&format!("token-{index}")).await;
        if status != expected || stack.backend.count("/api") != before {
            wrong.push(format!("{name}: {status}, not {expected}"));
        }
        // A good answer in between: no case spoils the next, and trouble is not in a row.
        server.server.answer(INTROSPECT, Reply::jwt(&jwt));
        assert_eq!(stack.status_of(&format!("good-{index}")).await, 200, "after {name}");
        assert_eq!(stack.backend.count("/api"), before + 1);
    }
    assert_eq!(wrong, Vec::<String>::new(), "{}", stack.gateway.process.output());
    assert_eq!(server.server.count("/elsewhere"), 0, "a redirect was followed");
    let good = format!("Bearer {jwt}");
    for request in stack.backend.requests("/api") {
        assert_eq!(request.header("authorization"), Some(&*good));
    }
}

/// `alg: none`.
fn unsigned(server: &ScriptedAs) -> String {
    let header = json!({"alg": "none", "typ": "at+jwt"});
    let signed = server.signer.sign_with(&header, &server.claims());
    let (rest, _) = signed.rsplit_once('.').unwrap();
    format!("{rest}.")
}
