//! YAML within bounds: what a backup needs, and nothing that unfolds.

use phantom_core::room::with_room;
use serde::Serialize;
use serde_json::Value as Json;
use serde_saphyr::budget::BudgetBreach;

use super::error::BackupError;

/// The longest file that is written and read.
pub const MAX_BYTES: usize = 256 << 20;

/// Documents are at most 128 deep, which is what the store's JSON reads; a few levels are ours.
const MAX_DEPTH: usize = 136;

/// Scalars and collections in [`MAX_BYTES`] of ordinary documents.
const MAX_NODES: usize = 16 << 20;

pub(crate) fn read(text: &str) -> Result<Json, BackupError> {
    if text.len() > MAX_BYTES {
        return Err(BackupError::TooLarge);
    }
    with_room(|| bounded(text)).unwrap_or(Err(BackupError::NoThread))
}

fn bounded(text: &str) -> Result<Json, BackupError> {
    // Backups repeat themselves in full: no anchors, so no aliases, and no merged mappings.
    let budget = serde_saphyr::budget! {
        max_reader_input_bytes: Some(MAX_BYTES),
        max_events: 3 * MAX_NODES,
        max_aliases: 0,
        max_anchors: 0,
        max_depth: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
        max_documents: 1,
        max_nodes: MAX_NODES,
        max_total_scalar_bytes: MAX_BYTES,
    };
    let options = serde_saphyr::options! {
        budget: budget,
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::options::MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| refused(&error))
}

/// In words of ours: the library's quote the file.
fn refused(error: &serde_saphyr::Error) -> BackupError {
    let line = error.location().map(|location| location.line());
    let reason = match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { .. } => "a mapping has a key twice",
        serde_saphyr::Error::Budget { breach, .. } => match breach {
            BudgetBreach::Anchors { .. } => "what begins there has an anchor, which no backup has",
            BudgetBreach::Documents { .. } => "it has several documents",
            BudgetBreach::Depth { .. } => "it is too deep",
            _ => "it is too large",
        },
        _ => "it is not well formed",
    };
    BackupError::Yaml { line, reason }
}

pub(crate) fn write(file: &(impl Serialize + Sync)) -> Result<String, BackupError> {
    with_room(|| rendered(file)).unwrap_or(Err(BackupError::NoThread))
}

fn rendered(file: &impl Serialize) -> Result<String, BackupError> {
    // Text in lines stays in lines; long lines stay whole, so that nothing is folded.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_saphyr::to_string_with_options(file, options)
        .map_err(|_| BackupError::Unfaithful { source: None })?;
    if text.len() > MAX_BYTES { Err(BackupError::TooLarge) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json() -> impl Strategy<Value = Json> {
        let text = prop_oneof![
            any::<String>(),
            "[ -~\n\t]{0,120}",
            proptest::sample::select(vec![
                "yes",
                "no",
                "null",
                "~",
                "1_000",
                "0755",
                "0x1F",
                "1e5",
                ".inf",
                "2026-01-01",
                "<<",
                "a\n",
                "a\n\n",
                "\n",
                " a",
                "a ",
                "- a",
                "# a",
                "&a",
                "*a",
                "!a",
                "a: b",
                "|",
                ">",
                "12:30:45",
                "%TAG",
                "---",
                "...",
                "=",
                "\u{85}",
                "\u{2028}",
                "\u{feff}",
                "${HOME}",
            ])
            .prop_map(str::to_owned),
        ];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            text.clone().prop_map(Json::from),
        ];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
                proptest::collection::vec((text.clone(), inner), 0..6)
                    .prop_map(|members| Json::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_document_comes_back_as_it_was(document in json()) {
            let document = serde_json::json!({ "document": document });
            let text = write(&document).unwrap();
            prop_assert_eq!(read(&text).unwrap(), document, "{}", text);
        }
    }

    #[test]
    fn a_file_far_beyond_the_librarys_own_bounds_is_taken() {
        let entry = serde_json::json!({ "name": "n".repeat(40), "list": [1, 2, "three"] });
        let document = serde_json::json!({ "entries": vec![entry; 50_000] });
        let text = write(&document).unwrap();
        assert!(text.len() > 3 << 20);
        assert!(read(&text).unwrap() == document);
    }

    fn refusal(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn hostile_files_are_refused_and_not_unfolded() {
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(refusal(bomb).contains("an anchor"), "{}", refusal(bomb));
        assert!(refusal("a: &a 1\n").contains("(line 1): what begins there has an anchor"));
        assert!(refusal("a: 1\n---\nb: 2\n").contains("several documents"));
        for deep in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            assert!(read(&deep).is_err());
        }
        assert_eq!(
            refusal("a: 1\nb: 2\na: hunter2\n"),
            "this is no YAML that a backup could be (line 3): a mapping has a key twice"
        );
        for broken in
            ["a: [1", "a: !include /etc/passwd", "a: !!binary aHVudGVyMg", "\u{0}", "a: %"]
        {
            let refused = refusal(broken);
            assert!(!refused.contains("passwd") && refused.contains("YAML"), "{refused}");
        }
    }

    #[test]
    fn documents_as_deep_as_the_store_has_them_are_taken() {
        let mut document = Json::from(1);
        for _ in 0..120 {
            document = serde_json::json!({ "a": document });
        }
        assert_eq!(read(&write(&document).unwrap()).unwrap(), document);
    }
}
