//! The page: one form, so that what was typed for one step is there in the next.

use askama::Template;
use phantom_access::rights::admin::KEY_MANAGERS;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
use phantom_pages::components::Notice;
use phantom_pages::components::Secret;
use phantom_pages::form::Draft;
use phantom_pages::visit::Visit;
use phantom_subscribe::keys::KeyManager;

use super::drawn::Found;
use super::redirect_uri;

/// Chosen instead of a key manager.
pub(super) const OTHER: &str = "other";
const METHODS: [(&str, &str); 7] = [
    ("GET", "GET"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
    ("HEAD", "HEAD"),
    ("OPTIONS", "OPTIONS"),
];

#[derive(Template)]
#[template(path = "workbench/bench.html")]
pub(super) struct Bench {
    head: Head,
    notices: Vec<Notice>,
    csrf: Csrf,
    server: [Field; 2],
    client: Field,
    client_secret: Secret,
    request: [Field; 2],
    token: Field,
    introspector: Field,
    introspector_secret: Secret,
    call: [Field; 4],
    found: Found,
    explains: bool,
}

impl Bench {
    pub(super) fn new(
        visit: &Visit,
        draft: &Draft,
        key_managers: &[KeyManager],
        notices: Vec<Notice>,
        found: Found,
    ) -> Self {
        let mut choices: Vec<(String, String)> = key_managers
            .iter()
            .map(|each| (each.row.id.to_string(), each.row.name.clone()))
            .collect();
        // Others first: of our own there is a token at each generated key.
        choices.sort_by_key(|(id, _)| {
            key_managers.iter().any(|each| each.is_resident() && each.row.id.to_string() == *id)
        });
        choices.push((OTHER.to_owned(), "Another server, by its metadata".to_owned()));
        let choices: Vec<_> =
            choices.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let proofs = [("basic", "In the header (Basic)"), ("post", "In the form")];
        let callback = redirect_uri(visit);
        let introspector = match visit.may(KEY_MANAGERS) {
            true => "Empty: the gateways' own client at that key manager.",
            false => "A client of that server which may introspect.",
        };
        // It is typed into the page and goes with it: what begins with `secret.` is not kept when a
        // session ends.
        let private = |name: &str, label: &str, rows| draft.area(name, label, rows);
        Self {
            head: Head::new("Workbench").state(
                "Get a token, look into it, and call an API with it. Nothing of it is kept here.",
            ),
            notices,
            csrf: visit.csrf.clone(),
            server: [
                draft.select("key_manager", "Key manager", &choices),
                draft
                    .url("well_known", "Well-known URL")
                    .such_as("https://login.example.com/.well-known/openid-configuration")
                    .helped("Of another server."),
            ],
            client: draft.text("client_id", "Client ID").such_as("client-one"),
            client_secret: draft.secret("client_secret", "Client Secret").passing(),
            request: [
                draft.select("client_auth", "The client proves itself", &proofs),
                draft.text("scope", "Scopes").such_as("read write").helped(&format!(
                    "With blanks between. To sign in a user, register {callback} at the client."
                )),
            ],
            token: private("secret.token", "Token", 3),
            introspector: draft.text("introspector", "Introspection client").helped(introspector),
            introspector_secret: draft.secret("introspector", "Its secret").passing(),
            call: [
                draft.select("method", "Method", &METHODS),
                draft.url("url", "URL at a gateway"),
                private("secret.headers", "Further headers", 2).such_as("Accept: application/json"),
                private("secret.body", "Body", 3),
            ],
            found,
            explains: visit.control.explains(),
        }
    }
}
