//! The keys of an application, at each key manager, and another one.

use axum::extract::Path;
use axum::extract::Query;
use phantom_manage::connector::Connector;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Cell;
use phantom_pages::components::Field;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Sheet;
use phantom_pages::components::Stack;
use phantom_pages::components::Table;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_subscribe::applications;
use phantom_subscribe::applications::Application;
use phantom_subscribe::keys;
use phantom_subscribe::keys::GenerateRequest;
use phantom_subscribe::keys::Key;
use phantom_subscribe::keys::KeyDocument;
use phantom_subscribe::keys::KeyManager;
use phantom_subscribe::keys::MapRequest;
use phantom_subscribe::keys::MappedKeyType;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde_json::Map;

use super::APPLICATIONS;
use super::application::head;
use super::application::head_within;
use super::application::stack;
use super::applications::HERE;
use super::key;

const TYPES: [MappedKeyType; 2] = [MappedKeyType::Production, MappedKeyType::Sandbox];

/// What refusals call a field, and where it stands.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("consumerKey", "consumer_key"),
    ("consumerSecret", "secret.consumer_secret"),
    ("callbackUrl", "callback"),
    ("supportedGrantTypes", "grants"),
    ("scopes", "scopes"),
    ("validityPeriod", "life"),
    ("validityTime", "life"),
];

pub(super) async fn list(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    let keys = keys::of_application(&visit.control, application.row.id).await?;
    let visible = keys::visible_key_managers(&visit.control, &visit.caller).await?;
    let notice = asked.notice(&[
        (
            "mapped",
            "The consumer key is mapped",
            "Gateways know from now on that its tokens are of this application.",
        ),
        ("deleted", "The key is deleted", ""),
    ]);
    let base = format!("{HERE}/{}/keys", application.row.id);
    // A key may be of a key manager that is disabled, or no longer open to its owner.
    let others =
        keys.iter().filter(|key| !visible.iter().any(|each| each.row.name == key.key_manager));
    let mut names: Vec<&str> = others.map(|key| key.key_manager.as_str()).collect();
    names.dedup();
    let open = visible.iter().filter(|each| !each.only_exchanges()).map(|each| {
        let add =
            |kind| (!key::has(&keys, &each.row.name, kind)).then(|| adding_link(&base, each, kind));
        row(&base, &keys, &each.row.name, kind(each), TYPES.map(add))
    });
    let closed =
        names.into_iter().map(|name| row(&base, &keys, name, "Not open to you now", [None, None]));
    let table = Table::new("Keys", &["Key manager", "Type", "Production", "Sandbox"])
        .rows(open.chain(closed).collect())
        .empty("No key manager is open to you. An administrator adds them.", None);
    let head = head(&application)
        .state("A key says at which key manager which client is this application.");
    let page = stack(&visit, &application, head).notice(notice).part(&table);
    Ok(visit.show(APPLICATIONS, &application.row.name, &page))
}

fn kind(key_manager: &KeyManager) -> &'static str {
    match Connector::of_kind(&key_manager.row.kind) {
        Some(Connector::Resident) => "Our own token endpoint",
        Some(connector) => connector.display_name(),
        None => "Unknown",
    }
}

fn row(
    base: &str,
    keys: &[Key],
    key_manager: &str,
    kind: &str,
    add: [Option<Link>; 2],
) -> Vec<Cell> {
    let at = |(key_type, add): (MappedKeyType, Option<Link>)| {
        let here = |key: &&Key| key.key_manager == key_manager && key.row.key_type == key_type;
        match (keys.iter().find(here), add) {
            (Some(key), _) => Cell::link(&key.row.consumer_key, format!("{base}/{}", key.row.id)),
            (None, Some(link)) => Cell::Links(vec![link]),
            (None, None) => Cell::text("None"),
        }
    };
    let [production, sandbox] = add;
    vec![
        Cell::text(key_manager),
        Cell::text(kind),
        at((MappedKeyType::Production, production)),
        at((MappedKeyType::Sandbox, sandbox)),
    ]
}

fn adding_link(base: &str, key_manager: &KeyManager, key_type: MappedKeyType) -> Link {
    let words = match key_manager.creates_clients() {
        true => "Generate keys",
        false => "Map a consumer key",
    };
    let (id, key_type) = (key_manager.row.id, key_type.as_str());
    Link::new(words, format!("{base}/new?key_manager={id}&type={key_type}"))
}

/// Where the new key is to be.
#[derive(Deserialize)]
pub(super) struct At {
    #[serde(default)]
    key_manager: String,
    #[serde(default, rename = "type")]
    key_type: String,
}

struct Place {
    application: Application,
    key_manager: KeyManager,
    key_type: MappedKeyType,
}

impl Place {
    async fn find(visit: &Visit, id: &str, at: &At) -> Outcome<Self> {
        let application = applications::find(&visit.control, &visit.caller, id).await?;
        let visible = keys::visible_key_managers(&visit.control, &visit.caller).await?;
        let key_manager =
            visible.into_iter().find(|each| each.row.id.to_string() == at.key_manager);
        let key_manager = key_manager.ok_or(Refusal::KeyManagerAway)?;
        let key_type = TYPES.into_iter().find(|known| known.as_str() == at.key_type);
        let key_type = key_type.unwrap_or(MappedKeyType::Production);
        Ok(Self { application, key_manager, key_type })
    }

    fn title(&self) -> &'static str {
        match self.key_manager.creates_clients() {
            true => "Generate keys",
            false => "Map a consumer key",
        }
    }

    fn page(&self, visit: &Visit, draft: &Draft, notice: Option<Notice>) -> Stack {
        let name = &self.key_manager.row.name;
        let key_type = match self.key_type {
            MappedKeyType::Production => "Production",
            MappedKeyType::Sandbox => "Sandbox",
        };
        let head = head_within(&self.application, self.title())
            .under("Keys", format!("{HERE}/{}/keys", self.application.row.id))
            .state(format!("{key_type}, at {name}."));
        let page = Stack::new(head).notice(notice);
        match self.key_manager.creates_clients() {
            true => page.part(&self.generating(visit, draft)).part(&self.mapping(visit, draft)),
            false => page.part(&self.mapping(visit, draft)),
        }
    }

    fn sheet(&self, visit: &Visit, what: &str) -> Sheet {
        Sheet::new(&visit.csrf, format!("{HERE}/{}/keys/new", self.application.row.id))
            .hidden("key_manager", self.key_manager.row.id.to_string())
            .hidden("type", self.key_type.as_str())
            .hidden("what", what)
    }

    fn generating(&self, visit: &Visit, draft: &Draft) -> Sheet {
        let text = "A new client is made there, with a secret. With client_credentials among its grant types, \
                    a token to try it with comes along.";
        grant_fields(draft, &self.key_manager)
            .iter()
            .fold(self.sheet(visit, "generate").headed("New keys", text), Sheet::field)
            .button("Generate keys")
    }

    fn mapping(&self, visit: &Visit, draft: &Draft) -> Sheet {
        let row = &self.key_manager.row;
        let is_resident = self.key_manager.is_resident();
        let help = match (
            self.key_manager.consumer_key_claim(),
            self.key_manager.only_consumer_key(),
        ) {
            (_, Some(expected)) => format!(
                "Is {expected}: the audience that {} expects of all its tokens is their consumer key.",
                row.name
            ),
            ("aud", None) => format!(
                "Must equal the claim aud of the tokens that {} issues to this client: with the \
                 audience client-one in its tokens, the consumer key is client-one.",
                row.name
            ),
            (claim, None) => format!(
                "Must equal the claim {claim} of the tokens that {} issues to this client.",
                row.name
            ),
        };
        let key = draft.text("consumer_key", "Consumer Key").required().such_as("client-one");
        let secret = draft.secret("consumer_secret", "Consumer Secret").required_if(is_resident);
        let secret = secret.helped(match is_resident {
            true => "Proves that the client is yours.",
            false => "Gateways do not need it.",
        });
        let text = match is_resident {
            true => "A client that was registered there before becomes this application's.",
            false => "The client is made at the key manager; here it is said which one it is.",
        };
        let heading =
            if self.key_manager.creates_clients() { "Or map a consumer key" } else { "The client" };
        let sheet = self.sheet(visit, "map").headed(heading, text);
        let sheet = sheet.field(&key.helped(&help)).field(&secret);
        match self.key_manager.creates_clients() {
            true => sheet.plain_button("Map a consumer key"),
            false => sheet
                .button("Map a consumer key")
                .cancel(format!("{HERE}/{}/keys", self.application.row.id)),
        }
    }
}

/// What a client may do, as far as the key manager lets any.
pub(super) fn grant_fields(draft: &Draft, key_manager: &KeyManager) -> Vec<Field> {
    let grants = &key_manager.settings.available_grant_types;
    let comes_back =
        grants.iter().any(|grant| matches!(&**grant, "authorization_code" | "implicit"));
    let grants: Vec<_> = grants.iter().map(|grant| (grant.as_str(), grant.as_str())).collect();
    vec![
        draft.ticks("grants", "Grant types", &grants),
        draft
            .url("callback", "Callback URL")
            .such_as("https://app.example.com/callback")
            .helped(match comes_back {
                true => "For grants that come back by a redirect.",
                false => {
                    "Kept and shown, for whoever reads it: no grant type here comes back by a redirect."
                }
            }),
    ]
}

pub(super) async fn new(visit: Visit, Path(id): Path<String>, Query(at): Query<At>) -> Answer {
    let place = Place::find(&visit, &id, &at).await?;
    let only = place.key_manager.only_consumer_key().unwrap_or_default().to_owned();
    let form = Form::default().with("grants", "client_credentials").with("consumer_key", only);
    let draft = Draft::new(form);
    Ok(visit.show(APPLICATIONS, place.title(), &place.page(&visit, &draft, None)))
}

pub(super) async fn create(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let [key_manager, key_type] = ["key_manager", "type"].map(|name| form.get(name).to_owned());
    let place = Place::find(&visit, &id, &At { key_manager, key_type }).await?;
    let made = match form.get("what") {
        "generate" => generate(&visit, &id, &place, &form).await.map(Some),
        _ => map(&visit, &id, &place, &form).await.map(|_| None),
    };
    match made {
        // What is shown once is shown now, and has no address.
        Ok(Some(made)) => key::made(&visit, &place.application, made).await,
        Ok(None) => {
            Ok(answer::see(&format!("{HERE}/{}/keys?done=mapped", place.application.row.id)))
        }
        Err(refusal) => {
            let (draft, notice) = refused(form, refusal)?;
            let page = place.page(&visit, &draft, Some(notice));
            Ok(visit.show_refused(APPLICATIONS, place.title(), &page))
        }
    }
}

/// A client without a grant type gets no token: where there are any, one is chosen.
pub(super) fn check_chosen(form: &Form, key_manager: &KeyManager) -> Outcome<()> {
    match key_manager.settings.available_grant_types.is_empty() || form.has("grants") {
        true => Ok(()),
        false => Err(Refusal::invalid("supportedGrantTypes: choose at least one")),
    }
}

async fn generate(visit: &Visit, id: &str, place: &Place, form: &Form) -> Outcome<Key> {
    check_chosen(form, &place.key_manager)?;
    let request = GenerateRequest {
        key_type: place.key_type,
        key_manager: Some(place.key_manager.row.id.to_string()),
        scopes: Vec::new(),
        life: keys::life("validityTime", None)?,
        document: document(form, Map::new())?,
    };
    keys::generate(&visit.control, &visit.caller, id, request).await
}

/// What the form says of a key.
pub(super) fn document(
    form: &Form,
    properties: Map<String, serde_json::Value>,
) -> Outcome<KeyDocument> {
    let grants = form.all("grants").map(str::to_owned).collect();
    KeyDocument::new(grants, form.given("callback"), properties)
}

async fn map(visit: &Visit, id: &str, place: &Place, form: &Form) -> Outcome<Key> {
    place.key_manager.check_consumer_key(form.get("consumer_key"))?;
    let secret = form.given("secret.consumer_secret").map(Into::into);
    let key_manager = Some(place.key_manager.row.id.to_string());
    let key = form.get("consumer_key").to_owned();
    let request = MapRequest::new(key, secret, key_manager, place.key_type)?;
    keys::map(&visit.control, &visit.caller, id, request).await
}

pub(super) fn refused(form: Form, refusal: Refusal) -> Result<(Draft, Notice), Failure> {
    let errors = match refusal {
        Refusal::KeyTaken | Refusal::OtherKeyExists => {
            Errors::default().at("consumer_key", refusal.to_string())
        }
        refusal => Errors::from_refusal(refusal, FIELDS)?,
    };
    let notice = Notice::refused(errors.whole.as_deref());
    Ok((Draft::refused(form, errors), notice))
}
