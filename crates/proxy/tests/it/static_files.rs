//! A directory route serves what is in it, and nothing else.

use std::os::unix::fs::symlink;

use phantom_core::Access;
use phantom_pipeline::Target;

use crate::harness::*;

fn site() -> (tempfile::TempDir, Gateway) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("html/sub")).unwrap();
    std::fs::write(dir.path().join("html/index.html"), "<h1>hello</h1>").unwrap();
    std::fs::write(dir.path().join("html/sub/index.html"), "sub").unwrap();
    std::fs::write(dir.path().join("html/a b.css"), "x".repeat(200_000)).unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    symlink(dir.path().join("secret"), dir.path().join("html/link")).unwrap();
    let target = Target::Directory(dir.path().join("html"));
    let gateway = Setup::with_routes(vec![route("site", "/", target, Access::Public)]).start();
    (dir, gateway)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

#[test]
fn files_and_index_pages_are_served_with_their_type() {
    let (_dir, gateway) = site();
    let index = gateway.send(get("/"));
    assert_eq!((index.status, index.text()), (200, "<h1>hello</h1>"));
    assert_eq!(index.field("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(gateway.send(get("/sub/")).text(), "sub");
    let style = gateway.send(get("/a%20b.css"));
    assert_eq!(
        (style.body.len(), style.field("content-type")),
        (200_000, Some("text/css; charset=utf-8"))
    );
    let redirect = gateway.send(get("/sub"));
    assert_eq!((redirect.status, redirect.field("location")), (308, Some("/sub/")));
    let mut client = gateway.connect();
    client.write("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.response_to("HEAD").field("content-length"), Some("14"));
    client.write(get("/"));
    assert_eq!(client.response().status, 200);
}

#[test]
fn nothing_outside_of_the_directory_is_served() {
    let (_dir, gateway) = site();
    for path in ["/link", "/nothing", "/..%2fsecret", "/%2e%2e/secret", "/../secret"] {
        let response = gateway.send(get(path));
        assert!(matches!(response.status, 400 | 404), "{path} {response:?}");
        assert!(!response.text().contains("secret\n"), "{path}");
    }
    let post = gateway.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((post.status, post.field("allow")), (405, Some("GET, HEAD")));
}
