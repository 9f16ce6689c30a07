//! Every operation that is served has a rule of who may call it, and is held to it: each route with each
//! role and without a credential.

use std::collections::BTreeSet;

use phantom_access::roles;
use phantom_access::roles::Role;
use phantom_control::rest;
use phantom_rest::guard::Needs;

use crate::support::Plane;
use crate::support::USERS;

fn described() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(rest::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .filter(|key| key.len() <= 7 && *key != "summary")
            .map(|m| (m.to_uppercase(), path.clone()))
    });
    operations.filter(|(method, _)| method != "PARAMETERS").collect()
}

#[test]
fn every_operation_of_the_document_has_a_rule_and_the_other_way_round() {
    let table: BTreeSet<(String, String)> = rest::rules()
        .into_iter()
        .map(|each| (each.method.to_owned(), each.path))
        .filter(|(_, path)| path != "/openapi.json")
        .collect();
    assert_eq!(described(), table);
    let rows = rest::rules().len();
    assert_eq!(rows, table.len() + 1, "an operation is served twice");
}

#[test]
fn every_scope_that_is_asked_for_is_one_that_some_role_gives() {
    let known: Vec<&str> = roles::all_scopes().collect();
    for each in rest::rules() {
        let scopes = each.needs.scopes();
        let is_open = matches!(each.needs, Needs::Anyone | Needs::OwnRules);
        assert_eq!(scopes.is_empty(), is_open, "{} {}", each.method, each.path);
        for scope in scopes {
            assert!(known.contains(scope), "{} {}: {scope}", each.method, each.path);
        }
    }
}

#[tokio::test]
async fn each_role_gets_where_the_rule_lets_it_and_nobody_else_does() {
    let plane = Plane::start().await;
    for each in rest::rules().into_iter().filter(|each| each.needs != Needs::OwnRules) {
        let path = concrete(&each.path);
        let open = each.needs == Needs::Anyone;
        // Nobody.
        let answer = plane.call(each.method, &path).out_of_contract().send().await;
        assert_eq!(answer.status == 401, !open, "{} {path} without a token", each.method);
        for (user, role) in [("admin", "admin")].into_iter().chain(USERS) {
            let role = Role::from_name(role).unwrap();
            let held: Vec<&str> = roles::scopes_of(&[role]).collect();
            let may = match each.needs {
                Needs::AnyOf(scopes) => scopes.iter().any(|scope| held.contains(scope)),
                // The widening is for viewers, who have a scope of the first list anyway.
                Needs::AnyOfOrViewerWith(scopes, _) => scopes.iter().any(|s| held.contains(s)),
                Needs::Anyone => true,
                Needs::OwnRules => continue,
            };
            let call = plane.call(each.method, &path).out_of_contract();
            let call = if user == "admin" { call.by_admin() } else { call.by_user(user) };
            let answer = call.send().await;
            assert_eq!(answer.status != 401, may, "{} {path} as {role:?}", each.method);
            assert!(answer.status.as_u16() < 500, "{} {path}: {}", each.method, answer.text);
        }
    }
}

/// Rows: WSO2-1.4, WSO2-11.1
#[tokio::test]
async fn the_list_of_apis_opens_to_a_subscribers_token_of_a_viewer() {
    let plane = Plane::start().await;
    let scope = "apim:subscribe apim:app_manage apim:sub_manage";
    let admin = plane.token("admin", "admin", scope).await;
    let list = "/api/am/publisher/v4/apis?query=name:HttpBin";
    plane.get(list).bearer(&admin).send().await.expect(200);
    // Nothing else of the Publisher is widened, and nobody without a role that may view.
    plane.get("/api/am/publisher/v4/scopes").bearer(&admin).send().await.expect(401);
    let sue = plane.token("sue", "sue-password", scope).await;
    plane.get(list).bearer(&sue).send().await.expect(401);
}

/// A path of the template with ids that are nobody's.
fn concrete(template: &str) -> String {
    let segments = template.split('/').map(|segment| match segment.starts_with('{') {
        true => "018f0000-0000-7000-8000-000000000000",
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}
