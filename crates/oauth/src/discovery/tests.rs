use phantom_testkit::Framing;
use phantom_testkit::Reply;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::KeyManager;
use crate::VerifyError;
use crate::test_support::*;

const WELL_KNOWN: &str = "/tenant/.well-known/openid-configuration";

fn document(stage: &Stage) -> Value {
    json!({
        "issuer": stage.server.url("/tenant"),
        "introspection_endpoint": stage.server.url(PATH),
        "jwks_uri": stage.server.url("/jwks"),
    })
}

/// Knows nothing but the metadata's address.
fn discovering(stage: &Stage) -> KeyManager {
    stage.key_manager(|c| {
        c.well_known = Some(stage.server.url(WELL_KNOWN));
        (c.issuer, c.introspection_endpoint, c.keys) = (None, None, None);
    })
}

fn token(stage: &Stage) -> String {
    let mut claims = stage.claims();
    claims["iss"] = json!(stage.server.url("/tenant"));
    stage.signer.sign(&claims)
}

/// Rows: DSC-1
#[tokio::test]
async fn only_the_configured_place_is_asked() {
    let stage = Stage::new().await;
    stage.server.answer(WELL_KNOWN, Reply::json(&document(&stage)));
    stage.answer(Reply::jwt(&token(&stage)));
    assert!(is_active(&ask(&discovering(&stage)).await));
    assert_eq!(stage.server.count(WELL_KNOWN), 1);
    assert_eq!(stage.server.count("/.well-known/oauth-authorization-server/tenant"), 0);
}

/// Rows: DSC-2
#[tokio::test]
async fn a_document_that_claims_another_issuer_is_discarded() {
    let stage = Stage::new().await;
    let mut other = document(&stage);
    other["issuer"] = json!(stage.server.url("/tenant/"));
    stage.server.answer(WELL_KNOWN, Reply::json(&other));
    let key_manager = discovering(&stage);
    let asked = ask(&key_manager).await;
    assert!(is_unavailable(&asked), "{asked:?}");
    assert_eq!(stage.server.count(PATH), 0);
    let presented = key_manager.verify_access_token(&token(&stage)).await;
    assert!(matches!(presented, Err(VerifyError::KeysUnavailable(_))));
}

/// Rows: DSC-4
#[tokio::test]
async fn redirects_and_oversized_documents_are_refused() {
    let stage = Stage::new().await;
    stage.server.answer("/elsewhere", Reply::json(&document(&stage)));
    let mut large = document(&stage);
    large["pad"] = json!("x".repeat(DEFAULT_BODY_LIMIT));
    for reply in [
        Reply::status(302).header("location", &stage.server.url("/elsewhere")),
        Reply::json(&large),
        Reply::json(&large).framing(Framing::Chunked),
    ] {
        stage.server.answer(WELL_KNOWN, reply);
        assert!(is_unavailable(&ask(&discovering(&stage)).await));
    }
    assert_eq!(stage.server.count("/elsewhere"), 0);
}

/// Rows: DSC-5
#[tokio::test]
async fn a_failed_refresh_keeps_the_old_document_until_the_hard_limit() {
    let stage = Stage::new().await;
    stage.server.answer(WELL_KNOWN, Reply::json(&document(&stage)));
    stage.answer(Reply::status(204));
    let key_manager = discovering(&stage);
    assert!(is_inactive(&ask(&key_manager).await));
    stage.server.answer(WELL_KNOWN, Reply::status(500));
    stage.clock.advance(REFRESH);
    assert!(is_inactive(&ask(&key_manager).await));
    assert_eq!(stage.server.count(WELL_KNOWN), 2, "it was asked again");
    stage.clock.advance(HARD_LIMIT - REFRESH);
    assert!(is_unavailable(&ask(&key_manager).await));
}

/// Rows: DSC-10
#[tokio::test]
async fn start_up_without_the_server_is_not_ready_and_heals_on_demand() {
    let stage = Stage::new().await;
    let key_manager = discovering(&stage);
    stage.answer(Reply::jwt(&token(&stage)));
    assert!(key_manager.warm_up(true).await.is_err());
    let asked = ask(&key_manager).await;
    let Err(crate::IntrospectError::Unavailable { retry_after, .. }) = asked else {
        panic!("{asked:?}")
    };
    assert_eq!(retry_after, Some(FIRST_RETRY));
    let presented = key_manager.verify_access_token(&token(&stage)).await;
    assert!(matches!(presented, Err(VerifyError::KeysUnavailable(_))), "never open");
    assert_eq!(stage.server.count(WELL_KNOWN), 1, "a pause between attempts");

    stage.server.answer(WELL_KNOWN, Reply::json(&document(&stage)));
    stage.clock.advance(FIRST_RETRY);
    assert!(is_active(&ask(&key_manager).await));
    assert!(key_manager.warm_up(true).await.is_ok());
}

/// Rows: PITFALL-26
#[tokio::test]
async fn metadata_without_an_endpoint_is_our_fault_to_mend() {
    let stage = Stage::new().await;
    let bare = json!({"issuer": stage.server.url("/tenant")});
    stage.server.answer(WELL_KNOWN, Reply::json(&bare));
    assert!(is_misbehaved(&ask(&discovering(&stage)).await));
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_fetch() {
    let stage = Stage::new().await;
    stage.server.answer(WELL_KNOWN, Reply::json(&document(&stage)));
    stage.answer(Reply::status(204));
    let key_manager = Arc::new(discovering(&stage));
    let askers: Vec<_> = (0..20)
        .map(|_| {
            let key_manager = Arc::clone(&key_manager);
            tokio::spawn(async move { is_inactive(&ask(&key_manager).await) })
        })
        .collect();
    for asker in askers {
        assert!(asker.await.unwrap());
    }
    assert_eq!(stage.server.count(WELL_KNOWN), 1);
}

#[tokio::test]
async fn after_outages_of_any_length_metadata_and_keys_are_fetched_within_six_seconds() {
    for seconds in [1, 20, 200] {
        let stage = Stage::new().await;
        stage.answer(Reply::jwt(&token(&stage)));
        let key_manager = discovering(&stage);
        let mut number = 0;
        let mut next = || {
            number += 1;
            format!("token-{number}")
        };
        for _ in 0..seconds {
            assert!(!is_active(&ask_for(&key_manager, &next()).await));
            stage.clock.advance(Duration::from_secs(1));
        }
        stage.server.answer(WELL_KNOWN, Reply::json(&document(&stage)));
        let mut waited = 0;
        while !is_active(&ask_for(&key_manager, &next()).await) {
            stage.clock.advance(Duration::from_secs(1));
            waited += 1;
        }
        assert!(waited <= 6, "after {seconds} s: {waited} s");
    }
}
