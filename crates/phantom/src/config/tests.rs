//! Errors as users see them.

use std::path::Path;
use std::sync::Arc;

use phantom_core::Clock;
use phantom_testkit::ManualClock;
use tempfile::TempDir;

use super::*;

fn compile_in(directory: &Path, text: &str) -> (Option<Config>, Report) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let source = Source { path: directory.join("phantom.toml"), text: text.to_owned() };
    source.compile(Purpose::Check, &clock)
}

fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("html")).unwrap();
    std::fs::write(directory.path().join("secret"), "s3cret\n").unwrap();
    directory
}

/// The report without the directory's name, which changes.
fn report(text: &str) -> String {
    let directory = directory();
    let (_, report) = compile_in(directory.path(), text);
    report.to_string().replace(&format!("{}/", directory.path().display()), "")
}

const KEY_MANAGER: &str = r#"
[[key_manager]]
name = "login"
well_known = "https://login.example.com/oauth/.well-known/openid-configuration"
client_id = "gateway"
client_secret = { file = "secret" }
"#;

const LISTENER: &str = "[[listener]]\nbind = \"127.0.0.1:0\"\n";
const PUBLIC: &str = "[[route]]\npath = \"/\"\npublic = true\nstatic_dir = \"html\"\n";

/// A file with one protected route that has these lines more.
fn route(lines: &str) -> String {
    format!(
        "{LISTENER}{KEY_MANAGER}[[route]]\npath = \"/api\"\nupstream = \"http://b\"\n\
         key_manager = \"login\"\n{lines}\n"
    )
}

#[track_caller]
fn assert_reports(text: &str, expected: &[&str]) {
    let report = report(text);
    for part in expected {
        assert!(report.contains(part), "{part:?} is not in\n{report}");
    }
}

#[track_caller]
fn assert_valid(text: &str) -> Config {
    let directory = directory();
    let (config, report) = compile_in(directory.path(), text);
    assert_eq!(report.errors(), 0, "{report}");
    config.unwrap()
}

#[test]
fn all_errors_are_reported_at_once_each_with_its_place_and_a_hint() {
    insta::assert_snapshot!(report(include_str!("tests/wrong.toml")));
}

#[test]
fn broken_syntax_is_reported_without_guesses_at_what_it_hides() {
    insta::assert_snapshot!(report("[gateway\nworkers = 1\n[[route]]\npath = \"/\n"));
}

#[test]
fn a_full_example_compiles_to_what_it_says() {
    let config = assert_valid(include_str!("tests/full.toml"));
    assert_eq!(config.proxy.workers, 2);
    assert_eq!(config.proxy.limits.header_timeout, std::time::Duration::from_secs(7));
    assert_eq!(config.proxy.limits.max_fields, 64);
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.key_managers.len(), 2);
    let [login, partner] = &config.key_managers[..] else { panic!() };
    assert_eq!(login.policy.cap, std::time::Duration::from_secs(120));
    assert_eq!(login.manager.trust().audience.as_deref(), Some("api"));
    assert_eq!((login.accepts_jwt, partner.accepts_jwt), (true, false));
    assert!(config.minter.is_some());
    let names: Vec<&str> = config.routes.iter().map(|planned| &*planned.route.name).collect();
    assert_eq!(names, ["orders", "/", "api.example.com/both"]);
    let [orders, root, both] = &config.routes[..] else { panic!() };
    assert_eq!(orders.key_managers, [0]);
    assert!(root.key_managers.is_empty());
    assert_eq!(both.key_managers, [1, 0]);
}

#[test]
fn pitfall_26_a_protected_route_whose_key_manager_cannot_be_built_does_not_start() {
    let without = |key: &str| {
        let text = route("");
        let lines = text.lines().filter(|line| !line.starts_with(key)).collect::<Vec<_>>();
        lines.join("\n")
    };
    assert_reports(&without("well_known"), &["introspection_endpoint", "is missing"]);
    assert_reports(&without("client_secret"), &["`client_secret` is missing"]);
    assert_reports(&without("client_id"), &["`client_id` is missing"]);
    for text in [without("well_known"), without("client_secret"), without("key_manager =")] {
        let directory = directory();
        assert!(compile_in(directory.path(), &text).0.is_none(), "{text}");
    }
}

#[test]
fn a_route_is_public_or_protected_never_both_and_never_neither() {
    assert_reports(&route("public = true"), &["error: route[0].key_manager: the route is public"]);
    let neither = route("").replace("key_manager = \"login\"\n", "");
    assert_reports(&neither, &["route[0]: the route is neither protected nor public"]);
    let empty = route("").replace("key_manager = \"login\"", "key_manager = []");
    assert_reports(&empty, &["an empty list protects nothing"]);
    let wrong = route("").replace("key_manager = \"login\"", "key_manager = \"logn\"");
    assert_reports(&wrong, &["there is no key manager \"logn\"", "did you mean \"login\"?"]);
    let idle = format!("{LISTENER}{PUBLIC}scope = \"read\"\n");
    assert_reports(&idle, &["`scope` has no effect on a public route"]);
}

#[test]
fn cla_9_secrets_come_from_files_and_the_environment_and_never_show() {
    assert_valid(&route(""));
    let missing = route("").replace("file = \"secret\"", "file = \"nowhere\"");
    assert_reports(&missing, &["key_manager[0].client_secret", "nowhere"]);
    let unset = route("").replace("file = \"secret\"", "env = \"PHANTOM_TEST_UNSET\"");
    assert_reports(&unset, &["PHANTOM_TEST_UNSET is not set"]);

    let literal = route("").replace("{ file = \"secret\" }", "\"hunter2\"");
    assert_reports(&literal, &["warning: key_manager[0].client_secret: a secret in the"]);
    let misspelt = literal.replace("client_secret", "client_sekret");
    let unterminated = literal.replace("\"hunter2\"", "\"hunter2");
    for text in [literal, misspelt, unterminated] {
        assert!(!report(&text).contains("hunter2"), "{}", report(&text));
    }
}

#[test]
fn int_3_verify_ssl_off_is_warned_about() {
    let text = route("").replace("client_id", "verify_ssl = false\nclient_id");
    assert_reports(&text, &["warning: key_manager[0].verify_ssl", "use ca_file instead"]);
    assert_valid(&text);
}

#[test]
fn cac_2_an_override_of_no_store_is_warned_about() {
    let text = route("").replace("client_id", "cache_despite_no_store_seconds = 30\nclient_id");
    assert_reports(&text, &["warning: key_manager[0].cache_despite_no_store_seconds"]);
    assert_valid(&text);
}

#[test]
fn unverified_jwts_need_a_second_word() {
    let text = route("").replace("client_id", "verify_jwt = false\nclient_id");
    assert_reports(&text, &["error: key_manager[0].verify_jwt"]);
    let accepted = text.replace("client_id", "i_accept_unverified_jwts = true\nclient_id");
    assert_reports(&accepted, &["warning: key_manager[0].verify_jwt", "no errors"]);
}

#[test]
fn tok_10_a_plain_listener_for_the_world_is_warned_about_unless_tls_ends_in_front() {
    let open = route("").replace("127.0.0.1:0", "0.0.0.0:0");
    assert_reports(&open, &["warning: listener[0].bind: clients send their tokens"]);
    let stated = open.replace("0.0.0.0:0\"", "0.0.0.0:0\"\nbehind_tls = true");
    for text in [stated, route(""), format!("{LISTENER}{PUBLIC}").replace("127.0.0.1", "0.0.0.0")] {
        assert!(!report(&text).contains("in the clear"), "{}", report(&text));
    }
}

#[test]
fn jwt_15_accepting_jwts_needs_issuer_audience_and_keys() {
    let text = route("jwt = \"accept_jwt\"");
    assert_reports(&text, &["cannot validate JWTs by itself"]);
    let whole = text.replace("client_id", "expected_audience = \"api\"\nclient_id");
    assert!(assert_valid(&whole).key_managers[0].accepts_jwt);
}

#[test]
fn cor_2_any_origin_never_goes_with_credentials() {
    let text = route("cors = { origins = [\"*\"], credentials = true }");
    assert_reports(&text, &["cannot go with credentials = true"]);
    assert_valid(&route("cors = { origins = [\"*\"] }"));
    for origin in ["null", "https://a.example/", "a.example", "https://A.example"] {
        let text = route(&format!("cors = {{ origins = [{origin:?}] }}"));
        assert_reports(&text, &["is not an origin"]);
    }
}

#[test]
fn routes_that_take_the_same_requests_are_reported_with_both_places() {
    let twice = route("[[route]]\npath = \"/api\"\nupstream = \"http://c\"\npublic = true");
    assert_reports(&twice, &["error: route[1]: takes the same requests as route[0]"]);
    let apart = twice.replace("http://c\"", "http://c\"\nhost = \"c.example\"");
    assert_valid(&apart);
}

#[test]
fn listeners_do_not_share_a_port_among_each_other_or_with_management() {
    let text = format!("{}[[listener]]\nbind = \"127.0.0.1:9090\"\n", route(""));
    assert_reports(&text, &["is taken by management.bind"]);
    let twice = "[[listener]]\nbind = \"127.0.0.1:81\"\n[[listener]]\nbind = \"0.0.0.0:81\"\n";
    assert_reports(&format!("{twice}{PUBLIC}"), &["is taken by listener[0].bind"]);
}

fn with_certificate(not_after: i32) -> String {
    let directory = directory();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(not_after, 3, 4);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    std::fs::write(directory.path().join("gateway.pem"), certificate).unwrap();
    std::fs::write(directory.path().join("gateway-key.pem"), key.serialize_pem()).unwrap();
    let tls = "tls = { cert = \"gateway.pem\", key = \"gateway-key.pem\" }\n";
    let (_, report) = compile_in(directory.path(), &format!("{LISTENER}{tls}{PUBLIC}"));
    report.to_string()
}

#[test]
fn an_expired_certificate_is_an_error_with_its_date() {
    let report = with_certificate(2002);
    assert!(report.contains("the certificate expired on 2002-03-04"), "{report}");
    let report = with_certificate(2090);
    assert!(report.contains("no errors"), "{report}");
}

#[test]
fn tls_files_have_to_be_there() {
    let tls = "tls = { cert = \"nowhere.pem\", key = \"html\" }\n";
    let text = format!("{LISTENER}{tls}{PUBLIC}");
    assert_reports(&text, &["listener[0].tls.cert", "nowhere.pem", "listener[0].tls.key"]);
}

#[test]
fn minting_needs_an_issuer_of_our_own() {
    let text = route("").replace("client_id", "response = \"json\"\nclient_id");
    assert_reports(&text, &["key_manager[0].response: needs gateway.issuer"]);
    let named = format!("[gateway]\nissuer = \"https://gw.example\"\n{text}");
    assert!(assert_valid(&named).minter.is_some());
}

#[test]
fn a_report_is_also_json() {
    let directory = directory();
    let (_, report) = compile_in(directory.path(), &route("metods = [\"GET\"]"));
    let json = report.to_json();
    assert_eq!(json["errors"], 1);
    assert_eq!(json["problems"][0]["key"], "route[0].metods");
    assert_eq!(json["problems"][0]["hint"], "did you mean `methods`?");
    assert_eq!(json["problems"][0]["column"], 1);
}

#[test]
fn check_says_what_endpoints_on_this_machine_and_a_weak_password_mean() {
    let text = format!(
        "{LISTENER}[control]\nadmin_password = \"password1\"\nallow_local_endpoints = true\n"
    );
    assert_reports(
        &text,
        &[
            "control.allow_local_endpoints: APIs may lead to what only this machine reaches",
            "control.admin_password: this password is among the first that are guessed",
        ],
    );
    let off = format!("{LISTENER}[control]\nallow_local_endpoints = false\n");
    assert!(!report(&off).contains("allow_local_endpoints"));
}

#[test]
fn an_issuer_of_the_file_may_be_a_name_or_plain_http() {
    for issuer in ["accounts.google.com", "http://login.example.com"] {
        let key_manager =
            KEY_MANAGER.replace("client_id", &format!("issuer = \"{issuer}\"\nclient_id"));
        let text = format!(
            "{LISTENER}{key_manager}[[route]]\npath = \"/api\"\nupstream = \"http://b\"\n\
             key_manager = \"login\"\n"
        );
        assert!(!report(&text).contains(".issuer"), "{}", report(&text));
    }
}
