//! Throttling policies.

use phantom_store::PlanLevel;
use serde_json::json;

use crate::support::Console;

#[tokio::test]
async fn policies_of_each_level_are_listed_in_words_added_changed_and_deleted() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.open("/admin/policies").await.expect(200);
    page.says("50 requests a minute").says("Unlimited").says("Throttling Policies");
    for (level, stored) in [
        ("application", PlanLevel::Application),
        ("subscription", PlanLevel::Subscription),
        ("advanced", PlanLevel::Advanced),
    ] {
        let page = browser.get(&format!("/admin/policies/{level}")).await.expect(200);
        let page = browser.get(&page.link("Add policy")).await.expect(200);
        let fields = [("name", "Team"), ("count", "5000"), ("description", "Ours")];
        let page = browser.send_on(&page, "Add policy", &fields).await.expect(200);
        let page = page.says("The policy is added").says("5,000 requests a minute");
        let page = browser.get(&page.link("Team")).await.expect(200);
        let fields = [("count", "10"), ("unit_time", "2"), ("time_unit", "hour")];
        let page = browser.send_on(&page, "Save", &fields).await.expect(200);
        let page = page.says("10 requests every 2 hours");
        let row = console.store.plan_by_name(stored, "Team").await.unwrap().unwrap();
        assert_eq!(row.document["description"], "Ours");
        assert_eq!(row.document["defaultLimit"]["requestCount"]["requestCount"], 10);
        let page = browser.get(&page.link("Delete")).await.expect(200);
        let page = browser.send_on(&page, "Delete policy", &[]).await.expect(200);
        page.says("The policy is deleted");
        assert!(console.store.plan_by_name(stored, "Team").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_a_form_does_not_show_of_a_policy_stays_and_is_said_to_be_there() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/policies/subscription/new").await.expect(200);
    let fields = [
        ("name", "Rich"),
        ("count", "7"),
        ("burst_count", "2"),
        ("permission", "ALLOW"),
        ("roles", "Internal/creator"),
    ];
    browser.send(&page, "Add policy", &fields).await.expect(303);
    let row = console.store.plan_by_name(PlanLevel::Subscription, "Rich").await.unwrap().unwrap();
    assert_eq!(row.document["rateLimitCount"], 2);
    assert_eq!(row.document["permissions"]["roles"], json!(["Internal/creator"]));
    let actor = phantom_store::Actor { name: "test".to_owned(), address: None };
    let now = phantom_core::Clock::now(&*console.clock).wall;
    let mut write = console.store.write(&actor, now).await.unwrap();
    let mut row = row;
    row.document["customAttributes"] = json!([{"name": "colour", "value": "blue"}]);
    let row = write.update_plan(row).await.unwrap();
    write.commit().await.unwrap();
    let page = browser.get(&format!("/admin/policies/subscription/{}", row.id)).await.expect(200);
    let page = page.says("It has custom attributes, which this form does not show.");
    browser.send(&page, "Save", &[("burst_count", "")]).await.expect(303);
    let row = console.store.plan(row.id).await.unwrap().unwrap();
    assert_eq!(row.document["customAttributes"][0]["value"], "blue");
    assert_eq!(row.document["rateLimitCount"], 0);
    // Of a plan that counts events the form changes events.
    let events = console.store.plan_by_name(PlanLevel::Subscription, "AsyncGold").await;
    let path = format!("/admin/policies/subscription/{}", events.unwrap().unwrap().id);
    let page = browser.get(&path).await.expect(200).says("50,000 events a day");
    browser.send_on(&page, "Save", &[("count", "4")]).await.expect(200).says("4 events a day");
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_said_at_its_field_and_two_tabs_see_each_other() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/policies/application/new").await;
    for (field, value, id) in [
        ("count", "many", "f-count"),
        ("count", "0", "f-count"),
        ("unit_time", "", "f-unit-time"),
        ("time_unit", "moons", "f-time-unit"),
        ("burst_count", "-1", "f-burst-count"),
        ("name", "", "f-name"),
        ("name", "Unlimited", "f-name"),
    ] {
        let mut fields = vec![("name", "Team"), ("count", "5"), ("description", "\"><script>")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let page = browser.send(&page, "Add policy", &fields).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap();
        assert!(wrong.contains(&format!("id=\"{id}\"")), "{field}: {wrong:.300}");
        assert!(page.has("&#60;script&#62;") && !page.has("\"><script>"));
    }
    browser.send(&page, "Add policy", &[("name", "Team"), ("count", "5")]).await.expect(303);
    let list = browser.get("/admin/policies/application").await;
    let page = browser.get(&list.link("Team")).await.expect(200);
    browser.send(&page, "Save", &[("count", "6")]).await.expect(303);
    let second = browser.send(&page, "Save", &[("count", "7")]).await.expect(422);
    let second = second.says("It was changed meanwhile").says("<del>6</del>").says("<ins>7</ins>");
    browser.send(&second, "Save", &[]).await.expect(303);
    // What others fall back on stays.
    let page = browser.get(&list.link("Unlimited")).await.expect(200);
    let page = browser.get(&page.link("Delete")).await.expect(200).says("It is the default");
    assert!(!page.has("Delete policy</button>"));
}

#[tokio::test]
async fn a_form_takes_the_counts_that_rest_takes() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/policies/application/new").await;
    let fields = |count| [("name", "Most"), ("count", count)];
    let refused = browser.send(&page, "Add policy", &fields("9007199254740992")).await;
    refused.expect(422).says("from 1 to 9,007,199,254,740,991");
    let list = browser.send_on(&page, "Add policy", &fields("9007199254740991")).await;
    let list = list.expect(200).says("9,007,199,254,740,991 requests a minute");
    let page = browser.get(&list.link("Most")).await.expect(200);
    browser.send(&page, "Save", &[("description", "Ours")]).await.expect(303);
    let row = console.store.plan_by_name(PlanLevel::Application, "Most").await.unwrap().unwrap();
    let count = &row.document["defaultLimit"]["requestCount"]["requestCount"];
    assert_eq!(*count, 9_007_199_254_740_991_i64);
}

#[tokio::test]
async fn who_may_look_at_policies_changes_none_and_an_id_of_another_level_leads_nowhere() {
    let console = Console::start().await;
    let mut browser = console.browser("carla").await;
    let page = browser.get("/admin/policies/application").await.expect(200);
    assert!(!page.has("Add policy"));
    let one = page.link("10PerMin");
    let page = browser.get(&one).await.expect(200);
    assert!(!page.has("Save</button>") && !page.has("Delete"));
    let proof = page.form("Sign out").fields.remove(0).1;
    let body = format!("_csrf={proof}&count=1&unit_time=1&time_unit=min");
    browser.request(http::Method::POST, &one, &[], body).await.expect(403);
    browser.get(&format!("{one}/delete")).await.expect(403);
    browser.get("/admin/policies/application/new").await.expect(403);
    let mut sue = console.browser("sue").await;
    sue.get("/admin/policies/application").await.expect(403);
    let mut admin = console.browser("admin").await;
    admin.get(&one.replace("application", "advanced")).await.expect(404);
    admin.get("/admin/policies/custom").await.expect(404);
}
