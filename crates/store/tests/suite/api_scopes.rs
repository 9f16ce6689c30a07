//! The scopes of APIs, asked for by name.

use phantom_store::*;
use serde_json::json;

use crate::bed::*;

on_both! {
    a_scope_is_bound_as_the_apis_that_have_it_say,
    databases_of_before_have_their_scopes_listed,
}

fn scopes(scopes: &[(&str, &[&str], bool)]) -> serde_json::Value {
    let scopes = scopes.iter().map(|(name, bindings, shared)| {
        json!({"name": name, "bindings": bindings, "shared": shared, "displayName": null})
    });
    json!({"endpoint": "http://httpbin", "scopes": scopes.collect::<Vec<_>>()})
}

async fn bindings(store: &Store, name: &str) -> Vec<Vec<String>> {
    store.scope_bindings(name).await.unwrap()
}

async fn two_apis_and_a_shared_scope(bed: &Bed) -> ApiRow {
    let one = ApiRow {
        document: scopes(&[("write", &["admin"], false), ("free", &[], false)]),
        ..api("One", "v1", "/one")
    };
    // What a document holds of a shared scope is what the scope was.
    let two = ApiRow {
        document: scopes(&[("write", &["Internal/creator"], false), ("all", &["admin"], true)]),
        ..api("One", "v2", "/one")
    };
    let shared = ScopeRow { document: json!({"bindings": ["Internal/devops"]}), ..scope("all") };
    let mut write = bed.write().await;
    write.insert_scope(&shared).await.unwrap();
    write.insert_api(&one).await.unwrap();
    write.insert_api(&two).await.unwrap();
    write.commit().await.unwrap();
    one
}

fn used(version: &str, shared: bool) -> ScopeUse {
    ScopeUse { api: "One".to_owned(), version: version.to_owned(), shared }
}

async fn a_scope_is_bound_as_the_apis_that_have_it_say(bed: Bed) {
    let one = two_apis_and_a_shared_scope(&bed).await;
    let store = &bed.store;
    assert_eq!(bindings(store, "write").await, [["admin"], ["Internal/creator"]]);
    assert_eq!(bindings(store, "all").await, [["Internal/devops"]]);
    assert!(bindings(store, "free").await.is_empty());
    assert!(bindings(store, "nobodys").await.is_empty());

    let uses = store.scope_uses("write").await.unwrap();
    assert_eq!(uses, [used("v1", false), used("v2", false)]);
    let uses = store.scope_uses("all").await.unwrap();
    assert_eq!(uses, [used("v2", true)]);
    assert_eq!(store.scope_uses("nobodys").await.unwrap(), []);
    let counts = store.shared_scope_counts().await.unwrap();
    assert_eq!(counts, [SharedScopeCount { scope: "all".to_owned(), apis: 1 }]);

    let mut write = bed.write().await;
    let two = write.apis_named("one").await.unwrap().remove(1);
    let changed = ApiRow { document: scopes(&[("write", &["admin"], false)]), ..two };
    write.update_api(changed).await.unwrap();
    write.delete_api(one.id).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(bindings(store, "write").await, [["admin"]]);
}

async fn databases_of_before_have_their_scopes_listed(bed: Bed) {
    two_apis_and_a_shared_scope(&bed).await;
    bed.goes_back_to(1).await;
    let store = bed.another().await;
    assert_eq!(bindings(&store, "write").await, [["admin"], ["Internal/creator"]]);
    assert_eq!(bindings(&store, "all").await, [["Internal/devops"]]);
    let uses = store.scope_uses("all").await.unwrap();
    assert_eq!(uses, [used("v2", true)]);
}
