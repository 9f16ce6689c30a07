//! Imports within the rooms, read from their `use` lines: files that import each other in a circle can
//! only be understood together, so circles are small. And so are rooms.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use phantom_e2e::workspace;

/// Most files of a circle.
const MAX_CIRCLE: usize = 5;

/// Most lines of a room, without comments and tests: what needs more is more than one.
const MAX_ROOM: usize = 8_000;

/// Words that a folder must do without, whatever its crate depends on.
const WITHOUT: &[(&str, &[&str])] = &[
    ("crates/access/src", &["StatusCode", "HeaderMap"]),
    // They ask no other server.
    ("crates/manage/src", &["StatusCode", "HeaderMap", "Outgoing", "oauth::egress"]),
    ("crates/subscribe/src", &["StatusCode", "HeaderMap", "Outgoing", "oauth::egress"]),
    // Changes nothing.
    ("crates/observe/src", &["StatusCode", "HeaderMap", "phantom_store::Write", "control.write("]),
    ("crates/publish/src", &["StatusCode", "HeaderMap", "phantom_store::Write"]),
    // The store is open to use cases alone, whoever else holds the plane.
    ("crates/control/src", &["Means", "Outgoing"]),
    ("crates/rest/src", &["Means", "Outgoing"]),
    ("crates/pages/src", &["Means", "Outgoing"]),
    ("crates/traffic/src", &["Means", "Outgoing"]),
    ("crates/portals/src", &["Means", "Outgoing"]),
    ("crates/console/src", &["Means", "Outgoing"]),
    ("crates/phantom/src", &["Means", "Outgoing"]),
    // A page is added with what opens it, and lies in its own area: others are known by their addresses.
    (
        "crates/traffic/src",
        &["axum::Router", "Place::Admin", "Place::Devportal", "Place::Publisher"],
    ),
    ("crates/portals/src", &["axum::Router", "rights::admin", "Place::Admin", "Place::Traffic"]),
    ("crates/portals/src", &["access::users", "observe::audit", "observe::gateways"]),
    (
        "crates/portals/src/devportal",
        &["crate::publisher", "Place::Publisher", "rights::publisher"],
    ),
    (
        "crates/portals/src/publisher",
        &["crate::devportal", "Place::Devportal", "rights::devportal"],
    ),
    ("crates/console/src/admin", &["axum::Router", "phantom_portals", "phantom_traffic"]),
    ("crates/config/src", &["TcpListener", "TcpStream", "UdpSocket", "ToSocketAddrs", "spawn"]),
    ("crates/telemetry/src", &["TcpListener", "TcpStream", "UdpSocket"]),
    ("crates/pipeline/src", &["io::stdout", "io::stderr"]),
    ("crates/proxy/src", &["io::stdout", "io::stderr"]),
    ("crates/proxy/src/http1", &["crate::http2"]),
    ("crates/proxy/src/http2", &["crate::http1"]),
];

/// A file of a crate: what it imports, and what it only passes on.
#[derive(Default)]
struct File {
    imports: Vec<Vec<String>>,
    /// Name here, path there.
    passed_on: BTreeMap<String, Vec<String>>,
}

/// The files of one crate by their module paths; the root's is empty.
struct Crate {
    name: String,
    files: BTreeMap<Vec<String>, File>,
}

#[test]
fn no_files_import_each_other_in_a_large_circle() {
    let mut found = Vec::new();
    for each in crates() {
        for circle in circles(&each.edges()) {
            let files: Vec<String> = circle.iter().map(|path| each.file_name(path)).collect();
            if files.len() > MAX_CIRCLE {
                found.push(format!("{} files: {}", files.len(), files.join(", ")));
            }
        }
    }
    assert!(found.is_empty(), "circles of more than {MAX_CIRCLE}:\n{}", found.join("\n"));
}

#[test]
fn no_room_outgrows_what_one_can_know() {
    let folders = std::fs::read_dir(workspace::root().join("crates")).unwrap();
    let mut found = Vec::new();
    for room in folders.map(|folder| folder.unwrap().path()) {
        let files = sources(&room.join("src")).into_iter();
        // A model is a test.
        let models = room.join("src/model");
        let files = files.filter(|file| !file.starts_with(&models));
        let lines =
            files.map(|file| product(&std::fs::read_to_string(file).unwrap()).lines().count());
        let lines: usize = lines.sum();
        if lines > MAX_ROOM {
            found.push(format!("{} has {lines} lines", room.display()));
        }
    }
    assert!(found.is_empty(), "rooms of more than {MAX_ROOM}:\n{}", found.join("\n"));
}

#[test]
fn rooms_do_without_the_words_of_others() {
    let mut found = Vec::new();
    for (folder, words) in WITHOUT {
        for file in sources(&workspace::root().join(folder)) {
            let text = product(&std::fs::read_to_string(&file).unwrap());
            for word in words.iter().filter(|word| text.contains(**word)) {
                found.push(format!("{} names {word}", file.display()));
            }
        }
    }
    for file in sources(&workspace::root().join("crates")) {
        let is_store = file.starts_with(workspace::root().join("crates/store"));
        let text = product(&std::fs::read_to_string(&file).unwrap());
        if !is_store && text.contains("sqlx::") {
            found.push(format!("{} names sqlx", file.display()));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_circle_is_found_and_what_is_passed_on_is_none() {
    let file = |text: &str, path: &[&str]| {
        let path: Vec<String> = path.iter().map(|&each| each.to_owned()).collect();
        (path.clone(), File::read(text, &path))
    };
    let files = [
        file("mod a;\nmod b;\nmod c;\npub use a::A;\n", &[]),
        file("use crate::b::B;\npub struct A;\n", &["a"]),
        file("use super::A;\nuse super::c;\npub struct B;\n", &["b"]),
        file("// use crate::b::B;\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n", &["c"]),
    ];
    let each = Crate { name: "x".to_owned(), files: files.into_iter().collect() };
    let circles = circles(&each.edges());
    assert_eq!(circles, [[vec!["a".to_owned()], vec!["b".to_owned()]].into()]);
}

impl File {
    fn read(text: &str, path: &[String]) -> Self {
        let mut file = Self::default();
        for line in product(text).lines() {
            // One name a line, as the house writes it.
            let Some((visibility, used)) = line.split_once("use ") else { continue };
            let visibility = visibility.trim();
            if !visibility.is_empty() && !visibility.starts_with("pub") {
                continue;
            }
            let used = used.trim_end_matches(';');
            let (used, name) = used.split_once(" as ").unwrap_or((used, ""));
            let Some(absolute) = absolute(used, path) else { continue };
            if visibility.is_empty() {
                file.imports.push(absolute);
            } else {
                let last = absolute.last().cloned().unwrap_or_default();
                let name = if name.is_empty() { last } else { name.to_owned() };
                file.passed_on.insert(name, absolute);
            }
        }
        file
    }
}

impl Crate {
    fn edges(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let edges = self.files.iter().map(|(path, file)| {
            let targets = file.imports.iter().filter_map(|import| self.file_of(import, 0));
            (path.clone(), targets.filter(|target| target != path).collect())
        });
        edges.collect()
    }

    /// The file that defines what the path names.
    fn file_of(&self, path: &[String], depth: usize) -> Option<Vec<String>> {
        let (module, rest) = (0..=path.len())
            .rev()
            .find_map(|end| self.files.contains_key(&path[..end]).then(|| path.split_at(end)))?;
        let passed_on = rest.first().and_then(|name| self.files[module].passed_on.get(name));
        match passed_on {
            Some(further) if depth < 8 => {
                let further: Vec<String> = further.iter().chain(&rest[1..]).cloned().collect();
                self.file_of(&further, depth + 1)
            }
            _ => Some(module.to_vec()),
        }
    }

    fn file_name(&self, path: &[String]) -> String {
        format!("{}/{}", self.name, path.join("/"))
    }
}

/// The path from the crate's root; `None` for what is another crate's.
fn absolute(used: &str, path: &[String]) -> Option<Vec<String>> {
    let mut parts = used.split("::").map(|part| part.trim().to_owned()).peekable();
    let mut base = match parts.peek()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => path.to_vec(),
        // A child, or another crate, which no file is found of.
        _ => return Some(path.iter().cloned().chain(parts).collect()),
    };
    while let Some(part) = parts.next_if(|part| ["crate", "self", "super"].contains(&&**part)) {
        if part == "super" {
            base.pop();
        }
    }
    base.extend(parts);
    Some(base)
}

/// Files that can reach each other, more than one at a time.
fn circles(edges: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> Vec<BTreeSet<Vec<String>>> {
    let reached: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> = edges
        .keys()
        .map(|from| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(file) = open.pop() {
                open.extend(edges[file].iter().filter(|next| seen.insert(*next)));
            }
            (from, seen)
        })
        .collect();
    let mut found: Vec<BTreeSet<Vec<String>>> = Vec::new();
    for (file, far) in &reached {
        let circle = far.iter().filter(|other| reached[**other].contains(file));
        let circle: BTreeSet<Vec<String>> = circle.map(|other| (*other).clone()).collect();
        if circle.len() > 1 && !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

fn crates() -> Vec<Crate> {
    let folders = std::fs::read_dir(workspace::root().join("crates")).unwrap();
    let folders = folders.map(|folder| folder.unwrap().path().join("src"));
    let each = folders.filter(|folder| folder.is_dir()).map(|folder| {
        let files = sources(&folder).into_iter().map(|file| {
            let inner = file.strip_prefix(&folder).unwrap().with_extension("");
            let mut path: Vec<String> =
                inner.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            path.retain(|part| part != "lib" && part != "main");
            let text = std::fs::read_to_string(&file).unwrap();
            let read = File::read(&text, &path);
            (path, read)
        });
        let name = folder.strip_prefix(workspace::root()).unwrap().display().to_string();
        Crate { name, files: files.collect() }
    });
    each.collect()
}

/// Source files of the product: not of its tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

/// The text without comments and without what only tests see.
fn product(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}
