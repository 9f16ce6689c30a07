//! What is written is read, changed and deleted.

use phantom_core::UnixTime;
use phantom_store::*;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use crate::bed::*;

on_both! {
    every_entity_is_read_as_it_was_written,
    an_update_bumps_the_version_and_a_stale_one_is_refused,
    what_is_deleted_is_missing,
    tokens_go_by_digest_family_client_and_expiry,
    tokens_that_end_early_leave_revocations_of_those_that_lived,
    the_end_of_another_servers_token_is_announced_sealed,
    deploying_replaces_what_the_environment_served,
    revision_numbers_never_return,
}

async fn every_entity_is_read_as_it_was_written(bed: Bed) {
    let (user, client) = (user("admin"), client("c1", "setup", ClientPurpose::Registered));
    let token = token(1, "c1", Uuid::now_v7(), 100);
    let (manager, plan) = (key_manager("curity"), plan(PlanLevel::Custom, "Gold"));
    let (deny, scope) = (deny_policy(), scope("read"));
    let api = api("HttpBin", "v1", "/httpbin");
    let revision = revision(api.id, 1);
    let deployment = deployment(&revision);
    let application = application("admin", "CurityApp");
    let mapping = key_mapping(application.id, manager.id, "client-one");
    let subscription = subscription(application.id, api.id);

    let mut write = bed.write().await;
    write.insert_user(&user).await.unwrap();
    write.insert_client(&client).await.unwrap();
    write.insert_token(&token).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    write.insert_plan(&plan).await.unwrap();
    write.insert_deny_policy(&deny).await.unwrap();
    write.insert_scope(&scope).await.unwrap();
    write.insert_api(&api).await.unwrap();
    write.insert_revision(&revision).await.unwrap();
    write.deploy(&deployment).await.unwrap();
    write.insert_application(&application).await.unwrap();
    write.insert_key_mapping(&mapping).await.unwrap();
    write.insert_subscription(&subscription).await.unwrap();
    let revocation =
        write.insert_revocation(RevocationKind::Subject, "alice", at(20), at(30)).await.unwrap();
    // The transaction sees its own rows.
    assert_eq!(write.api(api.id).await.unwrap().unwrap(), api);
    write.commit().await.unwrap();

    let store = &bed.store;
    assert_eq!(store.user("admin").await.unwrap().unwrap(), user);
    assert_eq!(store.users().await.unwrap(), [user]);
    let read = store.client("c1").await.unwrap().unwrap();
    assert_eq!(read.secret.expose_secret(), "the-client-secret");
    assert_eq!((read.purpose, read.grants), (client.purpose, client.grants));
    let read = store.registered_client("setup").await.unwrap().unwrap();
    assert_eq!((read.client_id, read.document), (client.client_id, client.document));
    assert_eq!(store.token(&[1; 32]).await.unwrap().unwrap(), token);
    let read = store.key_manager(manager.id).await.unwrap().unwrap();
    assert_eq!(read.secrets["client_secret"].expose_secret(), "the-introspection-secret");
    assert_eq!((read.enabled, read.document), (true, manager.document));
    let read = store.key_manager_by_name("curity").await.unwrap().unwrap();
    assert_eq!((read.id, read.version), (manager.id, 1));
    assert_eq!(store.plan(plan.id).await.unwrap().unwrap(), plan);
    assert_eq!(store.plan_by_name(plan.level, "Gold").await.unwrap().unwrap(), plan);
    assert_eq!(store.plans().await.unwrap(), [plan]);
    assert_eq!(store.plans_of(PlanLevel::Application).await.unwrap(), []);
    assert_eq!(store.deny_policy(deny.id).await.unwrap().unwrap(), deny);
    assert_eq!(store.deny_policies().await.unwrap(), [deny]);
    assert_eq!(store.scope(scope.id).await.unwrap().unwrap(), scope);
    assert_eq!(store.scope_by_name("read").await.unwrap().unwrap(), scope);
    assert_eq!(store.scopes().await.unwrap(), [scope]);
    assert_eq!(store.api(api.id).await.unwrap().unwrap(), api);
    assert_eq!(store.apis_named("httpBIN").await.unwrap()[..], *std::slice::from_ref(&api));
    assert_eq!(store.apis_at("/HTTPBIN").await.unwrap()[..], *std::slice::from_ref(&api));
    assert_eq!(store.revision(revision.id).await.unwrap().unwrap(), revision);
    assert_eq!(store.revisions(api.id).await.unwrap(), [revision]);
    assert_eq!(store.deployments(api.id).await.unwrap()[..], *std::slice::from_ref(&deployment));
    assert_eq!(store.deployment(api.id, "Default").await.unwrap().unwrap(), deployment);
    assert_eq!(store.application(application.id).await.unwrap().unwrap(), application);
    let read = store.application_by_name("admin", "curityAPP").await.unwrap().unwrap();
    assert_eq!(read, application);
    let read = store.key_mapping(mapping.id).await.unwrap().unwrap();
    assert_eq!(read.secret.unwrap().expose_secret(), "the-consumer-secret");
    assert_eq!((read.key_type, read.mode), (mapping.key_type, mapping.mode));
    assert_eq!(store.key_mappings(application.id).await.unwrap()[0].id, mapping.id);
    let read = store.key_mapping_of(manager.id, "client-one").await.unwrap().unwrap();
    assert_eq!(read.application, application.id);
    assert_eq!(store.key_mapping_count(manager.id).await.unwrap(), 1);
    assert_eq!(store.subscription(subscription.id).await.unwrap().unwrap(), subscription);
    let read = store.subscription_of(application.id, api.id).await.unwrap().unwrap();
    assert_eq!(read, subscription);
    assert_eq!(store.subscription_count(application.id).await.unwrap(), 1);
    assert_eq!(store.subscriber_count(api.id).await.unwrap(), 1);
    assert_eq!(store.revocation(revocation.sequence).await.unwrap().unwrap(), revocation);
    assert_eq!(store.revocations(at(29)).await.unwrap(), [revocation]);
    assert_eq!(store.revocations(at(30)).await.unwrap(), []);
}

async fn an_update_bumps_the_version_and_a_stale_one_is_refused(bed: Bed) {
    let mut write = bed.write().await;
    write.insert_user(&user("admin")).await.unwrap();
    let client = client("c1", "setup", ClientPurpose::Registered);
    write.insert_client(&client).await.unwrap();
    macro_rules! versioned {
        ($row:expr, $insert:ident, $update:ident, $read:ident, $change:expr) => {
            let row = $row;
            write.$insert(&row).await.unwrap();
            let mut changed = row.clone();
            $change(&mut changed);
            let changed = write.$update(changed).await.unwrap();
            assert_eq!(changed.version, 2);
            let read = write.$read(row.id).await.unwrap().unwrap();
            assert_eq!((read.version, &read.document), (2, &changed.document));
            assert_ne!(read.document, row.document);
            let stale = write.$update(row.clone()).await;
            assert!(matches!(stale, Err(StoreError::VersionMismatch)), "{stale:?}");
        };
    }
    versioned!(
        key_manager("curity"),
        insert_key_manager,
        update_key_manager,
        key_manager,
        |row: &mut KeyManagerRow| row.document = json!(1)
    );
    versioned!(
        plan(PlanLevel::Application, "Gold"),
        insert_plan,
        update_plan,
        plan,
        |row: &mut PlanRow| row.document = json!(1)
    );
    versioned!(
        deny_policy(),
        insert_deny_policy,
        update_deny_policy,
        deny_policy,
        |row: &mut DenyPolicyRow| row.document = json!(1)
    );
    versioned!(scope("read"), insert_scope, update_scope, scope, |row: &mut ScopeRow| row
        .document =
        json!(1));
    versioned!(api("A", "v1", "/a"), insert_api, update_api, api, |row: &mut ApiRow| row
        .document =
        json!(1));
    versioned!(
        application("admin", "app"),
        insert_application,
        update_application,
        application,
        |row: &mut ApplicationRow| row.document = json!(1)
    );
    write.commit().await.unwrap();

    let mut write = bed.write().await;
    let mut user = user("admin");
    user.roles = vec![Role::Subscriber];
    write.update_user(&user).await.unwrap();
    let secret = SecretString::from("another");
    write.update_client(&ClientRow { secret, ..client }).await.unwrap();
    let (app, api) = (application("bob", "app"), api("B", "v1", "/b"));
    write.insert_application(&app).await.unwrap();
    write.insert_api(&api).await.unwrap();
    let row = subscription(app.id, api.id);
    write.insert_subscription(&row).await.unwrap();
    let blocked = SubscriptionRow { status: SubscriptionState::Blocked, ..row.clone() };
    let blocked = write.update_subscription(blocked).await.unwrap();
    assert_eq!((blocked.version, blocked.updated_at), (2, at(1000)));
    let stale = write.update_subscription(row).await;
    assert!(matches!(stale, Err(StoreError::VersionMismatch)));
    let manager = key_manager("other");
    write.insert_key_manager(&manager).await.unwrap();
    let mapping = key_mapping(app.id, manager.id, "k");
    write.insert_key_mapping(&mapping).await.unwrap();
    let renewed = KeyMappingRow { secret: None, document: json!({"x": 1}), ..mapping };
    write.update_key_mapping(&renewed).await.unwrap();
    write.commit().await.unwrap();

    assert_eq!(bed.store.user("admin").await.unwrap().unwrap(), user);
    let client = bed.store.client("c1").await.unwrap().unwrap();
    assert_eq!(client.secret.expose_secret(), "another");
    assert_eq!(bed.store.subscription(blocked.id).await.unwrap().unwrap(), blocked);
    let mapping = bed.store.key_mapping(renewed.id).await.unwrap().unwrap();
    assert!(mapping.secret.is_none());
    assert_eq!(mapping.document, json!({"x": 1}));
}

async fn what_is_deleted_is_missing(bed: Bed) {
    let mut write = bed.write().await;
    macro_rules! gone {
        ($row:expr, $key:ident, $insert:ident, $delete:ident, $read:ident) => {
            let row = $row;
            write.$insert(&row).await.unwrap();
            write.$delete(row.$key).await.unwrap();
            assert!(write.$read(row.$key).await.unwrap().is_none());
            let again = write.$delete(row.$key).await;
            assert!(matches!(again, Err(StoreError::Missing)), "{again:?}");
        };
    }
    gone!(key_manager("x"), id, insert_key_manager, delete_key_manager, key_manager);
    gone!(plan(PlanLevel::Application, "x"), id, insert_plan, delete_plan, plan);
    gone!(deny_policy(), id, insert_deny_policy, delete_deny_policy, deny_policy);
    gone!(scope("x"), id, insert_scope, delete_scope, scope);
    gone!(api("x", "v1", "/x"), id, insert_api, delete_api, api);
    gone!(application("x", "x"), id, insert_application, delete_application, application);
    write.insert_user(&user("x")).await.unwrap();
    write.delete_user("x").await.unwrap();
    assert!(matches!(write.delete_user("x").await, Err(StoreError::Missing)));
    assert!(matches!(write.update_user(&user("x")).await, Err(StoreError::Missing)));
    let missing = write.update_api(api("never", "v1", "/never")).await;
    assert!(matches!(missing, Err(StoreError::Missing)));
    write.commit().await.unwrap();
}

async fn tokens_go_by_digest_family_client_and_expiry(bed: Bed) {
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let mut write = bed.write().await;
    for id in ["a", "b"] {
        write.insert_client(&client(id, id, ClientPurpose::ApplicationKey)).await.unwrap();
    }
    for (digest, client, family, expires_at) in [
        (1, "a", one, 100),
        (2, "a", one, 100),
        (3, "b", two, 100),
        (4, "b", two, 50),
        (5, "b", Uuid::now_v7(), 100),
        (6, "a", Uuid::now_v7(), 100),
    ] {
        write.insert_token(&token(digest, client, family, expires_at)).await.unwrap();
    }
    assert!(write.spend_token(&[5; 32]).await.unwrap());
    assert!(!write.spend_token(&[5; 32]).await.unwrap(), "spent once");
    assert_eq!(write.token(&[5; 32]).await.unwrap().unwrap().kind, TokenKind::Spent);
    let access = TokenRow { kind: TokenKind::Access, ..token(7, "b", two, 100) };
    write.insert_token(&access).await.unwrap();
    assert!(!write.spend_token(&[7; 32]).await.unwrap(), "no refresh token");
    assert_eq!(write.end_tokens(TokensOf::AccessOf(two)).await.unwrap(), 1);
    assert_eq!(write.delete_expired_tokens(at(50)).await.unwrap(), 1);
    assert_eq!(write.end_tokens(TokensOf::Family(one)).await.unwrap(), 2);
    write.delete_client("a").await.unwrap();
    write.commit().await.unwrap();
    assert!(bed.store.token(&[6; 32]).await.unwrap().is_none(), "it went with its client");
}

async fn tokens_that_end_early_leave_revocations_of_those_that_lived(bed: Bed) {
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let access = |digest, family, expires_at| TokenRow {
        kind: TokenKind::Access,
        ..token(digest, "a", family, expires_at)
    };
    let others = TokenRow { username: Some("sue".to_owned()), ..access(6, two, 2000) };
    let mut write = bed.write().await;
    write.insert_client(&client("a", "a", ClientPurpose::ApplicationKey)).await.unwrap();
    for row in [access(1, one, 2000), token(2, "a", one, 3000), access(3, two, 1500)] {
        write.insert_token(&row).await.unwrap();
    }
    // Past its end already; it is 1000 now.
    write.insert_token(&access(4, two, 999)).await.unwrap();
    write.insert_token(&others).await.unwrap();
    write.commit().await.unwrap();
    let revoked = async || -> Vec<(String, UnixTime)> {
        let rows = bed.store.revocations(at(0)).await.unwrap();
        assert!(rows.iter().all(|row| row.kind == RevocationKind::TokenId && row.at == at(1000)));
        rows.into_iter().map(|row| (row.value, row.expires_at)).collect()
    };
    let id = |digest: u8| format!("{digest:02x}").repeat(16);

    let mut write = bed.write().await;
    assert_eq!(write.end_tokens(TokensOf::Family(one)).await.unwrap(), 2);
    write.commit().await.unwrap();
    assert_eq!(revoked().await, [(id(1), at(2000))]);
    assert!(bed.store.token(&[1; 32]).await.unwrap().is_none());

    let mut write = bed.write().await;
    assert_eq!(write.end_tokens(TokensOf::User("admin")).await.unwrap(), 2);
    write.commit().await.unwrap();
    assert_eq!(revoked().await, [(id(1), at(2000)), (id(3), at(1500))]);
    assert_eq!(bed.store.token(&[6; 32]).await.unwrap().unwrap().id(), id(6));

    let mut write = bed.write().await;
    write.delete_client("a").await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(revoked().await, [(id(1), at(2000)), (id(3), at(1500)), (id(6), at(2000))]);
}

async fn the_end_of_another_servers_token_is_announced_sealed(bed: Bed) {
    let token = SecretString::from("a-token-of-another-server");
    let mut write = bed.write().await;
    write.announce_end(&token, at(10), at(100)).await.unwrap();
    // One that has ended by itself is not kept.
    write.announce_end(&SecretString::from("another"), at(10), at(10)).await.unwrap();
    write.commit().await.unwrap();
    let revoked = bed.store.revocations(at(99)).await.unwrap();
    let key = SealingKey::from_text(KEY).unwrap();
    let name = String::from(key.token_digest(token.expose_secret()));
    assert_eq!(revoked.len(), 1);
    assert_eq!((revoked[0].kind, &revoked[0].value), (RevocationKind::Token, &name));
    assert_eq!((revoked[0].at, revoked[0].expires_at), (at(10), at(100)));
    assert!(!bed.place.holds(token.expose_secret()), "no file holds the token");
    let changes = bed.store.changes_since(0, 10).await.unwrap();
    let entities: Vec<Entity> = changes.iter().map(|change| change.entity).collect();
    assert_eq!(entities, [Entity::Revocation, Entity::Token, Entity::Token]);
    let changes = &changes[1..];
    assert!(!changes[0].id.contains("token"), "{}", changes[0].id);
    let announced = bed.store.announced(&changes[0]).unwrap();
    assert_eq!(announced.expose_secret(), token.expose_secret());
    let damaged = ChangeRow { id: format!("{}A", changes[0].id), ..changes[0].clone() };
    assert!(matches!(bed.store.announced(&damaged), Err(StoreError::Sealed)));
    let audit = bed.store.audit_latest(10, 0).await.unwrap();
    assert!(!format!("{audit:?}").contains("another-server"));
}

async fn deploying_replaces_what_the_environment_served(bed: Bed) {
    let api = api("A", "v1", "/a");
    let (first, second) = (revision(api.id, 1), revision(api.id, 2));
    let mut write = bed.write().await;
    write.insert_api(&api).await.unwrap();
    write.insert_revision(&first).await.unwrap();
    write.insert_revision(&second).await.unwrap();
    write.deploy(&deployment(&first)).await.unwrap();
    write.deploy(&deployment(&second)).await.unwrap();
    let elsewhere = DeploymentRow { environment: "Other".to_owned(), ..deployment(&first) };
    write.deploy(&elsewhere).await.unwrap();
    let of_another = DeploymentRow { api: Uuid::now_v7(), ..deployment(&first) };
    assert!(matches!(write.deploy(&of_another).await, Err(StoreError::Missing)));
    write.commit().await.unwrap();
    assert_eq!(bed.store.deployments(api.id).await.unwrap(), [deployment(&second), elsewhere]);
    let mut write = bed.write().await;
    write.undeploy(api.id, "Default").await.unwrap();
    assert!(matches!(write.undeploy(api.id, "Default").await, Err(StoreError::Missing)));
    assert!(write.deployed_api(api.id, "Default").await.unwrap().is_none());
    assert!(write.deployed_api(api.id, "Other").await.unwrap().is_some());
}

async fn revision_numbers_never_return(bed: Bed) {
    let api = api("A", "v1", "/a");
    let mut write = bed.write().await;
    write.insert_api(&api).await.unwrap();
    assert_eq!(write.next_revision_number(api.id).await.unwrap(), 1);
    let row = revision(api.id, 1);
    write.insert_revision(&row).await.unwrap();
    write.delete_revision(row.id).await.unwrap();
    assert_eq!(write.next_revision_number(api.id).await.unwrap(), 2);
    let missing = write.next_revision_number(Uuid::now_v7()).await;
    assert!(matches!(missing, Err(StoreError::Missing)));
}
