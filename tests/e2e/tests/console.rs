//! The console in a real browser, over a real process.

use std::path::Path;
use std::process::Command;

use phantom_e2e::gateway::directory;
use phantom_e2e::peer;
use phantom_e2e::process::Process;
use phantom_e2e::workspace;

/// `phantom demo` at ports of its own.
struct Demo {
    _process: Process,
    _directory: tempfile::TempDir,
    /// What it printed.
    banner: String,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let directory = directory();
        let mut command = Command::new(workspace::phantom());
        command.arg("demo").args(arguments).current_dir(directory.path()).env_remove("RUST_LOG");
        for port in ["as", "api", "gateway", "apis", "apis-http", "control", "management"] {
            command.arg(format!("--{port}-port")).arg("0");
        }
        let mut process = Process::start("phantom demo", &mut command);
        process.wait_for("Ctrl-C stops it.");
        let banner = process.output();
        Self { _process: process, _directory: directory, banner }
    }

    /// The address that stands behind that word.
    fn address(&self, word: &str) -> &str {
        let line = self.banner.lines().find(|line| line.starts_with(word)).unwrap();
        let rest = line[word.len()..].trim();
        rest.split(' ').next().unwrap().trim_end_matches('/')
    }

    /// Runs a script of `tests/peers/browser` and gives what it printed.
    fn drive(&self, script: &str, arguments: &[&str]) -> String {
        node(script, &[&[self.address("Console:")], arguments].concat())
    }
}

fn folder() -> std::path::PathBuf {
    peer::folder_of("browser")
}

fn node(script: &str, arguments: &[&str]) -> String {
    let output = Command::new("node").arg(script).args(arguments).current_dir(folder()).output();
    let output = output.unwrap();
    let (printed, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{printed}\n{error}");
    printed.into_owned()
}

#[test]
fn every_page_is_accessible_in_both_schemes_on_a_phone_and_at_twice_its_size() {
    let demo = Demo::start(&[]);
    let printed = demo.drive("pages.mjs", &["/design", "/account"]);
    for page in ["/design", "/admin/key-managers/{id}", "/admin/key-managers/new"] {
        assert!(printed.split(' ').any(|known| known.trim() == page), "{page}: {printed}");
    }
}

/// Its pictures are in `target/tmp/console`.
#[test]
fn every_component_is_seen_whole_in_both_schemes_and_on_a_phone() {
    let demo = Demo::start(&[]);
    let images = workspace::target().join("tmp/console");
    demo.drive("design.mjs", &[images.to_str().unwrap()]);
}

#[test]
fn every_component_stands_on_the_page_that_shows_all_of_them() {
    let source = workspace::root().join("crates/pages/src");
    let design = std::fs::read_to_string(source.join("design.rs")).unwrap();
    let files = std::fs::read_dir(source.join("components")).unwrap();
    let files = files.map(|entry| entry.unwrap().path()).chain([source.join("components.rs")]);
    let mut components = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        let named =
            text.lines().filter_map(|line| line.strip_prefix("drawn!(")?.strip_suffix(");"));
        components.extend(named.flat_map(|names| names.split(", ")).map(str::to_owned));
    }
    assert!(components.len() >= 18, "{components:?}");
    // The proof in a form is seen by nobody.
    for component in components.iter().filter(|name| *name != "Csrf") {
        assert!(design.contains(component.as_str()), "{component} is not on /design");
    }
}

#[test]
fn all_that_has_a_name_is_found_by_keys_on_a_phone_and_without_script() {
    Demo::start(&[]).drive("palette.mjs", &[]);
}

#[test]
fn what_gateways_report_comes_to_open_pages_without_moving_them() {
    let demo = Demo::start(&[]);
    demo.drive("live.mjs", &[demo.address("Managed:")]);
}

#[test]
fn an_api_is_tried_under_the_policy_of_its_page_and_nothing_leaves_the_origin() {
    let demo = Demo::start(&[]);
    let server = demo.address("Issuer:").split("/oauth").next().unwrap();
    demo.drive("try_it.mjs", &[&format!("{server}/oauth/v2/oauth-token")]);
}

#[test]
fn a_first_visit_is_light_and_nothing_moves_while_it_comes() {
    let printed = Demo::start(&[]).drive("weight.mjs", &[]);
    print!("{printed}");
}

/// The modules' types hold, and together they are small.
#[test]
fn scripts_of_the_pages_are_typed_and_small() {
    let assets = workspace::root().join("crates/pages/assets");
    let scripts: Vec<_> = std::fs::read_dir(&assets)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "js"))
        .collect();
    let size = |path: &std::path::PathBuf| std::fs::metadata(path).unwrap().len();
    let bytes: u64 = scripts.iter().map(size).sum();
    assert!(!scripts.is_empty() && bytes <= 20_000, "{bytes} bytes");
    let options = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022"];
    let libraries = ["--module", "esnext", "--lib", "es2022,dom,dom.iterable", "--types", ""];
    let output = Command::new(folder().join("node_modules/.bin/tsc"))
        .args(options)
        .args(libraries)
        .args(scripts.iter().map(|path: &std::path::PathBuf| -> &Path { path }))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The tutorial that WSO2's users read, by clicks on an instance in which nothing is set up.
fn tutorial(hand: &str) {
    let demo = Demo::start(&["--empty"]);
    let server = demo.address("Issuer:");
    let server = server.split("/oauth").next().unwrap();
    let api = demo.address("Sample API:").trim_end_matches("/api").to_owned();
    let gateway = demo.address("Managed:").split("/httpbin").next().unwrap();
    let images = workspace::target().join("tmp/console");
    // What docs/console.md shows.
    let images = if hand == "mouse" { images.to_str().unwrap() } else { "" };
    let printed = demo.drive("tutorial.mjs", &[hand, server, &api, gateway, images]);
    assert!(printed.contains("200 and 401"), "{printed}");
    if !images.is_empty() {
        pictures(Path::new(images));
    }
}

/// What `docs/images` shows is what the pages say now: beside each picture stands the text that was on the
/// page when it was taken. With `PHANTOM_PICTURES` set they are taken anew.
fn pictures(taken: &Path) {
    let kept = workspace::root().join("docs/images");
    let anew = std::env::var_os("PHANTOM_PICTURES").is_some();
    let names = std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path());
    let pictures: Vec<_> =
        names.filter(|path| path.extension().is_some_and(|e| e == "png")).collect();
    assert!(!pictures.is_empty());
    for picture in pictures {
        for kind in ["png", "txt"] {
            let kept = picture.with_extension(kind);
            let taken = taken.join(kept.file_name().unwrap());
            if anew {
                std::fs::copy(&taken, &kept).unwrap();
            }
        }
        let text = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        let words = picture.with_extension("txt");
        let (now, then) = (text(&taken.join(words.file_name().unwrap())), text(&words));
        let differs = now.lines().zip(then.lines()).find(|(now, then)| now != then);
        assert!(
            now == then,
            "{} shows what the page does not say any more ({} lines then, {} now; the first that differs, now and \
             then: {differs:?}). `make pictures` takes all of them anew.",
            picture.display(),
            then.lines().count(),
            now.lines().count(),
        );
    }
}

#[test]
fn the_tutorial_is_done_by_clicks_on_an_empty_instance() {
    tutorial("mouse");
}

#[test]
fn the_tutorial_is_done_by_keyboard_alone() {
    tutorial("keys");
}

#[test]
fn the_tutorial_is_done_without_script() {
    tutorial("noscript");
}
