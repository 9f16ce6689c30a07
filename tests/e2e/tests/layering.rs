//! Who may know whom. The arrows of ARCHITECTURE.md, kept by reading what cargo knows.

#[path = "layering/imports.rs"]
mod imports;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::process::Command;

use phantom_e2e::workspace;

/// A room, and the rooms and libraries it must not import outside of its tests.
const ROOMS: &[(&str, &[&str])] = &[
    ("phantom-core", &[]),
    ("phantom-tls", &[]),
    ("phantom-wire", &[]),
    ("phantom-oauth", &["phantom-core", "phantom-tls", "phantom-wire"]),
    ("phantom-cache", &["phantom-core", "phantom-oauth"]),
    ("phantom-pipeline", &["phantom-core", "phantom-oauth", "phantom-cache"]),
    ("phantom-telemetry", &["phantom-core", "phantom-oauth", "phantom-pipeline"]),
    (
        "phantom-proxy",
        &["phantom-core", "phantom-pipeline", "phantom-telemetry", "phantom-tls", "phantom-wire"],
    ),
    (
        "phantom-config",
        &[
            "phantom-core",
            "phantom-oauth",
            "phantom-cache",
            "phantom-pipeline",
            "phantom-proxy",
            "phantom-telemetry",
            "phantom-access",
            "phantom-tls",
        ],
    ),
    ("phantom-serve", &["phantom-core"]),
    ("phantom-store", &["phantom-core"]),
    ("phantom-backup", &["phantom-core", "phantom-store"]),
    ("phantom-definition", &["phantom-core"]),
    ("phantom-terms", &["phantom-core", "phantom-store"]),
    ("phantom-access", &["phantom-core", "phantom-oauth", "phantom-store", "phantom-terms"]),
    (
        "phantom-manage",
        &[
            "phantom-access",
            "phantom-core",
            "phantom-definition",
            "phantom-oauth",
            "phantom-store",
            "phantom-terms",
        ],
    ),
    ("phantom-publish", &["phantom-core", "phantom-definition", "phantom-manage", "phantom-store"]),
    (
        "phantom-subscribe",
        &[
            "phantom-access",
            "phantom-definition",
            "phantom-manage",
            "phantom-store",
            "phantom-terms",
        ],
    ),
    (
        "phantom-observe",
        &[
            "phantom-access",
            "phantom-core",
            "phantom-definition",
            "phantom-manage",
            "phantom-oauth",
            "phantom-publish",
            "phantom-store",
            "phantom-subscribe",
            "phantom-terms",
        ],
    ),
    ("phantom-rest", &["phantom-access", "phantom-core", "phantom-terms"]),
    (
        "phantom-control",
        &[
            "phantom-access",
            "phantom-core",
            "phantom-definition",
            "phantom-manage",
            "phantom-observe",
            "phantom-rest",
            "phantom-subscribe",
            "phantom-terms",
        ],
    ),
    ("phantom-pages", &["phantom-access", "phantom-core", "phantom-rest", "phantom-terms"]),
    (
        "phantom-traffic",
        &[
            "phantom-access",
            "phantom-core",
            "phantom-observe",
            "phantom-pages",
            "phantom-subscribe",
            "phantom-terms",
        ],
    ),
    (
        "phantom-portals",
        &[
            "phantom-access",
            "phantom-definition",
            "phantom-manage",
            "phantom-observe",
            "phantom-pages",
            "phantom-subscribe",
            "phantom-terms",
            "phantom-traffic",
        ],
    ),
    (
        "phantom-console",
        &[
            "phantom-access",
            "phantom-core",
            "phantom-manage",
            "phantom-observe",
            "phantom-pages",
            "phantom-portals",
            "phantom-subscribe",
            "phantom-terms",
            "phantom-traffic",
        ],
    ),
    ("phantom-devauth", &["phantom-core", "phantom-serve"]),
    (
        "phantom",
        &[
            "phantom-core",
            "phantom-oauth",
            "phantom-cache",
            "phantom-pipeline",
            "phantom-proxy",
            "phantom-telemetry",
            "phantom-config",
            "phantom-devauth",
            "phantom-serve",
            "phantom-store",
            "phantom-backup",
            "phantom-manage",
            "phantom-console",
            "phantom-control",
            "phantom-rest",
            "phantom-terms",
            "phantom-access",
            "phantom-observe",
            "phantom-publish",
            "phantom-tls",
        ],
    ),
    ("phantom-testkit", &["phantom-core", "phantom-oauth"]),
];

/// Libraries that a room must do without.
const WITHOUT: &[(&str, &[&str])] = &[
    (
        "phantom-core",
        &["tokio", "hyper", "axum", "reqwest", "http", "rand", "getrandom", "aws-lc-rs", "tracing"],
    ),
    (
        "phantom-pipeline",
        &["hyper", "hyper-util", "http", "axum", "tonic", "sqlx", "redis", "reqwest"],
    ),
    ("phantom-telemetry", &["tokio", "hyper", "h2", "http", "httparse", "axum", "reqwest", "sqlx"]),
    ("phantom-config", &["tokio", "hyper", "axum", "reqwest", "sqlx"]),
    ("phantom-proxy", &["sqlx", "redis", "axum", "reqwest", "phantom-store", "phantom-control"]),
    ("phantom-cache", &["hyper", "axum", "reqwest"]),
    ("phantom-rest", &["sqlx", "hyper", "reqwest"]),
    ("phantom-definition", &["tokio", "hyper", "http", "axum", "reqwest", "url", "tracing"]),
    ("phantom-terms", &["tokio", "hyper", "http", "axum", "reqwest", "aws-lc-rs", "tracing"]),
    ("phantom-access", WITHOUT_HTTP),
    ("phantom-manage", WITHOUT_HTTP),
    ("phantom-manage", &["tokio"]),
    ("phantom-publish", WITHOUT_HTTP),
    ("phantom-publish", &["tokio"]),
    ("phantom-subscribe", WITHOUT_HTTP),
    ("phantom-subscribe", &["tokio"]),
    ("phantom-observe", WITHOUT_HTTP),
    ("phantom-control", &["sqlx", "hyper", "reqwest"]),
    ("phantom-pages", &["sqlx", "hyper", "reqwest"]),
    ("phantom-traffic", &["sqlx", "hyper", "reqwest", "tokio"]),
    ("phantom-portals", &["sqlx", "hyper", "reqwest", "tokio"]),
    ("phantom-console", &["sqlx", "hyper", "reqwest", "tokio"]),
];

const WITHOUT_HTTP: &[&str] = &["sqlx", "hyper", "reqwest", "axum", "http", "tower", "utoipa-axum"];

/// Normal dependencies of each package of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(workspace::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let normal = package["dependencies"].as_array().unwrap().iter();
            let normal = normal.filter(|dependency| dependency["kind"].is_null());
            (text(&package["name"]), normal.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

/// Edges that should not be there.
fn forbidden(dependencies: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for &(room, allowed) in ROOMS {
        let imports = dependencies.get(room).unwrap_or_else(|| panic!("there is no room `{room}`"));
        for ours in imports.iter().filter(|name| name.starts_with("phantom")) {
            if !allowed.contains(&ours.as_str()) {
                found.push(format!("{room} -> {ours}"));
            }
        }
    }
    for &(room, without) in WITHOUT {
        for library in dependencies[room].iter().filter(|name| without.contains(&name.as_str())) {
            found.push(format!("{room} -> {library}"));
        }
    }
    found
}

#[test]
fn every_room_imports_only_what_lies_below_it() {
    let dependencies = dependencies();
    assert_eq!(forbidden(&dependencies), Vec::<String>::new());
    for room in dependencies.keys().filter(|name| name.starts_with("phantom")) {
        let known = ROOMS.iter().any(|(name, _)| *name == room.as_str())
            || ["phantom-e2e", "phantom-bench"].contains(&room.as_str());
        assert!(
            known,
            "`{room}` has no place in the layers: give it one here and in ARCHITECTURE.md"
        );
    }
}

#[test]
fn a_forbidden_edge_is_found() {
    for (from, to) in [
        ("phantom-core", "tokio"),
        ("phantom-core", "phantom-oauth"),
        ("phantom-pipeline", "hyper"),
        ("phantom-proxy", "phantom-oauth"),
        ("phantom-telemetry", "tokio"),
        ("phantom-config", "phantom-console"),
        ("phantom-control", "phantom-store"),
        ("phantom-cache", "phantom-pipeline"),
        ("phantom-definition", "phantom-store"),
        ("phantom-access", "phantom-manage"),
        ("phantom-publish", "phantom-access"),
        ("phantom-manage", "phantom-subscribe"),
        ("phantom-pages", "phantom-observe"),
        ("phantom-traffic", "phantom-manage"),
        ("phantom-portals", "phantom-store"),
    ] {
        let mut dependencies = dependencies();
        dependencies.get_mut(from).unwrap().insert(to.to_owned());
        assert_eq!(forbidden(&dependencies), [format!("{from} -> {to}")]);
    }
}
