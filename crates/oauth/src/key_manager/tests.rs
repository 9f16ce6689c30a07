use std::path::PathBuf;

use phantom_core::Access;
use phantom_core::DenyReason;
use phantom_core::Protection;
use phantom_core::Scope;
use phantom_core::UnixTime;
use phantom_core::authorize;
use phantom_core::authorize::Evidence;
use phantom_core::catalog::EntityId;
use phantom_core::catalog::KeySet;
use phantom_core::catalog::ManagedKeyManager;
use phantom_core::catalog::OpaqueTokens;
use phantom_testkit::ManualClock;
use phantom_testkit::Reply;
use phantom_testkit::Signer;
use serde_json::json;

use super::*;
use crate::ClientAuth;
use crate::Refusal;
use crate::ResponseFormat;
use crate::SecretSource;
use crate::WellKnown;
use crate::test_support::*;

fn problems(stage: &Stage, change: impl FnOnce(&mut KeyManagerConfig)) -> Vec<&'static str> {
    let mut config = stage.config();
    change(&mut config);
    match KeyManager::build(&config, stage.clock.clone(), None) {
        Ok(_) => vec![],
        Err(error) => error.problems.iter().map(|problem| problem.field).collect(),
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_the_field_and_what_to_do() {
    let stage = Stage::new().await;
    assert_eq!(problems(&stage, |_| {}), Vec::<&str>::new());
    type Change<'a> = &'a dyn Fn(&mut KeyManagerConfig);
    let cases: [(&[&str], Change<'_>); 18] = [
        (&["client_id"], &|c| c.client_id.clear()),
        (&["clock_skew_seconds"], &|c| c.clock_skew = Duration::from_secs(61)),
        (&["timeout", "connect_timeout"], &|c| c.timeout = Duration::ZERO),
        (&["max_concurrent"], &|c| c.max_concurrent = 0),
        (&["max_waiting"], &|c| c.max_waiting = 0),
        (&["peer_budget_burst"], &|c| c.peer_budget_burst = 0),
        (&["peer_budget_per_second"], &|c| c.peer_budget_per_second = 0),
        (&["response"], &|c| c.response = ResponseFormat::Json),
        (&["issuer"], &|c| c.issuer = None),
        (&["issuer"], &|c| c.issuer = Some("a b".into())),
        (&["issuer"], &|c| c.issuer = Some(":x".into())),
        (&["introspection_endpoint"], &|c| c.introspection_endpoint = None),
        (&["jwks_uri"], &|c| c.keys = None),
        (&["jwks_file"], &|c| c.keys = Some(Keys::File(PathBuf::from("/nonexistent")))),
        (&["jwks"], &|c| c.keys = Some(Keys::Inline(r#"{"keys":[]}"#.into()))),
        (&["ca_file"], &|c| c.ca_file = Some(PathBuf::from("/nonexistent"))),
        (&["accepted_typ"], &|c| c.accepted_typ = vec!["secevent+jwt".into()]),
        (&["client_secret"], &|c| {
            let secret = SecretSource::File(PathBuf::from("/nonexistent"));
            c.client_auth = ClientAuth::Basic { secret, raw: false };
        }),
    ];
    for (fields, change) in cases {
        assert_eq!(problems(&stage, change), fields);
    }
}

#[tokio::test]
async fn a_hint_names_the_key_that_is_wrong() {
    let stage = Stage::new().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let certified = |name| rcgen::generate_simple_self_signed(vec![String::from(name)]).unwrap();
    let (one, other) = (certified("one"), certified("other"));
    let certificate = file("client.pem", &one.cert.pem());
    let key = file("key.pem", &one.signing_key.serialize_pem());
    let foreign = file("foreign.pem", &other.signing_key.serialize_pem());
    let text = file("text", "no PEM at all");
    let tls = |certificate: &PathBuf, key: &PathBuf| ClientAuth::Tls {
        certificate: certificate.clone(),
        key: SecretSource::File(key.clone()),
    };
    assert_eq!(problems(&stage, |c| c.client_auth = tls(&certificate, &key)), Vec::<&str>::new());
    for (certificate, key, field) in [
        (&certificate, &text, "client_key"),
        (&text, &key, "client_certificate"),
        (&certificate, &foreign, "client_certificate"),
    ] {
        assert_eq!(problems(&stage, |c| c.client_auth = tls(certificate, key)), [field]);
    }
    assert_eq!(problems(&stage, |c| c.ca_file = Some(text.clone())), ["ca_file"]);
    for forbidden in ["gate\nway", "gâteway", "gate\u{7f}way"] {
        assert_eq!(problems(&stage, |c| c.client_id = forbidden.into()), ["client_id"]);
    }
    let unencoded = problems(&stage, |c| {
        c.client_id = "a:b".into();
        let secret = SecretSource::Literal("s3cret".into());
        c.client_auth = ClientAuth::Basic { secret, raw: true };
    });
    assert_eq!(unencoded, ["client_id"]);
}

#[tokio::test]
async fn plain_json_needs_neither_keys_nor_issuer_and_is_ready_without() {
    let stage = Stage::new().await;
    stage.answer(Reply::json(&json!({"active": true, "client_id": "c", "iss": "whoever"})));
    let plain = |c: &mut KeyManagerConfig| {
        (c.response, c.issuer, c.keys) = (ResponseFormat::Json, None, None);
    };
    let key_manager = stage.key_manager(plain);
    assert!(key_manager.warm_up(false).await.is_ok());
    assert!(is_active(&ask(&key_manager).await));
    let presented = key_manager.verify_access_token(&stage.token()).await;
    assert!(presented.is_err(), "whose it is cannot be told");
    // Metadata that names no keys, or is not there at all, is the same.
    let document = json!({
        "issuer": stage.server.url(""), "introspection_endpoint": stage.server.url(PATH),
    });
    let well_known = "/.well-known/openid-configuration";
    stage.server.answer(well_known, Reply::json(&document));
    let discovered = |c: &mut KeyManagerConfig| {
        plain(c);
        (c.introspection_endpoint, c.well_known) = (None, Some(stage.server.url(well_known)));
    };
    let key_manager = stage.key_manager(discovered);
    assert!(key_manager.warm_up(false).await.is_ok());
    assert!(key_manager.warm_up(true).await.is_err(), "where clients' JWTs are taken it is needed");
    let absent = stage.key_manager(|c| {
        plain(c);
        c.well_known = Some(stage.server.url("/none/.well-known/openid-configuration"));
    });
    assert!(absent.warm_up(false).await.is_ok(), "the endpoint is configured");
    for format in [ResponseFormat::PhantomJwt, ResponseFormat::Rfc9701] {
        let signed = stage.key_manager(|c| {
            discovered(c);
            c.response = format;
        });
        assert!(signed.warm_up(false).await.is_err(), "what is signed cannot be verified");
    }
}

/// Rows: PITFALL-26
#[tokio::test]
async fn all_problems_are_said_at_once() {
    let stage = Stage::new().await;
    let mut config = stage.config();
    (config.issuer, config.introspection_endpoint, config.keys) = (None, None, None);
    let error = KeyManager::build(&config, stage.clock.clone(), None).unwrap_err();
    let said = error.to_string();
    for field in ["issuer", "introspection_endpoint", "jwks_uri"] {
        assert!(said.contains(field), "{said}");
    }
}

/// Rows: DSC-3
#[tokio::test]
async fn plain_http_is_for_this_machine_or_by_explicit_choice() {
    let stage = Stage::new().await;
    for url in
        ["http://as.example.com/x", "ftp://as.example.com/x", "as.example.com", "https://u:p@a.b/"]
    {
        let fields = problems(&stage, |c| c.introspection_endpoint = Some(url.into()));
        assert_eq!(fields, ["introspection_endpoint"], "{url}");
    }
    for issuer in ["http://as.example.com", "as.example.com", "https://a.b/?q", "https://a.b/#f"] {
        // Compared, it is a name like any other; only where its document is looked for by it is it a
        // place.
        let compared = problems(&stage, |c| c.issuer = Some(issuer.into()));
        assert_eq!(compared, Vec::<&str>::new(), "{issuer}");
        let fetched = problems(&stage, |c| {
            (c.issuer, c.discovery) = (Some(issuer.into()), Some(WellKnown::OpenId));
        });
        assert_eq!(fetched, ["issuer"], "{issuer}");
    }
    let chosen = problems(&stage, |c| {
        c.introspection_endpoint = Some("http://as.internal/x".into());
        c.allow_http = true;
    });
    assert_eq!(chosen, Vec::<&str>::new());
}

/// Rows: DSC-2
#[tokio::test]
async fn the_issuer_follows_from_the_well_known_address() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| {
        c.issuer = None;
        c.well_known = Some("https://as.example.com/t/.well-known/openid-configuration".into());
    });
    assert_eq!(key_manager.trust().issuer.as_deref(), Some("https://as.example.com/t"));
    let unusual = problems(&stage, |c| {
        c.issuer = None;
        c.well_known = Some("https://as.example.com/metadata".into());
    });
    assert_eq!(unusual, ["issuer"]);
    let derived = problems(&stage, |c| {
        c.discovery = Some(WellKnown::OAuth);
        (c.introspection_endpoint, c.keys) = (None, None);
    });
    assert_eq!(derived, Vec::<&str>::new());
}

/// Rows: JWT-15
#[tokio::test]
async fn a_presented_jwt_gets_the_full_validation() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert!(key_manager.verify_access_token(&stage.token()).await.is_ok());
    let mut expired = stage.claims();
    expired["exp"] = json!(ManualClock::START.as_secs());
    let mut foreign = stage.claims();
    foreign["iss"] = json!("https://evil.example");
    for (token, refusal) in [
        (stage.signer.sign(&expired), Refusal::Expired),
        (stage.signer.sign(&foreign), Refusal::Issuer),
        (stage.signer.sign_typ("JWT", &stage.claims()), Refusal::Typ),
        (Signer::es256("k1").sign(&stage.claims()), Refusal::Signature),
        ("opaque".to_owned(), Refusal::Shape),
    ] {
        let refused = key_manager.verify_access_token(&token).await.unwrap_err();
        assert_eq!(refused, VerifyError::Refused(refusal));
    }
    assert_eq!(stage.server.count(PATH), 0, "what fails is not introspected");
}

#[tokio::test]
async fn a_key_manager_of_the_control_plane_takes_jwts_with_a_list_of_scopes_and_any_usual_typ() {
    let stage = Stage::new().await;
    let managed = ManagedKeyManager {
        id: EntityId::new(1),
        revision: 1,
        name: "managed".into(),
        issuer: Some(ISSUER.into()),
        keys: Some(KeySet::Uri(stage.server.url("/jwks").into())),
        opaque: Some(OpaqueTokens {
            introspection_endpoint: stage.server.url(PATH).into(),
            client_id: "gateway".into(),
            client_secret: String::from("s3cret").into(),
            cache_max_entries: 1,
        }),
        validates_jwt: true,
        expected_audience: None,
        clock_skew: Duration::from_secs(60),
        consumer_key_claim: "aud".into(),
        scopes_claim: "scope".into(),
        claim_renames: Vec::new(),
        token_rules: Vec::new(),
    };
    // The server of the test is on this machine.
    let config = KeyManagerConfig { allow_private: true, ..KeyManagerConfig::managed(&managed) };
    let key_manager = stage.build(&config);
    let exp = ManualClock::START.as_secs() + 300;
    let claims = json!({"iss": ISSUER, "exp": exp, "scope": ["read", "write"]});
    let header = json!({"alg": "ES256", "kid": "k1"});
    for token in [
        stage.signer.sign(&claims),
        stage.signer.sign_typ("JWT", &claims),
        stage.signer.sign_with(&header, &claims),
    ] {
        let presented = key_manager.verify_access_token(&token).await.unwrap();
        stage.answer(Reply::jwt(&token));
        let asked = ask(&key_manager).await;
        let Ok(Introspection::Active { statement, .. }) = asked else { panic!("{asked:?}") };
        for statement in [&*presented, &*statement] {
            assert_eq!(statement.scope, Scope::parse("read write").unwrap());
        }
    }
}

/// Rows: PITFALL-4
#[tokio::test]
async fn no_other_jwt_of_the_issuer_is_an_access_token() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| {
        c.accepted_typ = vec!["JWT".into(), "at+jwt".into(), "none".into()];
        c.required_claims = Some(vec!["exp".into()]);
    });
    let with = |name: &str, value| {
        let mut claims = stage.claims();
        claims[name] = value;
        claims
    };
    let signer = &stage.signer;
    let others = [
        signer.sign_typ("JWT", &with("nonce", json!("n"))),
        signer.sign_typ("JWT", &with("at_hash", json!("h"))),
        signer.sign_typ("logout+jwt", &stage.claims()),
        signer.sign_typ("secevent+jwt", &stage.claims()),
        signer.sign_typ("at+jwt", &with("events", json!({}))),
        signer.sign_typ("dpop+jwt", &stage.claims()),
        signer.sign_typ("at+jwt", &with("token_introspection", json!({"active": true}))),
        signer.sign_typ("token-introspection+jwt", &stage.claims()),
    ];
    for other in others {
        let refused = key_manager.verify_access_token(&other).await;
        assert!(matches!(refused, Err(VerifyError::Refused(_))), "{refused:?}");
    }
    let good = signer.sign_typ("JWT", &stage.claims());
    assert!(key_manager.verify_access_token(&good).await.is_ok());
}

/// Rows: JWT-16
#[tokio::test]
async fn a_bad_token_is_never_confused_with_missing_keys() {
    let stage = Stage::new().await;
    stage.server.answer("/jwks", Reply::status(500));
    let key_manager = stage.key_manager(|_| {});
    let unknown = key_manager.verify_access_token(&stage.token()).await.unwrap_err();
    assert!(matches!(unknown, VerifyError::KeysUnavailable(_)));
    let bad = key_manager.verify_access_token("a.b.c").await.unwrap_err();
    assert!(matches!(bad, VerifyError::Refused(_)), "bad without any key");
}

/// Rows: PITFALL-24, WSO2-8.5.8, WSO2-11.3
#[tokio::test]
async fn the_audience_is_decided_on_the_statement_by_exact_member() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| c.expected_audience = Some("client-one".into()));
    let decide = |statement: &Statement, now: UnixTime| {
        let evidence = Evidence { statement, trust: key_manager.trust() };
        let access = Access::Protected(Protection::default());
        authorize(&access, Some(evidence), now).map(drop)
    };
    for (aud, decision) in [
        (json!("client-one"), Ok(())),
        (json!(["x", "client-one"]), Ok(())),
        (json!("client-one-two"), Err(DenyReason::AudienceMismatch)),
        (json!([]), Err(DenyReason::AudienceMismatch)),
    ] {
        let mut claims = stage.claims();
        claims["aud"] = aud;
        let token = stage.signer.sign(&claims);
        let statement = key_manager.verify_access_token(&token).await.unwrap();
        assert_eq!(decide(&statement, ManualClock::START), decision);
    }
}

/// Rows: PITFALL-22
#[tokio::test]
async fn the_skew_is_one_setting_applied_once() {
    let stage = Stage::new().await;
    let skew = Duration::from_secs(60);
    let key_manager = stage.key_manager(|c| c.clock_skew = skew);
    assert_eq!(key_manager.trust().clock_skew, skew);
    let token = stage.token();
    stage.clock.advance(Duration::from_secs(300 + 59));
    assert!(key_manager.verify_access_token(&token).await.is_ok());
    stage.clock.advance(Duration::from_secs(1));
    assert!(key_manager.verify_access_token(&token).await.is_err());
}

#[tokio::test]
async fn its_futures_can_move_between_threads() {
    fn movable<T: Send>(value: T) -> T {
        value
    }
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    stage.answer(Reply::jwt(&stage.token()));
    assert!(movable(key_manager.verify_access_token(&stage.token())).await.is_ok());
    assert!(movable(key_manager.warm_up(true)).await.is_ok());
    movable(key_manager.refresh_if_due(true)).await;
    let token = BearerToken::parse(b"opaque").unwrap();
    assert!(is_active(&movable(key_manager.introspect(token, peer(1))).await));
}
