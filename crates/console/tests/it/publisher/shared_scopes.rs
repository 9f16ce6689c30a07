//! Scopes that many APIs use.

use super::httpbin;
use super::tab;
use crate::support::Console;

#[tokio::test]
async fn a_shared_scope_is_made_assigned_counted_and_deleted_when_nobody_uses_it() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/publisher/scopes").await.expect(200).says("None is shared yet");
    let page = browser.get(&page.link("Create scope")).await.expect(200);
    let wrong = browser.send(&page, "Save", &[("name", "a b")]).await.expect(422);
    let wrong = wrong.says("aria-invalid=\"true\"").says("value=\"a b\"");
    let page = browser.send_on(&wrong, "Save", &[("name", "all.read")]).await.expect(200);
    let page = page.says("The scope is made").says("all.read");
    let first = browser.get(&page.link("all.read")).await.expect(200);
    let second = browser.get(&page.link("all.read")).await.expect(200);
    let markup = [("description", "<img src=x>")];
    let first = browser.send_on(&first, "Save", &markup).await.expect(200);
    assert!(first.has("The change is saved") && !first.has("<img"));
    let late = browser.send(&second, "Save", &[("description", "mine")]).await.expect(422);
    let late = late.says("It was changed meanwhile").says("value=\"mine\"");
    late.says("What saving now would change").says("With yours").says("&#60;img src=x&#62;");

    let sure = browser.get(&first.link("Delete")).await.says("No API uses it.");
    let api = httpbin(&mut browser).await;
    let resources = tab(&mut browser, &api, "Resources").await.says("all.read");
    let given = [("scopes.0", "all.read")];
    let resources = browser.send_on(&resources, "Save", &given).await.expect(200);
    browser.send(&sure, "Delete scope", &[]).await.expect(422).says("is used by APIs");
    let page = browser.get(&first.link("Delete")).await.expect(200).says("1 API uses it.");
    assert!(!page.has("Delete scope</button>"));
    let none = [("scopes.0", "(none)")];
    let resources = browser.send_on(&resources, "Save", &none).await.expect(200);
    let scopes = tab(&mut browser, &resources, "Local Scopes").await.says("Shared");
    let scopes = browser.send_on(&scopes, "Save", &[("remove", "all.read")]).await.expect(200);
    assert!(!scopes.has("<code>all.read</code>"));
    let sure = browser.get(&first.link("Delete")).await.says("No API uses it.");
    browser.send_on(&sure, "Delete scope", &[]).await.says("The scope is deleted");
}

#[tokio::test]
async fn shared_scopes_are_seen_by_publishers_and_changed_by_administrators_alone() {
    let console = Console::start().await;
    let mut admin = console.browser("admin").await;
    let page = admin.get("/publisher/scopes/new").await;
    let list = admin.send_on(&page, "Save", &[("name", "all.read")]).await.expect(200);
    let scope = list.link("all.read");
    let mut carla = console.browser("carla").await;
    let list = carla.get("/publisher/scopes").await.expect(200).says("all.read");
    assert!(!list.has("Create scope"));
    let page = carla.get(&scope).await.expect(200);
    assert!(!page.has(">Save</button>"));
    carla.get("/publisher/scopes/new").await.expect(403);
    carla.get(&format!("{scope}/delete")).await.expect(403);
    let mut sue = console.browser("sue").await;
    sue.get("/publisher/scopes").await.expect(403);
}
