//! Text is text: nothing in it is ever a part of a statement.

use phantom_store::*;
use serde_json::json;

use crate::bed::*;

on_both! {
    whatever_is_written_is_found_again,
    a_nul_is_refused_by_both,
    text_without_end_is_refused,
}

const HOSTILE: [&str; 10] = [
    "'; DROP TABLE applications; --",
    "\" OR \"\"=\"",
    "$1 ? :name @x {0}",
    "<script>alert(1)</script>&amp;",
    "line\r\nfeed\ttab\u{1}\u{7f}",
    "日本語 🦀 \u{10ffff}",
    "e\u{301} \u{200f}rtl\u{202e}",
    "\\x00 \\u0000 %00",
    "",
    " blank around ",
];

async fn whatever_is_written_is_found_again(bed: Bed) {
    let mut write = bed.write().await;
    for text in HOSTILE {
        let row = ApplicationRow {
            plan: text.to_owned(),
            document: json!({text: [text, "\0 in a document is escaped"]}),
            ..application(text, text)
        };
        write.insert_application(&row).await.unwrap();
    }
    write.commit().await.unwrap();
    for text in HOSTILE {
        let row = bed.store.application_by_name(text, text).await.unwrap().unwrap();
        assert_eq!((row.owner.as_str(), row.name.as_str()), (text, text));
        assert_eq!(row.document, json!({text: [text, "\0 in a document is escaped"]}));
        let filter = ApplicationFilter {
            owner: Some(text.to_owned()),
            name_contains: Some(text.to_owned()),
            limit: 10,
            ..ApplicationFilter::default()
        };
        let found = CountedApplication { row, subscriptions: 0 };
        assert_eq!(bed.store.applications(&filter).await.unwrap().rows, [found]);
    }
}

async fn a_nul_is_refused_by_both(bed: Bed) {
    let mut write = bed.write().await;
    let error = write.insert_application(&application("o", "a\0b")).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot be stored: text holds a NUL character");
    // Refused before the database saw it: the transaction goes on.
    write.insert_application(&application("o", "ab")).await.unwrap();
    write.commit().await.unwrap();
    let error = bed.store.application_by_name("o", "a\0").await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
}

async fn text_without_end_is_refused(bed: Bed) {
    let long = ScopeRow { document: json!("x".repeat(17 << 20)), ..scope("long") };
    let error = bed.write().await.insert_scope(&long).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot be stored: text is longer than 16 MiB");
}
