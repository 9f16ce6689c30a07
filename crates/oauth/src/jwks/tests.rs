use phantom_testkit::Reply;
use phantom_testkit::Signer;
use phantom_testkit::jose;

use super::*;
use crate::KeyManager;
use crate::Keys;
use crate::Refusal;
use crate::VerifyError;
use crate::test_support::*;

const JWKS: &str = "/jwks";

fn publish(stage: &Stage, signers: &[&Signer]) {
    stage.server.answer(JWKS, Reply::with_type(200, "application/json", jose::jwks(signers)));
}

async fn verify(key_manager: &KeyManager, token: &str) -> Result<(), VerifyError> {
    key_manager.verify_access_token(token).await.map(drop)
}

/// A token that outlives any turn of the clock here.
fn lasting(stage: &Stage, signer: &Signer) -> String {
    let mut claims = stage.claims();
    claims["exp"] = serde_json::json!(claims["exp"].as_u64().unwrap() + 1_000_000);
    signer.sign(&claims)
}

#[tokio::test]
async fn a_presented_jwt_is_verified_with_fetched_keys_once() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    for _ in 0..5 {
        assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    }
    assert_eq!(stage.server.count(JWKS), 1);
    assert_eq!(key_manager.key_refreshes(), RefreshCounts { succeeded: 1, failed: 0 });
}

/// Rows: DSC-5, WSO2-8.5.2
#[tokio::test]
async fn a_failed_refresh_keeps_the_old_keys_until_the_hard_limit() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    stage.server.answer(JWKS, Reply::status(500));
    stage.clock.advance(CEILING);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    assert_eq!(stage.server.count(JWKS), 2, "asked again, with a pause between attempts");
    assert_eq!(key_manager.key_refreshes(), RefreshCounts { succeeded: 1, failed: 1 });
    stage.clock.advance(HARD_LIMIT - CEILING);
    let late = verify(&key_manager, &token).await;
    assert!(matches!(late, Err(VerifyError::KeysUnavailable(_))), "{late:?}");
}

/// Rows: DSC-6
#[tokio::test]
async fn the_same_kid_at_two_issuers_is_two_keys() {
    let (one, two) = (Stage::new().await, Stage::new().await);
    let (at_one, at_two) = (one.key_manager(|_| {}), two.key_manager(|_| {}));
    assert_eq!(one.signer.kid(), two.signer.kid());
    assert_eq!(verify(&at_one, &one.token()).await, Ok(()));
    let crossed = verify(&at_two, &one.token()).await;
    assert_eq!(crossed, Err(VerifyError::Refused(Refusal::Signature)));
}

/// Rows: PITFALL-2
#[tokio::test]
async fn a_kid_is_no_path_and_no_address() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    for kid in ["../../dev/null", "http://127.0.0.1:1/", "' OR 1=1", "k1\0", "K1"] {
        let header = serde_json::json!({"alg": "ES256", "typ": "at+jwt", "kid": kid});
        let token = stage.signer.sign_with(&header, &stage.claims());
        let verified = verify(&key_manager, &token).await;
        assert_eq!(verified, Err(VerifyError::Refused(Refusal::UnknownKey)), "{kid}");
    }
}

/// Rows: DSC-7, WSO2-8.5.2
#[tokio::test]
async fn a_new_kid_is_fetched_at_once_and_then_at_most_every_30_seconds() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    let new = Signer::es256("k2");
    publish(&stage, &[&stage.signer, &new]);
    assert_eq!(verify(&key_manager, &new.sign(&stage.claims())).await, Ok(()));
    assert_eq!(stage.server.count(JWKS), 2);

    let third = Signer::es256("k3");
    publish(&stage, &[&third]);
    let token = lasting(&stage, &third);
    let refused = Err(VerifyError::Refused(Refusal::UnknownKey));
    assert_eq!(verify(&key_manager, &token).await, refused);
    stage.clock.advance(FLOOR);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
}

/// Rows: DSC-7
#[tokio::test]
async fn a_new_key_under_an_old_kid_is_fetched_at_once_and_then_at_most_every_30_seconds() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    // Of the same kind, and of another.
    for anew in [Signer::es256("k1"), Signer::rs256("k1"), Signer::es256("k1")] {
        publish(&stage, &[&anew]);
        let before = stage.server.count(JWKS);
        assert_eq!(verify(&key_manager, &lasting(&stage, &anew)).await, Ok(()));
        assert_eq!(stage.server.count(JWKS), before + 1);
        stage.clock.advance(FLOOR);
    }
    let before = stage.server.count(JWKS);
    let forged = Signer::es256("k1");
    for _ in 0..20 {
        let refused = verify(&key_manager, &lasting(&stage, &forged)).await;
        assert_eq!(refused, Err(VerifyError::Refused(Refusal::Signature)));
    }
    assert_eq!(stage.server.count(JWKS), before + 1, "forgeries cannot make us ask often");
    stage.clock.advance(FLOOR);
    publish(&stage, &[&forged]);
    assert_eq!(verify(&key_manager, &lasting(&stage, &forged)).await, Ok(()));
}

/// Rows: DSC-7
#[tokio::test]
async fn all_who_come_with_a_new_kid_share_the_one_fetch() {
    let stage = Stage::new().await;
    let key_manager = Arc::new(stage.key_manager(|_| {}));
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    let new = Signer::es256("k2");
    let reply = Reply::with_type(200, "application/json", new.jwks());
    stage.server.answer(JWKS, reply.delay(Duration::from_millis(20)));
    let token = new.sign(&stage.claims());
    let attempts: Vec<_> = (0..50)
        .map(|_| {
            let (key_manager, token) = (Arc::clone(&key_manager), token.clone());
            tokio::spawn(async move { verify(&key_manager, &token).await })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), Ok(()), "none is refused for coming second");
    }
    assert_eq!(stage.server.count(JWKS), 2);
}

/// Rows: DSC-5
#[tokio::test]
async fn while_old_keys_serve_nobody_waits_for_a_silent_issuer() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    stage.server.answer(JWKS, Reply::status(500));
    stage.clock.advance(CEILING);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    // Never answers within the deadline; a verification that waited for it would see it fail.
    stage.server.answer(JWKS, Reply::status(200).framing(phantom_testkit::Framing::Hang));
    stage.clock.advance(FLOOR);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    assert_eq!(key_manager.key_refreshes(), RefreshCounts { succeeded: 1, failed: 1 });
}

/// Rows: PITFALL-5
#[tokio::test]
async fn random_kids_cause_no_storm() {
    let stage = Stage::new().await;
    let key_manager = Arc::new(stage.key_manager(|_| {}));
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    let forger = Signer::es256("x");
    let forgeries: Vec<String> = (0..200)
        .map(|n| {
            let header =
                serde_json::json!({"alg": "ES256", "typ": "at+jwt", "kid": format!("r{n}")});
            forger.sign_with(&header, &stage.claims())
        })
        .collect();
    let attempts: Vec<_> = forgeries
        .into_iter()
        .map(|token| {
            let key_manager = Arc::clone(&key_manager);
            tokio::spawn(async move { verify(&key_manager, &token).await })
        })
        .collect();
    for attempt in attempts {
        let refused = attempt.await.unwrap();
        assert_eq!(refused, Err(VerifyError::Refused(Refusal::UnknownKey)));
    }
    assert_eq!(stage.server.count(JWKS), 2);
}

/// Rows: DSC-7
#[tokio::test]
async fn a_kid_known_to_be_unknown_asks_for_nothing() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    let forged = lasting(&stage, &Signer::es256("gone"));
    let refused = Err(VerifyError::Refused(Refusal::UnknownKey));
    assert_eq!(verify(&key_manager, &forged).await, refused);
    stage.clock.advance(FLOOR);
    assert_eq!(verify(&key_manager, &forged).await, refused);
    assert_eq!(stage.server.count(JWKS), 2, "it is remembered longer than the bucket's pause");
    stage.clock.advance(UNKNOWN_FOR);
    assert_eq!(verify(&key_manager, &forged).await, refused);
    assert_eq!(stage.server.count(JWKS), 3);
}

/// Rows: DSC-7
#[test]
fn the_memory_of_unknown_kids_is_bounded() {
    let clock = Arc::new(phantom_testkit::ManualClock::new());
    let egress = Egress::build(&crate::egress::EgressConfig::default()).unwrap();
    let location = KeyLocation::File("unread".into());
    let source = KeySource::new("test", location, egress, Algorithms::ALL, clock);
    for n in 0..10_000 {
        let shared = &source.0;
        shared.state().next_unknown = None;
        assert!(shared.may_ask_for(Missing::Kid(Some(&format!("kid-{n}")))));
    }
    assert_eq!(source.0.state().unknown.len(), UNKNOWN_KEPT);
}

/// Rows: DSC-7
#[tokio::test]
async fn an_unknown_kid_while_the_issuer_cannot_be_asked_is_no_verdict() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    stage.server.answer(JWKS, Reply::status(503));
    let new = Signer::es256("k2").sign(&stage.claims());
    for _ in 0..2 {
        let verified = verify(&key_manager, &new).await;
        assert!(matches!(verified, Err(VerifyError::KeysUnavailable(_))), "{verified:?}");
    }
    assert_eq!(stage.server.count(JWKS), 2);
}

/// Rows: DSC-8
#[tokio::test]
async fn a_key_that_vanishes_stops_verifying_at_the_next_refresh() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    publish(&stage, &[&Signer::es256("k2")]);
    stage.clock.advance(CEILING - Duration::from_millis(1));
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    stage.clock.advance(Duration::from_millis(1));
    let refused = verify(&key_manager, &token).await;
    assert_eq!(refused, Err(VerifyError::Refused(Refusal::UnknownKey)));
}

/// Rows: PITFALL-6
#[tokio::test]
async fn an_emptied_set_verifies_nothing() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    publish(&stage, &[]);
    stage.clock.advance(CEILING);
    let verified = verify(&key_manager, &token).await;
    assert!(matches!(verified, Err(VerifyError::KeysUnavailable(_))), "{verified:?}");
}

/// Rows: DSC-8
#[tokio::test]
async fn cache_control_moves_the_refresh_between_floor_and_ceiling() {
    for (cache_control, fresh) in [
        ("max-age=1", FLOOR),
        ("no-store", FLOOR),
        ("max-age=120", Duration::from_secs(120)),
        ("max-age=86400", CEILING),
        ("private", CEILING),
    ] {
        let stage = Stage::new().await;
        let reply = Reply::with_type(200, "application/json", stage.signer.jwks());
        stage.server.answer(JWKS, reply.header("cache-control", cache_control));
        let key_manager = stage.key_manager(|_| {});
        let token = lasting(&stage, &stage.signer);
        assert_eq!(verify(&key_manager, &token).await, Ok(()));
        stage.clock.advance(fresh - Duration::from_millis(1));
        assert_eq!(verify(&key_manager, &token).await, Ok(()));
        assert_eq!(stage.server.count(JWKS), 1, "{cache_control}");
        stage.clock.advance(Duration::from_millis(1));
        assert_eq!(verify(&key_manager, &token).await, Ok(()));
        assert_eq!(stage.server.count(JWKS), 2, "{cache_control}");
    }
}

/// Rows: DSC-8
#[tokio::test]
async fn the_background_refresh_comes_before_the_keys_are_due() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert!(key_manager.warm_up(true).await.is_ok());
    key_manager.refresh_if_due(true).await;
    assert_eq!(stage.server.count(JWKS), 1);
    stage.clock.advance(CEILING - FLOOR / 2);
    key_manager.refresh_if_due(true).await;
    assert_eq!(stage.server.count(JWKS), 2);
}

/// Rows: PITFALL-23
#[tokio::test]
async fn a_step_of_the_wall_clock_does_not_touch_the_keys_life() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    let later = phantom_testkit::ManualClock::START.plus(Duration::from_secs(100_000));
    stage.clock.set_wall(later);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    assert_eq!(stage.server.count(JWKS), 1);
    stage.clock.set_wall(later.plus(Duration::from_secs(1_000_000)));
    let expired = verify(&key_manager, &token).await;
    assert_eq!(expired, Err(VerifyError::Refused(Refusal::Expired)));
}

/// Rows: DSC-9
#[tokio::test]
async fn a_set_with_a_bad_key_still_serves() {
    let stage = Stage::new().await;
    let mut set: serde_json::Value = serde_json::from_str(&stage.signer.jwks()).unwrap();
    let bad = serde_json::json!({"kty": "EC", "crv": "P-256", "kid": "b", "x": "AA", "y": "AA"});
    set["keys"].as_array_mut().unwrap().insert(0, bad);
    stage.server.answer(JWKS, Reply::json(&set));
    assert_eq!(verify(&stage.key_manager(|_| {}), &stage.token()).await, Ok(()));
}

/// Rows: DSC-10
#[tokio::test]
async fn no_keys_is_no_verdict_and_is_tried_again_with_a_back_off() {
    let stage = Stage::new().await;
    stage.server.answer(JWKS, Reply::status(500));
    let key_manager = stage.key_manager(|_| {});
    for (pause, attempts) in [(0, 1), (0, 1), (1, 2), (1, 2), (1, 3), (4, 4)] {
        stage.clock.advance(Duration::from_secs(pause));
        let verified = verify(&key_manager, &stage.token()).await;
        assert!(matches!(verified, Err(VerifyError::KeysUnavailable(_))), "{verified:?}");
        assert_eq!(stage.server.count(JWKS), attempts);
    }
    publish(&stage, &[&stage.signer]);
    stage.clock.advance(FLOOR);
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
}

#[tokio::test]
async fn keys_from_a_file_follow_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let stage = Stage::new().await;
    std::fs::write(&path, stage.signer.jwks()).unwrap();
    let key_manager = stage.key_manager(|c| c.keys = Some(Keys::File(path.clone())));
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    std::fs::write(&path, Signer::es256("k9").jwks()).unwrap();
    stage.clock.advance(FLOOR);
    let refused = verify(&key_manager, &token).await;
    assert_eq!(refused, Err(VerifyError::Refused(Refusal::UnknownKey)));
}

#[tokio::test]
async fn keys_from_the_configuration_need_no_server() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|c| c.keys = Some(Keys::Inline(stage.signer.jwks())));
    let token = lasting(&stage, &stage.signer);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    stage.clock.advance(HARD_LIMIT - Duration::from_secs(1));
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
    let unknown = verify(&key_manager, &Signer::es256("x").sign(&stage.claims())).await;
    assert!(unknown.is_err());
    assert_eq!(stage.server.count(JWKS), 0);
}

#[tokio::test]
async fn a_new_kid_is_looked_for_within_six_seconds_of_an_outage() {
    let stage = Stage::new().await;
    let key_manager = stage.key_manager(|_| {});
    assert_eq!(verify(&key_manager, &stage.token()).await, Ok(()));
    let new = Signer::es256("k2");
    let token = lasting(&stage, &new);
    stage.server.answer(JWKS, Reply::status(500));
    for _ in 0..100 {
        let away = verify(&key_manager, &token).await;
        let Err(VerifyError::KeysUnavailable(KeysUnavailable { retry_after, .. })) = away else {
            panic!("nobody could look: {away:?}")
        };
        assert!(retry_after.is_some_and(|wait| wait <= LAST_RETRY), "{retry_after:?}");
        stage.clock.advance(Duration::from_secs(1));
    }
    assert!(stage.server.count(JWKS) < 30, "it is asked now and then");
    publish(&stage, &[&stage.signer, &new]);
    stage.clock.advance(LAST_RETRY);
    assert_eq!(verify(&key_manager, &token).await, Ok(()));
}
