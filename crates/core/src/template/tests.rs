use proptest::prelude::*;

use super::*;

fn pattern(segment: &str) -> Pattern {
    match PathTemplate::parse(&format!("/{segment}")).unwrap().segments() {
        [Segment::Pattern(pattern)] => pattern.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn templates_as_people_write_them_are_understood() {
    for (text, shape) in [
        ("/", "/"),
        ("/*", "/*"),
        ("/a/{id}", "/a/{}"),
        ("/a/{id}/", "/a/{}"),
        ("/a/{id}.json", "/a/{}.json"),
        ("/{job}:cancel", "/{}:cancel"),
        ("/{lat},{lon}", "/{},{}"),
        ("/v{major}.{minor}/x", "/v{}.{}/x"),
        ("/{proxy+}", "/{}/*"),
        ("/files/{path+}", "/files/{}/*"),
        ("/menu/*", "/menu/*"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/users/{user-id}/@{größe}", "/users/{}/@{}"),
    ] {
        assert_eq!(PathTemplate::parse(text).unwrap().to_string(), shape, "{text}");
    }
    assert_eq!(PathTemplate::parameters("/{a}-{b}/{c+}"), ["a", "b", "c"]);
}

#[test]
fn a_template_that_cannot_be_matched_exactly_is_refused() {
    let deep = "/a".repeat(MAX_SEGMENTS + 1);
    let long = format!("/{}", "a".repeat(MAX_TEMPLATE));
    for (text, error) in [
        ("", InvalidTemplate::NoSlash),
        ("a", InvalidTemplate::NoSlash),
        ("*", InvalidTemplate::NoSlash),
        ("/a*", InvalidTemplate::Star),
        ("/*/a", InvalidTemplate::Star),
        ("/a/**", InvalidTemplate::Star),
        ("/{a}*", InvalidTemplate::Star),
        ("/{}", InvalidTemplate::Parameter),
        ("/{a", InvalidTemplate::Parameter),
        ("/a}", InvalidTemplate::Parameter),
        ("/{a+}/b", InvalidTemplate::Parameter),
        ("/x{a+}", InvalidTemplate::Parameter),
        ("/{id:[0-9]+}", InvalidTemplate::Parameter),
        ("/{?page}", InvalidTemplate::Parameter),
        ("/{a}{b}", InvalidTemplate::Touching),
        ("/{a}/{a}", InvalidTemplate::Twice),
        ("/{a}/{a+}", InvalidTemplate::Twice),
        ("//a", InvalidTemplate::Empty),
        ("/a//b", InvalidTemplate::Empty),
        ("/a b", InvalidTemplate::Unescaped(' ')),
        ("/é", InvalidTemplate::Unescaped('é')),
        ("/a;b", InvalidTemplate::Refused(';')),
        ("/a?b", InvalidTemplate::Unescaped('?')),
        ("/a#b", InvalidTemplate::Unescaped('#')),
        ("/a%3Ab", InvalidTemplate::Escaped(':')),
        ("/%61", InvalidTemplate::Escaped('a')),
        ("/%2F", InvalidTemplate::Refused('/')),
        ("/%zz", InvalidTemplate::Percent),
        ("/%é", InvalidTemplate::Percent),
        ("/a%", InvalidTemplate::Percent),
        ("/a\\b", InvalidTemplate::Refused('\\')),
        ("/a%5Cb", InvalidTemplate::Refused('\\')),
        ("/a/../b", InvalidTemplate::Dots),
        ("/.", InvalidTemplate::Dots),
        (&deep, InvalidTemplate::TooDeep),
        (&long, InvalidTemplate::TooLong),
    ] {
        assert_eq!(PathTemplate::parse(text), Err(error), "{text}");
    }
}

#[test]
fn each_parameter_of_a_segment_takes_something() {
    for (template, taken, not) in [
        ("{id}", &["x", "x.json", "é"][..], &[""][..]),
        ("{id}.json", &["x.json", "a.json.json", ".json.json"], &[".json", "x.xml", "json"]),
        ("{job}:cancel", &["x:cancel", ":cancel:cancel"], &[":cancel", "x:cance", "cancel"]),
        ("{a}-{b}", &["a-b", "a--b", "--b-", "---"], &["a-", "-b", "-", "--", "ab"]),
        ("v{a}.{b}x", &["v1.2x", "v..1x"], &["v.1x", "v1.x", "1.2x", "v12x"]),
    ] {
        let pattern = pattern(template);
        for segment in taken {
            assert!(pattern.takes(segment), "{template} {segment}");
        }
        for segment in not {
            assert!(!pattern.takes(segment), "{template} {segment}");
        }
    }
}

#[test]
fn who_asks_for_more_comes_first_and_a_parameter_alone_last() {
    let mut patterns = ["{id}", "{id}.json", "{a}-{b}", "{id}.x"].map(pattern);
    patterns.sort();
    assert_eq!(patterns, ["{id}.json", "{id}.x", "{a}-{b}", "{id}"].map(pattern));
}

#[test]
fn a_path_has_one_spelling() {
    for (path, one, capitals) in [
        ("/a:b", "/a:b", "/a:b"),
        ("/a%3ab", "/a:b", "/a%3Ab"),
        ("/caf%c3%a9", "/caf%C3%A9", "/caf%C3%A9"),
        ("/%", "/%", "/%"),
        ("/%4", "/%4", "/%4"),
        ("/%é", "/%é", "/%é"),
    ] {
        assert_eq!(one_spelling(path), one, "{path}");
        assert_eq!(in_capitals(path), capitals, "{path}");
    }
}

proptest! {
    /// By trying every way to cut the segment.
    #[test]
    fn a_segment_is_taken_if_there_is_any_way_to(
        literals in proptest::collection::vec("[a.]{1,2}", 0..3),
        ends in ("[a.]{0,2}", "[a.]{0,2}"),
        segment in "[a.]{0,7}",
    ) {
        fn any_way(segment: &str, literals: &[String], suffix: &str) -> bool {
            (1..=segment.len()).any(|cut| {
                let (_, rest) = segment.split_at(cut);
                match literals {
                    [] => rest == suffix,
                    [literal, literals @ ..] => rest
                        .strip_prefix(literal.as_str())
                        .is_some_and(|rest| any_way(rest, literals, suffix)),
                }
            })
        }
        let (prefix, suffix) = ends;
        let pattern = Pattern {
            prefix: prefix.as_str().into(),
            between: literals.iter().map(|literal| literal.as_str().into()).collect(),
            suffix: suffix.as_str().into(),
        };
        let expected = segment
            .strip_prefix(prefix.as_str())
            .is_some_and(|rest| any_way(rest, &literals, &suffix));
        prop_assert_eq!(pattern.takes(&segment), expected);
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,40}") {
        let _ = (PathTemplate::parse(&text), one_spelling(&text), in_capitals(&text));
    }
}
