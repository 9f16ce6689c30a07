//! Section 3: tokens, scopes, roles.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::support::Answer;
use crate::support::Plane;

const TOKEN: &str = "/oauth2/token";

struct Client {
    id: String,
    secret: String,
}

async fn client(plane: &Plane, grants: &str) -> Client {
    let request = json!({"clientName": grants, "owner": "admin", "grantType": grants});
    let registered = plane.post("/client-registration/v0.17/register", &request).by_admin();
    let body = registered.send().await.expect(200);
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    Client { id: text("clientId"), secret: text("clientSecret") }
}

async fn ask(plane: &Plane, client: &Client, form: &[(&str, &str)]) -> Answer {
    plane.call("POST", TOKEN).basic(&client.id, &client.secret).form(form).send().await
}

const PASSWORD: [(&str, &str); 3] =
    [("grant_type", "password"), ("username", "admin"), ("password", "admin")];

fn oauth_error(answer: Answer, status: u16, error: &str) {
    let body = answer.expect(status);
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
}

/// Rows: WSO2-1.2
#[tokio::test]
async fn the_tutorials_token_request_is_answered_in_the_tutorials_shape() {
    let plane = Plane::start().await;
    let client = client(&plane, "password client_credentials").await;
    let scope = [("scope", "apim:subscribe apim:app_manage apim:sub_manage")];
    let answer = ask(&plane, &client, &[&PASSWORD[..], &scope].concat()).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(answer.text.matches("\"access_token\":\"").count(), 1);
    let body = answer.expect(200);
    assert_eq!(body["scope"], "apim:app_manage apim:sub_manage apim:subscribe");
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 3600);
    assert!(body["refresh_token"].is_string());
}

/// Rows: WSO2-3.1.1
#[tokio::test]
async fn the_users_name_may_have_its_domain() {
    let plane = Plane::start().await;
    let client = client(&plane, "password").await;
    let form =
        [("grant_type", "password"), ("username", "admin@carbon.super"), ("password", "admin")];
    let body = ask(&plane, &client, &form).await.expect(200);
    assert_eq!(body["scope"], "default");
}

/// Rows: WSO2-3.1.2
#[tokio::test]
async fn client_credentials_have_no_refresh_token_and_act_for_their_owner() {
    let plane = Plane::start().await;
    let client = client(&plane, "client_credentials").await;
    let form = [("grant_type", "client_credentials"), ("scope", "apim:admin openid")];
    let body = ask(&plane, &client, &form).await.expect(200);
    assert_eq!(body.get("refresh_token"), None);
    assert_eq!(body["scope"], "apim:admin");
    let token = body["access_token"].as_str().unwrap();
    plane.get("/api/am/admin/v4/key-managers").bearer(token).send().await.expect(200);
}

/// Rows: WSO2-3.1.3
#[tokio::test]
async fn a_refresh_token_rotates_and_the_old_pair_is_dead() {
    let plane = Plane::start().await;
    let client = client(&plane, "password").await;
    let scope = [("scope", "apim:admin apim:subscribe")];
    let first = ask(&plane, &client, &[&PASSWORD[..], &scope].concat()).await.expect(200);
    let refresh = |token: &Value| token["refresh_token"].as_str().unwrap().to_owned();
    let form = |token: &str| {
        [
            ("grant_type".to_owned(), "refresh_token".to_owned()),
            ("refresh_token".to_owned(), token.to_owned()),
            ("scope".to_owned(), "apim:admin".to_owned()),
        ]
    };
    let send = async |token: &str| {
        let form = form(token);
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        ask(&plane, &client, &form).await
    };
    let old = refresh(&first);
    let second = send(&old).await.expect(200);
    assert_eq!(second["scope"], "apim:admin");
    let path = "/api/am/admin/v4/key-managers";
    let dead = first["access_token"].as_str().unwrap();
    plane.get(path).bearer(dead).send().await.expect_error(401, 401, "Unauthenticated request");
    plane.get(path).bearer(second["access_token"].as_str().unwrap()).send().await.expect(200);
    plane.wait(Duration::from_secs(86_400));
    for dead in [&old, &refresh(&second)] {
        oauth_error(send(dead).await, 400, "invalid_grant");
    }
}

/// Rows: WSO2-3.1
#[tokio::test]
async fn scopes_are_those_the_roles_give_and_unknown_ones_are_dropped() {
    let plane = Plane::start().await;
    let token = |scope: &'static str| {
        let plane = &plane;
        async move { plane.token("sue", "sue-password", scope).await }
    };
    let wanted = token("apim:admin apim:subscribe made_up apim:made_up").await;
    plane.get("/api/am/admin/v4/key-managers").bearer(&wanted).send().await.expect(401);
    plane.get("/api/am/devportal/v3/applications").bearer(&wanted).send().await.expect(200);
}

/// Rows: WSO2-3.1
#[tokio::test]
async fn errors_are_those_of_the_standard() {
    let plane = Plane::start().await;
    let one = client(&plane, "password").await;
    let wrong = Client { id: one.id.clone(), secret: "wrong".to_owned() };
    let nobody = Client { id: "nobody".to_owned(), secret: "wrong".to_owned() };
    let mut said = Vec::new();
    for client in [&wrong, &nobody] {
        let body = ask(&plane, client, &PASSWORD).await.expect(401);
        said.push(body.to_string());
    }
    assert_eq!(said[0], said[1], "one text for both causes");
    assert!(said[0].contains("Client credentials are invalid."));

    let other = client(&plane, "client_credentials").await;
    oauth_error(ask(&plane, &other, &PASSWORD).await, 400, "unauthorized_client");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("grant_type", "password"), ("username", "admin"), ("password", "x")], "invalid_grant"),
        (&[("grant_type", "password"), ("username", "x"), ("password", "x")], "invalid_grant"),
        (&[("grant_type", "password"), ("username", "admin")], "invalid_request"),
        (&[("grant_type", "nonsense")], "unsupported_grant_type"),
        (&[("scope", "x")], "invalid_request"),
        (&[("grant_type", "password"), ("grant_type", "password")], "invalid_request"),
    ];
    for (form, error) in cases {
        oauth_error(ask(&plane, &one, form).await, 400, error);
    }
    let lacking = ask(&plane, &one, &[("scope", "x")]).await;
    assert!(lacking.text.contains("'grant_type' is missing"), "{}", lacking.text);
}

#[tokio::test]
async fn a_client_may_authenticate_in_the_form_but_not_in_two_places() {
    let plane = Plane::start().await;
    let client = client(&plane, "password").await;
    let own = [("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
    let form = [&PASSWORD[..], &own].concat();
    plane.call("POST", TOKEN).form(&form).send().await.expect(200);
    let twice = plane.call("POST", TOKEN).basic(&client.id, &client.secret).form(&form);
    oauth_error(twice.send().await, 400, "invalid_request");
}

#[tokio::test]
async fn guesses_at_a_password_are_slowed_down_and_nobody_else_is_locked_out() {
    let plane = Plane::start().await;
    let path = "/api/am/devportal/v3/applications";
    for _ in 0..5 {
        plane.get(path).basic("sue", "guess").send().await.expect(401);
    }
    let paused = plane.get(path).by_user("sue").send().await;
    assert_eq!(paused.status, 429);
    assert!(paused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    plane.get(path).by_user("sam").send().await.expect(200);
    plane.wait(Duration::from_secs(3));
    plane.get(path).by_user("sue").send().await.expect(200);
}

/// Rows: WSO2-3.2.1, WSO2-3.2.3, WSO2-11.5
#[tokio::test]
async fn revocation_is_immediate_and_an_unknown_token_is_no_error() {
    let plane = Plane::start().await;
    let one = client(&plane, "password").await;
    let scope = [("scope", "apim:admin")];
    let tokens = ask(&plane, &one, &[&PASSWORD[..], &scope].concat()).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let path = "/api/am/admin/v4/key-managers";
    plane.get(path).bearer(token).send().await.expect(200);

    let revoke = async |client: &Client, token: &str| {
        let call = plane.call("POST", "/oauth2/revoke").basic(&client.id, &client.secret);
        call.form(&[("token", token)]).send().await
    };
    let other = client(&plane, "client_credentials").await;
    assert_eq!(revoke(&other, token).await.status, 200);
    plane.get(path).bearer(token).send().await.expect(200);
    let answer = revoke(&one, token).await;
    assert_eq!((answer.status.as_u16(), &*answer.text), (200, ""));
    plane.get(path).bearer(token).send().await.expect(401);
    assert_eq!(revoke(&one, "unknown").await.status, 200);
}

/// Rows: WSO2-3.2.2, WSO2-11.9
#[tokio::test]
async fn introspection_is_open_to_clients_and_to_administrators() {
    let plane = Plane::start().await;
    let one = client(&plane, "password").await;
    let tokens = ask(&plane, &one, &PASSWORD).await.expect(200);
    let token = tokens["access_token"].as_str().unwrap();
    let ask = async |name: &str, secret: &str, token: &str| {
        let call = plane.call("POST", "/oauth2/introspect").basic(name, secret);
        call.form(&[("token", token)]).send().await
    };
    for (name, secret) in [("admin", "admin"), (one.id.as_str(), one.secret.as_str())] {
        let answer = ask(name, secret, token).await;
        // Gateways may keep it: they are told of the token's end.
        assert_eq!(answer.header("cache-control"), Some("private"));
        let body = answer.expect(200);
        assert_eq!(body["active"], true);
        assert_eq!(body["username"], "admin");
        assert_eq!(body["client_id"], one.id.as_str());
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["exp"].as_u64().unwrap() - body["iat"].as_u64().unwrap(), 3600);
    }
    // A refresh token is no access token, and nobody learns of it by asking.
    for token in ["unknown", tokens["refresh_token"].as_str().unwrap()] {
        let answer = ask("admin", "admin", token).await;
        assert_eq!(answer.text, "{\"active\":false}\n");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    ask("sue", "sue-password", token).await.expect(401);
    // Who guesses is told to wait, as everywhere.
    for _ in 0..5 {
        ask("sam", "guess", token).await.expect(401);
    }
    let paused = ask("sam", "guess", token).await;
    assert_eq!((paused.status.as_u16(), paused.header("retry-after").is_some()), (429, true));
    plane.wait(Duration::from_secs(3600));
    assert_eq!(ask("admin", "admin", token).await.text, "{\"active\":false}\n");
}

#[tokio::test]
async fn the_key_set_is_published() {
    let plane = Plane::start().await;
    assert_eq!(plane.get("/oauth2/jwks").send().await.expect(200), json!({"keys": []}));
}

#[tokio::test]
async fn secrets_and_tokens_are_not_in_the_database_in_clear() {
    let plane = Plane::start().await;
    let one = client(&plane, "password").await;
    let tokens = ask(&plane, &one, &PASSWORD).await.expect(200);
    for kept in plane.files() {
        let bytes = std::fs::read(&kept).unwrap();
        for secret in [&*one.secret, tokens["access_token"].as_str().unwrap(), "sue-password"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", kept.display());
        }
    }
}
