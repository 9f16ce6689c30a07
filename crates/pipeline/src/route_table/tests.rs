use proptest::prelude::*;

use super::*;
use crate::testing::methods;
use crate::testing::public_route;

/// `[host]/prefix [METHOD,…]`, which is its name too.
fn route(text: &str) -> Route {
    let (place, list) = text.split_once(' ').unwrap_or((text, ""));
    let (host, prefix) = place.split_at(place.find('/').unwrap());
    let list: Vec<&str> = list.split(',').filter(|method| !method.is_empty()).collect();
    let mut route = public_route(text, prefix);
    route.matcher.host = (!host.is_empty()).then(|| host.into());
    route.matcher.methods = methods(&list);
    route
}

fn table(routes: &[&str]) -> Result<RouteTable, Ambiguous> {
    RouteTable::new(routes.iter().map(|text| Arc::new(route(text))).collect())
}

/// Name of the route found, `405`, or `404`.
fn found(table: &RouteTable, host: &str, path: &str, method: &str) -> String {
    match table.find(host, path, method) {
        Match::Found(route) => route.name.to_string(),
        Match::MethodNotAllowed { .. } => "405".to_owned(),
        Match::NoRoute => "404".to_owned(),
    }
}

#[test]
fn the_longest_prefix_on_segment_borders_wins() {
    let table = table(&["/", "/api", "/api/v1", "/a/b/c"]).unwrap();
    for (path, name) in [
        ("/", "/"),
        ("/x", "/"),
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/apis", "/"),
        ("/API", "/"),
        ("/api/v", "/api"),
        ("/api/v1", "/api/v1"),
        ("/api/v1/", "/api/v1"),
        ("/api/v1/x", "/api/v1"),
        ("/api/v11", "/api"),
        ("/a/b", "/"),
        ("/a/b/c", "/a/b/c"),
        ("/a%2Fb/c", "/"),
    ] {
        assert_eq!(found(&table, "h", path, "GET"), name, "{path}");
    }
}

#[test]
fn a_named_host_comes_before_any_host_and_falls_back_to_it() {
    let table = table(&["/api/v1", "h.example/api", "/"]).unwrap();
    for host in ["h.example", "H.Example", "h.example."] {
        assert_eq!(found(&table, host, "/api/v1", "GET"), "h.example/api", "{host}");
        assert_eq!(found(&table, host, "/other", "GET"), "/", "{host}");
    }
    for host in ["", "g.example", "xh.example", "h.example.."] {
        assert_eq!(found(&table, host, "/api/v1", "GET"), "/api/v1", "{host}");
    }
    let only = super::tests::table(&["h/api"]).unwrap();
    assert_eq!(found(&only, "g", "/api", "GET"), "404");
    assert_eq!(found(&only, "h", "/", "GET"), "404");
}

#[test]
fn head_follows_get_and_methods_have_case() {
    let table = table(&["/r GET,POST", "/p POST"]).unwrap();
    for (path, method, name) in [
        ("/r", "GET", "/r GET,POST"),
        ("/r", "HEAD", "/r GET,POST"),
        ("/r", "POST", "/r GET,POST"),
        ("/r", "get", "405"),
        ("/r", "PUT", "405"),
        ("/p", "HEAD", "405"),
        ("/p", "GET", "405"),
    ] {
        assert_eq!(found(&table, "h", path, method), name, "{method} {path}");
    }
}

#[test]
fn a_method_not_taken_never_falls_back_to_a_shorter_prefix_or_to_any_host() {
    let table = table(&["/", "/admin GET", "/admin POST", "h/admin/x PUT"]).unwrap();
    assert_eq!(found(&table, "g", "/admin/x", "DELETE"), "405");
    assert_eq!(found(&table, "h", "/admin/x", "GET"), "405");
    assert_eq!(found(&table, "h", "/admin/y", "GET"), "/admin GET");
    let Match::MethodNotAllowed { routes } = table.find("g", "/admin", "DELETE") else {
        panic!("another answer than 405");
    };
    let names: Vec<&str> = routes.iter().map(|route| &*route.name).collect();
    assert_eq!(names, ["/admin GET", "/admin POST"]);
}

#[test]
fn routes_that_take_the_same_requests_are_refused() {
    for pair in [
        ["/a", "/a"],
        ["/a", "/a GET"],
        ["/a GET,POST", "/a POST"],
        ["/a GET", "/a HEAD"],
        ["/a HEAD", "/a GET"],
        ["h/a", "h/a PUT"],
        ["/", "/"],
    ] {
        let Err(ambiguous) = table(&pair) else { panic!("{pair:?} was taken") };
        assert_eq!([&*ambiguous.first, &*ambiguous.second], pair);
    }
    assert!(table(&["/a GET", "/a POST", "h/a", "g/a", "/a/b", "/"]).is_ok());
}

#[test]
fn a_path_with_an_empty_segment_matches_nothing() {
    let table = table(&["/", "/a/b"]).unwrap();
    for path in ["//", "//a/b", "/a//b", "/a/b//", "/a/b//c"] {
        assert_eq!(found(&table, "h", path, "GET"), "404", "{path}");
    }
}

/// As the page says it: the host's own routes first, of those whose prefix fits the longest, of those
/// the one that takes the method.
fn naive<'r>(routes: &'r [Route], host: &str, path: &str, method: &str) -> &'r str {
    let fits = |route: &&Route| {
        let prefix = route.matcher.prefix.trim_end_matches('/');
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for wanted in [Some(host), None] {
        let fitting: Vec<&Route> = routes
            .iter()
            .filter(|route| route.matcher.host.as_deref() == wanted)
            .filter(fits)
            .collect();
        let Some(longest) = fitting.iter().map(|route| route.matcher.prefix.len()).max() else {
            continue;
        };
        let deepest = fitting.iter().filter(|route| route.matcher.prefix.len() == longest);
        let taking = |list: &[Box<str>]| {
            let has = |m: &str| list.iter().any(|taken| &**taken == m);
            list.is_empty() || has(method) || (method == "HEAD" && has("GET"))
        };
        let found = deepest.into_iter().find(|route| taking(&route.matcher.methods));
        return found.map_or("405", |route| &route.name);
    }
    "404"
}

fn any_place() -> impl Strategy<Value = String> {
    ("(|g|h)", "(/|(/(a|b|ab)){1,3})").prop_map(|(host, prefix)| format!("{host}{prefix}"))
}

proptest! {
    #[test]
    fn the_tree_finds_what_a_walk_over_all_routes_finds(
        places in proptest::collection::vec((any_place(), "(|GET|POST|GET,POST|HEAD)"), 0..12),
        asked in proptest::collection::vec(
            ("(g|h|i)", "(/|(/(a|b|ab|c)){1,4}/?)", "(GET|HEAD|POST|PUT)"), 1..20
        ),
    ) {
        // Those that the table takes together.
        let mut names: Vec<String> = Vec::new();
        for (place, list) in places {
            names.push(format!("{place} {list}"));
            let texts: Vec<&str> = names.iter().map(String::as_str).collect();
            if table(&texts).is_err() {
                names.pop();
            }
        }
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        let table = table(&texts).unwrap();
        let routes: Vec<Route> = texts.iter().map(|text| route(text)).collect();
        for (host, path, method) in asked {
            prop_assert_eq!(
                found(&table, &host, &path, &method),
                naive(&routes, &host, &path, &method),
                "{} {} {} of {:?}", host, path, method, texts
            );
        }
    }

    #[test]
    fn no_request_line_panics(host in ".{0,12}", path in "[/.%a-c\u{e4}]{0,12}", method in ".{0,5}") {
        let table = table(&["/", "/a/b GET", "h/a"]).unwrap();
        let outcome = found(&table, &host, &path, &method);
        prop_assert!(outcome != "404" || path.contains("//"), "`/` takes every path");
    }
}
