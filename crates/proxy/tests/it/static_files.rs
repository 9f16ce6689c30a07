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
    let target = Target::Directory(dir.path().join("html").into());
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

fn ask(gateway: &Gateway, path: &str, fields: &str) -> Response {
    gateway.send(format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n"))
}

#[test]
fn a_file_that_the_client_has_is_not_sent_again() {
    let (_dir, gateway) = site();
    let whole = ask(&gateway, "/", "");
    let (etag, modified) = (whole.field("etag").unwrap(), whole.field("last-modified").unwrap());
    let mut client = gateway.connect();
    for known in [format!("If-None-Match: {etag}"), format!("If-Modified-Since: {modified}")] {
        client.write(format!("GET / HTTP/1.1\r\nHost: h\r\n{known}\r\n\r\n"));
        let answer = client.response();
        assert_eq!((answer.status, answer.field("etag")), (304, Some(etag)), "{known}");
        assert_eq!(answer.field("content-length"), None, "{known}");
    }
    client.write("GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"other\"\r\n\r\n");
    assert_eq!(client.response().text(), "<h1>hello</h1>");
    client.write("GET / HTTP/1.1\r\nHost: h\r\nIf-Match: \"other\"\r\n\r\n");
    assert_eq!(client.response().status, 412);
}

#[test]
fn a_part_of_a_file_is_served() {
    let (dir, gateway) = site();
    let content: String = (0..200_000).map(|at| char::from(b'a' + (at % 23) as u8)).collect();
    std::fs::write(dir.path().join("html/part.txt"), &content).unwrap();
    let cases = [("0-4", 0..5), ("199990-", 199_990..200_000), ("-3", 199_997..200_000)];
    for (range, part) in cases {
        let answer = ask(&gateway, "/part.txt", &format!("Range: bytes={range}\r\n"));
        let told = format!("bytes {}-{}/200000", part.start, part.end - 1);
        assert_eq!((answer.status, answer.field("content-range")), (206, Some(&*told)));
        assert_eq!(answer.text(), &content[part], "{range}");
    }
    let large = ask(&gateway, "/part.txt", "Range: bytes=70000-180000\r\n");
    assert_eq!(large.text(), &content[70_000..=180_000], "over many pieces");
    let beyond = ask(&gateway, "/part.txt", "Range: bytes=200000-\r\n");
    assert_eq!((beyond.status, beyond.field("content-range")), (416, Some("bytes */200000")));
    let whole = ask(&gateway, "/part.txt", "");
    assert_eq!((whole.status, whole.field("accept-ranges")), (200, Some("bytes")));
}

#[test]
fn a_redirect_to_a_directory_keeps_the_query() {
    let (_dir, gateway) = site();
    let cases = [("/sub?a=1&b=%20", "/sub/?a=1&b=%20"), ("/sub?", "/sub/?"), ("/sub", "/sub/")];
    for (path, location) in cases {
        assert_eq!(ask(&gateway, path, "").field("location"), Some(location));
    }
    let answer = ask(&gateway, "/sub?a=1&access_token=s3cret", "");
    assert_eq!(answer.field("location"), Some("/sub/?a=1"), "nobody needs the token there");
}

#[test]
fn the_type_of_a_file_does_not_depend_on_the_case_of_its_name() {
    let (dir, gateway) = site();
    for (name, media_type) in [("A.PNG", "image/png"), ("b.Html", "text/html; charset=utf-8")] {
        std::fs::write(dir.path().join("html").join(name), "x").unwrap();
        let answer = ask(&gateway, &format!("/{name}"), "");
        assert_eq!(answer.field("content-type"), Some(media_type));
    }
}

#[test]
fn hidden_files_and_what_is_no_file_are_not_there() {
    let (dir, gateway) = site();
    let html = dir.path().join("html");
    for directory in [".git", ".well-known", "sub/.svn"] {
        std::fs::create_dir_all(html.join(directory)).unwrap();
    }
    for file in [".env", ".git/config", "sub/.htaccess", ".git/index.html", "sub/.svn/entries"] {
        std::fs::write(html.join(file), "hidden").unwrap();
        let path = format!("/{file}");
        assert_eq!(ask(&gateway, &path, "").status, 404, "{path}");
    }
    symlink(html.join(".git/config"), html.join("shown")).unwrap();
    symlink(dir.path().join("secret"), html.join(".well-known/index.html")).unwrap();
    for path in ["/shown", "/.git", "/.git/", "/.well-known/"] {
        assert_eq!(ask(&gateway, path, "").status, 404, "{path}");
    }
    std::fs::write(html.join(".well-known/security.txt"), "Contact: x").unwrap();
    assert_eq!(ask(&gateway, "/.well-known/security.txt", "").status, 200, "meant to be seen");
    // One that would be waited for until somebody writes to it.
    let pipe = html.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(ask(&gateway, "/pipe", "").status, 404);
}

#[test]
fn all_answers_of_a_directory_with_cors_can_be_read_by_its_pages() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("sub")).unwrap();
    std::fs::write(dir.path().join("a.json"), "{}").unwrap();
    let mut site = route("site", "/", Target::Directory(dir.path().into()), Access::Public);
    site.cors = Some(std::sync::Arc::new(phantom_pipeline::cors::Cors {
        origins: phantom_pipeline::cors::AllowedOrigins::Listed(Box::new([
            "https://*.example.com".into(),
        ])),
        expose: "ETag".into(),
        ..Default::default()
    }));
    let gateway = Setup::with_routes(vec![site]).start();
    let origin = "Origin: https://app.example.com\r\n";
    let etag = ask(&gateway, "/a.json", "").field("etag").unwrap().to_owned();
    let cases = [
        ("GET", "/a.json", String::new(), 200),
        ("GET", "/a.json", "Range: bytes=0-0\r\n".to_owned(), 206),
        ("GET", "/a.json", "Range: bytes=9-\r\n".to_owned(), 416),
        ("GET", "/a.json", format!("If-None-Match: {etag}\r\n"), 304),
        ("GET", "/sub", String::new(), 308),
        ("GET", "/nothing", String::new(), 404),
        ("DELETE", "/a.json", String::new(), 405),
    ];
    for (method, path, fields, status) in cases {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: h\r\n{origin}{fields}\r\n");
        let answer = gateway.send(request);
        assert_eq!(answer.status, status, "{method} {path} {fields}");
        let allowed = answer.field("access-control-allow-origin");
        assert_eq!(allowed, Some("https://app.example.com"), "{status}");
        assert_eq!(answer.field("vary"), Some("Origin"), "{status}");
        assert_eq!(answer.field("access-control-expose-headers"), Some("ETag"), "{status}");
    }
}
