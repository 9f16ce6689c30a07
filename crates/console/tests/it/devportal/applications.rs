use super::MARKUP;
use super::application;
use super::is_text;
use crate::support::Console;

#[tokio::test]
async fn an_application_is_made_as_the_tutorial_says_changed_and_deleted() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let page = browser.open("/devportal").await.expect(200);
    let page = browser.get(&page.link("Add New Application")).await.expect(200);
    let page = page.says("Shared Quota for Application Tokens").says("Unlimited (no limit)");
    let fields = [("name", "CurityApp"), ("quota", "10PerMin")];
    let page = browser.send_on(&page, "Save", &fields).await.expect(200);
    let page = page.says("The application is made").says("10 requests a minute");

    let page = browser.get(&page.link("Settings")).await.expect(200);
    let sent = [("name", "OtherApp"), ("description", "Of mine")];
    let page = browser.send_on(&page, "Save", &sent).await.expect(200);
    let page = page.says("The change is in force").says("Of mine");

    let page = browser.get(&page.link("Settings")).await.expect(200);
    let page = browser.get(&page.link("Delete")).await.expect(200);
    let page = page.says("No subscription ends with it.").says("No key is taken away");
    let delete = "Delete application";
    browser.send(&page, delete, &[("typed", "CurityApp")]).await.expect(422);
    let done = browser.send_on(&page, delete, &[("typed", "OtherApp")]).await.expect(200);
    done.says("The application is deleted").says("Add New Application");
    // Sent twice, it is gone already.
    browser.send(&page, delete, &[("typed", "OtherApp")]).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_with_an_application_is_said_at_its_field_and_what_was_typed_stays() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    application(&mut browser, "Taken").await;
    let page = browser.get("/devportal/applications/new").await.expect(200);
    let long = "x".repeat(600);
    for (name, quota, description, field) in [
        ("   ", "Unlimited", "kept", "name"),
        ("Taken", "Unlimited", "kept", "name"),
        ("New", "NoSuchPlan", "kept", "quota"),
        ("New", "Unlimited", long.as_str(), "description"),
    ] {
        let fields = [("name", name), ("quota", quota), ("description", description)];
        let page = browser.send(&page, "Save", &fields).await.expect(422);
        let wrong = page.text.split("<div class=\"field wrong\">").nth(1).unwrap();
        assert!(wrong.contains(&format!("id=\"f-{field}\"")), "{field}: {wrong:.300}");
        assert!(page.has(description));
    }
}

#[tokio::test]
async fn many_applications_are_searched_and_paged_and_a_page_that_is_none_is_the_first() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    for number in 0..30 {
        application(&mut browser, &format!("App {number:02}")).await;
    }
    let page = browser.get("/devportal/applications").await.expect(200);
    let page = page.says("30, page 1 of 2").says("App 24");
    assert!(!page.has("App 25") && page.text.len() < 40_000);
    browser.get(&page.link("Next")).await.expect(200).says("App 29");
    let page = browser.get("/devportal/applications?query=app+0&page=x").await.expect(200);
    let page = page.says("App 09");
    assert!(!page.has("App 10"));
    let page = browser.get("/devportal/applications?query=%22%3E%3Cscript%3Ealert(1)").await;
    is_text(&page.expect(200).says("Nothing fits"));
}

#[tokio::test]
async fn of_two_who_change_an_application_the_second_is_told_what_it_is_now() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let at = application(&mut browser, "Mine").await;
    let page = browser.get(&format!("{at}/edit")).await.expect(200);
    browser.send(&page, "Save", &[("name", "First")]).await.expect(303);
    let page = browser.send(&page, "Save", &[("name", "Second")]).await.expect(422);
    let page = page.says("It was changed meanwhile").says("value=\"Second\"");
    let page = page.says("<del>First</del>").says("<ins>Second</ins>");
    browser.send(&page, "Save", &[]).await.expect(303);
    // Whatever it was that they changed.
    let page = browser.get(&format!("{at}/edit")).await.expect(200);
    browser.send(&page, "Save", &[("description", "Of the others")]).await.expect(303);
    let page = browser.send(&page, "Save", &[("quota", "10PerMin")]).await.expect(422);
    page.says("<del>Of the others</del>").says("<ins>10PerMin</ins>");
}

#[tokio::test]
async fn nobody_sees_or_changes_the_application_of_another() {
    let console = Console::start().await;
    let mut sue = console.browser("sue").await;
    let at = application(&mut sue, "Private to Sue").await;
    let mut other = console.browser("admin").await;
    let own = application(&mut other, "Own").await;
    for path in ["", "/edit", "/delete", "/keys", "/subscriptions"] {
        let page = other.get(&format!("{at}{path}")).await.expect(403);
        assert!(!page.has("Private to Sue"), "{path}");
    }
    for (form, button) in [("edit", "Save"), ("delete", "Delete application")] {
        let mut page = other.get(&format!("{own}/{form}")).await.expect(200);
        page.text = page.text.replace(&own, &at);
        let fields = [("typed", "Private to Sue"), ("name", "Stolen")];
        other.send(&page, button, &fields).await.expect(403);
    }
    let page = other.get("/devportal/applications?query=Private").await.expect(200);
    assert!(page.says("Nothing fits").path.contains("Private"));
    for id in ["nothing", "0", "%00", "..%2F..%2Fadmin"] {
        other.get(&format!("/devportal/applications/{id}")).await.expect(404);
    }
    // Who has no right to applications has none to their pages.
    let mut carla = console.browser("carla").await;
    carla.get("/devportal/applications").await.expect(403);
}

#[tokio::test]
async fn markup_in_an_application_is_text_on_every_page_of_it() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/devportal/applications/new").await.expect(200);
    let fields = [("name", MARKUP), ("description", MARKUP)];
    let page = browser.send_on(&page, "Save", &fields).await.expect(200);
    let at = page.link("Settings").replace("/edit", "");
    is_text(&page);
    for path in ["/keys", "/subscriptions", "/edit", "/delete"] {
        is_text(&browser.get(&format!("{at}{path}")).await.expect(200));
    }
    is_text(&browser.get("/devportal/applications").await.expect(200));
}

#[tokio::test]
async fn a_name_is_typed_as_it_is_shown_and_a_blank_one_is_called_so() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/devportal/applications/new").await.expect(200);
    let blank = browser.send(&page, "Save", &[("name", "   ")]).await.expect(422);
    blank.says("Must not be blank.");
    let at = application(&mut browser, "Two  Blanks").await;
    let page = browser.get(&format!("{at}/delete")).await.expect(200);
    let delete = "Delete application";
    browser.send(&page, delete, &[("typed", "TwoBlanks")]).await.expect(422);
    browser.send(&page, delete, &[("typed", "Two Blanks")]).await.expect(303);
}
