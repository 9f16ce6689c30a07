use std::time::Duration;

use phantom_core::jwt;
use phantom_core::jwt::CompactJws;
use phantom_testkit::FakeAs;
use phantom_testkit::Recorded;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::Algorithms;
use crate::JwkSet;
use crate::KeyManager;
use crate::Refusal;
use crate::WellKnown;
use crate::test_support::*;
use crate::verify::UnverifiedJws;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn literal(secret: &str) -> SecretSource {
    SecretSource::Literal(secret.into())
}

fn private_key_jwt(signer: &Signer, options: AssertionOptions) -> ClientAuth {
    let key = literal(&signer.private_key_pem());
    ClientAuth::PrivateKeyJwt { key, kid: Some(signer.kid().to_owned()), options }
}

/// The one request that a key manager with this method sends.
async fn request_with(stage: &Stage, auth: ClientAuth) -> Recorded {
    stage.answer(Reply::status(204));
    assert!(is_inactive(&ask(&stage.key_manager(|c| c.client_auth = auth)).await));
    stage.server.last(PATH)
}

fn parts(assertion: &str) -> (Value, Value) {
    let jws = CompactJws::parse(assertion).unwrap();
    let part = |text| serde_json::from_slice(&jwt::decode(text).unwrap()).unwrap();
    (part(jws.header), part(jws.payload))
}

/// Rows: CLA-1
#[test]
fn id_and_secret_are_form_encoded_before_they_are_joined() {
    // RFC 6749 §2.3.1 and appendix B.
    let field = basic("a:b", "p%s s+w:d&ü", false);
    let pair = STANDARD.decode(field.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(pair, b"a%3Ab:p%25s+s%2Bw%3Ad%26%C3%BC");
    let raw = basic("id", "p%s", true);
    assert_eq!(STANDARD.decode(raw.strip_prefix("Basic ").unwrap()).unwrap(), b"id:p%s");
}

/// Rows: PITFALL-35
#[tokio::test]
async fn a_colon_in_the_secret_reaches_the_server_encoded() {
    let stage = Stage::new().await;
    let request =
        request_with(&stage, ClientAuth::Basic { secret: literal("a:b%"), raw: false }).await;
    let field = request.header("authorization").unwrap();
    let pair = STANDARD.decode(field.strip_prefix("Basic ").unwrap()).unwrap();
    assert_eq!(pair, b"gateway:a%3Ab%25");
}

/// Rows: CLA-2
#[tokio::test]
async fn each_method_stands_alone() {
    let stage = Stage::new().await;
    let signer = Signer::es256("c1");
    let methods = [
        ClientAuth::Basic { secret: literal("s"), raw: false },
        ClientAuth::Post { secret: literal("s&x=1") },
        private_key_jwt(&signer, AssertionOptions::default()),
        ClientAuth::ClientSecretJwt {
            secret: literal(&"s".repeat(32)),
            options: AssertionOptions::default(),
        },
    ];
    for method in methods {
        let request = request_with(&stage, method.clone()).await;
        let header = request.header("authorization").is_some();
        let secret = request.form("client_secret");
        let assertion = request.form("client_assertion").is_some();
        let used = [header, secret.is_some(), assertion].into_iter().filter(|used| *used).count();
        assert_eq!(used, 1, "{method:?}");
        if let Some(secret) = secret {
            assert_eq!(secret, "s&x=1");
            assert_eq!(request.form("client_id").as_deref(), Some("gateway"));
        }
        assert_eq!(request.form("token").as_deref(), Some("_0XBPWQQ_opaque"));
    }
}

/// Rows: CLA-3
#[tokio::test]
async fn an_assertion_says_who_to_whom_and_until_when() {
    let stage = Stage::new().await;
    for signer in [Signer::es256("c1"), Signer::ed25519("c1"), Signer::rs256("c1")] {
        let method = private_key_jwt(&signer, AssertionOptions::default());
        let request = request_with(&stage, method).await;
        assert_eq!(request.form("client_assertion_type").as_deref(), Some(ASSERTION_TYPE));
        let assertion = request.form("client_assertion").unwrap();
        let keys = JwkSet::parse(signer.jwks().as_bytes(), Algorithms::ALL).unwrap();
        let jws = UnverifiedJws::parse(&assertion).unwrap();
        assert!(jws.verify(&keys, Algorithms::ALL).is_ok(), "{signer:?}");
        let (header, claims) = parts(&assertion);
        assert_eq!(header["kid"], "c1");
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("gateway"), &json!("gateway")));
        for name in ["iat", "exp"] {
            assert!(claims[name].is_u64(), "{name}");
        }
        assert!(claims["jti"].as_str().unwrap().len() >= 22, "128 bits");
    }
}

/// Rows: CLA-4
#[tokio::test]
async fn the_issuer_is_the_only_audience_as_a_string_and_typ_is_set() {
    let stage = Stage::new().await;
    let signer = Signer::es256("c1");
    let assertion = |options: AssertionOptions| {
        let method = private_key_jwt(&signer, options);
        let stage = &stage;
        async move { parts(&request_with(stage, method).await.form("client_assertion").unwrap()) }
    };
    let (header, claims) = assertion(AssertionOptions::default()).await;
    assert_eq!(header["typ"], "client-authentication+jwt");
    assert_eq!(claims["aud"], ISSUER);

    let endpoint = AssertionOptions { audience: AssertionAudience::Endpoint, typ: None };
    let (header, claims) = assertion(endpoint).await;
    assert_eq!(header.get("typ"), None, "by override only");
    assert_eq!(claims["aud"], stage.server.url(PATH));

    let fixed = AssertionAudience::Fixed("https://as.example.com/token".into());
    let (header, claims) =
        assertion(AssertionOptions { audience: fixed, typ: Some("JWT".into()) }).await;
    assert_eq!(
        (&header["typ"], &claims["aud"]),
        (&json!("JWT"), &json!("https://as.example.com/token"))
    );
}

/// Rows: PITFALL-36
#[tokio::test]
async fn no_assertion_is_good_at_two_servers() {
    let (one, two) = (Stage::new().await, Stage::new().await);
    let signer = Signer::es256("c1");
    let mut audiences = vec![];
    for (stage, issuer) in [(&one, "https://one.example"), (&two, "https://two.example")] {
        stage.answer(Reply::status(204));
        let key_manager = stage.key_manager(|c| {
            c.issuer = Some(issuer.into());
            c.client_auth = private_key_jwt(&signer, AssertionOptions::default());
        });
        assert!(is_inactive(&ask(&key_manager).await));
        let assertion = stage.server.last(PATH).form("client_assertion").unwrap();
        audiences.push(parts(&assertion).1["aud"].clone());
    }
    assert_eq!(audiences, [json!("https://one.example"), json!("https://two.example")]);
}

/// Rows: CLA-5
#[tokio::test]
async fn no_document_changes_the_audience() {
    let stage = Stage::new().await;
    let issuer = stage.server.url("");
    let document = json!({
        "issuer": "https://evil.example",
        "introspection_endpoint": stage.server.url("/evil"),
    });
    stage.server.answer("/.well-known/openid-configuration", Reply::json(&document));
    stage.answer(Reply::status(204));
    let signer = Signer::es256("c1");
    let key_manager = stage.key_manager(|c| {
        c.issuer = Some(issuer.clone());
        c.discovery = Some(WellKnown::OpenId);
        c.client_auth = private_key_jwt(&signer, AssertionOptions::default());
    });
    assert!(is_inactive(&ask(&key_manager).await));
    let assertion = stage.server.last(PATH).form("client_assertion").unwrap();
    assert_eq!(parts(&assertion).1["aud"], issuer);
    assert_eq!(stage.server.count("/evil"), 0);
}

/// Rows: CLA-6
#[tokio::test]
async fn an_assertion_is_new_for_each_attempt_and_short_lived() {
    let stage = Stage::new().await;
    stage.server.answer_once(PATH, Reply::status(503).header("retry-after", "0"));
    let signer = Signer::es256("c1");
    request_with(&stage, private_key_jwt(&signer, AssertionOptions::default())).await;
    let requests = stage.server.requests(PATH);
    assert_eq!(requests.len(), 2, "one retry");
    let claims: Vec<Value> =
        requests.iter().map(|r| parts(&r.form("client_assertion").unwrap()).1).collect();
    assert_ne!(claims[0]["jti"], claims[1]["jti"]);
    for claims in claims {
        let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert!(life <= 60, "{life}");
    }
}

/// Rows: CLA-6
#[test]
fn a_secret_shorter_than_the_hash_is_refused() {
    let method = |length: usize| ClientAuth::ClientSecretJwt {
        secret: literal(&"s".repeat(length)),
        options: AssertionOptions::default(),
    };
    assert!(matches!(method(31).credential("c"), Err(ClientAuthError::ShortSecret)));
    assert!(method(32).credential("c").is_ok());
}

#[tokio::test]
async fn client_secret_jwt_is_signed_with_the_secret_and_never_sends_it() {
    let stage = Stage::new().await;
    let secret = "0123456789abcdef0123456789abcdef";
    let method = ClientAuth::ClientSecretJwt {
        secret: literal(secret),
        options: AssertionOptions::default(),
    };
    let request = request_with(&stage, method).await;
    assert!(!request.body.contains(secret));
    let assertion = request.form("client_assertion").unwrap();
    let (input, tag) = assertion.rsplit_once('.').unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = jwt::decode(tag).unwrap();
    assert!(aws_lc_rs::hmac::verify(&key, input.as_bytes(), &tag).is_ok());
    assert_eq!(parts(&assertion).0["alg"], "HS256");
    assert_eq!(
        UnverifiedJws::parse(&assertion).unwrap().check_header(Algorithms::ALL).unwrap_err(),
        Refusal::Algorithm,
        "what we send so, we would never accept"
    );
}

/// Rows: CLA-7
#[tokio::test]
async fn with_a_certificate_the_client_id_is_in_the_body_and_the_alias_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let stage = Stage::with(FakeAs::start_tls().await);
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let known = stage.server.client_certificate().unwrap();
    let certificate = file("client.pem", &known.certificate);
    let key = file("client.key", &known.key);
    let ca = file("ca.pem", stage.server.ca_pem());
    let issuer = stage.server.url("");
    let document = json!({
        "issuer": issuer,
        "introspection_endpoint": stage.server.url("/plain"),
        "jwks_uri": stage.server.url("/jwks"),
        "mtls_endpoint_aliases": {"introspection_endpoint": stage.server.url(PATH)},
    });
    stage.server.answer("/.well-known/oauth-authorization-server", Reply::json(&document));
    stage.answer(Reply::status(204));
    let key_manager = stage.key_manager(|c| {
        c.client_auth = ClientAuth::Tls { certificate, key: SecretSource::File(key) };
        c.ca_file = Some(ca);
        c.issuer = Some(issuer);
        c.discovery = Some(WellKnown::OAuth);
        (c.introspection_endpoint, c.keys) = (None, None);
    });
    assert!(is_inactive(&ask(&key_manager).await));
    let request = stage.server.last(PATH);
    assert!(request.client_certificate);
    assert_eq!(request.form("client_id").as_deref(), Some("gateway"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(stage.server.count("/plain"), 0);
}

/// Rows: CLA-8
#[tokio::test]
async fn the_servers_list_chooses_the_algorithm_and_none_is_never_chosen() {
    let stage = Stage::new().await;
    let rsa = Signer::rs256("c1");
    let issuer = stage.server.url("");
    let key_manager = |accepted: Value| {
        let document = json!({
            "issuer": issuer,
            "introspection_endpoint": stage.server.url(PATH),
            "introspection_endpoint_auth_signing_alg_values_supported": accepted,
        });
        stage.server.answer("/.well-known/openid-configuration", Reply::json(&document));
        stage.key_manager(|c| {
            c.client_auth = private_key_jwt(&rsa, AssertionOptions::default());
            c.issuer = Some(issuer.clone());
            c.discovery = Some(WellKnown::OpenId);
            c.introspection_endpoint = None;
        })
    };
    stage.answer(Reply::status(204));
    for (accepted, chosen) in [
        (json!(["RS256"]), "RS256"),
        (json!(["PS256", "RS256"]), "PS256"),
        (json!(["none", "PS256"]), "PS256"),
    ] {
        assert!(is_inactive(&ask(&key_manager(accepted)).await));
        let assertion = stage.server.last(PATH).form("client_assertion").unwrap();
        assert_eq!(parts(&assertion).0["alg"], chosen);
    }
    let before = stage.server.count(PATH);
    for accepted in [json!(["none"]), json!(["ES256"]), json!([])] {
        let key_manager = key_manager(accepted.clone());
        for _ in 0..6 {
            assert!(is_misbehaved(&ask(&key_manager).await), "{accepted}, no breaker for it");
        }
    }
    assert_eq!(stage.server.count(PATH), before, "nothing was sent");
}

/// A server that knows one secret, and a key manager whose secret is in a file.
struct Rotation {
    stage: Stage,
    file: std::path::PathBuf,
    key_manager: KeyManager,
    _directory: tempfile::TempDir,
}

impl Rotation {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        std::fs::write(&file, "old\n").unwrap();
        let stage = Stage::new().await;
        let secret = SecretSource::File(file.clone());
        let key_manager = stage.key_manager(|c| c.client_auth = ClientAuth::Post { secret });
        Self { stage, file, key_manager, _directory: directory }
    }

    fn secrets_sent(&self) -> Vec<String> {
        let requests = self.stage.server.requests(PATH);
        requests.iter().map(|request| request.form("client_secret").unwrap()).collect()
    }
}

/// Rows: CLA-9
#[tokio::test]
async fn after_a_refusal_a_changed_secret_is_read_and_tried_at_once() {
    let rotation = Rotation::new().await;
    let (stage, key_manager) = (&rotation.stage, &rotation.key_manager);
    stage.answer(Reply::status(204));
    assert!(is_inactive(&ask(key_manager).await));
    std::fs::write(&rotation.file, "new\n").unwrap();
    assert!(is_inactive(&ask(key_manager).await), "the old one is good until it is refused");
    stage.server.answer_once(PATH, Reply::status(401));
    assert!(is_inactive(&ask(key_manager).await), "no request was lost");
    assert!(is_inactive(&ask(key_manager).await));
    assert_eq!(rotation.secrets_sent(), ["old", "old", "old", "new", "new"]);
}

/// Rows: CLA-9
#[tokio::test]
async fn the_former_secret_is_tried_where_the_new_one_is_not_known_yet() {
    let rotation = Rotation::new().await;
    let (stage, key_manager) = (&rotation.stage, &rotation.key_manager);
    std::fs::write(&rotation.file, "new\n").unwrap();
    // One node of the server knows the new secret already, another does not.
    stage.server.answer_once(PATH, Reply::status(401));
    stage.server.answer_once(PATH, Reply::status(204));
    assert!(is_inactive(&ask(key_manager).await));
    stage.clock.advance(Duration::from_secs(1));
    stage.server.answer_once(PATH, Reply::status(401));
    stage.answer(Reply::status(204));
    assert!(is_inactive(&ask(key_manager).await));
    assert!(is_inactive(&ask(key_manager).await));
    assert_eq!(rotation.secrets_sent(), ["old", "new", "new", "old", "old"]);
}

/// Rows: CLA-9
#[tokio::test]
async fn a_server_that_refuses_everything_gets_no_storm() {
    let rotation = Rotation::new().await;
    let (stage, key_manager) = (&rotation.stage, &rotation.key_manager);
    stage.answer(Reply::status(401));
    for _ in 0..3 {
        assert!(is_misbehaved(&ask(key_manager).await));
    }
    assert_eq!(rotation.secrets_sent(), ["old", "old", "old"]);
    std::fs::write(&rotation.file, "new").unwrap();
    stage.clock.advance(Duration::from_secs(1));
    assert!(is_misbehaved(&ask(key_manager).await));
    assert_eq!(rotation.secrets_sent()[3..], ["old", "new"], "the new one, once");
    std::fs::remove_file(&rotation.file).unwrap();
    stage.clock.advance(Duration::from_secs(1));
    assert!(is_misbehaved(&ask(key_manager).await), "an unreadable secret is no crash");
}

/// Rows: CLA-9
#[tokio::test]
async fn secrets_stay_out_of_debug_output() {
    let stage = Stage::new().await;
    let signer = Signer::es256("c1");
    for method in [
        ClientAuth::Basic { secret: literal("hunter2-hunter2"), raw: false },
        ClientAuth::Post { secret: literal("hunter2-hunter2") },
        private_key_jwt(&signer, AssertionOptions::default()),
    ] {
        let key_manager = stage.key_manager(|c| c.client_auth = method.clone());
        let shown = format!("{method:?} {key_manager:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("PRIVATE KEY"), "{shown}");
        assert!(!shown.contains("aHVudGVyMi"), "nor in base64");
    }
}
