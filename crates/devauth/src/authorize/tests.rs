//! The authorization endpoint and its page, over real HTTP.

use http::Method;

use crate::test_server::{
    AUTHORIZE, Answer, CHALLENGE, REDIRECT_URI, TestServer, VERIFIER, authorization_request,
    encode, sign_in_form,
};
use crate::{Client, Credential, RedirectUri};

async fn ask(server: &TestServer, client: &str, extra: &[(&str, &str)]) -> Answer {
    let query = encode(&authorization_request(client, extra));
    server.get(&format!("{AUTHORIZE}?{query}")).await
}

#[tokio::test]
async fn the_sign_in_page_carries_the_request_and_runs_no_script() {
    let server = TestServer::start().await;
    let answer = ask(&server, "client-one", &[("state", "s"), ("scope", "read write")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:9;"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    assert!(!answer.text.contains("<script"));
    for field in [
        r#"<input type="hidden" name="client_id" value="client-one">"#,
        r#"<input type="hidden" name="redirect_uri" value="http://127.0.0.1:9/cb">"#,
        r#"<input type="hidden" name="scope" value="read write">"#,
        r#"<input type="hidden" name="state" value="s">"#,
        r#"<input type="hidden" name="code_challenge_method" value="S256">"#,
    ] {
        assert!(answer.text.contains(field), "{field}");
    }
}

#[tokio::test]
async fn the_style_hash_is_that_of_the_style_in_the_page() {
    use base64::Engine;
    let server = TestServer::start().await;
    let answer = ask(&server, "client-one", &[]).await;
    let style = answer.text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let expected = base64::engine::general_purpose::STANDARD.encode(digest);
    assert!(answer.header("content-security-policy").unwrap().contains(&expected));
}

#[tokio::test]
async fn the_page_can_be_used_by_keyboard_screen_reader_and_phone() {
    let server = TestServer::start().await;
    let page = ask(&server, "client-one", &[]).await.text;
    for needed in [
        r#"<html lang="en">"#,
        r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#,
        r#"<label for="username">"#,
        r#"<label for="password">"#,
        r#"autocomplete="username""#,
        r#"autocomplete="current-password""#,
        "<title>Sign in</title>",
    ] {
        assert!(page.contains(needed), "{needed}");
    }
}

#[tokio::test]
async fn every_value_in_the_page_is_escaped() {
    let hostile = r#""><script>alert('1')</script>&"#;
    let server = TestServer::start_with(|options| {
        options.clients.push(Client::public(r#"<b>"client"</b>"#));
    })
    .await;
    let extra = [("state", hostile), ("nonce", hostile)];
    let answer = ask(&server, r#"<b>"client"</b>"#, &extra).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let escaped = "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;";
    assert_eq!(answer.text.matches(escaped).count(), 2);
    assert!(answer.text.contains("<code>&lt;b&gt;&quot;client&quot;&lt;/b&gt;</code>"));
    assert!(!answer.text.contains("<script") && !answer.text.contains("<b>"));
}

#[tokio::test]
async fn signing_in_sends_the_browser_back_with_code_state_and_issuer() {
    let server = TestServer::start().await;
    let form = sign_in_form("client-one", &[("state", "a b&c=ö")]);
    let answer = server.post(AUTHORIZE, &[], &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(answer.header("location").unwrap().starts_with("http://127.0.0.1:9/cb?code="));
    assert_eq!(answer.redirect_parameter("state").unwrap(), "a b&c=ö");
    assert_eq!(answer.redirect_parameter("iss").unwrap(), server.handle.issuer());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_query_of_the_redirect_uri_is_kept() {
    let server = TestServer::start().await;
    let form = sign_in_form("client-one", &[("redirect_uri", "http://localhost:9/?a=b")]);
    let answer = server.post(AUTHORIZE, &[], &form).await;
    assert_eq!(answer.redirect_parameter("a").unwrap(), "b");
    assert!(answer.redirect_parameter("code").is_some());
}

#[tokio::test]
async fn wrong_credentials_show_the_page_again_with_an_alert() {
    let server = TestServer::start().await;
    for (name, password) in [("demouser", "wrong"), ("nobody", "Password1"), ("", "")] {
        let form = sign_in_form("client-one", &[("username", name), ("password", password)]);
        let answer = server.post(AUTHORIZE, &[], &form).await;
        assert_eq!(answer.status, 200, "{name}");
        assert!(answer.text.contains(r#"role="alert">User name or password is wrong."#));
        assert!(!answer.text.contains(r#"value="wrong""#));
    }
}

#[tokio::test]
async fn cancelling_tells_the_client() {
    let server = TestServer::start().await;
    let form = sign_in_form("client-one", &[("action", "cancel"), ("state", "s")]);
    let answer = server.post(AUTHORIZE, &[], &form).await;
    assert_eq!(answer.redirect_parameter("error").unwrap(), "access_denied");
    assert_eq!(answer.redirect_parameter("state").unwrap(), "s");
    assert_eq!(answer.redirect_parameter("code"), None);
}

#[tokio::test]
async fn nobody_is_redirected_to_an_unregistered_place() {
    let server = TestServer::start().await;
    for (client, redirect_uri) in [
        ("client-one", "https://evil.example/cb"),
        ("client-one", "http://localhost.evil.example/"),
        ("client-one", "http://127.0.0.1:9/cb#x"),
        ("client-one", ""),
        ("nobody", REDIRECT_URI),
        ("introspection-client", REDIRECT_URI),
    ] {
        let extra = [("redirect_uri", redirect_uri)];
        let shown = ask(&server, client, &extra).await;
        assert_eq!((shown.status, shown.header("location")), (400, None), "{redirect_uri}");
        assert!(shown.text.contains(r#"role="alert""#));
        let posted = server.post(AUTHORIZE, &[], &sign_in_form(client, &extra)).await;
        assert_eq!((posted.status, posted.header("location")), (400, None), "{redirect_uri}");
    }
    let doubled = format!("{AUTHORIZE}?client_id=client-one&client_id=client-one");
    assert_eq!(server.get(&doubled).await.status, 400);
}

#[tokio::test]
async fn faults_of_the_client_are_told_to_the_client() {
    let server = TestServer::start_with(|options| {
        let mut client = Client::introspection("no-grant", Credential::None);
        client.redirect_uris = vec![RedirectUri::Loopback];
        options.clients.push(client);
    })
    .await;
    for (client, extra, expected) in [
        ("no-grant", ("state", "s"), "unauthorized_client"),
        ("client-one", ("response_type", ""), "invalid_request"),
        ("client-one", ("response_type", "token"), "unsupported_response_type"),
        ("client-one", ("response_mode", "fragment"), "invalid_request"),
        ("client-one", ("scope", "admin"), "invalid_scope"),
        ("client-one", ("prompt", "none"), "login_required"),
        ("client-one", ("request", "x"), "request_not_supported"),
        ("client-one", ("request_uri", "x"), "request_uri_not_supported"),
        ("client-one", ("code_challenge", ""), "invalid_request"),
        ("client-one", ("code_challenge", "short"), "invalid_request"),
        ("client-one", ("code_challenge_method", "plain"), "invalid_request"),
        ("client-one", ("code_challenge_method", ""), "invalid_request"),
    ] {
        let extra = [extra, ("state", "s")];
        let extra = if extra[0].0 == "state" { &extra[..1] } else { &extra[..] };
        let shown = ask(&server, client, extra).await;
        assert_eq!(shown.redirect_parameter("error").as_deref(), Some(expected), "{extra:?}");
        assert_eq!(shown.redirect_parameter("state").as_deref(), Some("s"));
        assert_eq!(shown.redirect_parameter("iss").as_deref(), Some(server.handle.issuer()));
        let posted = server.post(AUTHORIZE, &[], &sign_in_form(client, extra)).await;
        assert_eq!(posted.redirect_parameter("error").as_deref(), Some(expected), "{extra:?}");
    }
}

#[tokio::test]
async fn pkce_can_be_left_out_by_option_but_not_by_public_clients() {
    let server = TestServer::start_with(|options| options.require_pkce = false).await;
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(ask(&server, "client-one", &none).await.status, 200);
    let public = ask(&server, "public-client", &none).await;
    assert_eq!(public.redirect_parameter("error").unwrap(), "invalid_request");
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    let answer = ask(&server, "client-one", &plain).await;
    assert_eq!(answer.redirect_parameter("error").unwrap(), "invalid_request");
    let odd = [("code_challenge", CHALLENGE), ("code_challenge_method", "s256")];
    let answer = ask(&server, "client-one", &odd).await;
    assert_eq!(answer.redirect_parameter("error").unwrap(), "invalid_request");
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in() {
    let server = TestServer::start().await;
    let form = sign_in_form("client-one", &[]);
    for origin in ["https://evil.example", "null", "http://localhost:1"] {
        let answer = server.post(AUTHORIZE, &[("origin", origin)], &form).await;
        assert_eq!(answer.status, 400, "{origin}");
    }
    let own = server.origin.clone();
    assert_eq!(server.post(AUTHORIZE, &[("origin", &own)], &form).await.status, 303);
}

#[tokio::test]
async fn the_form_has_to_be_a_form_of_bounded_size() {
    let server = TestServer::start().await;
    let json = [("content-type", "application/json")];
    let answer = server.send(Method::POST, AUTHORIZE, &json, "{}".to_owned()).await;
    assert_eq!(answer.status, 400);
    let large = "a".repeat(65 * 1024);
    let form = sign_in_form("client-one", &[("state", &large)]);
    assert_eq!(server.post(AUTHORIZE, &[], &form).await.status, 400);
}
