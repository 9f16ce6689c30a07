//! What a gateway is told that follows the store: section 9.

use std::time::Duration;

use phantom_publish::Follower;
use phantom_publish::Update;
use phantom_publish::key_managers::ResidentEndpoint;

use crate::devportal::fixtures::ApiFixture;
use crate::devportal::fixtures::api;
use crate::devportal::fixtures::application;
use crate::devportal::fixtures::deploy;
use crate::devportal::fixtures::now;
use crate::devportal::fixtures::write;
use crate::support::Plane;

fn follower(plane: &Plane) -> Follower {
    let resident = ResidentEndpoint {
        introspection_endpoint: "https://localhost:9443/oauth2/introspect".to_owned(),
        issuer: "https://localhost:9443/oauth2/token".to_owned(),
        client_id: "gateway".to_owned(),
        client_secret: String::from("secret").into(),
    };
    Follower::new(plane.store.clone(), resident, plane.clock.clone())
}

/// Rows: WSO2-9
#[tokio::test]
async fn a_change_alone_is_told_after_the_whole_catalog() {
    let plane = Plane::start().await;
    let mut follower = follower(&plane);
    assert!(matches!(follower.next().await.unwrap(), Update::Whole(_)));
    assert!(matches!(follower.next().await.unwrap(), Update::Nothing));
    let id = api(&plane, ApiFixture::default()).await;
    deploy(&plane, id).await;
    assert!(matches!(follower.next().await.unwrap(), Update::Changes(_)));
    assert!(matches!(follower.next().await.unwrap(), Update::Nothing));
}

/// Rows: WSO2-11.11
#[tokio::test]
async fn a_gateway_that_missed_changes_gets_the_whole_catalog_again() {
    let plane = Plane::start().await;
    let mut follower = follower(&plane);
    follower.next().await.unwrap();
    let id = api(&plane, ApiFixture::default()).await;
    deploy(&plane, id).await;
    plane.wait(Duration::from_secs(60));
    // What nobody has asked for in all the time that changes are kept is forgotten.
    let mut forgetting = write(&plane).await;
    assert!(forgetting.forget_changes_before(now(&plane)).await.unwrap() > 0);
    forgetting.commit().await.unwrap();
    let update = follower.next().await.unwrap();
    let Update::Whole(catalog) = update else { panic!("{update:?}") };
    assert_eq!(catalog.apis.len(), 1, "of the change that was forgotten");
    assert!(matches!(follower.next().await.unwrap(), Update::Nothing));
    application(&plane, "sue", "Later").await;
    assert!(matches!(follower.next().await.unwrap(), Update::Changes(_)));
}
