//! Deny policies.

use phantom_store::ConditionType;
use serde_json::json;

use crate::support::Console;

#[tokio::test]
async fn a_deny_policy_is_added_switched_off_and_on_and_deleted() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/deny-policies").await.expect(200).says("keep an API");
    let page = browser.get(&page.link("Add deny policy")).await.expect(200);
    for (fields, kind, value) in [
        (vec![("kind", "USER"), ("value", "sue <b>")], ConditionType::User, json!("sue <b>")),
        (
            vec![("kind", "IP"), ("first", "192.0.2.1"), ("invert", "on")],
            ConditionType::Ip,
            json!({"fixedIp": "192.0.2.1", "invert": true}),
        ),
        (
            vec![("kind", "IPRANGE"), ("first", "2001:db8::1"), ("last", "2001:db8::9")],
            ConditionType::IpRange,
            json!({"startingIp": "2001:db8::1", "endingIp": "2001:db8::9", "invert": false}),
        ),
    ] {
        let done = browser.send_on(&page, "Add deny policy", &fields).await.expect(200);
        done.says("The deny policy is in force");
        let rows = console.store.deny_policies().await.unwrap();
        assert!(rows.iter().any(|row| row.kind == kind && row.document == value), "{rows:?}");
    }
    let list = browser.get("/admin/deny-policies").await.expect(200);
    let list = list.says("3 deny policies, 3 switched on").says("all but 192.0.2.1");
    assert!(!list.has("sue <b>") && list.has("2001:db8::1 to 2001:db8::9"));
    browser.get("/admin/audit").await.expect(200).says("all but 192.0.2.1");
    let found = browser.get("/admin/deny-policies?query=sue").await.expect(200);
    let off = browser.send_on(&found, "Switch off sue <b>", &[]).await.expect(200);
    off.says("3 deny policies, 2 switched on").says("is switched off");
    let found = browser.get("/admin/deny-policies?query=sue").await.expect(200);
    browser.send_on(&found, "Switch on sue <b>", &[]).await.says("3 switched on");
    let page = browser.get(&found.link("Delete")).await.expect(200);
    browser.send_on(&page, "Delete deny policy", &[]).await.says("2 deny policies");
}

#[tokio::test]
async fn what_is_wrong_with_a_deny_policy_is_said_at_its_field() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/deny-policies/new").await;
    for (kind, field, value, id) in [
        ("IP", "first", "here", "f-first"),
        ("IPRANGE", "last", "", "f-last"),
        ("IPRANGE", "last", "192.0.2.0", "f-last"),
        ("API", "value", "", "f-value"),
        ("API", "value", "/nowhere/v1", "f-value"),
        ("APPLICATION", "value", "admin:None", "f-value"),
        // What is entered for another kind would count for nothing.
        ("IP", "last", "192.0.2.9", "f-last"),
        ("IP", "value", "/orders/v1", "f-value"),
        ("IPRANGE", "value", "/orders/v1", "f-value"),
        ("USER", "first", "192.0.2.1", "f-first"),
        ("USER", "invert", "on", "f-invert"),
    ] {
        let first = if kind.starts_with("IP") { "192.0.2.1" } else { "" };
        let named = if kind == "USER" { "sue" } else { "" };
        let last = if kind == "IPRANGE" { "192.0.2.9" } else { "" };
        let mut fields = vec![("kind", kind), ("first", first), ("value", named), ("last", last)];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let page = browser.send(&page, "Add deny policy", &fields).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap();
        assert!(wrong.contains(&format!("id=\"{id}\"")), "{kind} {field}: {wrong:.300}");
    }
    let mut carla = console.browser("carla").await;
    carla.get("/admin/deny-policies").await.expect(403);
    carla.get("/admin/deny-policies/new").await.expect(403);
}

#[tokio::test]
async fn of_two_who_delete_and_switch_the_same_the_second_is_told() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/deny-policies/new").await;
    let fields = [("kind", "USER"), ("value", "sue")];
    let list = browser.send_on(&page, "Add deny policy", &fields).await.expect(200);
    let page = browser.get(&list.link("Delete")).await.expect(200);
    browser.send(&list, "Switch off sue", &[]).await.expect(303);
    browser.send(&page, "Delete deny policy", &[]).await.expect(422);
    let page = browser.get(&list.link("Delete")).await.expect(200);
    browser.send(&page, "Delete deny policy", &[]).await.expect(303);
    browser.send(&list, "Switch off sue", &[]).await.expect(404);
}
