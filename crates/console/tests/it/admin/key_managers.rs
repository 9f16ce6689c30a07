use crate::support::Console;

/// The tutorial's.
const FIELDS: [(&str, &str); 11] = [
    ("name", "curity"),
    ("issuer", "https://idsvr:8443/oauth/v2/oauth-anonymous"),
    ("introspection_endpoint", "https://idsvr:8443/oauth/v2/oauth-introspect"),
    ("token_endpoint", "https://idsvr:8443/oauth/v2/oauth-token"),
    ("certificate", "https://idsvr:8443/oauth/v2/oauth-anonymous/jwks"),
    ("client_id", "api-gateway-client"),
    ("secret.client_secret", "Password1"),
    ("expected_audience", "client-one"),
    ("token_generation", "(none)"),
    ("out_of_band", "(none)"),
    ("app_creation", "(none)"),
];

#[tokio::test]
async fn what_a_custom_key_manager_lacks_is_said_at_each_field() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await.expect(200);
    let custom = [("type", "CustomKeyManager"), ("choose", "type")];
    let page = browser.send(&page, "Show the fields of this type", &custom).await.expect(200);
    let fields = [
        ("name", "other"),
        ("token_endpoint", "https://as.example/token"),
        ("revoke_endpoint", "https://as.example/revoke"),
    ];
    let page = browser.send(&page, "Save", &fields).await.expect(422);
    for (field, why) in
        [("issuer", "Issuer is required"), ("certificate", "Certificates are required")]
    {
        let wrong = page.text.split("<div class=\"field wrong\">").skip(1);
        let mut wrong = wrong.filter(|part| part.contains(&format!("id=\"f-{field}\"")));
        assert!(wrong.any(|part| part.contains(why)), "{field}: {}", page.text);
    }
}

#[tokio::test]
async fn a_key_manager_is_added_changed_and_deleted_and_its_secret_is_never_shown() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.open("/admin").await.expect(200);
    let page = browser.get(&page.link("Add Key Manager")).await.expect(200);
    let page = page.says("Curity Phantom Token").says("Connector Configurations");
    // Another type has other claims, unless one was entered.
    let custom = [("type", "CustomKeyManager"), ("choose", "type")];
    let other = browser.send(&page, "Show the fields of this type", &custom).await.expect(200);
    assert!(other.has("name=\"consumer_key_claim\"") && other.has("value=\"azp\""));
    let entered = [&custom[..], &[("consumer_key_claim", "client")]].concat();
    let other = browser.send(&page, "Show the fields of this type", &entered).await.expect(200);
    assert!(other.has("value=\"client\"") && !other.has("value=\"azp\""));
    let page = browser.send_on(&page, "Save", &FIELDS).await.expect(200);
    let page = page.says("The key manager is in force");
    let page = browser.get(&page.link("curity")).await.expect(200);
    assert!(!page.has("Password1") && page.has("Keep the present one"));
    let stored = console.store.key_manager_by_name("curity").await.unwrap().unwrap();
    assert_eq!(stored.document["enableTokenGeneration"], false);
    assert_eq!(stored.document["enableSelfValidationJWT"], true);

    // The secret stays where no other is entered.
    let page = browser.send_on(&page, "Save", &[("description", "Ours")]).await.expect(200);
    let kept = console.store.key_manager_by_name("curity").await.unwrap().unwrap();
    let secret = |row: &phantom_store::KeyManagerRow| {
        secrecy::ExposeSecret::expose_secret(&row.secrets["client_secret"]).to_owned()
    };
    assert_eq!(
        (secret(&kept).as_str(), &kept.document["description"]),
        ("Password1", &"Ours".into())
    );

    let page = browser.get(&page.link("Delete")).await.expect(200);
    browser.send(&page, "Delete key manager", &[("typed", "other")]).await.expect(422);
    let page = browser.send_on(&page, "Delete key manager", &[("typed", "curity")]).await;
    page.expect(200).says("The key manager is deleted");
}

#[tokio::test]
async fn what_is_wrong_with_a_key_manager_is_said_at_its_field_and_what_was_typed_stays() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await;
    let with = |name: &'static str, value: &'static str| {
        let mut fields = FIELDS.to_vec();
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        fields
    };
    for (field, value) in [
        ("introspection_endpoint", "not a url"),
        ("clock_skew", "soon"),
        ("secret.client_secret", ""),
        ("name", ""),
    ] {
        let page = browser.send(&page, "Save", &with(field, value)).await.expect(422);
        let id = format!("f-{}", field.replace(['.', '_'], "-"));
        assert!(page.has("aria-invalid=\"true\""), "{field}: {}", page.text);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap();
        assert!(wrong.contains(&format!("id=\"{id}\"")), "{field}: {wrong:.400}");
        assert!(page.has("value=\"api-gateway-client\""));
    }
}

#[tokio::test]
async fn of_two_who_change_the_same_the_second_is_told() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await;
    let page = browser.send_on(&page, "Save", &FIELDS).await;
    let page = browser.get(&page.link("curity")).await.expect(200);
    browser.send(&page, "Save", &[("description", "first")]).await.expect(303);
    let fields = [("description", "second"), ("secret.client_secret", "Password2")];
    let second = browser.send(&page, "Save", &fields).await.expect(422);
    let second = second.says("It was changed meanwhile").says("value=\"second\"");
    // What is stored stands against what was typed; of a secret, that it is another one.
    let second = second.says("<del>first</del>").says("<ins>second</ins>").says("another one");
    assert!(!second.has("Password1") && !second.has("Password2"));
    browser.send(&second, "Save", &[]).await.expect(303);
}

#[tokio::test]
async fn markup_in_names_and_descriptions_is_text() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await;
    let mut fields = FIELDS.to_vec();
    fields.push(("description", "<script>alert(1)</script>\"'><img src=x>"));
    let page = browser.send_on(&page, "Save", &fields).await.expect(200);
    assert!(!page.has("<script>alert") && !page.has("<img"));
    let page = browser.get(&page.link("curity")).await.expect(200);
    assert!(!page.has("<script>alert") && !page.has("<img") && page.has("&#60;script&#62;alert"));
}

#[tokio::test]
async fn a_server_that_gateways_may_not_call_is_refused_where_it_is_entered() {
    let console = Console::start_before("http://localhost:8280", false).await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await;
    for (field, url) in [
        ("introspection_endpoint", "https://10.0.0.5/introspect"),
        ("introspection_endpoint", "https://localhost:8443/introspect"),
        ("introspection_endpoint", "https://[fd00::5]/introspect"),
        ("certificate", "https://169.254.169.254/jwks"),
    ] {
        let mut fields = FIELDS.to_vec();
        fields.retain(|(name, _)| *name != field);
        fields.push((field, url));
        let refused = browser.send(&page, "Save", &fields).await.expect(422);
        let wrong = refused.text.split("<div class=\"field wrong\">").nth(1).unwrap();
        assert!(
            wrong.contains("control.allow_private") && wrong.contains(url),
            "{url}: {wrong:.400}"
        );
    }
    browser.send(&page, "Save", &FIELDS).await.expect(303);
}
