//! Users and roles.

use http::Method;

use crate::support::Console;

#[tokio::test]
async fn a_user_is_added_given_roles_and_a_password_and_deleted() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/users").await.expect(200).says("4 users");
    let page = browser.get(&page.link("Add user")).await.expect(200);
    let fields =
        [("name", "uma"), ("secret.password", "uma-password"), ("roles", "Internal/creator")];
    let page = browser.send_on(&page, "Add user", &fields).await.expect(200);
    let page = page.says("The user is added");
    assert!(!page.has("uma-password"));
    let mut uma = console.browser("uma").await;
    uma.get("/admin/policies/application").await.expect(200);

    let page = browser.get(&page.link("uma")).await.expect(200);
    let fields = [("roles", "Internal/subscriber")];
    let page = browser.send_on(&page, "Save roles", &fields).await.expect(200);
    let page = page.says("The roles are in force");
    uma.get("/admin/policies/application").await.expect(403);

    let fields = [("secret.password", "another horse")];
    let page = browser.send_on(&page, "Set password", &fields).await.expect(200);
    let page = page.says("sessions and tokens have ended");
    uma.get("/").await.expect(303);
    let page = browser.get(&page.link("Delete")).await.expect(200);
    browser.send(&page, "Delete user", &[("typed", "sue")]).await.expect(422);
    let page = browser.send_on(&page, "Delete user", &[("typed", "uma")]).await.expect(200);
    page.says("The user is deleted");
    assert!(console.store.user("uma").await.unwrap().is_none());
    assert!(console.store.user("sue").await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_wrong_with_a_user_is_said_at_its_field_and_a_password_is_never_sent_back() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/users/new").await;
    for (name, password, role, id) in [
        ("uma", "sh0rt", "admin", "f-secret-password"),
        ("a:b", "correct horse", "admin", "f-name"),
        ("..", "correct horse", "admin", "f-name"),
        ("", "correct horse", "admin", "f-name"),
        ("sue", "correct horse", "admin", "f-name"),
    ] {
        let fields = [("name", name), ("secret.password", password), ("roles", role)];
        let page = browser.send(&page, "Add user", &fields).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap();
        assert!(wrong.contains(&format!("id=\"{id}\"")), "{name}: {wrong:.300}");
        assert!(!page.has(password));
    }
    let fields = [("name", "uma"), ("secret.password", "correct horse"), ("roles", "king")];
    browser.send(&page, "Add user", &fields).await.expect(422).says("is no role");
}

#[tokio::test]
async fn the_last_administrator_stays_and_two_tabs_see_each_other() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/users/of/admin").await.expect(200);
    browser
        .send(&page, "Save roles", &[("roles", "(none)")])
        .await
        .expect(422)
        .says("last administrator");
    let delete = browser.get(&page.link("Delete")).await.expect(200).says("last administrator");
    assert!(!delete.has("Delete user</button>"));
    // Another who was one is gone again between page and button.
    let add = browser.get("/admin/users/new").await.expect(200);
    let fields = [("name", "uma"), ("secret.password", "correct horse"), ("roles", "admin")];
    browser.send(&add, "Add user", &fields).await.expect(303);
    let delete = browser.get(&page.link("Delete")).await.expect(200).says("you are signed out");
    let uma = browser.get("/admin/users/of/uma/delete").await.expect(200);
    browser.send(&uma, "Delete user", &[("typed", "uma")]).await.expect(303);
    let refused = browser.send(&delete, "Delete user", &[("typed", "admin")]).await.expect(422);
    refused.says("last administrator");
    let page = browser.get("/admin/users/of/sue").await.expect(200);
    browser.send(&page, "Save roles", &[("roles", "Internal/devops")]).await.expect(303);
    let second = browser.send(&page, "Save roles", &[("roles", "Internal/creator")]).await;
    let second = second.expect(422).says("It was changed meanwhile").says("What you ticked");
    assert_eq!(console.store.user("sue").await.unwrap().unwrap().roles.len(), 1);
    second.says("Internal/devops");

    // What a role opens stands in the menu, and nothing is offered that it does not.
    let mut sue = console.browser("sue").await;
    sue.get("/devportal/applications").await.expect(200).says("Applications");
    let page = sue.get("/devportal/apis").await.expect(200);
    assert!(page.has("href=\"/devportal\"") && !page.has("Subscribe"));
}

#[tokio::test]
async fn an_administrator_is_asked_before_they_are_none_any_more() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/users/new").await;
    let fields = [("name", "ann"), ("secret.password", "ann-password"), ("roles", "admin")];
    browser.send(&page, "Add user", &fields).await.expect(303);
    // Of somebody else nothing is asked.
    let page = browser.get("/admin/users/of/ann").await;
    browser.send(&page, "Save roles", &[("roles", "Internal/devops")]).await.expect(303);
    let page = browser.get("/admin/users/of/ann").await;
    browser.send(&page, "Save roles", &[("roles", "admin")]).await.expect(303);

    let mut ann = console.browser("ann").await;
    let page = ann.get("/admin/users/of/ann").await.expect(200);
    assert!(!page.has("name=\"sure\""));
    let asked = ann.send(&page, "Save roles", &[("roles", "Internal/creator")]).await.expect(422);
    let asked = asked.says("It is you");
    ann.get("/admin/users").await.expect(200);
    ann.send(&asked, "Save roles", &[("sure", "on")]).await.expect(303);
    ann.get("/admin/users").await.expect(403);
}

#[tokio::test]
async fn names_are_text_wherever_they_stand_and_nobody_else_gets_at_users() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/users/new").await;
    let name = "new/<script>alert(1)</script>?x=%2e&y#z";
    let fields = [("name", name), ("secret.password", "correct horse"), ("roles", "(none)")];
    let page = browser.send_on(&page, "Add user", &fields).await.expect(200);
    assert!(!page.has("<script>alert"));
    let page = browser.get(&page.link(name)).await.expect(200);
    assert!(!page.has("<script>alert"));
    let page = browser.get(&page.link("Delete")).await.expect(200);
    browser.send(&page, "Delete user", &[("typed", name)]).await.expect(303);
    for user in ["carla", "paul", "sue"] {
        let mut other = console.browser(user).await;
        let proof = other.get("/").await.form("Sign out").fields.remove(0).1;
        for path in ["/admin/users", "/admin/users/new", "/admin/users/of/admin", "/admin/audit"] {
            other.get(path).await.expect(403);
        }
        let body = format!("_csrf={proof}&secret.password=correct+horse");
        let path = "/admin/users/of/admin/password";
        other.request(Method::POST, path, &[], body.clone()).await.expect(403);
        other.request(Method::POST, "/admin/users/of/admin", &[], body).await.expect(403);
    }
    console.browser("admin").await.get("/admin/users/of/nobody").await.expect(404);
}
