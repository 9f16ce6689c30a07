use std::collections::BTreeMap;

use phantom_core::catalog::DenyPolicy;
use phantom_core::catalog::KeyManagerChoice;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::Plans;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_core::catalog::SubscriptionStatus;
use proptest::prelude::*;

use super::*;
use crate::managed::api::Standing;
use crate::testing::managed::APP;
use crate::testing::managed::CURITY;
use crate::testing::managed::Gateway;
use crate::testing::managed::HTTPBIN;
use crate::testing::managed::api;
use crate::testing::managed::application;
use crate::testing::managed::catalog;
use crate::testing::managed::key;
use crate::testing::managed::key_manager;
use crate::testing::managed::operation;
use crate::testing::managed::plan;
use crate::testing::managed::subscription;

fn client(snapshot: &Snapshot, consumer_key: &str) -> Option<(u128, KeyType)> {
    let client = snapshot.managed.directory.client(CURITY, consumer_key)?;
    Some((client.application.id.as_u128(), client.key_type))
}

#[tokio::test]
async fn a_change_of_an_application_shares_all_else_with_the_snapshot_before() {
    let mut gateway = Gateway::new();
    let before = gateway.snapshot.clone();
    let mut changed = application();
    changed.keys.push(key(CURITY, "second", KeyType::Sandbox));
    gateway.apply(&Change::Application(Arc::new(changed)));
    let now = &gateway.snapshot;
    assert!(now.version > before.version);
    assert!(Arc::ptr_eq(&now.managed.apis, &before.managed.apis));
    assert!(Arc::ptr_eq(&now.managed.plans, &before.managed.plans));
    assert!(Arc::ptr_eq(&now.managed.revocations, &before.managed.revocations));
    assert!(Arc::ptr_eq(&now.routes, &before.routes));
    assert_eq!(client(now, "second"), Some((APP.as_u128(), KeyType::Sandbox)));
    assert_eq!(client(&before, "second"), None, "a snapshot stays as it was");
    gateway.apply(&Change::ApplicationGone(APP));
    assert!(gateway.snapshot.managed.directory.is_empty());
    assert_eq!(before.managed.directory.len(), 1);
}

#[test]
fn endpoints_of_apis_are_guarded_where_the_gateway_says_so() {
    for guarded in [true, false] {
        let publication = Publication::new(Snapshot::default(), Box::new(|_| None));
        let mut publication = publication.guarded(guarded);
        publication.replace(&catalog());
        let snapshot = publication.snapshot();
        let located = snapshot.managed.apis.find("/httpbin/v1/get").unwrap();
        let Some(upstream) = &located.api.api.production else {
            panic!("{:?}", located.api.api.production)
        };
        assert_eq!(upstream.guarded, guarded);
    }
}

#[tokio::test]
async fn a_change_of_one_api_keeps_the_others_as_they_are() {
    let mut gateway = Gateway::new();
    let other = ManagedApi { id: EntityId::new(9), path: "/other/v1".into(), ..api() };
    gateway.apply(&Change::Api(Arc::new(other)));
    let of = |snapshot: &Snapshot, path: &str| {
        snapshot.managed.apis.find(path).map(|located| located.api.clone())
    };
    let before = of(&gateway.snapshot, "/httpbin/v1/get").unwrap();
    gateway.apply(&Change::ApiGone(EntityId::new(9)));
    assert!(of(&gateway.snapshot, "/other/v1").is_none());
    assert!(Arc::ptr_eq(&before, &of(&gateway.snapshot, "/httpbin/v1/get").unwrap()));
}

/// Rows: WSO2-10.5
#[tokio::test]
async fn a_key_manager_keeps_its_caches_until_its_revision_changes() {
    let mut gateway = Gateway::new();
    let before = gateway.curity().handle.clone();
    let same = vec![Arc::new(key_manager(CURITY, "curity"))];
    gateway.apply(&Change::KeyManagers(same));
    assert!(Arc::ptr_eq(&before, &gateway.curity().handle));
    gateway.publication.replace(&catalog());
    assert!(Arc::ptr_eq(&before, gateway.publication.key_managers().next().unwrap()));
    let mut changed = key_manager(CURITY, "curity");
    changed.revision = 2;
    gateway.apply(&Change::KeyManagers(vec![Arc::new(changed)]));
    assert!(!Arc::ptr_eq(&before, &gateway.curity().handle));
    let elected = gateway.snapshot.managed.apis.find("/httpbin/v1").unwrap().api.api.clone();
    assert!(Arc::ptr_eq(&elected.key_managers[0], &gateway.curity().handle));
    gateway.apply(&Change::KeyManagers(Vec::new()));
    assert_eq!(gateway.publication.key_managers().count(), 0);
    assert_eq!(gateway.status("/httpbin/v1/get").await, 401, "nobody is left to ask");
}

/// Rows: WSO2-8.4.4
#[tokio::test]
async fn an_api_has_the_key_managers_it_chose() {
    let ours = EntityId::new(11);
    let all = vec![Arc::new(key_manager(CURITY, "curity")), Arc::new(key_manager(ours, "ours"))];
    let chooses = |choice| {
        let apis = vec![Arc::new(ManagedApi { key_managers: choice, ..api() })];
        let gateway = Gateway::of(Catalog { key_managers: all.clone(), apis, ..catalog() });
        let served = gateway.snapshot.managed.apis.find("/httpbin/v1").unwrap().api.clone();
        served.api.key_managers.iter().map(|handle| handle.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(chooses(KeyManagerChoice::All), ["curity", "ours"]);
    assert_eq!(chooses(KeyManagerChoice::Only(vec![ours])), ["ours"]);
    assert!(chooses(KeyManagerChoice::Only(vec![EntityId::new(99)])).is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_stops_its_own_api_and_no_other() {
    let good = ManagedApi { id: EntityId::new(9), path: "/good/v1".into(), ..api() };
    let broken: [fn(&mut ManagedApi); 4] = [
        |api| api.production_endpoint = Some("localhost:8080".into()),
        |api| api.sandbox_endpoint = Some("http://u:p@h/".into()),
        |api| api.operations[1].scopes = vec!["a b".into()],
        |api| api.operations[1].scopes = vec!["read".into(), "".into()],
    ];
    for change in broken {
        let mut bad = api();
        change(&mut bad);
        let apis = vec![Arc::new(bad), Arc::new(good.clone())];
        let gateway = Gateway::of(Catalog { apis, ..catalog() });
        assert_eq!(gateway.answered("/httpbin/v1/get").await.code(), (500, "900900".to_owned()));
        let good = gateway.snapshot.managed.apis.find("/good/v1").unwrap();
        assert_eq!(good.api.api.standing, Standing::Serving);
    }
    let mut odd = api();
    odd.operations.push(operation("GET", "/a*"));
    let gateway = Gateway::of(Catalog { apis: vec![Arc::new(odd)], ..catalog() });
    assert_eq!(gateway.status("/httpbin/v1/get").await, 200, "the other operations are served");
    for path in ["", "/", "no-slash", "/a/../b"] {
        let lost = ManagedApi { path: path.into(), ..api() };
        let apis = vec![Arc::new(lost), Arc::new(good.clone())];
        let gateway = Gateway::of(Catalog { apis, ..catalog() });
        assert!(gateway.snapshot.managed.apis.find("/good/v1").is_some(), "{path:?}");
    }
}

/// Rows: WSO2-8.2
#[tokio::test]
async fn a_full_path_goes_before_the_path_of_a_default_version() {
    let default = ManagedApi {
        id: EntityId::new(1),
        name: "default".into(),
        path: "/a/v1".into(),
        default_path: Some("/a".into()),
        ..api()
    };
    let full = ManagedApi { id: EntityId::new(7), name: "full".into(), path: "/a".into(), ..api() };
    let label = |gateway: &Gateway, path: &str| {
        gateway.snapshot.managed.apis.find(path).unwrap().api.api.label.to_string()
    };
    let both = vec![Arc::new(default.clone()), Arc::new(full)];
    let gateway = Gateway::of(Catalog { apis: both, ..catalog() });
    assert_eq!(label(&gateway, "/a/x"), "full:v1");
    assert_eq!(label(&gateway, "/a/v1/x"), "default:v1");
    let gateway = Gateway::of(Catalog { apis: vec![Arc::new(default)], ..catalog() });
    assert_eq!(label(&gateway, "/a/x"), "default:v1");
}

#[test]
fn before_the_first_catalog_no_api_is_loaded_and_the_routes_of_the_file_stay() {
    let file = Snapshot { version: 7, ..Snapshot::default() };
    let mut publication = Publication::new(file.clone(), Box::new(|_| None));
    assert!(!publication.snapshot().apis_loaded);
    publication.replace(&Catalog::default());
    let snapshot = publication.snapshot();
    assert!(snapshot.apis_loaded && snapshot.version > 7);
    assert!(Arc::ptr_eq(&snapshot.routes, &file.routes));
}

/// Everything a snapshot knows, in a form that can be compared.
fn known(snapshot: &Snapshot) -> impl PartialEq + std::fmt::Debug + use<> {
    let managed = &snapshot.managed;
    let keys = (0..8).map(|key| format!("key-{key}"));
    let clients: Vec<_> = keys
        .map(|key| {
            let client = managed.directory.client(CURITY, &key)?;
            Some((client.application.clone(), client.key_type))
        })
        .collect();
    let apis: BTreeMap<_, _> = managed
        .apis
        .apis()
        .iter()
        .map(|served| (served.api.published.id, (served.api.label.clone(), served.api.standing)))
        .collect();
    let plans: BTreeMap<_, _> = managed.plans.application.clone().into_iter().collect();
    let mut token = crate::testing::statement("");
    token.issued_at = Some(phantom_core::UnixTime::from_secs(50));
    let dead: Vec<_> =
        (0..8).map(|key| managed.revocations.kill(&token, Some(&format!("key-{key}")))).collect();
    let denied: Vec<_> = (0..8)
        .map(|user| managed.denied.caller(&application(), Some(&format!("user-{user}"))))
        .collect();
    (clients, managed.directory.len(), apis, plans, dead, denied)
}

/// An entity as of a step of its history; each consumer key stays with one application.
fn change() -> impl Strategy<Value = Change> {
    let applications = (0u128..4, proptest::collection::vec(any::<bool>(), 2), any::<bool>());
    let applications = applications.prop_map(|(id, keys, sandbox)| {
        let keys = keys.iter().zip([id * 2, id * 2 + 1]).filter(|(has, _)| **has);
        let key_type = if sandbox { KeyType::Sandbox } else { KeyType::Production };
        let keys = keys.map(|(_, at)| key(CURITY, &format!("key-{at}"), key_type)).collect();
        let subscriptions = vec![subscription(SubscriptionStatus::Active)];
        let id = EntityId::new(id);
        Change::Application(Arc::new(Application { id, keys, subscriptions, ..application() }))
    });
    let api = (0u128..3, "[ab]").prop_map(|(id, name)| {
        let path = format!("/{id}/v1").into();
        Change::Api(Arc::new(ManagedApi {
            id: EntityId::new(id),
            name: name.into(),
            path,
            ..api()
        }))
    });
    prop_oneof![
        4 => applications,
        1 => (0u128..4).prop_map(|id| Change::ApplicationGone(EntityId::new(id))),
        2 => api,
        1 => (0u128..3).prop_map(|id| Change::ApiGone(EntityId::new(id))),
        1 => (1u64..3).prop_map(|n| Change::Plans(Plans {
            application: vec![Arc::new(plan("p", n))],
            ..Plans::default()
        })),
        1 => proptest::collection::vec(0u8..8, 0..3).prop_map(|users| {
            let users = users.into_iter().map(|user| format!("user-{user}").into());
            Change::DenyPolicies(users.map(DenyPolicy::User).collect())
        }),
        1 => (0u8..8, 1u64..100).prop_map(|(key, at)| Change::Revoked(Revocation {
            until: phantom_core::UnixTime::MAX,
            of: Revoked::ConsumerKey(format!("key-{key}").into()),
            at: phantom_core::UnixTime::from_secs(at),
        })),
    ]
}

/// The catalog that a history ends in.
fn outcome(changes: &[Change]) -> Catalog {
    let (mut apis, mut applications) = (BTreeMap::new(), BTreeMap::new());
    let mut catalog = Catalog { apis: Vec::new(), applications: Vec::new(), ..catalog() };
    for change in changes {
        match change.clone() {
            Change::KeyManagers(key_managers) => catalog.key_managers = key_managers,
            Change::Api(api) => drop(apis.insert(api.id, api)),
            Change::ApiGone(id) => drop(apis.remove(&id)),
            Change::Application(application) => {
                drop(applications.insert(application.id, application));
            }
            Change::ApplicationGone(id) => drop(applications.remove(&id)),
            Change::Plans(plans) => catalog.plans = plans,
            Change::DenyPolicies(policies) => catalog.deny_policies = policies,
            Change::TokenEnded(_) => {}
            Change::Revoked(revocation) => catalog.revocations.push(revocation),
        }
    }
    catalog.apis = apis.into_values().collect();
    catalog.applications = applications.into_values().collect();
    catalog
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changes_one_by_one_end_where_the_whole_catalog_does(
        changes in proptest::collection::vec((change(), 1usize..3), 0..30),
        published in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let changes: Vec<Change> = changes.into_iter()
            .flat_map(|(change, times)| std::iter::repeat_n(change, times)).collect();
        let mut step_by_step = Publication::new(Snapshot::default(), Box::new(|_| None));
        step_by_step.replace(&outcome(&[]));
        for (change, publish) in changes.iter().zip(published) {
            step_by_step.apply(change);
            // Sharing with a snapshot or not makes no difference.
            let kept = publish.then(|| step_by_step.snapshot());
            drop(kept);
        }
        let mut at_once = Publication::new(Snapshot::default(), Box::new(|_| None));
        at_once.replace(&outcome(&changes));
        prop_assert_eq!(known(&step_by_step.snapshot()), known(&at_once.snapshot()));
        // And a gateway that had it all gets there by the whole as well.
        step_by_step.replace(&outcome(&changes));
        prop_assert_eq!(known(&step_by_step.snapshot()), known(&at_once.snapshot()));
    }

    #[test]
    fn entities_may_change_in_any_order(
        changes in proptest::collection::vec(change(), 0..12).prop_shuffle(), seed in any::<u64>()
    ) {
        // The last word on each entity, in two orders.
        let last = |change: &Change| match change {
            Change::Application(application) => (0, application.id),
            Change::ApplicationGone(id) => (0, *id),
            Change::Api(api) => (1, api.id),
            Change::ApiGone(id) => (1, *id),
            _ => (2, HTTPBIN),
        };
        let words: BTreeMap<_, Change> =
            changes.into_iter().map(|change| (last(&change), change)).collect();
        let forwards: Vec<Change> = words.into_values().collect();
        let mut shuffled = forwards.clone();
        let middle = (seed as usize) % (shuffled.len() + 1);
        shuffled.rotate_left(middle);
        shuffled.reverse();
        let end = |changes: &[Change]| {
            let mut publication = Publication::new(Snapshot::default(), Box::new(|_| None));
            publication.replace(&outcome(&[]));
            changes.iter().for_each(|change| publication.apply(change));
            known(&publication.snapshot())
        };
        prop_assert_eq!(end(&forwards), end(&shuffled));
    }
}
