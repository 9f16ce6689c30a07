//! A refresh token is used once; the second use ends what came of it.

use phantom_core::catalog::Change;
use phantom_core::catalog::Revoked;
use phantom_publish::Follower;
use phantom_publish::Update;
use phantom_publish::resident;
use serde_json::Value;
use serde_json::json;

use crate::support::Answer;
use crate::support::Call;
use crate::support::Plane;

struct Client {
    id: String,
    secret: String,
}

impl Client {
    async fn new(plane: &Plane, name: &str) -> Self {
        let request = json!({"clientName": name, "owner": "admin", "grantType": "password"});
        let registered = plane.post("/client-registration/v0.17/register", &request).by_admin();
        let body = registered.send().await.expect(200);
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        Self { id: text("clientId"), secret: text("clientSecret") }
    }

    async fn signs_in(&self, plane: &Plane) -> Value {
        let form = [
            ("grant_type", "password"),
            ("username", "admin"),
            ("password", "admin"),
            ("scope", "apim:admin"),
        ];
        let call = plane.call("POST", "/oauth2/token").basic(&self.id, &self.secret).form(&form);
        call.send().await.expect(200)
    }

    async fn refreshes(&self, call: Call<'_>, tokens: &Value) -> Answer {
        let form =
            [("grant_type", "refresh_token"), ("refresh_token", text(tokens, "refresh_token"))];
        call.basic(&self.id, &self.secret).form(&form).send().await
    }
}

fn text<'t>(tokens: &'t Value, member: &str) -> &'t str {
    tokens[member].as_str().unwrap()
}

fn refused(answer: Answer) {
    assert_eq!(answer.expect(400)["error"], "invalid_grant");
}

/// Whether the access token is one.
async fn lives(plane: &Plane, tokens: &Value) -> bool {
    let call = plane.get("/api/am/admin/v4/key-managers").bearer(text(tokens, "access_token"));
    call.send().await.status == 200
}

async fn id(plane: &Plane, tokens: &Value) -> String {
    let form = [("token", text(tokens, "access_token"))];
    let call = plane.call("POST", "/oauth2/introspect").by_admin().form(&form);
    text(&call.send().await.expect(200), "jti").to_owned()
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_all_tokens_of_its_grant_and_gateways_are_told() {
    let plane = Plane::start().await;
    let client = Client::new(&plane, "one").await;
    let token = || plane.call("POST", "/oauth2/token");
    let first = client.signs_in(&plane).await;
    let other = client.signs_in(&plane).await;
    let second = client.refreshes(token(), &first).await.expect(200);
    let third = client.refreshes(token(), &second).await.expect(200);
    let third_id = id(&plane, &third).await;
    assert!(!lives(&plane, &second).await && lives(&plane, &third).await);

    let resident = resident(&plane.store, "https://localhost:9443").await.unwrap();
    let mut follower = Follower::new(plane.store.clone(), resident, plane.clock.clone());
    assert!(matches!(follower.next().await.unwrap(), Update::Whole(_)));
    refused(client.refreshes(token(), &first).await);
    assert!(!lives(&plane, &third).await);
    let Update::Changes(told) = follower.next().await.unwrap() else { panic!("no changes") };
    let [Change::Revoked(told)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(told.of, Revoked::TokenId(third_id.as_str().into()));

    refused(client.refreshes(token(), &third).await);
    refused(client.refreshes(token(), &second).await);
    // Another grant of the same user at the same client is another.
    assert!(lives(&plane, &other).await);
    client.refreshes(token(), &other).await.expect(200);
}

#[tokio::test]
async fn a_reuse_is_seen_by_another_node_and_after_a_restart() {
    let plane = Plane::start().await;
    let client = Client::new(&plane, "one").await;
    let first = client.signs_in(&plane).await;
    let second = client.refreshes(plane.call("POST", "/oauth2/token"), &first).await.expect(200);
    let node = plane.another_node().await;
    refused(client.refreshes(node.call("POST", "/oauth2/token"), &first).await);
    assert!(!lives(&plane, &second).await);
    refused(client.refreshes(plane.call("POST", "/oauth2/token"), &second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_uses_at_once_one_is_the_reuse_on_whatever_node() {
    let plane = Plane::start().await;
    let client = Client::new(&plane, "one").await;
    let node = plane.another_node().await;
    for _ in 0..10 {
        let first = client.signs_in(&plane).await;
        let (one, two) = tokio::join!(
            client.refreshes(plane.call("POST", "/oauth2/token"), &first),
            client.refreshes(node.call("POST", "/oauth2/token"), &first),
        );
        let (good, bad) = if one.status == 200 { (one, two) } else { (two, one) };
        refused(bad);
        let second = good.expect(200);
        assert!(!lives(&plane, &second).await);
        refused(client.refreshes(plane.call("POST", "/oauth2/token"), &second).await);
    }
}

#[tokio::test]
async fn another_clients_reuse_ends_nothing_and_a_spent_token_may_be_revoked() {
    let plane = Plane::start().await;
    let (client, other) = (Client::new(&plane, "one").await, Client::new(&plane, "two").await);
    let token = || plane.call("POST", "/oauth2/token");
    let first = client.signs_in(&plane).await;
    let second = client.refreshes(token(), &first).await.expect(200);
    refused(other.refreshes(token(), &first).await);
    refused(other.refreshes(token(), &second).await);
    assert!(lives(&plane, &second).await);
    let form = [("token", text(&first, "refresh_token"))];
    let revoke = plane.call("POST", "/oauth2/revoke").basic(&client.id, &client.secret);
    revoke.form(&form).send().await.expect(200);
    assert!(!lives(&plane, &second).await);
}
