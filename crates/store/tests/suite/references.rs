//! What goes with its owner, and what is kept because others need it.

use phantom_store::*;
use uuid::Uuid;

use crate::bed::*;

on_both! {
    an_application_takes_its_mappings_and_subscriptions_with_it,
    what_is_in_use_stays,
    nothing_refers_to_what_is_not_there,
}

async fn an_application_takes_its_mappings_and_subscriptions_with_it(bed: Bed) {
    let (api, manager, app) = (api("A", "v1", "/a"), key_manager("km"), application("o", "app"));
    let (mapping, subscription) =
        (key_mapping(app.id, manager.id, "key"), subscription(app.id, api.id));
    let mut write = bed.write().await;
    write.insert_api(&api).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_key_mapping(&mapping).await.unwrap();
    write.insert_subscription(&subscription).await.unwrap();
    write.delete_application(app.id).await.unwrap();
    write.commit().await.unwrap();
    assert!(bed.store.key_mapping(mapping.id).await.unwrap().is_none());
    assert!(bed.store.subscription(subscription.id).await.unwrap().is_none());
    let mut write = bed.write().await;
    write.delete_api(api.id).await.unwrap();
    write.delete_key_manager(manager.id).await.unwrap();
    write.commit().await.unwrap();
}

async fn what_is_in_use_stays(bed: Bed) {
    let (api, manager, app) = (api("A", "v1", "/a"), key_manager("km"), application("o", "app"));
    let small = plan(PlanLevel::Application, "10PerMin");
    let unlimited = plan(PlanLevel::Subscription, "Unlimited");
    let namesake = plan(PlanLevel::Advanced, "Unlimited");
    let revision = revision(api.id, 1);
    let mut write = bed.write().await;
    for plan in [&small, &unlimited, &namesake] {
        write.insert_plan(plan).await.unwrap();
    }
    write.insert_api(&api).await.unwrap();
    write.insert_revision(&revision).await.unwrap();
    write.deploy(&deployment(&revision)).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_key_mapping(&key_mapping(app.id, manager.id, "key")).await.unwrap();
    write.insert_subscription(&subscription(app.id, api.id)).await.unwrap();
    let in_use = |result: Result<(), StoreError>| match result {
        Err(StoreError::InUse { what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(in_use(write.delete_api(api.id).await), "api.subscriptions");
    assert_eq!(in_use(write.delete_key_manager(manager.id).await), "key_manager.key_mappings");
    assert_eq!(in_use(write.delete_plan(small.id).await), "plan.applications");
    assert_eq!(in_use(write.delete_plan(unlimited.id).await), "plan.subscriptions");
    assert_eq!(in_use(write.delete_revision(revision.id).await), "revision.deployments");
    let renamed = PlanRow { name: "Other".to_owned(), ..small };
    assert_eq!(in_use(write.update_plan(renamed).await.map(drop)), "plan.applications");
    write.delete_plan(namesake.id).await.unwrap();
    write.undeploy(api.id, "Default").await.unwrap();
    write.delete_revision(revision.id).await.unwrap();
    // None of the refusals spoilt the transaction.
    write.commit().await.unwrap();
    assert!(bed.store.api(api.id).await.unwrap().is_some());
}

async fn nothing_refers_to_what_is_not_there(bed: Bed) {
    let app = application("o", "app");
    let mut write = bed.write().await;
    write.insert_application(&app).await.unwrap();
    write.commit().await.unwrap();
    let nobody = Uuid::now_v7();
    macro_rules! missing {
        ($insert:ident, $row:expr) => {
            let result = bed.write().await.$insert($row).await;
            assert!(matches!(result, Err(StoreError::Missing)), "{result:?}");
        };
    }
    missing!(insert_subscription, &subscription(app.id, nobody));
    missing!(insert_key_mapping, &key_mapping(app.id, nobody, "key"));
    missing!(insert_revision, &revision(nobody, 1));
    missing!(insert_token, &token(1, "nobody", nobody, 100));
    missing!(deploy, &deployment(&revision(nobody, 1)));
}
