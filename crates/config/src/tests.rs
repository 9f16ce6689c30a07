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

/// Rows: PITFALL-26
#[test]
fn a_protected_route_whose_key_manager_cannot_be_built_does_not_start() {
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
fn what_newcomers_write_is_answered_with_what_is_right() {
    let rule = "claims = { claim = \"tier\", equals = \"gold\" }";
    assert_reports(&route(rule), &["write claims = [{ … }], or [[route.claims]] below"]);
    let table = route("").replace("[[route]]", "[route]");
    assert_reports(&table, &["route: has to be a list of tables", "write [[route]]"]);
    let twice = format!("{table}\n[route]\npath = \"/b\"\nupstream = \"http://b\"\n");
    let said = report(&twice);
    assert!(said.contains("duplicate key\n    = write [[route]] for each of several"), "{said}");
    assert!(said.ends_with("1 error\n"), "what follows from it is no news: {said}");
    let again = format!("{LISTENER}{PUBLIC}").replace("path =", "path = \"/b\"\npath =");
    assert_reports(&again, &["path stands in this table already: remove one of the two"]);
    let logged = format!("[gateway]\naccess_log = true\n{}", route(""));
    assert_reports(&logged, &["write \"json\", \"text\" or \"off\""]);
    let bound = route("").replace("\"127.0.0.1:0\"", "8080");
    assert_reports(&bound, &["write an address and a port, as \"127.0.0.1:8080\""]);
    let tuned = route("").replace("client_id =", "algorithms = [\"RS265\"]\nclient_id =");
    assert_reports(&tuned, &["did you mean \"RS256\"?", "1 error"]);
    let keyless = route("").replace("client_secret = { file = \"secret\" }", "");
    let keyless = keyless.replace("client_id =", "client_auth = \"private_key_jwt\"\nclient_id =");
    assert_reports(&keyless, &["add client_key = { file = \"client-key.pem\" }", "1 error"]);
    let named = keyless.replace("client_id =", "client_key = \"key.pem\"\nclient_id =");
    assert_reports(
        &named,
        &["a file is named so: client_key = { file = \"client-key.pem\" }", "1 error"],
    );
    assert_reports(&route("cors = true"), &["write it as { name = value, … }"]);
    assert_reports(&format!("gateway = 1\n{LISTENER}{PUBLIC}"), &["write [gateway] above"]);
}

/// Rows: CLA-9
#[test]
fn secrets_come_from_files_and_the_environment_and_never_show() {
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

/// Rows: INT-3
#[test]
fn verify_ssl_off_is_warned_about() {
    let text = route("").replace("client_id", "verify_ssl = false\nclient_id");
    assert_reports(&text, &["warning: key_manager[0].verify_ssl", "use ca_file instead"]);
    assert_valid(&text);
}

/// Rows: CAC-2
#[test]
fn an_override_of_no_store_is_warned_about() {
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

/// Rows: TOK-10
#[test]
fn a_plain_listener_for_the_world_is_warned_about_unless_tls_ends_in_front() {
    let open = route("").replace("127.0.0.1:0", "0.0.0.0:0");
    assert_reports(&open, &["warning: listener[0].bind: clients send their tokens"]);
    let stated = open.replace("0.0.0.0:0\"", "0.0.0.0:0\"\nbehind_tls = true");
    for text in [stated, route(""), format!("{LISTENER}{PUBLIC}").replace("127.0.0.1", "0.0.0.0")] {
        assert!(!report(&text).contains("in the clear"), "{}", report(&text));
    }
}

/// Rows: JWT-15
#[test]
fn accepting_jwts_needs_issuer_audience_and_keys() {
    let text = route("jwt = \"accept_jwt\"");
    assert_reports(&text, &["cannot validate JWTs by itself", "it lacks expected_audience\n"]);
    let whole = text.replace("client_id", "expected_audience = \"api\"\nclient_id");
    assert!(assert_valid(&whole).key_managers[0].accepts_jwt);
}

/// Rows: COR-2
#[test]
fn any_origin_never_goes_with_credentials() {
    let text = route("cors = { origins = [\"*\"], credentials = true }");
    assert_reports(&text, &["cannot go with credentials = true"]);
    assert_valid(&route("cors = { origins = [\"*\"] }"));
    for origin in ["null", "https://a.example/", "a.example", "https://A.example"] {
        let text = route(&format!("cors = {{ origins = [{origin:?}] }}"));
        assert_reports(&text, &["is not an origin"]);
    }
}

/// Rows: COR-2
#[test]
fn a_pattern_of_origins_has_a_domain_and_is_for_cors_alone() {
    let listing = |origin: &str| route(&format!("cors = {{ origins = [{origin:?}] }}"));
    for origin in ["https://*.example.com", "https://*.example.com:8443", "http://*.localhost:3000"]
    {
        assert_valid(&listing(origin));
    }
    assert_reports(&listing("https://*.com"), &["is for everybody below a top-level domain"]);
    for origin in [
        "*.example.com",
        "https://a.*.example.com",
        "https://*",
        "https://*.",
        "https://*a.example.com",
        "https://*.*.example.com",
        "https://*.example.com/",
        "https://*.EXAMPLE.com",
        "https://*.example.com:443",
    ] {
        assert_reports(&listing(origin), &["is not an origin"]);
    }
    let cookie = route(
        r#"token_cookie = { name = "__Host-t", trusted_origins = ["https://*.example.com"] }"#,
    );
    assert_reports(&cookie, &["is a pattern"]);
}

/// Rows: COR-3
#[test]
fn a_page_can_always_read_the_challenge() {
    let cors = |text: &str| {
        let text = route(&format!("cors = {{ origins = [\"*\"]{text} }}"));
        assert_valid(&text).routes.remove(0).route.cors.unwrap().expose.to_string()
    };
    assert_eq!(cors(""), "WWW-Authenticate");
    assert_eq!(cors(", expose = []"), "WWW-Authenticate");
    assert_eq!(cors(", expose = [\"X-Total\", \"ETag\"]"), "X-Total, ETag, WWW-Authenticate");
    assert_eq!(cors(", expose = [\"www-authenticate\"]"), "www-authenticate");
}

#[test]
fn a_route_bounds_uploads_and_times_of_its_own() {
    let text = route(
        "max_body_bytes = 1000\nconnect_timeout = \"1s\"\nupstream_idle_timeout = \"2m\"\nbody_idle_timeout = \"3s\"",
    );
    let bounds = assert_valid(&text).routes[0].route.bounds;
    assert_eq!(bounds.max_body, Some(1000));
    assert_eq!(bounds.connect_timeout, Some(std::time::Duration::from_secs(1)));
    assert_eq!(bounds.upstream_idle_timeout, Some(std::time::Duration::from_secs(120)));
    assert_eq!(bounds.body_idle_timeout, Some(std::time::Duration::from_secs(3)));
    assert_eq!(
        assert_valid(&route("")).routes[0].route.bounds,
        phantom_pipeline::route::Bounds::default()
    );
    assert_reports(
        &route("max_body_bytes = 10\ncollect_body_bytes = 11"),
        &["route[0].collect_body_bytes: max_body_bytes refuses more than 10"],
    );
    assert_reports(&route("connect_timeout = \"0s\""), &["route[0].connect_timeout"]);
    let files = format!(
        "{LISTENER}[[route]]\npath = \"/\"\npublic = true\nstatic_dir = \"html\"\nmax_body_bytes = 1\n"
    );
    assert_reports(&files, &["files have no backend and take no request body"]);
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

const ENDPOINT: &str = "introspection_endpoint = \"https://as.example.com/introspect\"";

/// A file whose key manager answers in plain JSON, with these lines more.
fn plain_json(lines: &str, route: &str) -> String {
    format!(
        "{LISTENER}[gateway]\nissuer = \"https://gateway.example.com\"\n\
         [[key_manager]]\nname = \"plain\"\nresponse = \"json\"\nclient_id = \"gateway\"\n\
         client_secret = {{ file = \"secret\" }}\n{lines}\n\
         [[route]]\npath = \"/api\"\nupstream = \"http://b\"\nkey_manager = \"plain\"\n{route}\n"
    )
}

#[test]
fn a_server_that_answers_in_plain_json_needs_neither_keys_nor_an_issuer() {
    assert_valid(&plain_json(ENDPOINT, ""));
    let audience = format!("{ENDPOINT}\nminted_audience = \"orders-api\"");
    assert_valid(&plain_json(&audience, ""));
    assert_reports(&plain_json("", ""), &["in its place `introspection_endpoint`"]);
    let jwts = plain_json(ENDPOINT, "jwt = \"accept_jwt\"");
    assert_reports(&jwts, &["error: route[0].jwt"]);
    let unused =
        route("").replace("name = \"login\"\n", "name = \"login\"\nminted_audience = \"x\"\n");
    assert_reports(&unused, &["key_manager[0].minted_audience", "\"json\" or \"rfc9701\" only"]);
}

#[test]
fn what_is_wrong_with_a_certificate_or_its_key_stands_at_its_own_key() {
    let tls = |lines: &str| {
        route("").replace(
            "client_secret = { file = \"secret\" }",
            &format!("client_auth = \"tls\"\n{lines}"),
        )
    };
    let both = "client_certificate = \"secret\"\nclient_key = { file = \"secret\" }";
    assert_reports(&tls(both), &["key_manager[0].client_certificate", "no certificate in PEM"]);
    let authority = format!("{both}\nca_file = \"secret\"");
    assert_reports(&tls(&authority), &["key_manager[0].ca_file", "no usable certificate in PEM"]);
}

#[test]
fn a_scope_with_a_comma_is_warned_about() {
    assert_reports(
        &route("scope = \"read,write\""),
        &["warning: route[0].scope: \"read,write\" is one scope", "\"read write\""],
    );
    assert_reports(&route("scope_any = \"a, b;c\""), &["warning: route[0].scope_any", "\"a b c\""]);
    assert!(report(&route("scope = \"read write urn:x:y\"")).contains("no warnings"));
}

#[test]
fn a_variable_that_nobody_replaces_is_warned_about_and_no_secret_is_shown() {
    let text = route("").replace("{ file = \"secret\" }", "\"${SECRET:-hunter2}\"");
    let report = report(&text);
    let said = "warning: key_manager[0].client_secret: `${SECRET}` is not replaced";
    assert!(report.contains(said) && report.contains("{ env = \"SECRET\" }"), "{report}");
    assert!(report.contains("1 warning"), "said once: {report}");
    let text = route("claims = [{ claim = \"t\", one_of = [\"a\", \"${T}\"] }]");
    assert_reports(&text, &["warning: route[0].claims[0].one_of: `${T}` is not replaced"]);
}

#[test]
fn a_public_route_below_a_protected_one_is_warned_about() {
    let below = |lines: &str| {
        let open = "[[route]]\npublic = true\nstatic_dir = \"html\"\n";
        report(&format!("{}{open}{lines}\n", route("methods = [\"GET\"]")))
    };
    let said = "warning: route[1]: anyone may call /api/docs, though /api around it is protected";
    assert!(below("path = \"/api/docs\"").contains(said));
    assert!(below("path = \"/api/docs\"\nhost = \"a.example\"").contains(said));
    for fine in ["path = \"/apis\"", "path = \"/\"", "path = \"/api/docs\"\nmethods = [\"POST\"]"] {
        let report = below(fine);
        assert!(!report.contains("around it"), "{fine}: {report}");
    }
}

#[test]
fn claim_rules_take_paths_and_a_wrong_path_is_an_error() {
    let config =
        assert_valid(&route("claims = [{ claim = \"realm_access.roles\", contains = \"a\" }]"));
    let phantom_core::Access::Protected(protection) = &config.routes[0].route.access else {
        panic!("it is protected");
    };
    assert!(
        protection.claims[0].to_string().starts_with("claim `roles` in `realm_access` is a list")
    );
    let wrong = route("claims = [{ claim = \"a..b\", exists = true }]");
    assert_reports(
        &wrong,
        &["error: route[0].claims[0].claim: \"a..b\" names nothing", "/realm_access"],
    );
}

/// The message and the hint about one line of `[gateway]`.
#[track_caller]
fn assert_gateway(line: &str, message: &str, hint: &str) {
    let report = report(&format!("{LISTENER}{PUBLIC}[gateway]\n{line}\n"));
    assert!(report.contains(&format!("{message}\n")), "{message:?} is not in\n{report}");
    assert!(
        hint.is_empty() || report.contains(&format!("    = {hint}\n")),
        "{hint:?} is not in\n{report}"
    );
    assert!(report.ends_with(": 1 error\n"), "more than one thing is said:\n{report}");
}

#[test]
fn a_value_that_is_wrong_is_told_from_one_of_another_kind() {
    let duration = "write a whole number and ms, s, m or h, as \"2500ms\"";
    for (line, message, hint) in [
        ("drain_timeout = \"30sec\"", "\"30sec\" is no duration", duration),
        ("drain_timeout = \"-1s\"", "\"-1s\" is no duration", duration),
        (
            "drain_timeout = 10",
            "has to be a duration with a unit, not a number",
            "write \"10s\" for seconds or \"10ms\"",
        ),
        (
            "drain_timeout = 1.5",
            "has to be a duration with a unit, not a number with a fraction",
            duration,
        ),
        ("workers = -1", "-1 is negative", "a whole number, from 0 on"),
        ("workers = \"2\"", "has to be a whole number, not a string", "write 2 without quotes"),
        ("workers = 2.5", "has to be a whole number, not a number with a fraction", ""),
        ("error_format = 1", "has to be a string, not a number", "write \"1\""),
        ("error_format = [\"curity\"]", "has to be a string, not a list", "write \"curity\""),
        (
            "trusted_proxies = \"10.0.0.0/8, 127.0.0.1\"",
            "has to be a list of strings, not a string",
            "write [\"10.0.0.0/8\", \"127.0.0.1\"]",
        ),
        ("trusted_proxies = 1", "has to be a list of strings, not a number", "write [\"1\"]"),
    ] {
        assert_gateway(line, message, hint);
    }
    for (size, bytes) in [("64kB", 65_536), ("10 MiB", 10_485_760), ("512B", 512), ("1G", 1 << 30)]
    {
        let text = route(&format!("collect_body_bytes = {size:?}"));
        assert_reports(&text, &[&format!("write {bytes}: sizes are in bytes")]);
    }
    for (text, hint) in [
        ("300s", "write 300: the unit is in the name"),
        ("15m", "write 15728640: sizes are in bytes"),
        ("50k", "write 50000: numbers have no unit"),
    ] {
        assert_reports(&route(&format!("collect_body_bytes = {text:?}")), &[hint]);
    }
    let text =
        route("").replace("name = \"login\"\n", "name = \"login\"\ntoken_cache_seconds = \"5m\"\n");
    assert_reports(&text, &["write 300: seconds"]);
    assert_reports(
        &route("scope = [\"read\", \"write\"]"),
        &["has to be a string, not a list", "write \"read write\": spaces part scopes"],
    );
}

#[test]
fn an_address_that_is_none_is_told_why() {
    let bind = |text: &str| report(&format!("[[listener]]\nbind = {text:?}\n{PUBLIC}"));
    for (text, message, hint) in [
        ("0.0.0.0:99999", "99999 is no port", "from 0 to 65535"),
        ("localhost:99999", "99999 is no port", "from 0 to 65535"),
        ("gw.example.com:80", "is not an address and port", "write an address, as \"0.0.0.0:80\""),
        ("9000", "is not an address and port", "\"localhost:9000\""),
        (":9000", "is not an address and port", "\"localhost:9000\""),
    ] {
        let report = bind(text);
        assert!(report.contains(message) && report.contains(hint), "{text}: {report}");
        assert!(report.ends_with(": 1 error\n"), "{report}");
    }
}

#[test]
fn what_is_wrong_with_a_server_or_its_secret_comes_with_what_helps() {
    let http = route("").replace("https://login", "http://login");
    assert_reports(
        &http,
        &[
            "is plain http",
            "write https://…, or allow_http = true for a network that you trust",
            "always allowed to this machine",
        ],
    );
    let unset = route("").replace("file = \"secret\"", "env = \"PHANTOM_TEST_UNSET\"");
    assert_reports(&unset, &["PHANTOM_TEST_UNSET is not set", "set it where phantom runs"]);
}

#[test]
fn one_mistake_is_one_error() {
    let misspelt = |from: &str, to: &str| report(&route("").replacen(from, to, 1));
    for (from, to) in [
        ("name = \"login\"", "nmae = \"login\""),
        ("well_known", "wel_known"),
        ("client_id", "clientid"),
        ("client_secret", "client_secrt"),
        ("upstream", "upsteam"),
        ("path", "pth"),
        ("key_manager = ", "key_managr = "),
        ("[[listener]]", "[[listner]]"),
        ("[[key_manager]]", "[[keymanager]]"),
        ("[[route]]", "[[rout]]"),
        ("bind", "bnd"),
    ] {
        let report = misspelt(from, to);
        assert!(report.contains("did you mean"), "{to}: {report}");
        assert!(report.ends_with(": 1 error\n"), "{to}: {report}");
    }
    let bare = format!(
        "{LISTENER}[[key_manager]]\nname = \"login\"\nclient_id = \"a\"\nclient_secret = {{ file = \"secret\" }}\n[[route]]\npath = \"/\"\nupstream = \"http://b\"\nkey_manager = \"login\"\n"
    );
    assert_reports(&bare, &["`well_known` is missing, or in its place `issuer`", ": 1 error\n"]);
}

#[test]
fn another_language_is_recognised_and_the_file_goes_by_its_name() {
    for (text, language) in [
        ("# mine\nlistener:\n  - bind: 127.0.0.1:8080\n", "YAML"),
        ("---\na: 1\n", "YAML"),
        ("- a\n", "YAML"),
        ("{\"listener\": []}\n", "JSON"),
    ] {
        let report = report(text);
        let said = format!("error: this is {language}, and the configuration is TOML\n");
        assert!(report.contains(&said) && report.ends_with(": 1 error\n"), "{report}");
    }
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let source = Source { path: "x.toml".into(), text: "[gateway]\n".to_owned() };
    let report = source.compile(Purpose::Check, &clock).1.to_string();
    assert!(report.starts_with("x.toml: error: there is no listener\n"), "{report}");
    assert!(!report.contains("phantom.toml"), "{report}");
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
fn a_check_reads_the_files_of_the_control_plane() {
    for (line, said) in [
        ("ca_file = \"none.pem\"", "control.ca_file: "),
        // It holds no certificate.
        ("ca_file = \"secret\"", "control.ca_file: "),
        ("sealing_key = { file = \"none.key\" }", "control.sealing_key: "),
    ] {
        assert_reports(&format!("{LISTENER}[control]\n{line}\n"), &[said, "1 error"]);
    }
    let both = "ca_file = \"none.pem\"\nsealing_key = { file = \"none.key\" }\n";
    let said = ["control.ca_file: ", "control.sealing_key: ", "2 errors"];
    assert_reports(&format!("{LISTENER}[control]\n{both}"), &said);
}

/// Whatever key it is under, and whether the line or the message would show it.
#[test]
fn no_report_shows_a_secret() {
    let rate = "{ requests = 0, window = \"1 fortnight\" }";
    let route = format!("[[route]]\npath = \"/a\"\nupstream = \"http://b\"\nrate_limit = {rate}\n");
    for lines in [
        "sealing_key = \"hunter2hunter2\"",
        "sealing_kye = \"hunter2hunter2\"",
        "admin_password = \"hunter2\"",
        "database = \"postgres://phantom:hunter2@127.0.0.1:1/x\"",
        "database = \"postgres//phantom:hunter2@127.0.0.1:1/x\"",
        "database = \"postgres:phantom:hunter2@127.0.0.1:1/x\"",
        "database = \"mysql://phantom:hunter2@127.0.0.1:1/x\"",
        "public_url = \"https://me:hunter2@api.example.com/x\"",
        "sealing_key = \"hunter2",
    ] {
        let text = format!("{LISTENER}[control]\n{lines}\n{route}");
        let report = report(&text);
        assert!(!report.contains("hunter2"), "{report}");
        assert!(report.contains("error") || report.contains("warning"), "{lines}: {report}");
    }
    let upstream = "[[route]]\npath = \"/a\"\nupstream = \"http://me:hunter2@b/\"\n";
    let key_manager =
        KEY_MANAGER.replace("https://login.example.com/", "https://me:hunter2@login.example.com/");
    for text in [format!("{LISTENER}{upstream}"), format!("{LISTENER}{key_manager}{upstream}")] {
        let directory = directory();
        let (_, all) = compile_in(directory.path(), &text);
        assert!(all.errors() > 0 && !all.to_string().contains("hunter2"), "{all}");
        assert!(!all.to_json().to_string().contains("hunter2"));
    }
}

#[test]
fn a_rate_of_nothing_is_told_beside_a_window_that_is_none() {
    let text = format!(
        "{LISTENER}[[route]]\npath = \"/a\"\nupstream = \"http://b\"\npublic = true\n\
         rate_limit = {{ requests = 0, window = \"1 fortnight\", by = \"peer\" }}\n"
    );
    assert_reports(&text, &["no duration", "is no rate: at least 1 request", "2 errors"]);
}

#[test]
fn a_listener_where_the_control_plane_listens_is_warned_about() {
    let text = LISTENER.replace(":0", ":9443");
    let report = report(&format!("{text}[control]\n"));
    assert!(report.contains("is also where [control] listens"), "{report}");
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

#[test]
fn a_place_that_cannot_be_written_is_said_once_at_its_own_key_by_check_and_run_alike() {
    let directory = directory();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let lines = "[gateway]\ndata_dir = \"/proc/x\"\naccess_log_file = \"/nonexistent/x.log\"\n";
    let text = plain_json(ENDPOINT, "").replace("[gateway]\n", lines);
    for purpose in [Purpose::Check, Purpose::Run] {
        let path = directory.path().join("phantom.toml");
        let (config, report) = Source { path, text: text.clone() }.compile(purpose, &clock);
        let report = report.to_string();
        assert!(config.is_none(), "{report}");
        assert!(report.contains("gateway.data_dir: /proc/x cannot be written"), "{report}");
        let log = "gateway.access_log_file: /nonexistent/x.log cannot be written";
        assert!(report.contains(log), "{report}");
        assert!(report.ends_with(": 2 errors\n"), "{report}");
    }
}

#[test]
fn a_check_leaves_nothing_behind_and_asks_for_no_directory_that_nobody_writes_to() {
    let directory = directory();
    let before = std::fs::read_dir(directory.path()).unwrap().count();
    let lines = "[gateway]\naccess_log_file = \"new.log\"\n";
    let text = plain_json(ENDPOINT, "").replace("[gateway]\n", lines);
    let (config, report) = compile_in(directory.path(), &text);
    assert!(config.is_some(), "{report}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), before);
    let unused = format!("{LISTENER}{PUBLIC}[gateway]\ndata_dir = \"/proc/x\"\n");
    assert_valid(&unused);
}
