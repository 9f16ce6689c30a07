//! What gateways are told to look at again.

use phantom_store::*;

use crate::bed::*;

on_both! {
    every_published_write_is_a_change_of_what_gateways_see,
    a_transaction_names_an_entity_once,
    a_large_transaction_leaves_all_of_its_changes,
    forgotten_changes_leave_their_numbers_behind,
}

async fn changed(bed: &Bed, since: u64) -> Vec<(Entity, String)> {
    let changes = bed.store.changes_since(since, 100).await.unwrap();
    changes.into_iter().map(|change| (change.entity, change.id)).collect()
}

async fn every_published_write_is_a_change_of_what_gateways_see(bed: Bed) {
    let (api, manager, app) = (api("A", "v1", "/a"), key_manager("km"), application("o", "app"));
    let (plan, deny, revision) =
        (plan(PlanLevel::Advanced, "p"), deny_policy(), revision(api.id, 1));
    let (mapping, subscription) =
        (key_mapping(app.id, manager.id, "key"), subscription(app.id, api.id));
    let mut seen = 0;
    // Each write in a transaction of its own, and the changes it must leave.
    macro_rules! leaves {
        ($call:ident($($argument:expr),*), $entity:ident, $id:expr) => {
            leaves!($call($($argument),*), [(Entity::$entity, $id.to_string())]);
        };
        ($call:ident($($argument:expr),*), [$($change:expr),*]) => {
            let mut write = bed.write().await;
            let _ = write.$call($($argument),*).await.unwrap();
            write.commit().await.unwrap();
            let expected: Vec<(Entity, String)> = vec![$($change),*];
            assert_eq!(changed(&bed, seen).await, expected, stringify!($call));
            seen = bed.store.last_change().await.unwrap();
        };
    }
    leaves!(insert_user(&user("u")), []);
    leaves!(insert_client(&client("c", "c", ClientPurpose::Registered)), []);
    leaves!(insert_scope(&scope("s")), []);
    leaves!(insert_plan(&plan), Plan, plan.id);
    leaves!(update_plan(plan.clone()), Plan, plan.id);
    leaves!(insert_deny_policy(&deny), DenyPolicy, deny.id);
    leaves!(update_deny_policy(deny.clone()), DenyPolicy, deny.id);
    leaves!(insert_key_manager(&manager), KeyManager, manager.id);
    leaves!(update_key_manager(manager.clone()), KeyManager, manager.id);
    leaves!(insert_api(&api), Api, api.id);
    leaves!(update_api(api.clone()), Api, api.id);
    leaves!(insert_revision(&revision), []);
    leaves!(deploy(&deployment(&revision)), Api, api.id);
    leaves!(undeploy(api.id, "Default"), Api, api.id);
    leaves!(insert_application(&app), Application, app.id);
    leaves!(update_application(app.clone()), Application, app.id);
    leaves!(insert_key_mapping(&mapping), Application, app.id);
    leaves!(update_key_mapping(&mapping), Application, app.id);
    leaves!(insert_subscription(&subscription), Application, app.id);
    leaves!(update_subscription(subscription.clone()), Application, app.id);
    leaves!(delete_subscription(subscription.id), Application, app.id);
    leaves!(delete_key_mapping(mapping.id), Application, app.id);
    leaves!(delete_application(app.id), Application, app.id);
    leaves!(delete_api(api.id), Api, api.id);
    leaves!(delete_key_manager(manager.id), KeyManager, manager.id);
    leaves!(delete_deny_policy(deny.id), DenyPolicy, deny.id);
    leaves!(delete_plan(plan.id), Plan, plan.id);
    leaves!(insert_revocation(RevocationKind::Subject, "a", at(1), at(2)), Revocation, 1);
    leaves!(insert_revocation(RevocationKind::TokenId, "b", at(1), at(2)), Revocation, 2);
    assert_eq!(seen, 25);
}

async fn a_transaction_names_an_entity_once(bed: Bed) {
    let (api, app) = (api("A", "v1", "/a"), application("o", "app"));
    let mut write = bed.write().await;
    write.insert_api(&api).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_subscription(&subscription(app.id, api.id)).await.unwrap();
    write.update_application(app.clone()).await.unwrap();
    write.commit().await.unwrap();
    let expected = [(Entity::Api, api.id.to_string()), (Entity::Application, app.id.to_string())];
    assert_eq!(changed(&bed, 0).await, expected);
}

async fn a_large_transaction_leaves_all_of_its_changes(bed: Bed) {
    let mut write = bed.write().await;
    for number in 0..2500 {
        write.insert_application(&application("o", &number.to_string())).await.unwrap();
    }
    write.commit().await.unwrap();
    let changes = bed.store.changes_since(0, 10_000).await.unwrap();
    let numbers: Vec<u64> = changes.iter().map(|change| change.sequence).collect();
    assert_eq!(numbers, (1..=2500).collect::<Vec<u64>>());
    assert_eq!(bed.store.last_change().await.unwrap(), 2500);
}

async fn forgotten_changes_leave_their_numbers_behind(bed: Bed) {
    assert_eq!(
        (bed.store.first_change().await.unwrap(), bed.store.last_change().await.unwrap()),
        (1, 0)
    );
    let actor = Actor { name: "clock".to_owned(), address: None };
    for second in [10, 20, 30] {
        let mut write = bed.store.write(&actor, at(second)).await.unwrap();
        write.insert_application(&application("o", &second.to_string())).await.unwrap();
        write.commit().await.unwrap();
    }
    let mut write = bed.write().await;
    assert_eq!(write.forget_changes_before(at(30)).await.unwrap(), 2);
    write.commit().await.unwrap();
    assert_eq!(
        (bed.store.first_change().await.unwrap(), bed.store.last_change().await.unwrap()),
        (3, 3)
    );
    let mut write = bed.write().await;
    assert_eq!(write.forget_changes_before(at(99)).await.unwrap(), 1);
    write.insert_application(&application("o", "next")).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(
        (bed.store.first_change().await.unwrap(), bed.store.last_change().await.unwrap()),
        (4, 4)
    );
}
