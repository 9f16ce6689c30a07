use serde_json::json;

use super::*;

#[test]
fn every_type_is_found_by_its_name_and_only_by_that() {
    for connector in Connector::ALL {
        assert_eq!(Connector::of_kind(connector.kind()), Some(connector));
    }
    assert_eq!(Connector::of_kind("curityphantomtoken"), None);
    assert_eq!(Connector::for_new("default"), None, "there is one resident key manager");
    for endpoint in Endpoint::ALL {
        assert_eq!(Endpoint::named(endpoint.name()), Some(endpoint));
    }
}

#[test]
fn numbers_are_numbers_or_digits_within_their_bounds() {
    let skew = Connector::CurityPhantomToken.field(CLOCK_SKEW).unwrap();
    for value in [json!(0), json!(60), json!("0"), json!("60"), json!("060")] {
        assert!(skew.takes(&value), "{value}");
    }
    for value in
        [json!(61), json!(-1), json!(1.0), json!("+1"), json!(""), json!(" 1"), json!(null)]
    {
        assert!(!skew.takes(&value), "{value}");
    }
}

#[test]
fn each_default_may_be_entered() {
    for connector in Connector::ALL {
        for field in connector.fields() {
            if let Some(default) = field.default {
                assert!(field.takes(&json!(default)), "{}", field.name);
            }
        }
    }
}

#[test]
fn what_sounds_like_a_secret_is_masked() {
    let connector = Connector::CurityPhantomToken;
    for name in [CLIENT_SECRET, "Password", "apiKey", "api_key", "accessToken", "privateKey"] {
        assert!(connector.masks(name), "{name}");
    }
    for name in [CLIENT_ID, EXPECTED_AUDIENCE, CLOCK_SKEW, "Username", "self_validate_jwt"] {
        assert!(!connector.masks(name), "{name}");
    }
}
