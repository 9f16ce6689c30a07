use proptest::prelude::*;

use super::*;
use crate::managed::compile::compile;
use crate::testing::managed::api;

fn table(paths: &[&str]) -> ApiTable {
    let mut table = ApiTable::default();
    for path in paths {
        assert!(table.add(path, &served(path)), "{path}");
    }
    table
}

/// An API whose name is its path.
fn served(path: &str) -> Arc<ServedApi> {
    let api = phantom_core::catalog::ManagedApi { name: path.into(), ..api() };
    Arc::new(compile(&Arc::new(api), &[], false))
}

fn found<'p>(table: &ApiTable, path: &'p str) -> Option<(String, &'p str)> {
    let located = table.find(path)?;
    let name = located.api.api.label.split(':').next().unwrap().to_owned();
    assert_eq!(&path[located.consumed..], located.rest);
    Some((name, located.rest))
}

/// Rows: WSO2-8.2
#[test]
fn the_longest_context_and_version_wins() {
    let table = table(&["/a", "/a/v1", "/a/b/v1", "/deep/er/context/1.0.0"]);
    for (path, expected) in [
        ("/a/v1/x", Some(("/a/v1", "/x"))),
        ("/a/v1", Some(("/a/v1", ""))),
        ("/a/v1/", Some(("/a/v1", "/"))),
        ("/a/v10/x", Some(("/a", "/v10/x"))),
        ("/a/b/v1/x%2Cy", Some(("/a/b/v1", "/x%2Cy"))),
        ("/a/b/v2", Some(("/a", "/b/v2"))),
        ("/deep/er/context/1.0.0", Some(("/deep/er/context/1.0.0", ""))),
        ("/deep/er/context", None),
        ("/A/v1", None),
        ("/", None),
        ("", None),
        ("a/v1", None),
        ("/a//v1", None),
        ("/a/v1//x", None),
    ] {
        let expected = expected.map(|(api, rest)| (api.to_owned(), rest));
        assert_eq!(found(&table, path), expected, "{path}");
    }
}

#[test]
fn what_is_no_path_or_is_taken_is_not_added() {
    let mut table = table(&["/a/v1"]);
    for path in ["", "/", "a", "/a/", "//a", "/a/../b", "/./a", "/a/v1"] {
        assert!(!table.add(path, &served("other")), "{path}");
    }
    assert_eq!(found(&table, "/a/v1"), Some(("/a/v1".to_owned(), "")));
}

proptest! {
    /// Rows: WSO2-8.2
    #[test]
    fn the_longest_prefix_on_segment_borders_is_found(
        paths in proptest::collection::btree_set("(/[ab]{1,2}){1,3}", 0..6),
        asked in "(/[ab]{1,2}){0,5}/?",
    ) {
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let covers = |path: &&&str| asked == **path || asked.starts_with(&format!("{path}/"));
        let longest = paths.iter().filter(covers).max_by_key(|path| path.len());
        let expected = longest.map(|path| ((*path).to_owned(), &asked[path.len()..]));
        prop_assert_eq!(found(&table(&paths), &asked), expected);
    }

    #[test]
    fn hostile_paths_never_panic(path in "\\PC{0,40}") {
        let _ = found(&table(&["/a", "/a/b"]), &path);
    }
}
