//! Signing in and out, and what a request without a session, or with a forged one, comes to.

use std::time::Duration;

use http::Method;

use crate::support::Console;

const SESSION: &str = "__Host-phantom";

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to_and_comes_back_to_where_they_were_going() {
    let console = Console::start().await;
    let mut browser = console.stranger();
    let page = browser.get("/admin/key-managers?done=x").await.expect(303);
    let login = page.location().unwrap();
    assert_eq!(login, "/login?to=%2Fadmin%2Fkey%2Dmanagers%3Fdone%3Dx");
    let page = browser.get(&login).await.expect(200);
    assert_eq!(focused(&page.text), "f-user");
    let wrong = [("user", "admin"), ("secret.password", "wrong")];
    let page = browser.send(&page, "Sign in", &wrong).await.expect(401);
    assert_eq!(focused(&page.text), "f-secret-password");
    let fields = [("user", "admin"), ("secret.password", "admin")];
    let page = browser.send(&page, "Sign in", &fields).await.expect(303);
    assert_eq!(page.location().as_deref(), Some("/admin/key-managers?done=x"));
    browser.open("/admin").await.expect(200).says("Add Key Manager");
}

/// The one field that has the focus.
fn focused(text: &str) -> &str {
    let mut fields =
        text.split("<input").filter(|tag| tag.split('>').next().unwrap().contains(" autofocus"));
    let (field, others) = (fields.next().unwrap(), fields.count());
    assert_eq!(others, 0);
    field.split("id=\"").nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn a_browser_that_looks_for_a_page_where_there_is_none_is_shown_that() {
    let console = Console::start().await;
    let as_browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let mut browser = console.browser("admin").await;
    let path = "/devportal/applications/1/settings";
    for path in [path, "/nowhere", "/oauth2/nowhere"] {
        let page = browser.request(Method::GET, path, &as_browser, String::new()).await;
        let page = page.expect(404).says("There is no such page").says("Sign out");
        assert_eq!(page.headers["x-frame-options"], "DENY");
    }
    let mut stranger = console.stranger();
    let page = stranger.request(Method::GET, path, &as_browser, String::new()).await;
    let page = page.expect(404).says("There is no such page");
    assert!(!page.has("Sign out"));
    // Whoever speaks to the REST APIs is answered in their words.
    for (path, headers) in [
        (path, [("accept", "application/json")]),
        (path, [("accept", "*/*")]),
        ("/api/am/publisher/v4/nowhere", as_browser),
    ] {
        let page = browser.request(Method::GET, path, &headers, String::new()).await;
        assert!(page.expect(404).text.starts_with("{"), "{path} {headers:?}");
    }
    let page = browser.request(Method::POST, path, &as_browser, String::new()).await;
    assert!(page.expect(404).text.starts_with("{"));
}

#[tokio::test]
async fn a_wrong_password_does_not_tell_whether_the_user_exists() {
    let console = Console::start().await;
    let mut answers = Vec::new();
    for user in ["admin", "nobody"] {
        let mut browser = console.stranger();
        let page = browser.get("/login").await;
        let fields = [("user", user), ("secret.password", "wrong")];
        let page = browser.send(&page, "Sign in", &fields).await.expect(401);
        let page = page.says("There is no user of that name with that password.");
        assert!(!page.has("wrong\""), "a password is never sent back");
        answers.push(page.text.replace(user, "USER").len());
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn many_wrong_passwords_are_told_when_to_come_back() {
    let console = Console::start().await;
    let mut browser = console.stranger();
    for _ in 0..50 {
        let page = browser.get("/login").await;
        let fields = [("user", "admin"), ("secret.password", "wrong")];
        let page = browser.send(&page, "Sign in", &fields).await;
        if page.status.as_u16() == 429 {
            page.says("Try again in ");
            return;
        }
    }
    panic!("fifty guesses and no pause");
}

#[tokio::test]
async fn a_session_is_made_at_sign_in_and_ends_when_told_to_or_when_nobody_uses_it() {
    let console = Console::start().await;
    let mut browser = console.stranger();
    // Fixation: what somebody else put there is not what counts afterwards.
    browser.set_cookie(SESSION, "chosen-by-somebody-else");
    browser.sign_in("admin").await;
    let first = browser.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, "chosen-by-somebody-else");
    let page = browser.get("/").await.expect(200);
    browser.send(&page, "Sign out", &[]).await.expect(303);
    assert_eq!(browser.cookie(SESSION), None);
    browser.set_cookie(SESSION, &first);
    browser.get("/").await.expect(303);

    browser.sign_in("admin").await;
    for _ in 0..11 {
        console.wait(Duration::from_secs(50 * 60));
        browser.get("/").await.expect(200);
    }
    console.wait(Duration::from_secs(3 * 60 * 60));
    browser.get("/").await.expect(303);
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_busy_it_is() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    for _ in 0..23 {
        console.wait(Duration::from_secs(30 * 60));
        browser.get("/").await.expect(200);
    }
    console.wait(Duration::from_secs(30 * 60));
    browser.get("/").await.expect(303);
}

#[tokio::test]
async fn a_form_that_was_made_for_another_session_or_by_another_site_changes_nothing() {
    let console = Console::start().await;
    let mut other = console.browser("carla").await;
    let foreign = other.get("/").await.form("Sign out").fields;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/").await;
    let proof = &foreign.iter().find(|(name, _)| name == "_csrf").unwrap().1;
    for proof in [proof.as_str(), "", "(none)"] {
        browser.send(&page, "Sign out", &[("_csrf", proof)]).await.expect(403);
    }
    let form = page.form("Sign out");
    let body = format!("_csrf={}", form.fields[0].1);
    for headers in [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "https://evil.example")],
        [("origin", "null")],
    ] {
        let sent = browser.request(Method::POST, "/logout", &headers, body.clone()).await;
        sent.expect(403).says("This form was not made for you");
    }
    browser.get("/").await.expect(200);
    let headers = [("origin", "https://localhost:9443"), ("sec-fetch-site", "same-origin")];
    browser.request(Method::POST, "/logout", &headers, body).await.expect(303);
}

#[tokio::test]
async fn what_was_typed_when_the_session_ended_is_sent_after_signing_in_again_but_for_secrets() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    let page = browser.get("/admin/key-managers/new").await.expect(200);
    console.wait(Duration::from_secs(2 * 60 * 60));
    let fields = [("name", "curity \"<b>"), ("secret.client_secret", "do-not-tell")];
    let page = browser.send(&page, "Save", &fields).await.expect(401);
    assert!(page.has("what you entered is kept") && !page.has("do-not-tell"));
    let fields = [("user", "admin"), ("secret.password", "admin")];
    let page = browser.send(&page, "Sign in", &fields).await.expect(200);
    let page = page.says("Secrets were not kept");
    let page = browser.send(&page, "Send it now", &[]).await.expect(422);
    assert!(page.has("value=\"curity &#34;&#60;b&#62;\""), "{}", page.text);
}

#[tokio::test]
async fn a_long_form_is_kept_for_those_who_were_signed_in_and_read_of_nobody_else() {
    let console = Console::start().await;
    let long = format!("name={}", "x".repeat(1 << 20));
    let mut stranger = console.stranger();
    for path in ["/admin/key-managers/new", "/login"] {
        let page = stranger.request(Method::POST, path, &[], long.clone()).await.expect(400);
        assert!(page.text.len() < 8192, "{path}: {}", page.text.len());
    }
    stranger.set_cookie(SESSION, "made-up");
    let page = stranger.request(Method::POST, "/admin/key-managers/new", &[], long.clone()).await;
    page.expect(400).says("It is longer than a form may be.");
    let short = "name=curity".to_owned();
    let page = stranger.request(Method::POST, "/admin/key-managers/new", &[], short).await;
    page.expect(401).says("what you entered is kept");

    let mut browser = console.browser("admin").await;
    console.wait(Duration::from_secs(2 * 60 * 60));
    let page = browser.request(Method::POST, "/admin/key-managers/new", &[], long).await;
    let page = page.expect(401).says("what you entered is kept");
    let fields = [("user", "admin"), ("secret.password", "admin")];
    let page = browser.send(&page, "Sign in", &fields).await.expect(200);
    assert!(page.text.len() > 1 << 20);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere_after_signing_in() {
    let console = Console::start().await;
    for to in ["//evil.example", "https://evil.example/", "/%5Cevil.example"] {
        let mut browser = console.stranger();
        let page = browser.get(&format!("/login?to={to}")).await.expect(200);
        let fields = [("user", "admin"), ("secret.password", "admin")];
        let page = browser.send(&page, "Sign in", &fields).await.expect(303);
        let to = page.location().unwrap();
        assert!(to == "/" || to.starts_with("/%5C"), "{to}");
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    let console = Console::start().await;
    let mut elsewhere = console.browser("sue").await;
    let mut browser = console.browser("sue").await;
    let page = browser.get("/account").await.expect(200);
    let fields = |present, new, again| {
        [("secret.present", present), ("secret.new", new), ("secret.again", again)]
    };
    let change = "Change password";
    for (present, new, again, words) in [
        ("wrong", "correct horse", "correct horse", "It is not your present password."),
        ("sue-password", "short", "short", "A password has at least 8 characters."),
        ("sue-password", "correct horse", "other horse", "It is not the same"),
        ("sue-password", "sue-password", "sue-password", "It is the same as the present"),
    ] {
        let page = browser.send(&page, change, &fields(present, new, again)).await.expect(422);
        page.says(words);
    }
    let sent = fields("sue-password", "correct horse", "correct horse");
    browser.send(&page, change, &sent).await.expect(303);
    elsewhere.get("/").await.expect(303);
    browser.get("/").await.expect(303);
    let page = browser.get("/login").await;
    let sent = [("user", "sue"), ("secret.password", "correct horse")];
    browser.send(&page, "Sign in", &sent).await.expect(303);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_a_page_to_itself() {
    let console = Console::start().await;
    let mut browser = console.browser("admin").await;
    for path in ["/", "/login", "/design", "/admin/key-managers", "/nowhere-at-all", "/admin/x"] {
        let page = browser.get(path).await;
        if path == "/nowhere-at-all" || path == "/admin/x" {
            assert_eq!(page.status.as_u16(), 404);
            continue;
        }
        let text = |name: &str| page.headers[name].to_str().unwrap().to_owned();
        let policy = text("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(text("cache-control"), "no-store");
        assert_eq!(text("x-frame-options"), "DENY");
        assert_eq!(text("cross-origin-opener-policy"), "same-origin");
    }
}

#[tokio::test]
async fn roles_open_their_own_areas_alone() {
    let console = Console::start().await;
    let mut browser = console.browser("sue").await;
    browser.get("/admin/key-managers").await.expect(403).says("Your roles do not open this page");
    let home = browser.get("/").await.expect(200);
    assert!(!home.has("href=\"/admin\"") && home.has("href=\"/devportal\""));
    browser.get("/admin").await.expect(403).says("under Users and roles");
    browser.get("/publisher").await.expect(403);
    // Who may read one page of an area is led to it.
    let mut browser = console.browser("carla").await;
    assert!(browser.get("/").await.expect(200).has("href=\"/admin\""));
    let led = browser.get("/admin").await.expect(303);
    assert_eq!(led.location().as_deref(), Some("/admin/policies"));
}
