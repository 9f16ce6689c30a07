//! The audit.

use crate::support::Console;

#[tokio::test]
async fn the_audit_says_who_did_what_and_what_changed_and_is_filtered_and_paged() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    for number in 0..30 {
        let page = browser.get("/admin/users/new").await;
        let name = format!("user-{number}");
        let fields = [("name", &*name), ("secret.password", "correct horse")];
        browser.send(&page, "Add user", &fields).await.expect(303);
    }
    let page = browser.get("/admin/users/of/user-7").await;
    browser.send(&page, "Save roles", &[("roles", "Internal/devops")]).await.expect(303);
    let page = browser.get("/admin/audit").await.expect(200);
    let page = page.says("user-29").says("<ins>[&#34;Internal/devops&#34;]</ins>");
    assert_eq!(page.text.matches("<details class=\"entry\"").count(), 15);
    let older = browser.get(&page.link("Older")).await.expect(200);
    assert!(older.has("user-3<") && !older.has("user-29<"));
    older.link("Newest");
    let fields = "who=admin&entity=USER&action=UPDATE";
    let found = browser.get(&format!("/admin/audit?{fields}")).await.expect(200);
    assert_eq!(found.text.matches("<details class=\"entry\"").count(), 1);
    assert!(!found.has("argon2") && !found.has("correct horse"));
    browser.get("/admin/audit?who=nobody").await.expect(200).says("Nothing fits.");
    browser.get("/admin/audit?until=1999-01-01").await.says("Nothing fits.");
    let wrong = browser.get("/admin/audit?from=yesterday&entity=KING").await.expect(422);
    wrong.says("It is no day.").says("There is nothing of that name.");
    let wrong = browser.get("/admin/audit?from=2026-11-30&until=2026-11-29").await.expect(422);
    assert!(wrong.has("It is before the first day.") && !wrong.has("Nothing fits."));
    browser.get("/admin/audit?from=1999-01-01&until=1999-01-01").await.expect(200);

    let export = browser.get(&found.link("Export as JSON lines")).await.expect(200);
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines: Vec<serde_json::Value> =
        export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["entityId"]), (1, &"user-7".into()));
}

#[tokio::test]
async fn what_stands_in_the_audit_is_text_and_its_questions_are_anybodys() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/policies/application/new").await;
    let fields =
        [("name", "<img src=x>"), ("count", "5"), ("description", "<script>alert(1)</script>")];
    browser.send(&page, "Add policy", &fields).await.expect(303);
    let page = browser.get("/admin/audit").await.expect(200);
    assert!(!page.has("<script>alert") && !page.has("<img") && page.has("&#60;img"));
    for query in
        ["who=%00", "who=%22%3E%3Cscript%3E", "below=x", "id=%00", "from=-9999-01-01", "x=1&who="]
    {
        let page = browser.get(&format!("/admin/audit?{query}")).await;
        assert!(page.status.as_u16() < 500 && !page.has("\"><script>"), "{query}: {}", page.text);
    }
    let mut carla = console.browser("carla").await;
    carla.get("/admin/audit").await.expect(403);
    carla.get("/admin/audit/export").await.expect(403);
}
