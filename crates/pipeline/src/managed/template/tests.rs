use proptest::prelude::*;

use super::*;
use crate::testing::managed::managed_operation;

fn resources(operations: &[(&str, &str)]) -> Resources {
    let mut resources = Resources::default();
    for (verb, template) in operations {
        resources.add(managed_operation(verb, template)).unwrap();
    }
    resources
}

/// The template that takes the request; else why there is none.
fn taken<'r>(resources: &'r Resources, verb: &str, path: &str) -> &'r str {
    match resources.find(path, verb) {
        Resource::Found(operation) => &operation.template,
        Resource::OtherVerbs => "405",
        Resource::Nothing => "404",
    }
}

/// Rows: WSO2-8.2
#[test]
fn a_literal_goes_before_a_parameter_and_both_before_the_rest() {
    let resources = resources(&[
        ("GET", "/*"),
        ("GET", "/orders/{id}"),
        ("GET", "/orders/new"),
        ("GET", "/orders/{id}/lines/*"),
        ("GET", "/"),
    ]);
    for (path, template) in [
        ("/orders/new", "/orders/new"),
        ("/orders/7", "/orders/{id}"),
        ("/orders/7/", "/orders/{id}"),
        ("/orders/new/lines", "/orders/{id}/lines/*"),
        ("/orders/7/lines/1/2", "/orders/{id}/lines/*"),
        ("/orders/7/other", "/*"),
        ("/orders", "/*"),
        ("/Orders/new", "/*"),
        ("/", "/"),
        ("", "/"),
    ] {
        assert_eq!(taken(&resources, "GET", path), template, "{path}");
    }
}

/// Rows: WSO2-8.2
#[test]
fn the_rest_may_be_empty_and_a_parameter_may_not() {
    let resources = resources(&[("GET", "/menu/*"), ("GET", "/pizza/{size}")]);
    for path in ["/menu", "/menu/", "/menu/a", "/menu/a/b/"] {
        assert_eq!(taken(&resources, "GET", path), "/menu/*", "{path}");
    }
    for path in ["/menus", "/pizza", "/pizza/", "/pizza/a/b", "/"] {
        assert_eq!(taken(&resources, "GET", path), "404", "{path}");
    }
}

/// Rows: WSO2-8.2
#[test]
fn an_operation_without_the_verb_is_passed_over_and_head_is_a_verb_of_its_own() {
    let resources = resources(&[
        ("GET", "/orders/{id}"),
        ("POST", "/orders/*"),
        ("HEAD", "/health"),
        ("GET", "/health"),
    ]);
    assert_eq!(taken(&resources, "POST", "/orders/7"), "/orders/*");
    assert_eq!(taken(&resources, "HEAD", "/orders/7"), "405");
    assert_eq!(taken(&resources, "get", "/orders/7"), "405");
    assert_eq!(taken(&resources, "HEAD", "/health"), "/health");
    assert_eq!(taken(&resources, "DELETE", "/nowhere"), "404");
    assert_eq!(resources.verbs("/orders/7"), ["GET", "POST"]);
    assert_eq!(resources.verbs("/health"), ["HEAD", "GET"]);
    assert!(resources.verbs("/nowhere").is_empty());
}

/// Rows: WSO2-8.2
#[test]
fn percent_encoded_segments_are_compared_as_they_are() {
    let resources = resources(&[("GET", "/a%20b"), ("GET", "/c")]);
    assert_eq!(taken(&resources, "GET", "/a%20b"), "/a%20b");
    for path in ["/a b", "/a+b", "/%63", "/c%2F", "/c%00", "/c;x=1", "/c?x"] {
        assert_eq!(taken(&resources, "GET", path), "404", "{path}");
    }
}

#[test]
fn a_segment_may_hold_text_beside_its_parameters() {
    let resources = resources(&[
        ("GET", "/a/{id}"),
        ("GET", "/a/{id}.json"),
        ("GET", "/a/new.json"),
        ("POST", "/jobs/{job}:cancel"),
        ("GET", "/jobs/{job}"),
        ("GET", "/from/{a}-{b}/x"),
        ("GET", "/from/{a}/y"),
    ]);
    for (verb, path, template) in [
        ("GET", "/a/7", "/a/{id}"),
        ("GET", "/a/7.json", "/a/{id}.json"),
        ("GET", "/a/new.json", "/a/new.json"),
        ("GET", "/a/.json", "/a/{id}"),
        ("GET", "/a/7.json/", "/a/{id}.json"),
        ("GET", "/a/7.xml", "/a/{id}"),
        ("POST", "/jobs/7:cancel", "/jobs/{job}:cancel"),
        ("POST", "/jobs/7", "405"),
        ("GET", "/jobs/7:cancel", "/jobs/{job}"),
        ("GET", "/from/1-2/x", "/from/{a}-{b}/x"),
        ("GET", "/from/1-2/y", "/from/{a}/y"),
        ("GET", "/from/12/x", "404"),
    ] {
        assert_eq!(taken(&resources, verb, path), template, "{verb} {path}");
    }
}

#[test]
fn a_greedy_parameter_takes_one_segment_and_all_that_follow() {
    let resources =
        resources(&[("GET", "/{proxy+}"), ("GET", "/files/{path+}"), ("GET", "/a/{b}")]);
    for (path, template) in [
        ("/x", "/{proxy+}"),
        ("/x/y/z", "/{proxy+}"),
        ("/files/a/b", "/files/{path+}"),
        ("/files", "/{proxy+}"),
        ("/a/b", "/a/{b}"),
        ("/a/b/c", "/{proxy+}"),
        ("/", "404"),
        ("", "404"),
    ] {
        assert_eq!(taken(&resources, "GET", path), template, "{path}");
    }
}

#[test]
fn a_path_that_backends_may_read_as_another_operation_leads_to_none() {
    let resources = resources(&[
        ("POST", "/jobs/{job}:cancel"),
        ("POST", "/jobs/{job}"),
        ("GET", "/a+b"),
        ("GET", "/caf%c3%a9"),
    ]);
    for path in ["/jobs/7%3Acancel", "/jobs/7%3acancel", "/jobs/7%3A%3Acancel"] {
        assert_eq!(taken(&resources, "POST", path), "404", "{path}");
    }
    assert_eq!(taken(&resources, "GET", "/a%2Bb"), "404");
    // What means the same to all.
    for (verb, path, template) in [
        ("POST", "/jobs/7%3A8", "/jobs/{job}"),
        ("POST", "/jobs/7%3A8:cancel", "/jobs/{job}:cancel"),
        ("GET", "/caf%C3%A9", "/caf%c3%a9"),
        ("GET", "/caf%c3%A9", "/caf%c3%a9"),
    ] {
        assert_eq!(taken(&resources, verb, path), template, "{path}");
    }
}

#[test]
fn what_is_no_template_or_there_already_is_not_served() {
    let mut resources = resources(&[("GET", "/a/{x}")]);
    let invalid = resources.add(managed_operation("GET", "/a*"));
    assert_eq!(invalid, Err(NotServed::Template(InvalidTemplate::Star)));
    for taken in ["/a/{y}", "/a/{y}/"] {
        assert_eq!(
            resources.add(managed_operation("GET", taken)),
            Err(NotServed::Taken),
            "{taken}"
        );
    }
    assert_eq!(taken(&resources, "GET", "/a/b"), "/a/{x}");
}

/// How a template compares with a path, segment by segment: 0 literal, 1 parameter, 2 rest.
fn rank(template: &str, path: &str) -> Option<Vec<u8>> {
    let parts: Vec<&str> = template.split('/').filter(|part| !part.is_empty()).collect();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let mut rank = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match (*part, segments.get(at)) {
            ("*", _) => {
                rank.push(2);
                return Some(rank);
            }
            (part, Some(_)) if part.starts_with('{') => rank.push(1),
            (literal, Some(segment)) if literal == *segment => rank.push(0),
            _ => return None,
        }
    }
    (parts.len() == segments.len()).then_some(rank)
}

fn template() -> impl Strategy<Value = String> {
    let part = prop_oneof!["[ab]", Just("{x}".to_owned())];
    (proptest::collection::vec(part, 0..4), any::<bool>()).prop_map(|(mut parts, rest)| {
        for (at, part) in parts.iter_mut().enumerate().filter(|(_, part)| *part == "{x}") {
            // No two of a template have the same name.
            *part = format!("{{x{at}}}");
        }
        if rest {
            parts.push("*".to_owned());
        }
        format!("/{}", parts.join("/"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Rows: WSO2-8.2
    #[test]
    fn the_best_template_is_found_as_by_comparing_them_all(
        operations in proptest::collection::vec(("GET|PUT", template()), 0..12),
        verb in "GET|PUT|HEAD",
        path in "(/[ab]){0,5}/?",
    ) {
        let mut resources = Resources::default();
        let mut kept: Vec<(&str, &str)> = Vec::new();
        for (verb, template) in &operations {
            let outcome = resources.add(managed_operation(verb, template));
            let again = kept.contains(&(verb, template));
            prop_assert_eq!(outcome.is_err(), again);
            kept.push((verb, template));
        }
        let best = |kept: &mut dyn Iterator<Item = &(&str, &str)>| {
            kept.filter_map(|(_, template)| Some((rank(template, &path)?, (*template).to_owned()))).min()
        };
        let expected = match best(&mut kept.iter().filter(|(own, _)| *own == verb)) {
            Some((_, template)) => template,
            None if best(&mut kept.iter()).is_some() => "405".to_owned(),
            None => "404".to_owned(),
        };
        prop_assert_eq!(taken(&resources, &verb, &path), expected);
    }

    #[test]
    fn hostile_paths_find_something_or_nothing_but_never_panic(path in "\\PC{0,40}") {
        let resources = resources(&[("GET", "/a/{x}/b"), ("GET", "/a/*"), ("GET", "/")]);
        let _ = (taken(&resources, "GET", &path), resources.verbs(&path));
    }
}
