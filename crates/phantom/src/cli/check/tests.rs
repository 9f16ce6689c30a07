use std::path::PathBuf;

use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use phantom_testkit::Signer;

use super::*;

/// What `check --connect` says of a server that answers any token with that, and of its answers.
async fn checked(response: &str, media_type: &str) -> (String, Vec<String>) {
    let reply = Reply::with_type(200, media_type, r#"{"active":false}"#);
    checked_by(&Signer::es256("a"), response, reply).await
}

/// The same of a server with that key.
async fn checked_by(signer: &Signer, response: &str, reply: Reply) -> (String, Vec<String>) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let server = FakeAs::start().await;
    server.answer("/introspect", reply);
    server.answer("/jwks", Reply::with_type(200, "application/json", signer.jwks()));
    let (introspect, jwks) = (server.url("/introspect"), server.url("/jwks"));
    let text = format!(
        "[gateway]\nissuer = \"https://gateway.example.com\"\n\
         [[listener]]\nbind = \"127.0.0.1:0\"\n\
         [[key_manager]]\nname = \"login\"\nissuer = \"https://login.example.com\"\n\
         introspection_endpoint = \"{introspect}\"\njwks_uri = \"{jwks}\"\n\
         client_id = \"gateway\"\nclient_secret = \"s\"\nresponse = \"{response}\"\n\
         signed_response_algorithm = \"ES256\"\n\
         [[route]]\npath = \"/api\"\nupstream = \"http://b\"\nkey_manager = \"login\"\n"
    );
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let source = Source { path: PathBuf::from("phantom.toml"), text };
    let (config, mut report) = source.compile(Purpose::Check, &clock);
    let config = config.unwrap_or_else(|| panic!("{report}"));
    let answering = connect(&config.key_managers, &mut report).await;
    (report.to_string(), answering.iter().map(Answering::to_string).collect())
}

#[tokio::test]
async fn what_only_a_good_token_would_show_is_said_to_be_unseen() {
    let (report, answering) = checked("phantom_jwt", "application/json").await;
    assert!(report.contains("0 errors") || report.contains("no errors"), "{report}");
    assert_eq!(answering.len(), 1);
    let said = answering.concat();
    assert!(said.starts_with("login: ") && said.contains("`phantom explain`"), "{said}");
}

#[tokio::test]
async fn a_key_manager_that_answers_may_still_say_nothing_of_the_tokens_of_others() {
    let (report, answering) = checked("json", "application/json").await;
    let said = answering.concat();
    assert!(
        said.starts_with("login: it answers; whether it speaks to this client"),
        "{report}{said}"
    );

    let signer = Signer::es256("a");
    let claims = json!({
        "iss": "https://login.example.com",
        "aud": "gateway",
        "iat": SystemClock::new().now().wall.as_secs(),
        "token_introspection": {"active": false},
    });
    let jwt = signer.sign_typ("token-introspection+jwt", &claims);
    let reply = Reply::with_type(200, "application/token-introspection+jwt", jwt);
    let (report, answering) = checked_by(&signer, "rfc9701", reply).await;
    let said = answering.concat();
    assert!(
        said.starts_with("login: it answers; whether it speaks to this client"),
        "{report}{said}"
    );
}

#[tokio::test]
async fn an_unsigned_answer_where_a_signed_one_was_asked_for_is_an_error_that_names_the_server() {
    let (report, answering) = checked("rfc9701", "application/json; charset=utf-8").await;
    let said = "key_manager[0]: `login`: it answers with unsigned JSON";
    assert!(report.contains(said) && answering.is_empty(), "{report}");
    assert!(report.contains("introspection_signed_response_alg"), "{report}");
}
