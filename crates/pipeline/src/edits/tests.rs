use proptest::prelude::*;

use super::*;

/// Rows: TOK-5
#[test]
fn access_token_is_stripped_from_the_query_in_every_spelling() {
    let cases = [
        ("a=1&access_token=x&b=2", Some("a=1&b=2")),
        ("access_token=x", Some("")),
        ("access_token", Some("")),
        ("%61ccess%5Ftoken=x&c=%20", Some("c=%20")),
        ("access_token=x&access_token=y&d", Some("d")),
        ("my_access_token=x", None),
        ("q=access_token", None),
        ("a=%41", None),
        ("", None),
    ];
    for (query, expected) in cases {
        assert_eq!(without_access_token(query).as_deref(), expected, "{query}");
    }
}

/// Rows: TOK-8
#[test]
fn the_token_cookie_is_removed_and_others_stay() {
    let cut = |field: &str| {
        without_cookie(field.as_bytes(), "t").map(|kept| String::from_utf8(kept).unwrap())
    };
    assert_eq!(cut("a=1; t=x; b=2").as_deref(), Some("a=1; b=2"));
    assert_eq!(cut("t=x"), None);
    assert_eq!(cut("tt=x;T=y").as_deref(), Some("tt=x; T=y"));
}

/// Pairs of which about a third are the token, in some spelling.
fn any_query() -> impl Strategy<Value = Vec<String>> {
    let token = prop_oneof![
        Just("access_token=s3cret".to_owned()),
        Just("access_token".to_owned()),
        Just("%61ccess_token=s3cret".to_owned()),
        Just("access%5ftoken=s3cret&".to_owned()),
    ];
    let other = prop_oneof![
        Just(String::new()),
        "[a-c_+%=;]{0,6}",
        "(my_)?access_tokens=[a-z%]{0,3}",
        Just("Access_Token=x".to_owned()),
    ];
    proptest::collection::vec(prop_oneof![1 => token, 2 => other], 0..7)
}

proptest! {
    /// Rows: TOK-5
    #[test]
    fn what_is_left_of_a_query_has_no_token_and_the_rest_byte_for_byte(pairs in any_query()) {
        let query = pairs.join("&");
        let is_token = |pair: &&str| {
            form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| name == "access_token")
        };
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_token(pair)).collect();
        match without_access_token(&query) {
            Some(left) => {
                prop_assert_eq!(&left, &kept.join("&"));
                prop_assert!(!left.contains("s3cret"));
                prop_assert_eq!(without_access_token(&left), None, "once is enough");
            }
            None => prop_assert_eq!(kept.join("&"), query),
        }
    }

    /// Rows: TOK-8
    #[test]
    fn what_is_left_of_a_cookie_field_has_no_token_and_the_rest_byte_for_byte(
        pairs in proptest::collection::vec("( ?t ?=s3cret|t|[a-c]=[a-z\"]{0,4}|tt=t|=x)", 0..6)
    ) {
        let field = pairs.join(";");
        let left = without_cookie(field.as_bytes(), "t");
        let expected: Vec<&str> = pairs
            .iter()
            .map(|pair| pair.trim())
            .filter(|pair| pair.split('=').next().map(str::trim) != Some("t"))
            .collect();
        let expected = (!expected.is_empty()).then(|| expected.join("; ").into_bytes());
        prop_assert_eq!(&left, &expected);
        if let Some(left) = left {
            prop_assert_eq!(without_cookie(&left, "t"), Some(left), "once is enough");
        }
    }

    #[test]
    fn no_bytes_in_a_cookie_field_panic(field in proptest::collection::vec(any::<u8>(), 0..40)) {
        let left = without_cookie(&field, "t").unwrap_or_default();
        prop_assert!(left.split(|byte| *byte == b';').all(|pair| cookie_name(pair) != b"t"));
    }
}
