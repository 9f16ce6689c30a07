//! What gateways get.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use phantom_store::*;
use serde_json::json;
use uuid::Uuid;

use crate::bed::*;

on_both! {
    a_snapshot_holds_everything_that_is_published,
    a_snapshot_is_of_one_moment_while_others_write,
    ; unpooled: units_are_put_together_across_chunks
}

async fn a_snapshot_holds_everything_that_is_published(bed: Bed) {
    let (api, manager, app) = (api("A", "v1", "/a"), key_manager("km"), application("o", "app"));
    let revision = revision(api.id, 1);
    let mut write = bed.write().await;
    write.insert_plan(&plan(PlanLevel::Application, "10PerMin")).await.unwrap();
    write.insert_deny_policy(&deny_policy()).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    write.insert_api(&api).await.unwrap();
    write.insert_revision(&revision).await.unwrap();
    write.deploy(&deployment(&revision)).await.unwrap();
    // The working copy goes on, the state is live.
    let ahead =
        ApiRow { document: json!("working copy"), state: LifecycleState::Published, ..api.clone() };
    write.update_api(ahead).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_key_mapping(&key_mapping(app.id, manager.id, "key")).await.unwrap();
    write.insert_subscription(&subscription(app.id, api.id)).await.unwrap();
    write.insert_revocation(RevocationKind::ConsumerKey, "dead", at(1), at(50)).await.unwrap();
    write.insert_revocation(RevocationKind::ConsumerKey, "past", at(1), at(5)).await.unwrap();
    write.commit().await.unwrap();

    let snapshot = bed.store.snapshot("Default", at(10)).await.unwrap();
    assert_eq!(snapshot.sequence, bed.store.last_change().await.unwrap());
    assert_eq!((snapshot.key_managers.len(), snapshot.plans.len()), (1, 1));
    assert_eq!((snapshot.deny_policies.len(), snapshot.revocations.len()), (1, 1));
    let [deployed] = &snapshot.apis[..] else { panic!("{:?}", snapshot.apis) };
    assert_eq!(deployed.document, revision.document);
    assert_eq!((deployed.api, deployed.revision), (api.id, revision.id));
    assert_eq!((deployed.state, deployed.revision_number), (LifecycleState::Published, 1));
    assert_eq!(bed.store.deployed_api(api.id, "Default").await.unwrap().as_ref(), Some(deployed));
    let unit = ApplicationUnit {
        id: app.id,
        name: "app".to_owned(),
        owner: "o".to_owned(),
        plan: "10PerMin".to_owned(),
        keys: vec![UnitKey {
            key_manager: manager.id,
            consumer_key: "key".to_owned(),
            key_type: MappedKeyType::Production,
        }],
        subscriptions: vec![UnitSubscription {
            api: api.id,
            plan: "Unlimited".to_owned(),
            status: SubscriptionState::Unblocked,
        }],
    };
    assert_eq!(bed.store.application_unit(app.id).await.unwrap().as_ref(), Some(&unit));
    assert_eq!(snapshot.applications, [unit]);
    assert!(bed.store.application_unit(Uuid::now_v7()).await.unwrap().is_none());
    let elsewhere = bed.store.snapshot("Elsewhere", at(10)).await.unwrap();
    assert!(elsewhere.apis.is_empty());
}

/// Each transaction adds an application, a plan and a revocation: every snapshot has as many of
/// each, and the number that goes with them.
async fn a_snapshot_is_of_one_moment_while_others_write(bed: Bed) {
    let done = Arc::new(AtomicBool::new(false));
    let (store, finished) = (bed.store.clone(), done.clone());
    let writer = tokio::spawn(async move {
        for number in 0..60 {
            let name = number.to_string();
            let mut write = begin(&store).await;
            write.insert_application(&application("o", &name)).await.unwrap();
            write.insert_plan(&plan(PlanLevel::Custom, &name)).await.unwrap();
            write.insert_revocation(RevocationKind::Subject, &name, at(1), at(50)).await.unwrap();
            write.commit().await.unwrap();
        }
        finished.store(true, Ordering::SeqCst);
    });
    loop {
        let last = done.load(Ordering::SeqCst);
        let snapshot = bed.store.snapshot("Default", at(10)).await.unwrap();
        let count = snapshot.applications.len();
        assert_eq!((snapshot.plans.len(), snapshot.revocations.len()), (count, count));
        assert_eq!(snapshot.sequence, 3 * count as u64);
        if last {
            assert_eq!(count, 60);
            break;
        }
    }
    writer.await.unwrap();
}

async fn units_are_put_together_across_chunks(bed: Bed) {
    // More than two chunks of 4096, written in no order of ids.
    const MANY: usize = 8300;
    let (api, manager) = (api("A", "v1", "/a"), key_manager("km"));
    let mut write = bed.write().await;
    write.insert_api(&api).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    for number in 0..MANY {
        let id = Uuid::from_u128(
            (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        );
        let app = ApplicationRow { id, ..application("o", &number.to_string()) };
        write.insert_application(&app).await.unwrap();
        if number % 7 == 0 {
            write
                .insert_key_mapping(&key_mapping(id, manager.id, &number.to_string()))
                .await
                .unwrap();
        }
        if number % 5 == 0 {
            write.insert_subscription(&subscription(id, api.id)).await.unwrap();
        }
    }
    write.commit().await.unwrap();
    let units = bed.store.application_units().await.unwrap();
    assert_eq!(units.len(), MANY);
    assert!(units.is_sorted_by_key(|unit| unit.id));
    for unit in units {
        let number: usize = unit.name.parse().unwrap();
        assert_eq!(unit.keys.len(), usize::from(number.is_multiple_of(7)), "{number}");
        assert!(unit.keys.iter().all(|key| key.consumer_key == unit.name), "{number}");
        assert_eq!(unit.subscriptions.len(), usize::from(number.is_multiple_of(5)), "{number}");
    }
}
