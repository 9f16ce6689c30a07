use std::path::PathBuf;

use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use phantom_testkit::Signer;

use super::*;

/// What `check --connect` says of a server that answers any token with that, and what it cannot see.
async fn checked(response: &str, media_type: &str) -> (String, Vec<String>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = FakeAs::start().await;
    server.answer("/introspect", Reply::with_type(200, media_type, r#"{"active":false}"#));
    server.answer("/jwks", Reply::with_type(200, "application/json", Signer::es256("a").jwks()));
    let (introspect, jwks) = (server.url("/introspect"), server.url("/jwks"));
    let text = format!(
        "[gateway]\nissuer = \"https://gateway.example.com\"\n\
         [[listener]]\nbind = \"127.0.0.1:0\"\n\
         [[key_manager]]\nname = \"login\"\nissuer = \"https://login.example.com\"\n\
         introspection_endpoint = \"{introspect}\"\njwks_uri = \"{jwks}\"\n\
         client_id = \"gateway\"\nclient_secret = \"s\"\nresponse = \"{response}\"\n\
         [[route]]\npath = \"/api\"\nupstream = \"http://b\"\nkey_manager = \"login\"\n"
    );
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let source = Source { path: PathBuf::from("phantom.toml"), text };
    let (config, mut report) = source.compile(Purpose::Check, &clock);
    let config = config.unwrap_or_else(|| panic!("{report}"));
    let unseen = connect(&config.key_managers, &mut report).await;
    (report.to_string(), unseen)
}

#[tokio::test]
async fn what_only_a_good_token_would_show_is_said_to_be_unseen() {
    let (report, unseen) = checked("phantom_jwt", "application/json").await;
    assert!(report.contains("0 errors") || report.contains("no errors"), "{report}");
    assert_eq!(unseen.len(), 1);
    let said = unseen.concat();
    assert!(said.starts_with("login: ") && said.contains("`phantom explain`"), "{said}");
    let (_, unseen) = checked("json", "application/json").await;
    assert!(unseen.is_empty(), "an answer in JSON shows all there is to see: {unseen:?}");
}

#[tokio::test]
async fn an_unsigned_answer_where_a_signed_one_was_asked_for_is_an_error_that_names_the_server() {
    let (report, unseen) = checked("rfc9701", "application/json; charset=utf-8").await;
    let said = "key_manager[0]: `login`: it answers with unsigned JSON";
    assert!(report.contains(said) && unseen.is_empty(), "{report}");
    assert!(report.contains("introspection_signed_response_alg"), "{report}");
}
