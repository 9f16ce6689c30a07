//! Who did what.

use phantom_store::*;
use serde_json::json;

use crate::bed::*;

on_both! {
    a_line_tells_who_did_what_when_and_from_where,
    the_audit_holds_no_secret,
    a_row_beyond_16_kib_leaves_its_hash,
    lines_are_found_by_who_what_and_when_and_page_by_page,
}

async fn lines_are_found_by_who_what_and_when_and_page_by_page(bed: Bed) {
    for (who, second) in [("ann", 1000), ("bob", 2000), ("ann", 3000)] {
        let actor = Actor { name: who.to_owned(), address: None };
        let mut write = bed.store.write(&actor, at(second)).await.unwrap();
        write.insert_scope(&scope(&format!("s{second}"))).await.unwrap();
        write.insert_user(&user(&format!("u{second}"))).await.unwrap();
        write.commit().await.unwrap();
    }
    let found = async |filter: AuditFilter| {
        let lines = bed.store.audit_matching(&filter, 4).await.unwrap();
        lines.iter().map(|line| line.sequence).collect::<Vec<_>>()
    };
    let all = AuditFilter::default();
    assert_eq!(found(all.clone()).await, [6, 5, 4, 3]);
    assert_eq!(found(AuditFilter { below: Some(3), ..all.clone() }).await, [2, 1]);
    let ann = AuditFilter { who: Some("ann".to_owned()), ..all.clone() };
    assert_eq!(found(ann.clone()).await, [6, 5, 2, 1]);
    assert_eq!(found(AuditFilter { entity: Some(Entity::User), ..ann.clone() }).await, [6, 2]);
    assert_eq!(found(AuditFilter { from: Some(at(1001)), ..ann.clone() }).await, [6, 5]);
    assert_eq!(found(AuditFilter { until: Some(at(3000)), ..ann }).await, [2, 1]);
    let of_one = AuditFilter { entity_id: Some("u2000".to_owned()), ..all.clone() };
    assert_eq!(found(of_one).await, [4]);
    assert!(found(AuditFilter { action: Some(Action::Delete), ..all }).await.is_empty());
}

async fn a_line_tells_who_did_what_when_and_from_where(bed: Bed) {
    let row = scope("read");
    let mut write = bed.write().await;
    write.insert_scope(&row).await.unwrap();
    let row = write.update_scope(ScopeRow { document: json!({"x": 1}), ..row }).await.unwrap();
    write.delete_scope(row.id).await.unwrap();
    write.commit().await.unwrap();
    let lines = bed.store.audit_since(0, 10).await.unwrap();
    let (old, new) =
        (json!({"name": "read", "document": []}), json!({"name": "read", "document": {"x": 1}}));
    let expected = [
        (Action::Create, None, Some(old.clone())),
        (Action::Update, Some(old), Some(new.clone())),
        (Action::Delete, Some(new), None),
    ];
    assert_eq!(lines.len(), expected.len());
    for (line, (action, before, after)) in lines.iter().zip(expected) {
        assert_eq!((line.action, &line.before, &line.after), (action, &before, &after));
        assert_eq!((line.at, line.who.as_str()), (at(1000), "admin"));
        assert_eq!(line.address, Some([192, 0, 2, 7].into()));
        assert_eq!((line.entity, &line.entity_id), (Entity::Scope, &row.id.to_string()));
    }
    let latest = bed.store.audit_latest(1, 0).await.unwrap();
    assert_eq!(latest[..], lines[2..]);
    let of_it = bed.store.audit_of(Entity::Scope, &row.id.to_string(), 10).await.unwrap();
    assert_eq!(of_it.len(), 3);
    assert!(bed.store.audit_of(Entity::Api, &row.id.to_string(), 10).await.unwrap().is_empty());
}

async fn the_audit_holds_no_secret(bed: Bed) {
    let (manager, app) = (key_manager("km"), application("o", "app"));
    let client = client("c", "c", ClientPurpose::Registered);
    let mapping = key_mapping(app.id, manager.id, "key");
    let mut write = bed.write().await;
    write.insert_user(&user("u")).await.unwrap();
    write.update_user(&user("u")).await.unwrap();
    write.insert_client(&client).await.unwrap();
    write.update_client(&client).await.unwrap();
    write.insert_key_manager(&manager).await.unwrap();
    write.update_key_manager(manager.clone()).await.unwrap();
    write.insert_application(&app).await.unwrap();
    write.insert_key_mapping(&mapping).await.unwrap();
    write.update_key_mapping(&mapping).await.unwrap();
    write.delete_key_mapping(mapping.id).await.unwrap();
    write.delete_client("c").await.unwrap();
    write.commit().await.unwrap();
    let lines = format!("{:?}", bed.store.audit_since(0, 100).await.unwrap());
    assert!(lines.contains("client_secret"), "the name of a secret is no secret: {lines}");
    for secret in [
        "hash-of-the-password",
        "the-client-secret",
        "the-introspection-secret",
        "the-consumer-secret",
    ] {
        assert!(!lines.contains(secret), "{secret}");
    }
    let rows = format!("{client:?}{manager:?}{mapping:?}{:?}{:?}", user("u"), bed.place.settings());
    for secret in [
        "hash-of-the-password",
        "the-client-secret",
        "the-introspection-secret",
        "the-consumer-secret",
        KEY,
    ] {
        assert!(!rows.contains(secret), "{secret}");
    }
}

async fn a_row_beyond_16_kib_leaves_its_hash(bed: Bed) {
    let long = ApiRow { document: json!("x".repeat(20_000)), ..api("Long", "v1", "/long") };
    let mut write = bed.write().await;
    write.insert_api(&long).await.unwrap();
    write.commit().await.unwrap();
    let line = bed.store.audit_latest(1, 0).await.unwrap().remove(0);
    let after = line.after.unwrap();
    assert_eq!((&after["name"], &after["version"]), (&json!("Long"), &json!("v1")));
    assert_eq!(after["sha256"].as_str().unwrap().len(), 64);
    assert!(after["bytes"].as_u64().unwrap() > 20_000);
    assert_eq!(bed.store.api(long.id).await.unwrap().unwrap(), long);
}
