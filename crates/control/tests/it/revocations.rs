//! Revocations from outside, and what gateways are told of them.

use std::time::Duration;

use phantom_core::catalog::Change;
use phantom_core::catalog::Revocation;
use phantom_core::catalog::Revoked;
use phantom_publish::Follower;
use phantom_publish::Update;
use phantom_publish::resident;
use serde_json::Value;
use serde_json::json;

use crate::support::Plane;

const PATH: &str = "/api/phantom/v1/revocations";

impl Plane {
    async fn follower(&self) -> Follower {
        let resident = resident(&self.store, "https://localhost:9443").await.unwrap();
        let mut follower = Follower::new(self.store.clone(), resident, self.clock.clone());
        assert!(matches!(follower.next().await.unwrap(), Update::Whole(_)));
        follower
    }

    /// Id and secret of a client.
    async fn register(&self, grants: &str) -> (String, String) {
        let request = json!({"clientName": grants, "owner": "admin", "grantType": grants});
        let registered = self.post("/client-registration/v0.17/register", &request).by_admin();
        let body = registered.send().await.expect(200);
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        (text("clientId"), text("clientSecret"))
    }

    async fn revoke(&self, body: &Value) -> Value {
        self.call("POST", PATH).by_admin().json(body).send().await.expect(201)
    }
}

async fn changes(follower: &mut Follower) -> Vec<Change> {
    match follower.next().await.unwrap() {
        Update::Changes(changes) => changes,
        other => panic!("{other:?}"),
    }
}

/// Rows: WSO2-8.11.4
#[tokio::test]
async fn a_consumer_key_a_subject_and_a_token_id_are_revoked_for_so_long() {
    let plane = Plane::start().await;
    let mut follower = plane.follower().await;
    let now = phantom_core::Clock::now(&*plane.clock).wall;
    for (member, of, lifetime) in [
        ("consumerKey", Revoked::ConsumerKey("key-1".into()), Some(60)),
        ("subject", Revoked::Subject("key-1".into()), None),
        ("tokenId", Revoked::TokenId("key-1".into()), None),
    ] {
        let mut order = json!({member: "key-1"});
        if let Some(lifetime) = lifetime {
            order["lifetime"] = json!(lifetime);
        }
        let answer = plane.revoke(&order).await;
        let until = now.plus(Duration::from_secs(lifetime.unwrap_or(30 * 86_400)));
        let expected = json!({"revokedAt": now.as_millis(), "keptUntil": until.as_millis()});
        assert_eq!(answer, expected);
        let change = Change::Revoked(Revocation { of, at: now, until });
        assert_eq!(changes(&mut follower).await, [change]);
    }
}

/// Rows: WSO2-8.11.3
#[tokio::test]
async fn a_token_of_another_server_is_announced_and_a_jwt_by_its_name_as_well() {
    let plane = Plane::start().await;
    let mut follower = plane.follower().await;
    let now = phantom_core::Clock::now(&*plane.clock).wall;
    let answer = plane.revoke(&json!({"token": "_0XBPWQQ_453276", "lifetime": 60})).await;
    let until = now.plus(Duration::from_secs(60));
    assert_eq!(answer["keptUntil"], until.as_millis());
    let told = changes(&mut follower).await;
    assert!(
        matches!(
            &told[..],
            [Change::TokenEnded(token), Change::Revoked(Revocation { of: Revoked::Token(_), at, until: kept })]
                if *token.0 == "_0XBPWQQ_453276" && (*at, *kept) == (now, until)
        ),
        "{told:?}"
    );
    // Whoever starts later is told as well, until then.
    let kept = async |follower: &mut Follower| {
        follower.start_over();
        let update = follower.next().await.unwrap();
        let Update::Whole(catalog) = update else { panic!("{update:?}") };
        catalog.revocations.len()
    };
    assert_eq!(kept(&mut follower).await, 1);
    let end = now.as_secs() + 600;
    let named = jwt(&json!({"jti": "id-1", "exp": end}));
    let nameless = jwt(&json!({"exp": end}));
    for (token, name) in [(named, "id-1"), (nameless, "c2lnbmF0dXJl")] {
        let answer = plane.revoke(&json!({"token": token})).await;
        assert_eq!(answer["keptUntil"], end * 1000);
        let told = changes(&mut follower).await;
        let of = Revoked::TokenId(name.into());
        let until = phantom_core::UnixTime::from_secs(end);
        assert!(told.contains(&Change::Revoked(Revocation { of, at: now, until })), "{told:?}");
        assert!(told.iter().any(|change| matches!(change, Change::TokenEnded(_))), "{told:?}");
    }
    // One that ended by itself needs no mark.
    plane.revoke(&json!({"token": jwt(&json!({"jti": "old", "exp": 1}))})).await;
    let told = changes(&mut follower).await;
    assert!(matches!(&told[..], [Change::TokenEnded(_)]), "{told:?}");
}

/// Rows: WSO2-8.11.2
#[tokio::test]
async fn tokens_of_our_own_end_with_their_grant_and_gateways_are_told_their_ids() {
    let plane = Plane::start().await;
    let client = plane.register("password refresh_token").await;
    let ask = async |form: &[(&str, &str)]| {
        let call = plane.call("POST", "/oauth2/token").basic(&client.0, &client.1);
        call.form(form).send().await.expect(200)
    };
    let password = [("grant_type", "password"), ("username", "admin"), ("password", "admin")];
    let id = async |token: &str| {
        let call = plane.call("POST", "/oauth2/introspect").basic(&client.0, &client.1);
        call.form(&[("token", token)]).send().await.expect(200)["jti"].as_str().unwrap().to_owned()
    };
    let text = |tokens: &Value, member: &str| tokens[member].as_str().unwrap().to_owned();
    let mut follower = plane.follower().await;
    let told = async |follower: &mut Follower, id: &str| {
        let told = changes(follower).await;
        let of = |change: &Change| match change {
            Change::Revoked(revocation) => Some(revocation.of.clone()),
            _ => None,
        };
        let revoked: Vec<_> = told.iter().filter_map(of).collect();
        assert_eq!(revoked, [Revoked::TokenId(id.into())]);
    };

    // Refreshing ends the access token that came with the refresh token.
    let first = ask(&password).await;
    let first_id = id(&text(&first, "access_token")).await;
    let refresh = text(&first, "refresh_token");
    let second = ask(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    told(&mut follower, &first_id).await;
    // So does revoking the refresh token alone.
    let second_id = id(&text(&second, "access_token")).await;
    assert_ne!(first_id, second_id);
    let refresh = text(&second, "refresh_token");
    let revoke = plane.call("POST", "/oauth2/revoke").basic(&client.0, &client.1);
    revoke.form(&[("token", &refresh)]).send().await;
    told(&mut follower, &second_id).await;
    // And so does the operation for operators.
    let third = ask(&password).await;
    let third_id = id(&text(&third, "access_token")).await;
    plane.revoke(&json!({"token": text(&third, "access_token")})).await;
    told(&mut follower, &third_id).await;
    let call = plane.get("/api/am/admin/v4/key-managers");
    call.bearer(&text(&third, "access_token")).send().await.expect(401);
}

#[tokio::test]
async fn one_thing_at_a_time_is_revoked_and_it_has_a_name() {
    let plane = Plane::start().await;
    let both = json!({"tokenId": "a", "subject": "b"});
    let lifetime = "lifetime: must be between 1 and 31622400, in whole seconds";
    let exactly = "Exactly one of token, tokenId, consumerKey and subject has to be given.";
    for (body, description) in [
        (json!({}), exactly),
        (both, exactly),
        (json!({"lifetime": 60}), exactly),
        (json!({"subject": ""}), "subject: size must be between 1 and 1024"),
        (json!({"subject": "a".repeat(1025)}), "subject: size must be between 1 and 1024"),
        (json!({"token": ""}), "token: is not one (RFC 6750 §2.1)"),
        (json!({"token": "two words"}), "token: is not one (RFC 6750 §2.1)"),
        (json!({"token": "a".repeat(33_000)}), "token: is not one (RFC 6750 §2.1)"),
        (json!({"subject": "a", "lifetime": 0}), lifetime),
        (json!({"subject": "a", "lifetime": -1}), lifetime),
        (json!({"subject": "a", "lifetime": 1.5}), lifetime),
        (json!({"subject": "a", "lifetime": u64::MAX}), lifetime),
        (json!({"subject": "a", "who": "b"}), "Unrecognized property 'who'"),
    ] {
        let answer = plane.call("POST", PATH).by_admin().json(&body).send().await.expect(400);
        assert_eq!(answer["description"], description, "{body}");
        assert!(!answer.to_string().contains("two words"));
    }
    assert_eq!(plane.store.revocations(phantom_core::UnixTime::from_secs(0)).await.unwrap(), []);
}

fn jwt(claims: &Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "ES256"})), part(claims))
}
