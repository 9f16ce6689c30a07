//! One key of an application: its client, its secret, a token to try it with, its end. What is secret is
//! in answers to forms alone, and so has no address.

use axum::extract::Path;
use axum::response::Response;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Code;
use phantom_pages::components::Confirm;
use phantom_pages::components::Diff;
use phantom_pages::components::Facts;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Sheet;
use phantom_pages::components::Stack;
use phantom_pages::components::Tone;
use phantom_pages::form::Draft;
use phantom_pages::form::Form;
use phantom_pages::list::encoded;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::applications;
use phantom_subscribe::applications::Application;
use phantom_subscribe::keys;
use phantom_subscribe::keys::ApplicationToken;
use phantom_subscribe::keys::Key;
use phantom_subscribe::keys::KeyDocument;
use phantom_subscribe::keys::KeyManager;
use phantom_subscribe::keys::MappedKeyType;
use phantom_subscribe::keys::MappingMode;
use phantom_subscribe::keys::TokenOrder;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use super::APPLICATIONS;
use super::application::head_within;
use super::applications::HERE;
use super::keys::check_chosen;
use super::keys::document;
use super::keys::grant_fields;
use super::keys::refused;

/// The field with what a form was filled from.
const BEFORE: &str = "before";

/// Everything that the page of a key shows.
struct Shown {
    application: Application,
    key: Key,
    /// `None` where it is no longer there for its owner.
    key_manager: Option<KeyManager>,
    base: String,
}

pub(super) fn has(keys: &[Key], key_manager: &str, key_type: MappedKeyType) -> bool {
    keys.iter().any(|key| key.key_manager == key_manager && key.row.key_type == key_type)
}

impl Shown {
    async fn find(visit: &Visit, id: &str, key: &str) -> Outcome<Self> {
        let application = applications::find(&visit.control, &visit.caller, id).await?;
        let key = keys::find(&visit.control, &visit.caller, id, key).await?;
        Self::of(visit, application, key).await
    }

    async fn of(visit: &Visit, application: Application, key: Key) -> Outcome<Self> {
        let visible = keys::visible_key_managers(&visit.control, &visit.caller).await?;
        let key_manager = visible.into_iter().find(|each| each.row.id == key.row.key_manager);
        let base = format!("{HERE}/{}/keys", application.row.id);
        Ok(Self { base, application, key, key_manager })
    }

    fn address(&self) -> String {
        format!("{}/{}", self.base, self.key.row.id)
    }

    /// We made the client.
    fn is_ours(&self) -> bool {
        self.key.row.mode == MappingMode::Created
    }

    /// By its own credentials, without a user.
    fn gets_tokens(&self) -> bool {
        self.key.document.grant_types.iter().any(|grant| grant == "client_credentials")
    }

    fn key_type(&self) -> &'static str {
        match self.key.row.key_type {
            MappedKeyType::Production => "Production",
            MappedKeyType::Sandbox => "Sandbox",
        }
    }

    /// With what was just learnt, under its heading.
    fn page(
        &self,
        visit: &Visit,
        notice: Option<Notice>,
        secrets: &[Code],
        conflict: Option<&Diff>,
        draft: &Draft,
    ) -> Stack {
        let at = self.address();
        let head = head_within(&self.application, &self.key.row.consumer_key)
            .under("Keys", self.base.as_str())
            .badge(match self.is_ours() {
                true => Badge::neutral("Generated"),
                false => Badge::neutral("Mapped"),
            })
            .state(format!("{}, at {}.", self.key_type(), self.key.key_manager))
            .action(Link::new("Delete", format!("{at}/delete")));
        let endpoint =
            self.key_manager.as_ref().and_then(|each| each.token_endpoint(&visit.control.settings));
        let mut facts = vec![("Consumer Key".to_owned(), Cell::code(&self.key.row.consumer_key))];
        facts.extend(endpoint.clone().map(|at| ("Token endpoint".to_owned(), Cell::code(at))));
        if !self.key.document.grant_types.is_empty() {
            let grants = self.key.document.grant_types.join(", ");
            facts.push(("Grant types".to_owned(), Cell::text(grants)));
        }
        facts.push(("Made".to_owned(), Cell::time(visit.control.now(), self.key.row.created_at)));
        let mut page = Stack::new(head).notice(notice);
        page = secrets.iter().fold(page, Stack::part);
        page = page.part(&Facts(facts));
        if let Some(conflict) = conflict {
            page = page.section("What saving now would change", "", conflict);
        }
        if !self.is_ours() {
            return page;
        }
        let sheet = |path: &str| Sheet::new(&visit.csrf, format!("{at}{path}"));
        page = page.part(
            &sheet("/secret")
                .headed("Consumer secret", "Shown to you alone, in the answer to this button.")
                .plain_button("Show the secret")
                .link("Regenerate the secret", format!("{at}/regenerate")),
        );
        if self.gets_tokens() {
            let token = sheet("/token")
                .headed("Token", "To try the key with. It is shown once, and kept nowhere.")
                .field(
                    &draft
                        .text("scopes", "Scopes")
                        .such_as("read write")
                        .helped("With blanks between."),
                )
                .field(&draft.number("life", "It lives").between(1, 86_400).in_unit("seconds"))
                .button("Generate a token");
            page = page.part(&token);
        }
        if let Some(key_manager) = &self.key_manager {
            let fields = grant_fields(draft, key_manager);
            let edit = sheet("").headed("What the client may do", "").hidden(BEFORE, self.before());
            page = page.part(&fields.iter().fold(edit, Sheet::field).plain_button("Save"));
        }
        if let Some(endpoint) = endpoint.filter(|_| self.gets_tokens()) {
            let text = format!(
                "curl -sk -u '{}:<consumer secret>' \\\n  -d grant_type=client_credentials \\\n  {endpoint}",
                self.key.row.consumer_key
            );
            page = page.part(&Code::new("A token by curl", text));
        }
        page
    }

    /// What the client may do, as a form that is sent says what it was filled from.
    fn before(&self) -> String {
        compared(&self.key.document).to_string()
    }

    /// The forms as they stand before somebody fills them.
    fn draft(&self) -> Draft {
        let mut form = Form::default().with("life", "3600");
        for grant in &self.key.document.grant_types {
            form = form.with("grants", grant);
        }
        let callback = self.key.document.callback_url.clone().unwrap_or_default();
        Draft::new(form.with("callback", callback))
    }

    fn show(&self, visit: &Visit, notice: Option<Notice>, secrets: &[Code]) -> Answer {
        let page = self.page(visit, notice, secrets, None, &self.draft());
        Ok(visit.show(APPLICATIONS, &self.key.row.consumer_key, &page))
    }

    /// Somebody else was earlier. A key has no version: what it was stands in the form.
    fn conflict(&self, visit: &Visit, form: Form, mine: &KeyDocument) -> Response {
        let words = "By somebody else, or by you in another tab. Below is what you entered; saving it now replaces \
                     their change.";
        let notice = Notice::new(Tone::Warn, "It was changed meanwhile", words);
        let names = ("As it is now", "With yours");
        let diff = Diff::between(names, &compared(&self.key.document), &compared(mine));
        let draft = Draft::new(form.with_instead("life", "3600"));
        let page = self.page(visit, Some(notice), &[], Some(&diff), &draft);
        visit.show_refused(APPLICATIONS, &self.key.row.consumer_key, &page)
    }

    fn refused(&self, visit: &Visit, form: Form, refusal: Refusal) -> Answer {
        let (draft, notice) = refused(form, refusal)?;
        let page = self.page(visit, Some(notice), &[], None, &draft);
        Ok(visit.show_refused(APPLICATIONS, &self.key.row.consumer_key, &page))
    }
}

/// What is told of two people's changes, in the words of the form.
fn compared(document: &KeyDocument) -> Value {
    let mut grants = document.grant_types.clone();
    grants.sort_unstable();
    json!({"grant types": grants, "callback": document.callback_url})
}

/// Keys that were made just now.
pub(super) async fn made(visit: &Visit, application: &Application, mut key: Key) -> Answer {
    let mut secrets: Vec<_> = key.secret.as_ref().map(secret_code).into_iter().collect();
    let token = key.token.take().as_ref().map(token_code);
    let words = if token.is_some() { "The token below is shown once." } else { "" };
    secrets.extend(token);
    let shown = Shown::of(visit, application.clone(), key).await?;
    let notice = Notice::new(Tone::Good, "The keys are made", words);
    shown.show(visit, Some(notice), &secrets)
}

fn secret_code(secret: &SecretString) -> Code {
    Code::new("Consumer Secret", secret.expose_secret())
}

fn token_code(token: &ApplicationToken) -> Code {
    let lives = words::duration(token.life);
    let label = format!("Access token, lives {lives}, scopes {}", token.scopes.join(" "));
    Code::new(label, token.token.expose_secret())
}

type At = Path<(String, String)>;

pub(super) async fn read(visit: Visit, Path((id, key)): At) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    let is_changed = visit.here.ends_with("?done=changed");
    let notice = is_changed.then(|| Notice::new(Tone::Good, "The change is in force", ""));
    shown.show(&visit, notice, &[])
}

/// Somebody reloads what was the answer to a form.
pub(super) async fn again(Path((id, key)): At) -> Answer {
    Ok(answer::see(&format!("{HERE}/{}/keys/{}", encoded(&id), encoded(&key))))
}

pub(super) async fn update(visit: Visit, Path((id, key)): At, form: Form) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    let properties = shown.key.document.additional_properties.clone();
    let chosen = shown.key_manager.as_ref().map_or(Ok(()), |at| check_chosen(&form, at));
    let changed = match chosen.and_then(|()| document(&form, properties)) {
        Ok(document) if form.raw(BEFORE) != shown.before() => {
            return Ok(shown.conflict(&visit, form, &document));
        }
        Ok(document) => {
            keys::update(&visit.control, &visit.caller, &id, &key, document).await.map(drop)
        }
        Err(refusal) => Err(refusal),
    };
    match changed {
        Ok(()) => Ok(answer::see(&format!("{}?done=changed", shown.address()))),
        Err(refusal) => shown.refused(&visit, form, refusal),
    }
}

pub(super) async fn secret(visit: Visit, Path((id, key)): At) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    // Of a client that is not ours there is nothing to show.
    let secret = shown.key.secret.as_ref().filter(|_| shown.is_ours()).map(secret_code);
    shown.show(&visit, None, secret.as_slice())
}

pub(super) async fn token(visit: Visit, Path((id, key)): At, form: Form) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    match issue(&visit, &id, &key, &form).await {
        Ok(token) => {
            let notice = Notice::new(Tone::Good, "The token is made", "It is shown once: copy it.");
            shown.show(&visit, Some(notice), &[token_code(&token)])
        }
        Err(refusal) => shown.refused(&visit, form, refusal),
    }
}

async fn issue(visit: &Visit, id: &str, key: &str, form: &Form) -> Outcome<ApplicationToken> {
    let scopes = form.get("scopes").split_whitespace().map(str::to_owned).collect();
    let seconds = match form.given("life") {
        Some(text) => Some(
            text.parse()
                .map_err(|_| Refusal::invalid("validityPeriod: must be a number of seconds"))?,
        ),
        None => None,
    };
    let life = keys::life("validityPeriod", seconds)?;
    let order = TokenOrder::new(None, keys::scopes(scopes)?, life, None)?;
    keys::generate_token(&visit.control, &visit.caller, id, key, order).await
}

pub(super) async fn confirm_regeneration(visit: Visit, Path((id, key)): At) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    let title = "Regenerate the secret";
    Ok(visit.show(APPLICATIONS, title, &regeneration(&visit, &shown)))
}

fn regeneration(visit: &Visit, shown: &Shown) -> Confirm {
    Confirm {
        csrf: visit.csrf.clone(),
        version: None,
        action: format!("{}/regenerate", shown.address()),
        back: shown.address(),
        question: format!("Replace the secret of {}?", shown.key.row.consumer_key),
        effects: vec![
            "The present secret is worth nothing from then on: whoever uses it gets no more tokens."
                .to_owned(),
            "Tokens that were issued live on until they expire.".to_owned(),
        ],
        obstacle: None,
        verb: "Replace the secret".to_owned(),
        typed: None,
        error: None,
    }
}

pub(super) async fn regenerate(visit: Visit, Path((id, key)): At, form: Form) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    match keys::regenerate_secret(&visit.control, &visit.caller, &id, &key).await {
        Ok((_, secret)) => {
            let notice =
                Notice::new(Tone::Good, "The secret is replaced", "The old one is worth nothing.");
            shown.show(&visit, Some(notice), &[secret_code(&secret)])
        }
        Err(refusal) => shown.refused(&visit, form, refusal),
    }
}

pub(super) async fn confirm(visit: Visit, Path((id, key)): At) -> Answer {
    let shown = Shown::find(&visit, &id, &key).await?;
    Ok(visit.show(APPLICATIONS, "Delete key", &deletion(&visit, &shown)))
}

fn deletion(visit: &Visit, shown: &Shown) -> Confirm {
    let mut effects = vec![
        "Gateways refuse its tokens for this application's subscriptions from the next request on."
            .to_owned(),
        words::several(shown.application.subscriptions, "subscription", "subscriptions")
            + " of the application can no longer be used with it.",
    ];
    if shown.is_ours() {
        effects.push("The client that was made for it ends too, with its secret.".to_owned());
    }
    Confirm {
        csrf: visit.csrf.clone(),
        version: None,
        action: format!("{}/delete", shown.address()),
        back: shown.address(),
        question: format!("Delete the key {}?", shown.key.row.consumer_key),
        effects,
        obstacle: None,
        verb: "Delete key".to_owned(),
        typed: None,
        error: None,
    }
}

pub(super) async fn delete(visit: Visit, Path((id, key)): At) -> Answer {
    keys::delete(&visit.control, &visit.caller, &id, &key).await?;
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    Ok(answer::see(&format!("{HERE}/{}/keys?done=deleted", application.row.id)))
}
