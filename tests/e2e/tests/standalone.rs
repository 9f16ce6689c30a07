//! The project stands alone: nothing of it reads what lies outside of the checkout.
//!
//! Proven by the kernel: `tools/test` runs every test by way of `tools/alone`, where nothing beside the
//! checkout can be opened. The rest names the line that would have been refused, without a run.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use phantom_e2e::gateway::directory;
use phantom_e2e::workspace;
use serde_json::Value;

/// What was made or fetched here, wherever it is.
const MADE: [&str; 7] =
    [".git", "target", "node_modules", "phantom-data", "corpus", "artifacts", ".venv"];

/// Hostile inputs of tests that look like paths, each with its file.
const INPUTS: [(&str, &str); 4] = [
    ("crates/control/tests/it/admin/hostile.rs", "../../etc/passwd"),
    ("crates/control/tests/it/devportal/hostile.rs", "../../etc/passwd"),
    ("crates/oauth/src/jwk/tests.rs", "../key-1"),
    ("crates/oauth/src/jwks/tests.rs", "../../dev/null"),
];

/// Places of one machine or of one person.
const HOMES: [&str; 7] = ["/home/", "/root/", "/work/", "/Users/", "/mnt/", "/srv/", "/workspace/"];

/// This file is full of examples.
const SELF: &str = "tests/e2e/tests/standalone.rs";

/// Every text file of the checkout, by its path from the root.
fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![workspace::root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let name = entry.file_name();
            if MADE.iter().any(|made| name == *made) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(workspace::root()).unwrap();
                found.push((path.to_str().unwrap().to_owned(), text));
            } else if kind.is_symlink() && path != workspace::root().join("phantom") {
                // That one is made by `make demo`, and leads to wherever things are built.
                let to = path.canonicalize().unwrap_or_default();
                assert!(to.starts_with(workspace::root()), "{} leads away", path.display());
            }
        }
    }
    found
}

/// Where a path in this line is taken from, as the number of folders below the root.
fn depth_of_base(file: &str, context: &str, packages: &[PathBuf]) -> usize {
    let own = Path::new(file).components().count() - 1;
    if Path::new(file).extension().is_none_or(|extension| extension != "rs") {
        // Scripts go to the root first; everything else names what lies near it.
        let is_script = file.starts_with("tools/") || file.ends_with(".sh") || file == ".ci/run";
        return if is_script && !context.contains("$(dirname") { 0 } else { own };
    }
    if context.contains("include") || context.contains("#[path") {
        return own;
    }
    if context.contains("CARGO_MANIFEST_DIR") {
        let package = packages.iter().filter(|package| Path::new(file).starts_with(package));
        return package.map(|package| package.components().count()).max().unwrap_or_default();
    }
    0
}

/// What of a text may be a path: what stands between quotes, blanks and brackets.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "./_-~".contains(c)));
    // A default of the shell begins with a dash.
    words.map(|word| word.trim_start_matches('-'))
}

/// Whether the path leaves a folder so many levels below the root by more than these levels.
fn climbs_out(path: &str, depth: usize) -> bool {
    let mut depth = depth;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Paths in a file that lead out of the checkout.
fn leading_out(file: &str, text: &str, packages: &[PathBuf]) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // A call may go over some lines.
        let context = lines[at.saturating_sub(3)..=at].concat();
        let line = line.replace("$(dirname \"$0\")/", "").replace("$(dirname \"$0\")", ".");
        let home = HOMES.iter().find(|home| line.contains(**home)).map(|home| (*home).to_owned());
        let depth = depth_of_base(file, &context, packages);
        let climbing = words(&line)
            // `..` alone is a range or the rest of a pattern, unless it is said to be a path.
            .filter(|word| word.contains("../") || line.contains(&format!("join(\"{word}\")")))
            .filter(|word| word.starts_with('.') && climbs_out(word, depth))
            .filter(|word| !INPUTS.contains(&(file, word)));
        found.extend(climbing.map(str::to_owned).chain(home).map(|path| format!("{file}: {path}")));
    }
    found
}

/// Folders of all packages, from the root.
fn packages(texts: &[(String, String)]) -> Vec<PathBuf> {
    let manifests = texts.iter().map(|(file, _)| Path::new(file));
    let manifests = manifests.filter(|file| file.ends_with("Cargo.toml"));
    manifests.map(|file| file.parent().unwrap().to_owned()).collect()
}

#[test]
fn no_file_names_a_path_that_leads_out_of_the_checkout() {
    let texts = texts();
    let packages = packages(&texts);
    assert!(texts.len() > 300 && packages.len() >= 13, "all of the project is looked at");
    let found: Vec<String> = texts
        .iter()
        .filter(|(file, _)| file != SELF)
        .flat_map(|(file, text)| leading_out(file, text, &packages))
        .collect();
    assert_eq!(found, Vec::<String>::new());
    for (file, input) in INPUTS {
        let is_there = texts.iter().any(|(path, text)| path == file && text.contains(input));
        assert!(is_there, "{input} is not in {file} any more");
    }
}

#[test]
fn a_path_that_leads_out_of_the_checkout_is_found() {
    let packages = [PathBuf::from("crates/oauth"), PathBuf::from("tests/e2e"), PathBuf::new()];
    let from = "env!(\"CARGO_MANIFEST_DIR\")";
    for (file, text) in [
        ("tests/e2e/src/workspace.rs", "root().join(\"../beside\")".to_owned()),
        ("tests/e2e/src/workspace.rs", "root().join(\"..\").join(\"material\")".to_owned()),
        ("tests/e2e/src/workspace.rs", format!("Path::new({from})\n.join(\"../../../x\")")),
        ("crates/oauth/src/verify/tests/vectors.rs", format!("{from}).join(\"../../../v\")")),
        ("crates/oauth/src/a.rs", "include_str!(\"../../../../secret.json\")".to_owned()),
        ("crates/oauth/src/a.rs", "include_str!(\n\"../../../b/../../x\")".to_owned()),
        ("crates/oauth/src/a.rs", "#[path = \"../../../../other.rs\"]".to_owned()),
        ("crates/oauth/src/a.rs", "fs::read(\"/home/me/vectors.json\")".to_owned()),
        ("crates/oauth/Cargo.toml", "other = { path = \"../../../other\" }".to_owned()),
        ("Cargo.toml", "other = { path = \"../other\" }".to_owned()),
        ("Makefile", "include ../common.mk".to_owned()),
        ("tools/peer", "source=\"${PEER:-../beside/peers}\"".to_owned()),
        ("tools/peer", "cd \"$(dirname \"$0\")/../../peers\"".to_owned()),
        ("tests/peers/p/server.mjs", "import '../../../../x.mjs'".to_owned()),
        ("docs/cli.md", "[page](../../spec/cli.md)".to_owned()),
    ] {
        let found = leading_out(file, &text, &packages);
        assert_eq!(found.len(), 1, "{file}: {text}: {found:?}");
    }
    for (file, text) in [
        ("tests/e2e/src/workspace.rs", format!("Path::new({from})\n.join(\"../..\")")),
        ("crates/oauth/src/verify/a.rs", "include_str!(\"../../../../docs/x.md\")".to_owned()),
        ("crates/oauth/src/a.rs", "for i in 1..=9 { let [a, ..] = x; } // /a/../b".to_owned()),
        ("crates/oauth/Cargo.toml", "core = { path = \"../core\" }".to_owned()),
        ("tools/test", "cd \"$(dirname \"$0\")/..\"".to_owned()),
        ("docs/cli.md", "[page](../README.md)".to_owned()),
    ] {
        assert_eq!(leading_out(file, &text, &packages), Vec::<String>::new());
    }
}

fn metadata(manifest: &str) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .args(["--manifest-path", manifest])
        .current_dir(workspace::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn all_that_cargo_builds_from_is_in_the_checkout_or_in_a_registry() {
    for (manifest, lock) in [("Cargo.toml", "Cargo.lock"), ("fuzz/Cargo.toml", "fuzz/Cargo.lock")] {
        let metadata = metadata(manifest);
        let inside =
            |path: &Value| Path::new(path.as_str().unwrap()).starts_with(workspace::root());
        for package in metadata["packages"].as_array().unwrap() {
            for target in package["targets"].as_array().unwrap() {
                assert!(inside(&target["src_path"]), "{target}");
            }
            for dependency in package["dependencies"].as_array().unwrap() {
                assert!(
                    dependency["path"].is_null() || inside(&dependency["path"]),
                    "{dependency}"
                );
            }
        }
        // One that is patched stands in the lock file alone, without a source.
        let lock = fs::read_to_string(workspace::root().join(lock)).unwrap();
        for package in lock.split("[[package]]").skip(1) {
            let ours = package.contains("name = \"phantom");
            let registry = package.contains("source = \"registry+https://github.com/rust-lang/");
            assert!(ours != registry, "neither ours nor of the registry: {package}");
        }
    }
}

/// `cat`, run as `tools/test` runs the tests.
fn confined(file: &Path) -> (bool, String) {
    let output = Command::new(workspace::root().join("tools/alone"))
        .arg("cat")
        .arg(file)
        .current_dir(workspace::root())
        .output()
        .unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

#[test]
fn where_the_tests_run_nothing_outside_of_the_checkout_can_be_read() {
    let outside = directory();
    let file = outside.path().join("beside");
    fs::write(&file, "material from elsewhere").unwrap();
    let (_, inside) = confined(&workspace::root().join("Makefile"));
    assert!(inside.contains("make test"), "{inside}");
    let (was_read, printed) = confined(&file);
    // A kernel that cannot confine says so; `make test` shows it.
    let is_confined = !printed.contains("not confined");
    assert!(!(is_confined && was_read), "{printed}");
    assert!(!is_confined || !printed.contains("material"), "{printed}");
    if std::env::var_os("PHANTOM_ALONE").is_some() {
        let beside = workspace::root().join("..");
        assert!(fs::read_dir(&beside).is_err(), "{} can be read", beside.display());
    }
}

#[test]
fn make_test_runs_every_test_confined() {
    let script = fs::read_to_string(workspace::root().join("tools/test")).unwrap();
    // What only builds runs no test.
    let runs: Vec<&str> = script
        .lines()
        .filter(|line| line.contains("nextest run") && !line.ends_with(" --no-run"))
        .collect();
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.trim_start().starts_with("tools/alone ")), "{runs:#?}");
    let called = script.lines().filter(|line| line.starts_with("run ")).count();
    assert_eq!(
        called, 2,
        "with a terminal and without, each for the interleavings and for all others"
    );
    let ci = fs::read_to_string(workspace::root().join(".ci/run")).unwrap();
    assert!(ci.contains("make test"), "{ci}");
}

#[test]
fn make_test_fails_on_yanked_crates_and_advisories() {
    let text = |path: &str| fs::read_to_string(workspace::root().join(path)).unwrap();
    let step = text("tools/test");
    assert!(step.lines().any(|line| line == "tools/advisories"), "{step}");
    assert!(text("deny.toml").contains("yanked = \"deny\""));
}

/// The blocks of these languages in README and docs, each with its file.
fn blocks(languages: &[&str]) -> Vec<(String, String)> {
    let pages = texts().into_iter().filter(|(file, _)| {
        file == "README.md" || (file.starts_with("docs/") && file.ends_with(".md"))
    });
    let mut found = Vec::new();
    for (file, text) in pages {
        let mut block: Option<String> = None;
        for line in text.lines() {
            let fence = line.strip_prefix("```");
            match (fence, &mut block) {
                (Some(language), None) if languages.contains(&language) => {
                    block = Some(String::new());
                }
                (Some(_), _) => found.extend(block.take().map(|block| (file.clone(), block))),
                (None, Some(block)) => block.push_str(&format!("{line}\n")),
                (None, None) => {}
            }
        }
    }
    assert!(found.len() > 1, "{languages:?}");
    found
}

#[test]
fn commands_of_the_docs_call_the_program_where_make_demo_leaves_it() {
    for (file, block) in blocks(&["sh", "console"]) {
        // A process goes by the program's own name.
        let called = block.replace("pidof phantom", "");
        for word in words(&called) {
            assert_ne!(word, "phantom", "{file} calls it by a name that no shell finds:\n{block}");
        }
    }
}

#[test]
fn configurations_of_the_docs_are_toml_1_0() {
    for (file, block) in blocks(&["toml"]) {
        for line in block.lines() {
            // In 1.0 an inline table ends in its line, without a comma before.
            let plain: String = line.split('"').step_by(2).collect();
            let count = |wanted| plain.chars().filter(|c| *c == wanted).count();
            assert_eq!(count('{'), count('}'), "{file}: {line}");
            assert!(!plain.replace(' ', "").contains(",}"), "{file}: {line}");
        }
    }
}

/// The lines of a profile of the workspace.
fn profile(name: &str) -> String {
    let text = fs::read_to_string(workspace::root().join("Cargo.toml")).unwrap();
    let head = format!("[profile.{name}]\n");
    let (_, rest) = text.split_once(&head).unwrap_or_else(|| panic!("there is no {head}"));
    rest.split("\n[").next().unwrap_or_default().to_owned()
}

#[test]
fn release_builds_are_stripped_profiling_keeps_lines_and_only_the_gateway_links_fat() {
    assert!(profile("release").contains("strip = \"symbols\""));
    let profiling = profile("profiling");
    assert!(
        profiling.contains("debug = \"line-tables-only\"")
            && profiling.contains("strip = \"none\"")
    );
    assert!(profile("thin").contains("lto = \"thin\""));
    for script in ["bench/run.sh", "bench/faults.sh"] {
        let text = fs::read_to_string(workspace::root().join(script)).unwrap();
        let tools = text.lines().filter(|line| line.contains("-p phantom-bench"));
        let tools: Vec<&str> = tools.filter(|line| line.starts_with("cargo build")).collect();
        assert!(
            !tools.is_empty() && tools.iter().all(|l| l.contains("--profile thin")),
            "{tools:?}"
        );
    }
}

#[test]
fn scripts_that_measure_say_what_they_take_and_build_nothing_for_that() {
    for (script, option) in [("bench/run.sh", "--rounds"), ("bench/faults.sh", "--only")] {
        // Without cargo or anything else to build with.
        let help = std::process::Command::new("/bin/sh")
            .args([script, "--help"])
            .current_dir(workspace::root())
            .env("PATH", "/usr/bin:/bin")
            .env("CARGO_TARGET_DIR", "/nonexistent")
            .output()
            .unwrap();
        let said = String::from_utf8(help.stdout).unwrap();
        assert!(help.status.success() && said.contains(option), "{script}: {said}");
        assert!(said.contains("docs/"), "{script}: {said}");
    }
}

#[test]
fn scripts_that_measure_refuse_wrong_options_before_they_install_or_build() {
    for (script, options, why) in [
        ("bench/run.sh", &["--foo"][..], "--foo: there is no such option"),
        ("bench/run.sh", &["--rounds"], "--rounds needs a value"),
        ("bench/run.sh", &["--strict", "--rounds=0"], "--rounds 0: at least one"),
        ("bench/run.sh", &["--gateway-core", "4096"], "counted from 0"),
        ("bench/run.sh", &["--nginx", "/nonexistent"], "there is no such program"),
        ("bench/faults.sh", &["--phantom=/nonexistent"], "there is no such program"),
        ("bench/faults.sh", &["--only", "A3,ZZ"], "ZZ: no row begins so; there are 0.1 foreign"),
        ("bench/faults.sh", &["--scale", "0.0"], "a number above 0"),
    ] {
        // Without cargo or anything else to build with.
        let refused = std::process::Command::new("/bin/sh")
            .arg(script)
            .args(options)
            .current_dir(workspace::root())
            .env("PATH", "/usr/bin:/bin")
            .env("CARGO_TARGET_DIR", "/nonexistent")
            .output()
            .unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{script} {options:?}: {said}");
        assert!(said.contains(why) && said.lines().count() == 1, "{script} {options:?}: {said}");
    }
}

#[test]
fn make_demo_builds_what_is_soon_there_to_the_name_of_the_docs() {
    let text = |path: &str| fs::read_to_string(workspace::root().join(path)).unwrap();
    assert!(text("Makefile").contains("\t@tools/build\n\t./phantom demo"));
    assert!(text("tools/build").contains("--profile demo"));
    assert!(profile("demo").contains("inherits = \"dev\""));
}
