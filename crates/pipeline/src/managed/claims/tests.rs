use phantom_core::Audience;
use phantom_core::PhantomToken;
use serde_json::json;

use super::*;
use crate::testing::jwt;
use crate::testing::statement;

fn rename(remote: &str, local: &str) -> ClaimRename {
    ClaimRename { remote: remote.into(), local: local.into() }
}

/// A statement whose JWT holds these claims, with what the decision keeps ready of them.
fn holding(claims: &Value) -> Statement {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(Box::from);
    Statement {
        phantom_token: PhantomToken::parse(&jwt(claims), PhantomToken::MAX_LEN).unwrap(),
        audience: claims
            .get("aud")
            .map(|aud| Audience::from_claim(aud).unwrap())
            .unwrap_or_default(),
        authorized_party: text("azp"),
        client_id: text("client_id").or_else(|| text("azp")),
        subject: text("sub"),
        ..statement("from-scope")
    }
}

fn consumer_key(claim: &str, trust: &Trust, claims: &Value) -> Option<String> {
    let (name, statement) = (ClaimName::new(claim, &[]), holding(claims));
    TokenClaims::new(&statement, trust).consumer_key(&name).map(Cow::into_owned)
}

/// Rows: WSO2-8.5
#[test]
fn the_consumer_key_is_a_string_or_the_first_of_a_list() {
    let trust = Trust::default();
    for (claim, claims, expected) in [
        ("azp", json!({"azp": "a", "client_id": "b"}), Some("a")),
        ("azp", json!({"azp": ["a", "b"]}), Some("a")),
        ("client_id", json!({"azp": "a", "client_id": "b"}), Some("b")),
        ("client_id", json!({"azp": "a", "client_id": "a"}), Some("a")),
        ("client_id", json!({"azp": "a"}), None),
        ("azp", json!({"client_id": "b"}), None),
        ("sub", json!({"sub": "s"}), Some("s")),
        ("aud", json!({"aud": ["x", "y"]}), Some("x")),
        ("aud", json!({"aud": []}), None),
        ("custom", json!({"custom": "c"}), Some("c")),
        ("custom", json!({"custom": [1, "c"]}), None),
        ("custom", json!({"custom": {"a": 1}}), None),
        ("custom", json!({}), None),
        ("scope", json!({"scope": "s"}), Some("s")),
    ] {
        assert_eq!(consumer_key(claim, &trust, &claims).as_deref(), expected, "{claim} {claims}");
    }
}

/// Rows: WSO2-8.5
#[test]
fn the_expected_audience_is_the_key_wherever_in_the_list_it_stands() {
    let trust = Trust { audience: Some("ours".into()), ..Trust::default() };
    for audience in [json!("ours"), json!(["x", "ours"]), json!(["ours", "x"])] {
        let key = consumer_key("aud", &trust, &json!({"aud": audience}));
        assert_eq!(key.as_deref(), Some("ours"));
    }
    let key = consumer_key("aud", &trust, &json!({"aud": ["x", "y"]}));
    assert_eq!(key.as_deref(), Some("x"), "a stranger's token is of nobody's application");
    let key = consumer_key("azp", &trust, &json!({"aud": "ours", "azp": "a"}));
    assert_eq!(key.as_deref(), Some("a"), "only where the claim is `aud`");
}

/// Rows: WSO2-8.5
#[test]
fn scopes_are_a_blank_separated_string_or_a_list_and_missing_is_none() {
    let scope = |claim: &str, claims: &Value| {
        let (name, statement, trust) =
            (ClaimName::new(claim, &[]), holding(claims), Trust::default());
        TokenClaims::new(&statement, &trust).scope(&name).as_str().to_owned()
    };
    assert_eq!(scope("scp", &json!({"scp": "a b"})), "a b");
    assert_eq!(scope("scp", &json!({"scp": ["a", "b"]})), "a b");
    assert_eq!(scope("scope", &json!({"scp": "a"})), "from-scope");
    for claims in [json!({}), json!({"scp": 1}), json!({"scp": ["a", 1]}), json!({"scp": ["a b"]})]
    {
        assert_eq!(scope("scp", &claims), "", "{claims}");
    }
}

#[test]
fn claims_are_renamed_before_they_are_used() {
    let renames = [rename("cid", "azp"), rename("aud", "audience")];
    assert_eq!(ClaimName::new("azp", &renames), ClaimName::Other(ClaimPath::name("cid")));
    assert_eq!(ClaimName::new("audience", &renames), ClaimName::Audience);
    assert_eq!(ClaimName::new("sub", &renames), ClaimName::Subject);
}

#[test]
fn consumer_keys_and_scopes_may_lie_within_a_claim() {
    let claims = json!({
        "client": {"id": "c", "scopes": ["a", "b"]},
        "realm_access.roles": "x",
        "https://example.com/client": "u",
    });
    for (claim, expected) in [
        ("client.id", Some("c")),
        ("/client/id", Some("c")),
        ("client.name", None),
        (r"realm_access\.roles", Some("x")),
        ("https://example.com/client", Some("u")),
    ] {
        let key = consumer_key(claim, &Trust::default(), &claims);
        assert_eq!(key.as_deref(), expected, "{claim}");
    }
    let (statement, trust) = (holding(&claims), Trust::default());
    let scopes =
        |name: &ClaimName| TokenClaims::new(&statement, &trust).scope(name).as_str().to_owned();
    assert_eq!(scopes(&ClaimName::new("client.scopes", &[])), "a b");
    // A rename is of the claim, whatever is read within it.
    assert_eq!(scopes(&ClaimName::new("app.scopes", &[rename("client", "app")])), "a b");
    assert_eq!(scopes(&ClaimName::new("app", &[rename("client.scopes", "app")])), "a b");
}
