//! What `explain` says, and what it never says.

use std::io::Write;
use std::path::Path;

use crate::demo::Demo;
use crate::demo::Options;
use crate::demo::Ports;
use crate::setup::Extent;

use super::*;

const FREE: Ports = Ports {
    authorization_server: 0,
    api: 0,
    gateway: 0,
    apis_https: 0,
    apis_http: 0,
    control: 0,
    management: 0,
};

fn demo(directory: &Path) -> Demo {
    let (data_dir, set_up) = (directory.to_owned(), Extent::Everything);
    let options =
        Options { data_dir, ports: FREE, set_up, reset: false, command: "phantom".to_owned() };
    Demo::start(&options).unwrap()
}

fn explained(directory: &Path, method: &str, url: &str, token: Option<&str>) -> (String, String) {
    let source = Source::read(&directory.join("demo/phantom.toml")).unwrap();
    let asked = AskedRequest::new(method, url, None, [], token).unwrap();
    let explained = explain(&source, &asked).unwrap().unwrap();
    (Text(&explained).to_string(), serde_json::to_string(&explained).unwrap())
}

#[test]
fn a_decision_is_explained_hop_by_hop_without_tokens_claims_or_query() {
    compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let demo = demo(directory.path());
    let token = demo.authorization_server().issue_token("test-client", "read");

    let (text, json) = explained(directory.path(), "GET", "/api?access_token=s3cret", Some(&token));
    for part in
        ["route        `/api` by prefix", "authorize    passed", "forward to http://localhost:"]
    {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    for output in [&text, &json] {
        assert!(!output.contains(&*token), "{output}");
        assert!(!output.contains("eyJ"), "{output}");
        assert!(!output.contains("s3cret"), "{output}");
        assert!(!output.contains("test-client"), "{output}");
    }

    let (text, _) = explained(directory.path(), "GET", "/api", Some("not-a-known-token"));
    assert!(text.contains("answer 401 (token_inactive)"), "{text}");
    assert!(text.contains("www-authenticate: Bearer realm=\"api\", error=\"invalid_token\""));
    assert!(!text.contains("not-a-known-token"), "{text}");
    assert!(text.contains("what to do: Get another one."), "{text}");

    let (text, json) = explained(directory.path(), "GET", "/api", None);
    assert!(text.contains("answer 401 (credential_missing)"), "{text}");
    assert!(json.contains("\"status\":401"), "{json}");

    let (text, _) = explained(directory.path(), "GET", "/api/../secret", None);
    assert!(text.contains("answer 400"), "{text}");
    let (text, _) = explained(directory.path(), "GET", "/other", None);
    assert!(text.contains("public: no credential"), "{text}");
    demo.stop();
}

/// What a gateway refuses before it decides, `explain` refuses: asked of both.
#[test]
fn what_no_decision_is_made_on_is_answered_as_the_gateway_does() {
    compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let demo = demo(directory.path());
    let gateway = demo.ports().gateway;
    let source = Source::read(&directory.path().join("demo/phantom.toml")).unwrap();
    let long = format!("/api?{}", "x".repeat(9000));
    let large = format!("X-Large: {}", "x".repeat(70_000));
    for (method, path, field, status) in [
        ("TRACE", "/api", "X-A: b", 501),
        ("CONNECT", "/api", "X-A: b", 501),
        ("POST", "/", "Content-Length: 0", 405),
        ("GET", &*long, "X-A: b", 414),
        ("GET", "/api", &*large, 431),
        ("GET", "/api", "Expect: more", 417),
        ("GET", "/api", "Connection: authorization", 400),
        ("GET", "/api", "Transfer-Encoding: gzip", 400),
        ("GET", "/api", "Host: two", 400),
        ("GET", "/api//x", "X-A: b", 400),
        ("GET", "/api", "X-A: b", 401),
    ] {
        let host = if field.starts_with("Host") { "Host: one\r\n" } else { "" };
        let url = format!("http://localhost:{gateway}{path}");
        let fields = [Some(named(field).unwrap()), (!host.is_empty()).then_some(("Host", "one"))];
        let asked = AskedRequest::new(method, &url, None, fields.into_iter().flatten(), None);
        let explained = explain(&source, &asked.unwrap()).unwrap().unwrap();
        let text = Text(&explained).to_string();
        let host = if host.is_empty() { "Host: localhost\r\n" } else { host };
        let mut connection = std::net::TcpStream::connect(("127.0.0.1", gateway)).unwrap();
        write!(connection, "{method} {path} HTTP/1.1\r\n{host}{field}\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(answer, format!("HTTP/1.1 {status}"), "{method} {field:.30}");
        assert!(text.contains(&format!("answer {status}")), "{method} {field:.30}\n{text}");
    }
    demo.stop();
}

#[test]
fn a_managed_api_is_explained_by_its_listener_and_the_catalog_of_the_store() {
    compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let demo = demo(directory.path());
    let Ports { gateway, apis_https, apis_http, control, management, .. } = demo.ports();
    let token = demo.authorization_server().issue_token("client-one", "read");
    let explain = |url: &str, token| explained(directory.path(), "GET", url, token);

    for url in [
        format!("https://localhost:{apis_https}/httpbin/v1/anything/x"),
        format!("http://localhost:{apis_http}/httpbin/v1/anything/x"),
    ] {
        let (text, json) = explain(&url, Some(&token));
        for part in [
            "listener     127.0.0.1:",
            "which serves managed APIs",
            "catalog      1 API, as of change ",
            "api          `HttpBin",
            "key manager `curity`: asked, active",
            "scope: any of `read`",
            "forward to http://localhost:",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains(&*token) && !json.contains(&*token), "{text}");
    }
    let (text, _) = explain(&format!("https://localhost:{apis_https}/httpbin/v1/get"), None);
    assert!(text.contains("answer 401"), "{text}");
    let (text, _) = explain(&format!("https://localhost:{apis_https}/none/v1"), Some(&token));
    assert!(text.contains("answer 404"), "{text}");

    // What the listener does not serve is not found there.
    let (text, _) = explain(&format!("http://localhost:{gateway}/httpbin/v1/get"), Some(&token));
    assert!(text.contains("which serves routes") && !text.contains("HttpBin"), "{text}");
    for (url, why) in [
        (format!("https://localhost:{gateway}/api"), "speaks http".to_owned()),
        (format!("http://localhost:{apis_https}/"), "speaks https".to_owned()),
        (format!("https://localhost:{control}/"), "that is the control plane's".to_owned()),
        (format!("http://localhost:{management}/"), "that is the management listener's".to_owned()),
        ("http://gw.example/api".to_owned(), "none takes http on port 80: there are ".to_owned()),
    ] {
        let (text, json) = explain(&url, Some(&token));
        assert!(text.contains(&why) && text.contains("does not listen there"), "{url}: {text}");
        assert!(json.contains("\"unheard\":true"), "{json}");
    }
    demo.stop();

    // Whether the control plane runs or not; the authorization server is away now.
    let (text, _) = explain(&format!("https://localhost:{apis_https}/httpbin/v1/get"), None);
    assert!(text.contains("api          `HttpBin") && text.contains("answer 401"), "{text}");
}

/// The control plane's pages and its REST, as a browser and a script ask them.
struct Asking {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    base: String,
    cookies: std::collections::BTreeMap<String, String>,
}

impl Asking {
    fn sign_in(base: String) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::none());
        let (client, cookies) = (client.build().unwrap(), std::collections::BTreeMap::new());
        let mut asking = Self { runtime, client, base, cookies };
        let page = asking.page("/login", None);
        asking.page(
            "/login",
            Some(&[("_csrf", &proof(&page)), ("user", "admin"), ("secret.password", "admin")]),
        );
        asking
    }

    fn page(&mut self, path: &str, form: Option<&[(&str, &str)]>) -> String {
        let url = format!("{}{path}", self.base);
        let cookies: Vec<_> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = match form {
            None => self.client.get(url),
            Some(fields) => {
                let mut text = url::form_urlencoded::Serializer::new(String::new());
                text.extend_pairs(fields);
                let form = "application/x-www-form-urlencoded";
                self.client.post(url).header("content-type", form).body(text.finish())
            }
        };
        let answer = self.runtime.block_on(async {
            let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
            let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().cloned().collect();
            (cookies, answer.text().await.unwrap())
        });
        for cookie in answer.0 {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer.1
    }

    fn rest(&self, resource: &str, order: &serde_json::Value) -> serde_json::Value {
        let request = self.client.post(format!("{}/api/phantom/v1/{resource}", self.base));
        let request = request.basic_auth("admin", Some("admin"));
        let request = request.header("content-type", "application/json").body(order.to_string());
        let text = self.runtime.block_on(async { request.send().await.unwrap().text().await });
        serde_json::from_str(&text.unwrap()).unwrap()
    }
}

fn proof(page: &str) -> String {
    let rest = page.split("name=\"_csrf\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// What is read of a page: without markup, references resolved.
fn read(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<').skip(1) {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    let known = [
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    known.iter().fold(text, |text, (reference, character)| text.replace(reference, character))
}

#[test]
fn the_page_and_rest_say_the_same_of_a_request_as_the_command_and_charge_nobody_for_it() {
    compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let demo = demo(directory.path());
    let Ports { gateway, apis_https, control, .. } = demo.ports();
    let mut asking = Asking::sign_in(format!("https://localhost:{control}"));
    let of_the_file = demo.authorization_server().issue_token("test-client", "read");
    let of_an_application = demo.authorization_server().issue_token("client-one", "read");
    // Its server vouches for it to the end.
    let revoked = demo.authorization_server().issue_token("test-client", "read");
    let answer = asking.rest("revocations", &serde_json::json!({"token": *revoked}));
    assert!(answer["keptUntil"].is_u64(), "{answer}");
    for (url, token, part) in [
        (format!("http://localhost:{gateway}/api"), Some(&*of_the_file), "forward"),
        (format!("http://localhost:{gateway}/api"), Some(&*revoked), "token_revoked"),
        ("/api".to_owned(), Some(&*revoked), "token_revoked"),
        (
            format!("https://localhost:{apis_https}/httpbin/v1/get"),
            Some(&*of_an_application),
            "forward",
        ),
        // Asked again, nothing is remembered of the first time.
        (
            format!("https://localhost:{apis_https}/httpbin/v1/get"),
            Some(&*of_an_application),
            "asked, active",
        ),
        (
            format!("https://localhost:{apis_https}/httpbin/v1/get"),
            Some("no-such-token"),
            "token_inactive",
        ),
        (format!("https://localhost:{apis_https}/httpbin/v1/get"), None, "credential_missing"),
        (format!("https://localhost:{apis_https}/none"), None, "no_route"),
        (format!("http://localhost:{gateway}/api/../x"), None, "400"),
        ("https://nobody.example:1/".to_owned(), Some("no-such-token"), "unheard"),
    ] {
        let (_, by_command) = explained(directory.path(), "GET", &url, token);
        assert!(by_command.contains(part), "{by_command}");
        let by_command: serde_json::Value = serde_json::from_str(&by_command).unwrap();
        let by_rest = asking.rest("explain", &serde_json::json!({"url": url, "token": token}));
        assert_eq!(by_rest, by_command, "{url}");

        let page = asking.page("/workbench", None);
        let token = token.unwrap_or_default();
        let fields = [
            ("_csrf", &*proof(&page)),
            ("do", "explain"),
            ("method", "GET"),
            ("url", &url),
            ("secret.token", token),
        ];
        let page = read(&asking.page("/workbench", Some(&fields)));
        let words = page.replace(char::is_whitespace, " ");
        let steps = by_command["steps"].as_array().unwrap();
        assert!(!steps.is_empty());
        let mut rest = &*words;
        for step in steps {
            let outcome = step["outcome"].as_str().unwrap().replace('`', "");
            // It is a badge there.
            let outcome = if outcome == "passed" { "Passed" } else { &outcome };
            let at = rest.find(outcome);
            let at = at.unwrap_or_else(|| panic!("{outcome:?} is not in\n{rest}"));
            rest = &rest[at..];
        }
        for asked in by_command["asks"].as_array().unwrap() {
            assert!(words.contains(&asked.as_str().unwrap().replace('`', "")), "{asked}\n{words}");
        }
    }
    demo.stop();
}

#[test]
fn a_token_argument_is_trimmed_and_never_empty() {
    assert_eq!(&**token_argument(" abc\n").unwrap(), "abc");
    assert!(token_argument(" ").is_err());
}

#[test]
fn a_header_is_a_name_a_colon_and_a_value() {
    assert_eq!(named("Origin: https://a.example").unwrap(), ("Origin", "https://a.example"));
    assert!(named("Origin").is_err());
}
