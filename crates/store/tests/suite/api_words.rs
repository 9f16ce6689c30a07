//! Key managers and tags that APIs name.

use phantom_store::*;
use serde_json::json;

use crate::bed::*;

on_both! {
    apis_are_counted_by_key_manager_and_found_by_tag,
    databases_of_before_have_their_words_listed,
}

async fn two_apis(bed: &Bed) -> (ApiRow, ApiRow) {
    let one = ApiRow {
        document: json!({"keyManagers": ["curity", "other"], "tags": ["Weather", "100%"]}),
        ..api("One", "v1", "/one")
    };
    let two = ApiRow {
        document: json!({"keyManagers": ["all"], "tags": ["weather", "Weather"]}),
        ..api("Two", "v1", "/two")
    };
    let mut write = bed.write().await;
    write.insert_api(&one).await.unwrap();
    write.insert_api(&two).await.unwrap();
    write.commit().await.unwrap();
    (one, two)
}

async fn tagged(store: &Store, tag: TagWanted) -> Vec<String> {
    let filter = ApiFilter { tag: Some(tag), limit: 10, ..ApiFilter::default() };
    let page = store.apis(&filter).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.into_iter().map(|row| row.name).collect()
}

fn whole(tag: &str) -> TagWanted {
    TagWanted::Whole(tag.to_owned())
}

fn part(tag: &str) -> TagWanted {
    TagWanted::Part(tag.to_owned())
}

async fn counted(store: &Store) -> Vec<(String, u64)> {
    let named = store.key_managers_named().await.unwrap();
    let mut named: Vec<_> = named.into_iter().map(|named| (named.name, named.apis)).collect();
    named.sort();
    named
}

async fn apis_are_counted_by_key_manager_and_found_by_tag(bed: Bed) {
    let (one, _) = two_apis(&bed).await;
    let store = &bed.store;
    let expected = [("all", 1), ("curity", 1), ("other", 1)];
    assert_eq!(counted(store).await, expected.map(|(name, apis)| (name.to_owned(), apis)));
    assert_eq!(store.apis_naming_key_manager("curity").await.unwrap(), 1);
    assert_eq!(store.apis_naming_key_manager("Curity").await.unwrap(), 0);

    assert_eq!(tagged(store, whole("WEATHER")).await, ["One", "Two"]);
    assert_eq!(tagged(store, part("eath")).await, ["One", "Two"]);
    assert_eq!(tagged(store, part("0%")).await, ["One"]);
    assert!(tagged(store, whole("eath")).await.is_empty());
    assert!(tagged(store, part("_")).await.is_empty(), "it stands for itself");
    assert!(tagged(store, whole("curity")).await.is_empty(), "that is no tag");

    let mut write = bed.write().await;
    let row = write.api(one.id).await.unwrap().unwrap();
    let document = json!({"keyManagers": ["curity"], "tags": []});
    write.update_api(ApiRow { document, ..row }).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(store.apis_naming_key_manager("other").await.unwrap(), 0);
    assert_eq!(tagged(store, part("weather")).await, ["Two"]);
    let mut write = bed.write().await;
    write.delete_api(one.id).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(store.apis_naming_key_manager("curity").await.unwrap(), 0);
}

async fn databases_of_before_have_their_words_listed(bed: Bed) {
    two_apis(&bed).await;
    let mut write = bed.write().await;
    write.insert_api(&api("Without", "v1", "/without")).await.unwrap();
    write.commit().await.unwrap();
    bed.goes_back_to(4).await;
    let store = bed.another().await;
    assert_eq!(counted(&store).await.len(), 3);
    assert_eq!(tagged(&store, whole("weather")).await, ["One", "Two"]);
}
