//! Whose verdict it is.

use super::support::*;
use phantom_cache::CachePolicy;
use phantom_cache::CacheSecret;
use phantom_cache::Lookup;
use phantom_cache::TokenCache;
use phantom_core::Clock;
use phantom_oauth::Freshness;
use phantom_oauth::Introspection;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Rows: PITFALL-13, WSO2-10.4
#[tokio::test]
async fn a_token_known_to_one_key_manager_is_unknown_to_every_other() {
    let server = server(|_, _| active(expiring(100), Freshness::Unstated));
    let clock = at_noon();
    let secret = CacheSecret::new([7; 32]);
    let cache = |identity: [&[u8]; 4]| {
        let introspect = Arc::clone(&server);
        TokenCache::new(
            &identity,
            &secret,
            CachePolicy::default(),
            introspect,
            Arc::<ManualClock>::clone(&clock),
            Handle::current(),
        )
    };
    let ours = cache([b"issuer", b"endpoint", b"client", b"jwt"]);
    let digest = ours.digest(token("abc"));
    ours.ask(token("abc"), digest, peer(1)).await.outcome.unwrap();
    assert_matches!(ours.lookup(&digest, clock.now()), Lookup::Hit(_));
    for identity in [
        [b"other".as_slice(), b"endpoint", b"client", b"jwt"],
        [b"issuer", b"other", b"client", b"jwt"],
        [b"issuer", b"endpoint", b"other", b"jwt"],
        [b"issuer", b"endpoint", b"client", b"json"],
    ] {
        let theirs = cache(identity);
        let their_digest = theirs.digest(token("abc"));
        assert_ne!(their_digest, digest);
        assert_matches!(theirs.lookup(&their_digest, clock.now()), Lookup::Miss);
        assert_matches!(theirs.lookup(&digest, clock.now()), Lookup::Miss);
    }
}

/// Rows: CAC-5
#[tokio::test]
async fn tokens_of_one_key_manager_do_not_answer_for_each_other() {
    let rig = Rig::scripted(|_, token| match token {
        "good" => active(expiring(100), Freshness::Unstated),
        _ => Ok(Introspection::Inactive),
    });
    rig.resolve("good").await.unwrap();
    for other in ["goo", "good=", "Good", "goodd"] {
        assert!(rig.resolve(other).await.is_err(), "{other}");
    }
    assert_eq!(rig.server.calls(), 5);
}

/// Rows: PITFALL-15
#[tokio::test]
async fn an_exchange_prints_neither_tokens_nor_keys() {
    let rig = Rig::scripted(|_, _| active(expiring(100), Freshness::Unstated));
    rig.resolve("s3cret-t0ken").await.unwrap();
    let printed = format!("{:?} {:?}", rig.cache, rig.cache.digest(token("s3cret-t0ken")));
    assert!(!printed.contains("s3cret") && !printed.contains("e30"), "{printed}");
}
