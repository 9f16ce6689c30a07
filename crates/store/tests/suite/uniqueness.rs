//! What may be there only once, and what only looks like it.

use phantom_store::*;
use uuid::Uuid;

use crate::bed::*;

on_both! {
    names_are_taken_once,
    names_and_contexts_of_apis_are_taken_once_per_version_case_aside,
    a_consumer_key_and_a_key_type_are_mapped_once_per_key_manager,
    an_application_subscribes_to_an_api_once,
}

/// Runs one write and tells which constraint it broke.
macro_rules! taken {
    ($bed:expr, $insert:ident, $row:expr) => {{
        let mut write = $bed.write().await;
        match write.$insert($row).await {
            Err(StoreError::Duplicate { what }) => what,
            other => panic!("{other:?}"),
        }
    }};
}

macro_rules! kept {
    ($bed:expr, $insert:ident, $row:expr) => {{
        let mut write = $bed.write().await;
        write.$insert($row).await.unwrap();
        write.commit().await.unwrap();
    }};
}

async fn names_are_taken_once(bed: Bed) {
    kept!(bed, insert_user, &user("admin"));
    assert_eq!(taken!(bed, insert_user, &user("admin")), "users.name");
    let registered = client("a", "setup", ClientPurpose::Registered);
    kept!(bed, insert_client, &registered);
    let again = client("a", "other", ClientPurpose::Registered);
    assert_eq!(taken!(bed, insert_client, &again), "clients.client_id");
    let again = client("b", "setup", ClientPurpose::Registered);
    assert_eq!(taken!(bed, insert_client, &again), "clients.name");
    kept!(bed, insert_client, &client("c", "setup", ClientPurpose::ApplicationKey));
    kept!(bed, insert_client, &client("d", "setup", ClientPurpose::ApplicationKey));
    kept!(bed, insert_token, &token(1, "a", Uuid::now_v7(), 100));
    let again = token(1, "a", Uuid::now_v7(), 100);
    assert_eq!(taken!(bed, insert_token, &again), "tokens.digest");
    kept!(bed, insert_key_manager, &key_manager("curity"));
    assert_eq!(taken!(bed, insert_key_manager, &key_manager("curity")), "key_managers.name");
    kept!(bed, insert_plan, &plan(PlanLevel::Application, "Gold"));
    kept!(bed, insert_plan, &plan(PlanLevel::Subscription, "Gold"));
    let again = plan(PlanLevel::Application, "Gold");
    assert_eq!(taken!(bed, insert_plan, &again), "plans.level, plans.name");
    let deny = deny_policy();
    kept!(bed, insert_deny_policy, &deny);
    assert_eq!(taken!(bed, insert_deny_policy, &deny), "deny_policies.id");
    kept!(bed, insert_scope, &scope("read"));
    assert_eq!(taken!(bed, insert_scope, &scope("read")), "scopes.name");
    kept!(bed, insert_application, &application("alice", "App"));
    kept!(bed, insert_application, &application("bob", "App"));
    let again = application("alice", "aPP");
    assert_eq!(
        taken!(bed, insert_application, &again),
        "applications.owner, applications.name_key"
    );
    let again = ApplicationRow { name: "Other".to_owned(), ..application("bob", "x") };
    kept!(bed, insert_application, &again);
    let same_id = ApplicationRow { name: "Third".to_owned(), ..again.clone() };
    assert_eq!(taken!(bed, insert_application, &same_id), "applications.id");
    let mut write = bed.write().await;
    let renamed = ApplicationRow { name: "APP".to_owned(), ..again };
    let error = write.update_application(renamed).await.unwrap_err();
    assert_eq!(error.to_string(), "applications.owner, applications.name_key is taken");
}

/// Rows: WSO2-6.1
async fn names_and_contexts_of_apis_are_taken_once_per_version_case_aside(bed: Bed) {
    let row = api("Größe", "v1", "/größe");
    kept!(bed, insert_api, &row);
    kept!(bed, insert_api, &api("Größe", "v2", "/größe"));
    assert_eq!(
        taken!(bed, insert_api, &api("GRÖßE", "v1", "/other")),
        "apis.name_key, apis.api_version"
    );
    assert_eq!(
        taken!(bed, insert_api, &api("Other", "v1", "/GRÖßE")),
        "apis.context_key, apis.api_version"
    );
    let same_id = ApiRow { id: row.id, ..api("Third", "v1", "/third") };
    assert_eq!(taken!(bed, insert_api, &same_id), "apis.id");
    kept!(bed, insert_revision, &revision(row.id, 1));
    assert_eq!(
        taken!(bed, insert_revision, &revision(row.id, 1)),
        "revisions.api, revisions.number"
    );
}

/// Rows: WSO2-7.2.3
async fn a_consumer_key_and_a_key_type_are_mapped_once_per_key_manager(bed: Bed) {
    let (one, two) = (key_manager("one"), key_manager("two"));
    let (mine, yours) = (application("alice", "mine"), application("bob", "yours"));
    kept!(bed, insert_key_manager, &one);
    kept!(bed, insert_key_manager, &two);
    kept!(bed, insert_application, &mine);
    kept!(bed, insert_application, &yours);
    kept!(bed, insert_key_mapping, &key_mapping(mine.id, one.id, "key"));
    kept!(bed, insert_key_mapping, &key_mapping(mine.id, two.id, "key"));
    let anothers = key_mapping(yours.id, one.id, "key");
    assert_eq!(
        taken!(bed, insert_key_mapping, &anothers),
        "key_mappings.key_manager, key_mappings.consumer_key"
    );
    let sandbox = MappedKeyType::Sandbox;
    let both = KeyMappingRow { key_type: sandbox, ..key_mapping(mine.id, one.id, "key") };
    assert_eq!(
        taken!(bed, insert_key_mapping, &both),
        "key_mappings.key_manager, key_mappings.consumer_key"
    );
    let second = key_mapping(mine.id, one.id, "second");
    assert_eq!(
        taken!(bed, insert_key_mapping, &second),
        "key_mappings.application, key_mappings.key_manager, key_mappings.key_type"
    );
    kept!(bed, insert_key_mapping, &KeyMappingRow { key_type: sandbox, ..second });
}

/// Rows: WSO2-7.3.4
async fn an_application_subscribes_to_an_api_once(bed: Bed) {
    let (api, application) = (api("A", "v1", "/a"), application("alice", "app"));
    kept!(bed, insert_api, &api);
    kept!(bed, insert_application, &application);
    kept!(bed, insert_subscription, &subscription(application.id, api.id));
    let again = subscription(application.id, api.id);
    assert_eq!(
        taken!(bed, insert_subscription, &again),
        "subscriptions.application, subscriptions.api"
    );
}
