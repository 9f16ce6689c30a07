//! What `explain` says, and what it never says.

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

fn explained(directory: &Path, method: &str, url: &str, token: Option<&str>) -> (String, String) {
    let source = Source::read(&directory.join("demo/phantom.toml")).unwrap();
    let asked = AskedRequest::new(method, url, None, &[], token).unwrap();
    let view = explain(&source, &asked).unwrap().unwrap();
    (view.to_string(), view.to_json().to_string())
}

#[test]
fn a_decision_is_explained_hop_by_hop_without_tokens_claims_or_query() {
    compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let (data_dir, set_up) = (directory.path().to_owned(), Extent::Everything);
    let options =
        Options { data_dir, ports: FREE, set_up, reset: false, command: "phantom".to_owned() };
    let demo = Demo::start(&options).unwrap();
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

    let (text, json) = explained(directory.path(), "GET", "/api", None);
    assert!(text.contains("answer 401 (credential_missing)"), "{text}");
    assert!(json.contains("\"status\":401"), "{json}");

    let (text, _) = explained(directory.path(), "GET", "/api/../secret", None);
    assert!(text.contains("answer 400"), "{text}");
    let (text, _) = explained(directory.path(), "GET", "/other", None);
    assert!(text.contains("public: no credential"), "{text}");
    demo.stop();
}

#[test]
fn a_managed_api_is_explained_by_its_listener_and_the_catalog_of_the_store() {
    compose::install_crypto();
    let directory = tempfile::tempdir().unwrap();
    let (data_dir, set_up) = (directory.path().to_owned(), Extent::Everything);
    let options =
        Options { data_dir, ports: FREE, set_up, reset: false, command: "phantom".to_owned() };
    let demo = Demo::start(&options).unwrap();
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

#[test]
fn a_token_argument_is_trimmed_and_never_empty() {
    assert_eq!(&**token_argument(" abc\n").unwrap(), "abc");
    assert!(token_argument(" ").is_err());
}
