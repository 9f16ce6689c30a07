//! What guessing passwords and secrets meets, and what does not suffer from it.

use std::time::Duration;

use phantom_store::UserRow;
use phantom_store::password;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::Answer;
use crate::support::Plane;

const PATH: &str = "/api/am/devportal/v3/applications";

impl Plane {
    async fn signs_in(&self, name: &str, password: &str, from: &str) -> u16 {
        let answer = self.get(PATH).basic(name, password).from(from).send().await;
        assert_eq!(answer.header("retry-after").is_some(), answer.status == 429, "{answer:?}");
        answer.status.as_u16()
    }

    async fn client_asks(&self, id: &str, secret: &str, from: &str) -> u16 {
        let form = [("grant_type", "client_credentials")];
        let call = self.call("POST", "/oauth2/token").basic(id, secret).form(&form);
        call.from(from).send().await.status.as_u16()
    }

    /// Id and secret of a client that belongs to this user.
    async fn client_of(&self, owner: &str, password: &str) -> (String, String) {
        let request = json!({
            "clientName": format!("{owner}'s"), "owner": owner, "grantType": "client_credentials",
        });
        let call = self.post("/client-registration/v0.17/register", &request);
        let body = call.basic(owner, password).send().await.expect(200);
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        (text("clientId"), text("clientSecret"))
    }

    async fn introspects(&self, name: &str, secret: &str) -> Answer {
        let call = self.call("POST", "/oauth2/introspect").basic(name, secret);
        call.form(&[("token", "x")]).send().await
    }
}

/// All at once; how many were answered so.
async fn at_once(passwords: impl Iterator<Item = String>) -> impl Fn(u16) -> usize {
    let plane = std::sync::Arc::new(Plane::start().await);
    let mut calls = JoinSet::new();
    for password in passwords {
        let plane = plane.clone();
        calls.spawn(async move { plane.signs_in("sue", &password, "192.0.2.1").await });
    }
    let answers = calls.join_all().await;
    move |status| answers.iter().filter(|answer| **answer == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guesses_at_once_are_five() {
    let count = at_once((0..100).map(|number| format!("guess {number}"))).await;
    assert_eq!((count(401), count(429)), (5, 95));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_password_a_hundred_times_at_once_is_five_guesses_as_well() {
    let count = at_once((0..100).map(|_| "guess".to_owned())).await;
    assert_eq!((count(401), count(429)), (5, 95));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_a_hundred_times_at_once_is_one_sign_in() {
    let before = password::hashed();
    let count = at_once((0..100).map(|_| "sue-password".to_owned())).await;
    assert_eq!(count(200), 100);
    // Those of the set-up are hashed too: admin and six users.
    assert!(password::hashed() - before <= 8, "{}", password::hashed() - before);
}

#[tokio::test]
async fn guesses_at_a_client_do_not_lock_out_the_user_of_its_name_nor_the_other_way_round() {
    let plane = Plane::start().await;
    for expected in [401, 401, 401, 401, 401, 429] {
        assert_eq!(plane.client_asks("admin", "guess", "192.0.2.1").await, expected);
    }
    assert_eq!(plane.signs_in("admin", "admin", "192.0.2.1").await, 200);
    let (id, secret) = plane.client_of("admin", "admin").await;
    for expected in [401, 401, 401, 401, 401, 429] {
        assert_eq!(plane.signs_in(&id, "guess", "192.0.2.1").await, expected);
    }
    assert_eq!(plane.client_asks(&id, &secret, "192.0.2.1").await, 200);
}

#[tokio::test]
async fn a_network_waits_as_one_and_another_is_another() {
    let plane = Plane::start().await;
    for host in 1..=5 {
        let from = format!("2001:db8::{host}");
        assert_eq!(plane.signs_in("sue", "guess", &from).await, 401);
    }
    assert_eq!(plane.signs_in("sue", "sue-password", "2001:db8::6").await, 429);
    assert_eq!(plane.signs_in("sue", "sue-password", "2001:db8:0:1::6").await, 200);
}

#[tokio::test]
async fn guesses_from_everywhere_do_not_lock_out_where_somebody_signed_in_before() {
    let plane = Plane::start().await;
    assert_eq!(plane.signs_in("sue", "sue-password", "192.0.2.1").await, 200);
    // Not remembered any more: the password has to be checked.
    plane.wait(Duration::from_secs(61));
    let mut refused = 0;
    for host in 1..=40 {
        let status = plane.signs_in("sue", "guess", &format!("198.51.100.{host}")).await;
        refused += usize::from(status == 429);
    }
    assert_eq!(refused, 10);
    assert_eq!(plane.signs_in("sue", "sue-password", "192.0.2.2").await, 429);
    assert_eq!(plane.signs_in("sue", "sue-password", "192.0.2.1").await, 200);
    plane.wait(Duration::from_secs(61));
    assert_eq!(plane.signs_in("sue", "sue-password", "192.0.2.2").await, 200);
}

#[tokio::test]
async fn a_flood_from_its_own_network_does_not_refuse_who_was_right_a_moment_ago() {
    let plane = Plane::start().await;
    let (id, secret) = plane.client_of("sam", "sam-password").await;
    let from = "192.0.2.1";
    assert_eq!(plane.signs_in("sue", "sue-password", from).await, 200);
    assert_eq!(plane.client_asks(&id, &secret, from).await, 200);
    for number in 0..50 {
        let expected = if number < 5 { 401 } else { 429 };
        assert_eq!(plane.signs_in("sue", "guess", from).await, expected);
        assert_eq!(plane.signs_in("sue", "sue-password", from).await, 200);
        assert_eq!(plane.client_asks(&id, "guess", from).await, expected);
        assert_eq!(plane.client_asks(&id, &secret, from).await, 200);
    }
}

#[tokio::test]
async fn a_remembered_password_ends_at_once_with_its_change_and_with_its_user() {
    let plane = Plane::start().await;
    let now = || phantom_core::Clock::now(&*plane.clock).wall;
    let actor = phantom_store::Actor { name: "test".to_owned(), address: None };
    assert_eq!(plane.signs_in("sue", "sue-password", "192.0.2.1").await, 200);
    let row = plane.store.user("sue").await.unwrap().unwrap();
    let password_hash = password::hash(&"another".into()).await.unwrap();
    let mut write = plane.store.write(&actor, now()).await.unwrap();
    write.update_user(&UserRow { password_hash, ..row }).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(plane.signs_in("sue", "sue-password", "192.0.2.1").await, 401);
    assert_eq!(plane.signs_in("sue", "another", "192.0.2.1").await, 200);
    let mut write = plane.store.write(&actor, now()).await.unwrap();
    write.delete_user("sue").await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(plane.signs_in("sue", "another", "192.0.2.1").await, 401);
}

#[tokio::test]
async fn names_of_users_of_clients_and_of_nobody_cost_the_same_when_the_password_is_wrong() {
    let plane = Plane::start().await;
    let (id, _) = plane.client_of("admin", "admin").await;
    for (name, guess) in [("admin", "guess"), (id.as_str(), "guess"), ("nobody", "guess")] {
        let before = password::hashed();
        let answer = plane.introspects(name, guess).await;
        assert_eq!(answer.expect(401)["error"], "invalid_client");
        assert!(password::hashed() > before, "{name} was not hashed");
    }
    for name in ["sue", "nobody"] {
        let before = password::hashed();
        assert_eq!(plane.signs_in(name, "guess", "192.0.2.1").await, 401);
        assert!(password::hashed() > before, "{name} was not hashed");
        // What is no password is refused alike, and costs nothing.
        for none in [String::new(), "x".repeat(1025)] {
            assert_eq!(plane.signs_in(name, &none, "192.0.2.1").await, 401);
        }
    }
}

#[tokio::test]
async fn only_gateways_administrators_and_their_clients_introspect() {
    let plane = Plane::start().await;
    let gateway = plane.store.registered_client("phantom gateway").await.unwrap().unwrap();
    let gateway_secret = secrecy::ExposeSecret::expose_secret(&gateway.secret);
    let (admins, admins_secret) = plane.client_of("admin", "admin").await;
    for (name, secret) in
        [("admin", "admin"), (&*gateway.client_id, gateway_secret), (&*admins, &*admins_secret)]
    {
        plane.introspects(name, secret).await.expect(200);
    }
    let (sues, sues_secret) = plane.client_of("sue", "sue-password").await;
    let refused = plane.introspects(&sues, &sues_secret).await.expect(403);
    assert_eq!(refused["error"], "access_denied");
    plane.introspects("sue", "sue-password").await.expect(401);
    let form = [("token", "x"), ("client_id", &*sues), ("client_secret", &*sues_secret)];
    plane.call("POST", "/oauth2/introspect").form(&form).send().await.expect(403);
    // Nobody becomes the gateways' client by its name.
    for owner in ["admin", "sue"] {
        let request = json!({"clientName": "phantom gateway", "owner": owner});
        let call = plane.post("/client-registration/v0.17/register", &request);
        let call = if owner == "admin" { call.by_admin() } else { call.by_user(owner) };
        let refused = call.send().await.expect(403);
        assert!(!refused.to_string().contains(gateway_secret));
    }
}

#[tokio::test]
async fn keys_of_applications_do_not_introspect_whoever_owns_them() {
    let plane = Plane::start().await;
    let body = json!({"name": "App", "throttlingPolicy": "Unlimited"});
    let app = plane.post(PATH, &body).by_admin().send().await.expect(201);
    let path = format!("{PATH}/{}/generate-keys", app["applicationId"].as_str().unwrap());
    let body = json!({
        "keyType": "PRODUCTION", "grantTypesToBeSupported": ["client_credentials"],
    });
    let key = plane.post(&path, &body).by_admin().send().await.expect(200);
    let text = |member: &str| key[member].as_str().unwrap();
    plane.introspects(text("consumerKey"), text("consumerSecret")).await.expect(403);
}

#[tokio::test]
async fn a_clients_secret_is_not_guessed_faster_where_keys_are_mapped_or_tried() {
    let plane = Plane::start().await;
    let (id, secret) = plane.client_of("sam", "sam-password").await;
    let body = json!({"name": "App", "throttlingPolicy": "Unlimited"});
    let app = plane.post(PATH, &body).by_user("sue").send().await.expect(201);
    let path = format!("{PATH}/{}/map-keys", app["applicationId"].as_str().unwrap());
    let map = async |secret: &str| {
        let body = json!({"consumerKey": id, "consumerSecret": secret, "keyType": "PRODUCTION"});
        plane.post(&path, &body).by_user("sue").send().await
    };
    for _ in 0..5 {
        map("guess").await.expect(400);
    }
    assert_eq!(map(&secret).await.status, 429);
    plane.wait(Duration::from_secs(3));
    map(&secret).await.expect(200);
}
