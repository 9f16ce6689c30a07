use phantom_core::Statement;
use phantom_core::quota::Rate;
use phantom_testkit::ManualClock;
use serde_json::json;

use super::*;
use crate::Decision;
use crate::Route;
use crate::Snapshot;
use crate::admit::Party;
use crate::admit::RateLimit;
use crate::testing::ISSUER;
use crate::testing::KeyManager;
use crate::testing::Request;
use crate::testing::Says;
use crate::testing::World;
use crate::testing::jwt;
use crate::testing::route;
use crate::testing::secs;
use crate::testing::snapshot;
use crate::testing::statement;

async fn ask(world: &World, snapshot: &Snapshot, token: &str) -> Decision {
    let value = format!("Bearer {token}");
    let fields = [("authorization", value.as_str())];
    world.decide(snapshot, Request::get("/", &fields)).await
}

fn accepting(key_managers: &[&KeyManager], jwt: JwtPolicy) -> Snapshot {
    snapshot([Route { jwt, ..route("r", "/", key_managers) }])
}

/// Rows: JWT-15
#[tokio::test]
async fn a_bad_jwt_is_not_introspected_where_jwts_are_accepted() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = accepting(&[&curity], JwtPolicy::AcceptJwt);
    let own = jwt(&json!({"iss": ISSUER}));
    for token in [&own, &jwt(&json!({"iss": "https://stranger"})), &jwt(&json!({"sub": "x"}))] {
        // The introspection endpoint would vouch for it: it is not asked.
        curity.says(token, Says::Active(statement("")));
        let decision = ask(&world, &snapshot, token).await;
        assert_eq!(decision.reason(), Some(DenyReason::TokenUnverified));
        assert_eq!(decision.answered().status, 401);
    }
    assert!(curity.server.asked().is_empty());
    assert_eq!(curity.verifier.asked(), [own], "a stranger's JWT is not even verified");
    // An opaque token on the same route is.
    curity.says("opaque.with.dots", Says::Active(statement("")));
    ask(&world, &snapshot, "opaque.with.dots").await.forwarded();
}

#[tokio::test]
async fn a_jwt_that_has_ended_or_not_begun_is_said_to_be_so_again_and_again() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = accepting(&[&curity], JwtPolicy::AcceptJwt);
    for (claims, reason) in [
        (json!({"iss": ISSUER, "exp": 1}), DenyReason::TokenExpired),
        (json!({"iss": ISSUER, "nbf": 9_999_999_999_u64}), DenyReason::TokenNotYetValid),
        (json!({"iss": ISSUER, "exp": "soon"}), DenyReason::TokenUnverified),
    ] {
        let token = jwt(&claims);
        for _ in 0..2 {
            assert_eq!(ask(&world, &snapshot, &token).await.reason(), Some(reason), "{claims}");
        }
    }
    assert_eq!(curity.verifier.asked().len(), 3);
}

/// Rows: JWT-15
#[tokio::test]
async fn a_good_jwt_is_verified_once_by_its_issuer_and_forwarded() {
    let world = World::new();
    let first = KeyManager::of_issuer("first", "https://other.example", &world.clock);
    let second = world.key_manager("second");
    let snapshot = accepting(&[&first, &second], JwtPolicy::AcceptJwt);
    let token = jwt(&json!({"iss": ISSUER}));
    second.verifier.says(&token, Says::Active(statement("")));
    for _ in 0..2 {
        let forward = ask(&world, &snapshot, &token).await.forwarded();
        let exchanged = forward.exchanged.unwrap();
        assert_eq!(&*exchanged.key_manager.name, "second");
        assert!(forward.edits.bearer.is_some() && !exchanged.is_revoked());
    }
    assert!(first.verifier.asked().is_empty());
    assert_eq!(second.verifier.asked().len(), 1);
}

/// Rows: JWT-15
#[tokio::test]
async fn where_routes_introspect_only_a_jwt_is_a_token_like_any_other() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = accepting(&[&curity], JwtPolicy::IntrospectOnly);
    let token = jwt(&json!({"iss": ISSUER}));
    curity.verifier.says(&token, Says::Active(statement("")));
    assert_eq!(ask(&world, &snapshot, &token).await.reason(), Some(DenyReason::TokenInactive));
    assert_eq!(curity.server.asked(), [token]);
    assert!(curity.verifier.asked().is_empty());
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_503_and_not_a_bad_jwt() {
    let world = World::new();
    let curity = world.key_manager("curity");
    let snapshot = accepting(&[&curity], JwtPolicy::AcceptJwt);
    let token = jwt(&json!({"iss": ISSUER}));
    curity.verifier.says(&token, Says::Unavailable);
    assert_eq!(ask(&world, &snapshot, &token).await.answered().status, 503);
}

#[tokio::test]
async fn key_managers_are_asked_in_the_route_s_order_until_one_vouches() {
    let world = World::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| world.key_manager(name));
    b.says("t", Says::Active(statement("")));
    let snapshot = accepting(&[&a, &b, &c], JwtPolicy::IntrospectOnly);
    let forward = ask(&world, &snapshot, "t").await.forwarded();
    assert_eq!(&*forward.exchanged.unwrap().key_manager.name, "b");
    assert_eq!([a.server.asked().len(), b.server.asked().len(), c.server.asked().len()], [1, 1, 0]);
}

/// Rows: PITFALL-19
#[tokio::test]
async fn one_key_manager_that_cannot_be_asked_makes_no_token_bad() {
    for (first, second, status) in [
        (Says::Unavailable, Says::Inactive, 503),
        (Says::Inactive, Says::Unavailable, 503),
        (Says::Misbehaved, Says::Unavailable, 503),
        (Says::Unavailable, Says::Misbehaved, 503),
        (Says::Misbehaved, Says::Inactive, 502),
        (Says::Refused, Says::Inactive, 502),
        (Says::Refused, Says::Unavailable, 503),
        (Says::Inactive, Says::Misbehaved, 502),
        (Says::Inactive, Says::Inactive, 401),
    ] {
        let world = World::new();
        let [a, b] = ["a", "b"].map(|name| world.key_manager(name));
        a.says("t", first.clone());
        b.says("t", second.clone());
        let snapshot = accepting(&[&a, &b], JwtPolicy::IntrospectOnly);
        // The second time the inactive answers come from the cache.
        for _ in 0..2 {
            let answer = ask(&world, &snapshot, "t").await.answered();
            assert_eq!(answer.status, status, "{first:?} {second:?}");
        }
    }
}

#[tokio::test]
async fn an_address_over_its_budget_at_one_key_manager_is_told_429_where_no_other_vouches() {
    for (first, second, status, wait) in [
        (Says::OverBudget, Says::Inactive, 429, Some("3")),
        (Says::Inactive, Says::OverBudget, 429, Some("3")),
        (Says::Misbehaved, Says::OverBudget, 429, Some("3")),
        (Says::OverBudget, Says::Unavailable, 503, Some("7")),
    ] {
        let world = World::new();
        let [a, b] = ["a", "b"].map(|name| world.key_manager(name));
        a.says("t", first.clone());
        b.says("t", second.clone());
        let snapshot = accepting(&[&a, &b], JwtPolicy::IntrospectOnly);
        let answer = ask(&world, &snapshot, "t").await.answered();
        assert_eq!(answer.status, status, "{first:?} {second:?}");
        assert_eq!(answer.value("retry-after"), wait);
    }
    let world = World::new();
    let [a, b] = ["a", "b"].map(|name| world.key_manager(name));
    a.says("t", Says::OverBudget);
    b.says("t", Says::Active(statement("")));
    let snapshot = accepting(&[&a, &b], JwtPolicy::IntrospectOnly);
    ask(&world, &snapshot, "t").await.forwarded();
}

#[tokio::test]
async fn questions_in_vain_are_given_back_where_another_key_manager_vouches() {
    let world = World::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| world.key_manager(name));
    c.says("good", Says::Active(statement("")));
    b.says("good", Says::Unavailable);
    let snapshot = accepting(&[&a, &b, &c], JwtPolicy::IntrospectOnly);
    ask(&world, &snapshot, "junk").await.answered();
    assert!(a.server.forgiven().is_empty());
    for _ in 0..2 {
        ask(&world, &snapshot, "good").await.forwarded();
        assert_eq!(a.server.forgiven().len(), 1, "and once");
        assert!(b.server.forgiven().is_empty() && c.server.forgiven().is_empty());
    }
}

/// Rows: RSP-11
#[tokio::test]
async fn a_rate_by_peer_is_applied_before_anybody_is_asked_and_one_by_client_after() {
    for (by, asked) in [(Party::Peer, 2), (Party::Client, 10)] {
        let world = World::new();
        let key_manager = world.key_manager("curity");
        let rate = Rate::new(2, secs(60)).unwrap();
        let rate_limit = Some(RateLimit::new(rate, by));
        let snapshot = snapshot([Route { rate_limit, ..route("r", "/", &[&key_manager]) }]);
        for number in 0..10 {
            let token = format!("t{number}");
            key_manager.says(&token, Says::Active(statement("")));
            let decision = ask(&world, &snapshot, &token).await;
            let expected = (number >= 2).then_some(DenyReason::RateLimited);
            assert_eq!(decision.reason(), expected, "{by:?} {number}");
        }
        assert_eq!(key_manager.server.asked().len(), asked, "{by:?}");
    }
}

#[tokio::test]
async fn a_key_manager_in_trouble_does_not_hold_up_what_another_has_vouched_for() {
    let world = World::new();
    let [a, b] = ["a", "b"].map(|name| world.key_manager(name));
    b.says("t", Says::Active(statement("")));
    let snapshot = accepting(&[&a, &b], JwtPolicy::IntrospectOnly);
    ask(&world, &snapshot, "t").await.forwarded();
    a.says("t", Says::Unavailable);
    // What `a` said has been forgotten, what `b` said has not.
    world.clock.advance(secs(20));
    for _ in 0..3 {
        let forward = ask(&world, &snapshot, "t").await.forwarded();
        assert_eq!(forward.exchanged.unwrap().source, Source::L1);
    }
    assert_eq!(a.server.asked().len(), 1);
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_not_asked_about_where_it_was_revoked() {
    let world = World::new();
    let [a, b] = ["a", "b"].map(|name| world.key_manager(name));
    a.says("t", Says::Active(statement("")));
    let snapshot = accepting(&[&a, &b], JwtPolicy::IntrospectOnly);
    ask(&world, &snapshot, "t").await.forwarded();
    a.revoke("t");
    for _ in 0..2 {
        let decision = ask(&world, &snapshot, "t").await;
        assert_eq!(decision.reason(), Some(DenyReason::TokenRevoked));
    }
    assert_eq!(a.server.asked().len(), 1);
    assert_eq!(b.server.asked().len(), 1);
}

#[tokio::test]
async fn the_decision_is_of_the_time_after_the_call() {
    /// Lets ten seconds pass while it thinks.
    #[derive(Debug)]
    struct Slow(Arc<ManualClock>, Statement);

    impl phantom_oauth::Introspect for Slow {
        fn introspect<'a>(
            &'a self,
            _: BearerToken<'a>,
            _: Peer,
        ) -> std::pin::Pin<
            Box<
                dyn Future<
                        Output = Result<
                            phantom_oauth::Introspection,
                            phantom_oauth::IntrospectError,
                        >,
                    > + Send
                    + 'a,
            >,
        > {
            self.0.advance(secs(10));
            Box::pin(std::future::ready(Ok(phantom_oauth::Introspection::Active {
                statement: Arc::new(self.1.clone()),
                freshness: phantom_oauth::Freshness::Unstated,
            })))
        }
    }

    let world = World::new();
    let expires_at = Some(ManualClock::START.plus(secs(10)));
    let slow = Slow(world.clock.clone(), Statement { expires_at, ..statement("") });
    let exchange = TokenCache::new(
        &[b"slow"],
        &phantom_cache::CacheSecret::new([7; 32]),
        phantom_cache::CachePolicy::default(),
        Arc::new(slow),
        world.clock.clone(),
        tokio::runtime::Handle::current(),
    );
    let handle = KeyManagerHandle {
        name: "slow".into(),
        trust: Trust::default(),
        opaque: Some(Arc::new(exchange)),
        jwt: None,
        managed: None,
    };
    let key_managers = vec![Arc::new(handle)];
    let snapshot = snapshot([Route { key_managers, ..route("r", "/", &[]) }]);
    let decision = ask(&world, &snapshot, "t").await;
    assert_eq!(decision.reason(), Some(DenyReason::TokenExpired));
}
