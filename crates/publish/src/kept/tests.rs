//! What is kept comes back whole, or not at all and with the reason.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::catalog::*;

use super::*;

const CONTROL: &str = "https://localhost:9443";

fn sealing(byte: &str) -> SealingKey {
    SealingKey::from_text(&byte.repeat(32)).unwrap()
}

fn file(directory: &Path) -> CatalogFile {
    CatalogFile::new(directory, sealing("a1"), CONTROL)
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

fn revocation(of: Revoked, until: u64) -> Revocation {
    Revocation { of, at: at(50), until: at(until) }
}

/// One of everything, every choice taken.
fn catalog() -> Catalog {
    let (api, other) = (EntityId::new(u128::MAX), EntityId::new(7));
    let key_manager = EntityId::new(1 << 100);
    let operation = |security, scopes: &[&str]| Operation {
        verb: "GET".into(),
        template: "/orders/{id}".into(),
        security,
        scopes: scopes.iter().map(|scope| (*scope).into()).collect(),
        plan: "Unlimited".into(),
    };
    let managed = |id, state, key_managers| ManagedApi {
        id,
        name: "Orders \u{1f40e}\"".into(),
        version: "v1".into(),
        path: "/orders/v1".into(),
        default_path: Some("/orders".into()),
        state,
        transports: Transports { http: false, https: true },
        key_managers,
        operations: vec![
            operation(OperationSecurity::Protected, &["read", "write"]),
            operation(OperationSecurity::Open, &[]),
        ],
        production_endpoint: Some("https://backend.example.com/".into()),
        sandbox_endpoint: None,
        authorization_header: "authorization".into(),
        strip_open_authorization: true,
        audiences: vec!["orders".into()],
        plan: None,
        cors: Some(CorsPolicy {
            origins: vec!["*".into()],
            headers: vec!["authorization".into()],
            methods: vec!["GET".into()],
            credentials: false,
        }),
    };
    let plan = |name: &str, quota| {
        let quota: Option<Limit> = quota;
        Arc::new(Plan { name: name.into(), quota, burst: quota, stops_on_quota: true })
    };
    let limit = Limit { requests: u64::MAX, window: Duration::from_millis(1500) };
    Catalog {
        sequence: 42,
        key_managers: vec![Arc::new(ManagedKeyManager {
            id: key_manager,
            revision: 3,
            name: "login".into(),
            issuer: Some("https://login.example.com".into()),
            keys: Some(KeySet::Inline("{\"keys\":[]}".into())),
            opaque: Some(OpaqueTokens {
                introspection_endpoint: "https://login.example.com/introspect".into(),
                client_id: "gateway".into(),
                client_secret: Zeroizing::new("the-clients-secret".to_owned()),
                cache_max_entries: 1000,
            }),
            validates_jwt: true,
            expected_audience: None,
            clock_skew: Duration::from_secs(5),
            consumer_key_claim: "azp".into(),
            scopes_claim: "scope".into(),
            claim_renames: vec![ClaimRename { remote: "a".into(), local: "b".into() }],
            token_rules: vec![
                TokenRule::Reference("pgt_.*".into()),
                TokenRule::Jwt(vec![("iss".into(), ".*".into())]),
            ],
        })],
        apis: vec![
            Arc::new(managed(other, ApiState::Blocked, KeyManagerChoice::All)),
            Arc::new(managed(api, ApiState::Serving, KeyManagerChoice::Only(vec![key_manager]))),
        ],
        applications: vec![Arc::new(Application {
            id: other,
            name: "app".into(),
            owner: "sue".into(),
            plan: "Unlimited".into(),
            keys: vec![KeyMapping {
                key_manager,
                consumer_key: "client-one".into(),
                key_type: KeyType::Sandbox,
            }],
            subscriptions: vec![Subscription {
                api,
                plan: "Gold".into(),
                status: SubscriptionStatus::ProductionBlocked,
            }],
        })],
        plans: Plans {
            application: vec![plan("Unlimited", None)],
            subscription: vec![plan("Gold", Some(limit))],
            advanced: Vec::new(),
        },
        deny_policies: vec![
            DenyPolicy::Api("/orders/v1".into()),
            DenyPolicy::Application { owner: "sue".into(), name: "app".into() },
            DenyPolicy::Addresses {
                first: "10.0.0.1".parse().unwrap(),
                last: "10.0.0.9".parse().unwrap(),
                invert: true,
            },
            DenyPolicy::User("mallory".into()),
        ],
        revocations: vec![
            revocation(Revoked::ConsumerKey("client-two".into()), 200),
            revocation(Revoked::Subject("sue".into()), 300),
            revocation(Revoked::TokenId("id".into()), 400),
            revocation(Revoked::Token(phantom_core::TokenDigest::new([7; 32])), 500),
        ],
    }
}

fn kept() -> Kept {
    Kept {
        control: CONTROL.to_owned(),
        as_of: at(100),
        signing_key: SigningKey(Zeroizing::new(b"a-signing-key".to_vec())),
        catalog: catalog(),
    }
}

#[test]
fn what_is_kept_comes_back_as_it_was_and_nobody_else_can_read_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(directory.path());
    assert!(file.load(at(0)).unwrap().is_none(), "nothing is kept yet");
    fs::write(directory.path().join("catalog.sealed.new"), "left behind by a crash").unwrap();
    file.save(&kept()).unwrap();
    file.save(&kept()).unwrap();
    assert_eq!(file.load(at(199)).unwrap().unwrap(), kept());
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "no drafts are left");
    let bytes = fs::read(file.path()).unwrap();
    for secret in ["the-clients-secret", "a-signing-key", "client-one", "login"] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret}");
    }
    assert!(!format!("{:?}", kept()).contains("the-clients-secret"));
}

#[test]
fn revocations_come_back_for_as_long_as_they_can_kill_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(directory.path());
    file.save(&kept()).unwrap();
    let left = |now| file.load(at(now)).unwrap().unwrap().catalog.revocations.len();
    assert_eq!((left(199), left(200), left(300), left(400), left(500)), (4, 3, 2, 1, 0));
}

#[test]
fn a_file_that_is_cut_changed_or_anothers_is_refused_by_name_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(directory.path());
    file.save(&kept()).unwrap();
    let whole = fs::read(file.path()).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(file.path(), bytes).unwrap();
        let error = file.load(at(0)).unwrap_err();
        assert_eq!(fs::read(file.path()).unwrap(), bytes, "it is left as it is");
        error
    };
    for length in [0, 1, 13, 14, 15, 22, 30, 40, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..length]);
    }
    for at in [0, 14, 15, 22, 23, 34, 35, whole.len() / 2, whole.len() - 17, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        refused(&changed);
    }
    assert!(matches!(refused(b"{\"apis\": []}"), KeptError::Sealed(SealedFileError::NotSealed)));
    let other = CatalogFile { sealing: sealing("b2"), ..file.clone() };
    other.save(&kept()).unwrap();
    let error = file.load(at(0)).unwrap_err();
    assert!(matches!(error, KeptError::Sealed(SealedFileError::OtherKey)), "{error}");
    let elsewhere = Kept { control: "https://other:9443".to_owned(), ..kept() };
    file.save(&elsewhere).unwrap();
    let error = file.load(at(0)).unwrap_err().to_string();
    assert_eq!(error, "it is of the control plane https://other:9443");
}

#[test]
fn contents_that_this_program_does_not_know_in_every_member_are_not_served() {
    let directory = tempfile::tempdir().unwrap();
    let file = file(directory.path());
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut contents = serde_json::to_value(kept()).unwrap();
        change(&mut contents);
        let written = File::create(file.path()).unwrap();
        let mut sealed = file.sealing.seal_file(PURPOSE, written).unwrap();
        serde_json::to_writer(&mut sealed, &contents).unwrap();
        sealed.finish().unwrap();
        file.load(at(0))
    };
    assert!(with(&|_| ()).is_ok());
    let changes: [&dyn Fn(&mut serde_json::Value); 4] = [
        &|contents| contents["catalog"]["apis"][0]["needs_more"] = true.into(),
        &|contents| contents["catalog"]["apis"][0]["state"] = "Paused".into(),
        &|contents| drop(contents["catalog"].as_object_mut().unwrap().remove("revocations")),
        &|contents| contents["more"] = 1.into(),
    ];
    for change in changes {
        assert!(matches!(with(change), Err(KeptError::Contents(_))));
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_and_keeps_what_was_there() {
    let file = file(Path::new("/nonexistent"));
    assert!(matches!(file.save(&kept()), Err(KeptError::File(_))));
    assert!(file.load(at(0)).unwrap().is_none());
}

/// Every member by its path; those of lists and choices by their name alone.
fn members(value: &serde_json::Value, at: &str, found: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (name, value) in object {
                let at = format!("{at}.{name}");
                found.insert(at.clone());
                members(value, &at, found);
            }
        }
        serde_json::Value::Array(list) => {
            for value in list {
                members(value, at, found);
            }
        }
        _ => {}
    }
}

#[test]
fn another_shape_of_what_is_kept_has_another_number() {
    let mut found = std::collections::BTreeSet::new();
    members(&serde_json::to_value(kept()).unwrap(), "", &mut found);
    let shape = found.into_iter().collect::<Vec<_>>().join("\n");
    let known = include_str!("shape.txt").trim_end();
    let message = "give PURPOSE another number, and write the new shape to shape.txt";
    assert_eq!((PURPOSE, &*shape), ("catalog 3", known), "{message}");
}
