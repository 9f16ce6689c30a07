//! What holds for every decision: who is let through, with what, and what nobody gets to see.

use std::sync::Arc;

use phantom_core::Access;
use phantom_core::Audience;
use phantom_core::DenyReason;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_testkit::ManualClock;
use proptest::prelude::*;
use serde_json::json;

use crate::Decision;
use crate::Route;
use crate::Snapshot;
use crate::edits::CredentialPlace;
use crate::exchange::Source;
use crate::managed::Revocations;
use crate::route::CookieSource;
use crate::route::CredentialSources;
use crate::testing::KeyManager;
use crate::testing::Request;
use crate::testing::Says;
use crate::testing::World;
use crate::testing::protected;
use crate::testing::public_route;
use crate::testing::route;
use crate::testing::secs;
use crate::testing::snapshot;
use crate::testing::statement;
use crate::trace::Steps;

const BEARER: &[(&str, &str)] = &[("authorization", "Bearer t0ken")];

#[tokio::test]
async fn a_good_token_is_forwarded_as_its_jwt_and_asked_about_once() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let said = statement("read write");
    curity.says("t0ken", Says::Active(said.clone()));
    let snapshot = snapshot([Route { access: protected("read"), ..route("r", "/", &[&curity]) }]);
    for source in [Source::AuthorizationServer, Source::L1, Source::L1] {
        let forward = world.decide(&snapshot, Request::get("/", BEARER)).await.forwarded();
        let exchanged = forward.exchanged.unwrap();
        assert_eq!(exchanged.source, source);
        assert_eq!(&*exchanged.key_manager.name, "curity");
        let bearer = forward.edits.bearer.unwrap();
        assert_eq!(bearer.phantom_token, said.phantom_token);
        assert_eq!(forward.permit.until(), said.expires_at);
    }
    assert_eq!(curity.server.asked(), ["t0ken"]);
}

/// Rows: TOK-9
#[tokio::test]
async fn the_edits_tell_where_the_credential_stood_and_what_takes_its_place() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("t0ken", Says::Active(statement("")));
    let cookie =
        CookieSource { name: "t".into(), trusted_origins: Box::new(["https://spa".into()]) };
    let credentials = CredentialSources { query: true, form: true, cookie: Some(cookie) };
    let snapshot = snapshot([Route { credentials, ..route("r", "/", &[&curity]) }]);
    let form_type = [("content-type", "application/x-www-form-urlencoded")];
    let cookie = [("cookie", "t=t0ken"), ("origin", "https://spa")];
    let empty = Request { method: "POST", ..Request::get("/", &[]) };
    let requests = [
        (Request { fields: BEARER, ..empty }, CredentialPlace::Header),
        (Request { query: Some("access_token=t0ken"), ..empty }, CredentialPlace::Query),
        (Request { fields: &cookie, ..empty }, CredentialPlace::Cookie),
        (
            Request { fields: &form_type, form: Some(b"access_token=t0ken"), ..empty },
            CredentialPlace::Form,
        ),
    ];
    for (request, place) in requests {
        let forward = world.decide(&snapshot, request).await.forwarded();
        assert_eq!(forward.edits.place, place);
        assert!(forward.edits.bearer.is_some(), "{place:?}");
        // TOK-5: RFC 6750 §2.3; and a shared cache knows nothing of the cookie. Posts it does not keep.
        let private = matches!(place, CredentialPlace::Query | CredentialPlace::Cookie);
        assert_eq!(forward.edits.private_response, private, "{place:?}");
    }
}

/// Rows: PITFALL-12
#[tokio::test]
async fn a_query_token_is_no_credential_where_the_route_does_not_take_it() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("t0ken", Says::Active(statement("")));
    let snapshot = snapshot([route("r", "/", &[&curity])]);
    let request = Request { query: Some("access_token=t0ken"), ..Request::get("/", &[]) };
    let mut steps = Steps::default();
    let decision = world.traced(&snapshot, request, &mut steps).await;
    assert_eq!(decision.reason(), Some(DenyReason::CredentialMissing));
    assert!(!format!("{decision:?}{steps:?}").contains("t0ken"));
    assert!(curity.server.asked().is_empty());
}

/// Rows: CAC-4, PITFALL-18
#[tokio::test]
async fn one_route_s_verdict_is_not_another_s() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("t0ken", Says::Active(statement("read")));
    let snapshot = snapshot([
        Route { access: protected("read"), ..route("a", "/a", &[&curity]) },
        Route { access: protected("write"), ..route("b", "/b", &[&curity]) },
    ]);
    for _ in 0..2 {
        assert_eq!(world.status(&snapshot, Request::get("/a", BEARER)).await, 200);
        assert_eq!(world.status(&snapshot, Request::get("/b", BEARER)).await, 403);
    }
    assert_eq!(curity.server.asked().len(), 1, "the statement itself was cached all the time");
}

/// Rows: CAC-4, PITFALL-17
#[tokio::test]
async fn life_and_revocation_are_looked_at_on_every_hit() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let expires_at = Some(ManualClock::START.plus(secs(30)));
    curity.says("t0ken", Says::Active(Statement { expires_at, ..statement("") }));
    curity.says("other", Says::Active(statement("")));
    let snapshot = snapshot([route("r", "/", &[&curity])]);
    assert_eq!(world.status(&snapshot, Request::get("/", BEARER)).await, 200);
    // The wall clock alone is set forward: the entry is still fresh, the token is not.
    world.clock.set_wall(ManualClock::START.plus(secs(30)));
    let decision = world.decide(&snapshot, Request::get("/", BEARER)).await;
    assert_eq!(decision.reason(), Some(DenyReason::TokenExpired));

    let other = [("authorization", "Bearer other")];
    let forward = world.decide(&snapshot, Request::get("/", &other)).await.forwarded();
    let exchanged = forward.exchanged.unwrap();
    assert!(!exchanged.is_revoked());
    curity.revoke("other");
    assert!(exchanged.is_revoked(), "an open stream learns of it");
    let decision = world.decide(&snapshot, Request::get("/", &other)).await;
    assert_eq!(decision.reason(), Some(DenyReason::TokenRevoked));
}

#[tokio::test]
async fn an_event_that_kills_a_token_kills_it_on_routes_of_the_file_as_well() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let vouched = Statement { client_id: Some("app".into()), ..statement("") };
    curity.says("t0ken", Says::Active(vouched));
    let mut snapshot = snapshot([route("r", "/", &[&curity])]);
    let forward = world.decide(&snapshot, Request::get("/", BEARER)).await.forwarded();
    let exchanged = forward.exchanged.unwrap();
    for (of, dead) in [
        (Revoked::ConsumerKey("other".into()), false),
        (Revoked::ConsumerKey("app".into()), true),
        (Revoked::Subject("claim-value-subject".into()), true),
    ] {
        let (at, until) = (ManualClock::START.plus(secs(60)), UnixTime::MAX);
        let mut revocations = Revocations::default();
        revocations.add(&Revocation { of: of.clone(), at, until });
        snapshot.managed.revocations = Arc::new(revocations);
        assert_eq!(snapshot.managed.has_revoked(&exchanged), dead, "{of:?}");
        let decision = world.decide(&snapshot, Request::get("/", BEARER)).await;
        let expected = dead.then_some(DenyReason::TokenRevoked);
        assert_eq!(decision.reason(), expected, "{of:?}");
    }
}

/// Rows: PITFALL-24
#[tokio::test]
async fn an_audience_is_one_exact_member_of_a_string_or_an_array() {
    let world = World::new();
    for (audience, status) in [
        (json!("api"), 200),
        (json!(["x", "api"]), 200),
        (json!("api2"), 401),
        (json!(["ap", "xapi"]), 401),
        (json!([]), 401),
    ] {
        let curity = world.key_manager("curity");
        let audience = Audience::from_claim(&audience).unwrap();
        curity.says("t0ken", Says::Active(Statement { audience, ..statement("") }));
        let snapshot = snapshot([route("r", "/", &[&curity])]);
        assert_eq!(world.status(&snapshot, Request::get("/", BEARER)).await, status);
    }
}

/// Rows: PITFALL-26
#[tokio::test]
async fn a_protected_route_without_a_key_manager_is_shut() {
    let world = World::new();
    let snapshot = snapshot([route("r", "/", &[])]);
    assert_eq!(world.status(&snapshot, Request::get("/", BEARER)).await, 503);
    assert_eq!(world.status(&snapshot, Request::get("/", &[])).await, 401);
}

#[tokio::test]
async fn a_public_route_asks_for_nothing_and_changes_nothing() {
    let world = World::new();
    let snapshot = snapshot([public_route("p", "/")]);
    let malformed = [("authorization", "Bearer a,b")];
    for fields in [&[][..], BEARER, &malformed] {
        let forward = world.decide(&snapshot, Request::get("/", fields)).await.forwarded();
        assert!(forward.edits.bearer.is_none() && forward.exchanged.is_none());
        assert_eq!(forward.permit.until(), None);
    }
}

#[tokio::test]
async fn a_token_that_names_no_audience_is_told_apart_from_one_for_somebody_else() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = snapshot([route("r", "/", &[&curity])]);
    let other = Audience::from_claim(&json!("other")).unwrap();
    for (token, audience, is_told) in [("none", Audience::default(), true), ("other", other, false)]
    {
        curity.says(token, Says::Active(Statement { audience, ..statement("") }));
        let bearer = format!("Bearer {token}");
        let fields = [("authorization", &*bearer)];
        let mut steps = Steps::default();
        let decision = world.traced(&snapshot, Request::get("/", &fields), &mut steps).await;
        assert_eq!(decision.reason(), Some(DenyReason::AudienceMismatch), "{token}");
        let said = steps.0.iter().any(|step| {
            step.outcome.contains("names no audience") && step.outcome.contains("minted_audience")
        });
        assert_eq!(said, is_told, "{steps:?}");
    }
}

#[tokio::test]
async fn a_token_that_names_no_scope_is_told_apart_from_one_that_lacks_some() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let access = protected("read");
    let snapshot = snapshot([Route { access, ..route("r", "/", &[&curity]) }]);
    for (token, scope, is_told) in [("none", "", true), ("other", "write", false)] {
        curity.says(token, Says::Active(statement(scope)));
        let bearer = format!("Bearer {token}");
        let fields = [("authorization", &*bearer)];
        let mut steps = Steps::default();
        let decision = world.traced(&snapshot, Request::get("/", &fields), &mut steps).await;
        assert_eq!(decision.reason(), Some(DenyReason::InsufficientScope), "{token}");
        let said = steps.0.iter().any(|step| step.outcome.contains("names no scope at all"));
        assert_eq!(said, is_told, "{steps:?}");
    }
}

/// Rows: INT-11
#[tokio::test]
async fn the_steps_of_a_decision_hold_neither_token_nor_claim() {
    let world = World::new();
    let curity = world.key_manager("curity");
    curity.says("s3cret-token", Says::Active(statement("scope-granted")));
    let snapshot = snapshot([
        Route { access: protected("scope-granted"), ..route("ok", "/ok", &[&curity]) },
        Route { access: protected("scope-other"), ..route("not", "/not", &[&curity]) },
    ]);
    let good = [("authorization", "Bearer s3cret-token")];
    let bad = [("authorization", "Bearer s3cret-token, s3cret-token")];
    let unknown = [("authorization", "Bearer s3cret-token2")];
    let jwt = statement("").phantom_token;
    let payload = jwt.expose().split('.').nth(1).unwrap();
    let mut hops = Vec::new();
    for path in ["/ok", "/ok", "/not"] {
        for fields in [&good[..], &bad, &unknown, &[]] {
            let mut steps = Steps::default();
            let decision = world.traced(&snapshot, Request::get(path, fields), &mut steps).await;
            let seen = format!("{steps:?} {decision:?}");
            for secret in ["s3cret", "claim-value-subject", "acme", payload] {
                let personal = matches!(decision, Decision::Forward(_)) && secret != "s3cret";
                let place = if personal { format!("{steps:?}") } else { seen.clone() };
                assert!(!place.contains(secret), "{secret}: {place}");
            }
            hops.extend(steps.0.into_iter().map(|step| step.hop));
        }
    }
    for hop in ["route", "credential", "exchange", "authorize", "edits"] {
        assert!(hops.contains(&hop), "{hop} tells nothing");
    }
}

/// A world of key managers that vouch for tokens as drawn, and routes that use them as drawn.
#[derive(Clone, Debug)]
struct Drawn {
    /// Per key manager, for tokens `t0` to `t3`: what it says.
    says: Vec<Vec<u8>>,
    /// Per route: the key managers it asks, in order.
    routes: Vec<Vec<usize>>,
    /// Route and token of each request; token 4 is no token.
    requests: Vec<(usize, usize)>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let says = proptest::collection::vec(proptest::collection::vec(0u8..4, 4), 3);
    let routes = proptest::collection::vec(proptest::collection::vec(0usize..3, 0..4), 4);
    let requests = proptest::collection::vec((0usize..5, 0usize..5), 1..30);
    (says, routes, requests).prop_map(|(says, routes, requests)| Drawn { says, routes, requests })
}

impl Drawn {
    fn key_managers(&self, world: &World) -> Vec<KeyManager> {
        let each = self.says.iter().enumerate().map(|(number, says)| {
            let key_manager = world.key_manager(&format!("km{number}"));
            for (token, says) in says.iter().enumerate() {
                // Who vouched can be told from the statement.
                let client_id = Some(format!("km{number}").into());
                let active = Says::Active(Statement { client_id, ..statement("") });
                let says = match says {
                    0 => active,
                    1 => Says::Inactive,
                    2 => Says::Misbehaved,
                    _ => Says::Unavailable,
                };
                key_manager.says(&format!("t{token}"), says);
            }
            key_manager
        });
        each.collect()
    }

    fn snapshot(&self, key_managers: &[KeyManager]) -> Snapshot {
        let protected = |number: usize| {
            let asked: Vec<&KeyManager> =
                self.routes[number].iter().map(|at| &key_managers[*at]).collect();
            route(&format!("r{number}"), &format!("/r{number}"), &asked)
        };
        let open = public_route("r4", "/r4");
        snapshot([protected(0), protected(1), protected(2), protected(3), open])
    }

    /// What the rules say of token and route, whatever came before.
    fn expected(&self, route: usize, token: usize) -> u16 {
        if route == 4 {
            return 200;
        }
        if token == 4 {
            return 401;
        }
        let said: Vec<u8> = self.routes[route].iter().map(|at| self.says[*at][token]).collect();
        match (said.contains(&0), said.contains(&3), said.contains(&2)) {
            (true, ..) => 200,
            (_, true, _) => 503,
            (_, _, true) => 502,
            _ if said.is_empty() => 503,
            _ => 401,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_token_is_never_accepted_under_a_key_manager_that_did_not_vouch_for_it(drawn in drawn()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let key_managers = drawn.key_managers(&world);
            let snapshot = drawn.snapshot(&key_managers);
            for (number, token) in &drawn.requests {
                let path = format!("/r{number}");
                let value = format!("Bearer t{token}");
                let fields = [("authorization", value.as_str())];
                let fields = if *token == 4 { &[][..] } else { &fields[..] };
                let decision = world.decide(&snapshot, Request::get(&path, fields)).await;
                let status = match &decision {
                    Decision::Answer { answer, .. } => answer.status,
                    Decision::Forward(_) => 200,
                };
                prop_assert_eq!(status, drawn.expected(*number, *token), "route {} t{}", number, token);
                let Decision::Forward(forward) = decision else { continue };
                let Access::Protected(_) = forward.matched.access() else {
                    prop_assert!(forward.edits.bearer.is_none());
                    continue;
                };
                // Nothing but the JWT of a key manager of this route that vouched for this token.
                let exchanged = forward.exchanged.as_ref().unwrap();
                let bearer = forward.edits.bearer.as_ref().unwrap();
                let by: usize = exchanged.key_manager.name[2..].parse().unwrap();
                prop_assert!(drawn.routes[*number].contains(&by));
                prop_assert_eq!(drawn.says[by][*token], 0);
                prop_assert_eq!(bearer.client_id.as_deref(), Some(&*exchanged.key_manager.name));
            }
            Ok(())
        })?;
    }
}
