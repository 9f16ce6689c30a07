//! Key managers: who says which tokens are good.

mod form;
mod standing;
mod trial;

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use phantom_access::Control;
use phantom_manage::connector::Connector;
use phantom_manage::key_managers;
use phantom_manage::key_managers::KeyManagerDocument;
use phantom_manage::key_managers::Uses;
use phantom_observe::key_managers::DiscoveredKeyManager;
use phantom_observe::key_managers::Overview;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Diff;
use phantom_pages::components::Facts;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Task;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Needs;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::list::List;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::keys;
use phantom_subscribe::keys::KeyManager;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Versioned;
use serde::Deserialize;

use self::form::Sheet;
use self::trial::TrialForm;

const HERE: &str = "/admin/key-managers";
const PLACE: Place = Place::Admin(HERE);

pub(super) fn pages(pages: Pages, needs: Needs, deletion: Needs) -> Pages {
    pages
        .page(needs, HERE, get(list))
        .page(needs, "/admin/key-managers/new", get(new).post(create))
        .page(needs, "/admin/key-managers/{id}", get(read).post(update))
        .page(needs, "/admin/key-managers/{id}/test", get(trial::back).post(trial::run))
        .page(deletion, "/admin/key-managers/{id}/delete", get(confirm).post(delete))
}

const DONE: &[(&str, &str, &str)] = &[
    (
        "created",
        "The key manager is in force",
        "Gateways take tokens for which it vouches. Test it: the button is on its page.",
    ),
    ("changed", "The change is in force", ""),
    ("deleted", "The key manager is deleted", ""),
];

async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let all = phantom_observe::key_managers::overview(&visit.control).await?;
    let enabled = all.iter().filter(|one| one.info.enabled).count() as u64;
    let state = format!(
        "{}, {} enabled. They say which tokens are good.",
        words::several(all.len() as u64, "key manager", "key managers"),
        words::count(enabled),
    );
    let ambiguous: Vec<&str> =
        all.iter().filter(|one| one.takes_any).map(|one| one.info.name.as_str()).collect();
    let ambiguity = (ambiguous.len() > 1).then(|| {
        let words = format!(
            "{}: one gets tokens that are another\u{2019}s. Enter a rule under Token handling, or choose key \
             managers per API.",
            ambiguous.join(", ")
        );
        Notice::new(Tone::Warn, "Several key managers take any opaque token", words)
    });
    let issuers = all.iter().filter(|one| one.info.enabled);
    let issuers = issuers.map(|one| (one.info.name.as_str(), one.issuer.as_deref()));
    let shared = standing::shared_issuer(issuers)
        .map(|(_, words)| Notice::new(Tone::Warn, "Several key managers have one issuer", words));
    let add = Link::main("Add Key Manager", "/admin/key-managers/new");
    let table =
        Table::new("Key managers", &["Name", "Type", "Issuer", "State", "Health", "Used by"])
            .rows(all.into_iter().map(row).collect())
            .empty("Key managers are authorization servers whose tokens gateways take.", None);
    let head = Head::new("Key Managers").state(state).action(add);
    Ok(visit.show(
        PLACE,
        "Key Managers",
        &List {
            head,
            tabs: None,
            notices: asked.notice(DONE).into_iter().chain(ambiguity).chain(shared).collect(),
            table,
        },
    ))
}

/// What these pages warn of, for the first page.
pub(crate) async fn warnings(control: &Control) -> Outcome<Vec<Task>> {
    let all = keys::key_managers(control).await?;
    let task = |one: &KeyManager, word, text| Task {
        badge: Badge::warn(word),
        title: Link::new(&one.row.name, format!("{HERE}/{}", one.row.id)),
        text,
    };
    let mut warnings = Vec::new();
    for one in &all {
        let unmet = keys::unmet_keys_of(control, one).await?;
        if unmet > 0 {
            let Notice { title, text, .. } = standing::unmet(unmet);
            warnings.push(task(one, "Keys not met", format!("{title}. {text}")));
        }
    }
    let issuers = all.iter().filter(|one| one.row.enabled);
    let issuers = issuers.map(|one| (one.row.name.as_str(), one.settings.issuer.as_deref()));
    if let Some((first, words)) = standing::shared_issuer(issuers) {
        let first = all.iter().find(|one| one.row.name == first);
        warnings.extend(first.map(|first| task(first, "One issuer", words)));
    }
    Ok(warnings)
}

/// In words.
pub(crate) const fn kind(connector: Connector) -> &'static str {
    match connector {
        Connector::Resident => "Our own token endpoint",
        known => known.display_name(),
    }
}

fn row(one: Overview) -> Vec<Cell> {
    let Overview { info, issuer, keys, apis, health, .. } = one;
    let kind = match Connector::of_kind(&info.kind) {
        Some(known) => kind(known),
        None => &info.kind,
    };
    vec![
        Cell::link(&info.name, format!("{HERE}/{}", info.id)),
        Cell::text(kind),
        issuer.map_or_else(|| Cell::text("–"), Cell::code),
        Badge::enabled(info.enabled).into(),
        standing::badge(&health).into(),
        Cell::text(standing::used_by(apis, keys)),
    ]
}

#[derive(Template)]
#[template(path = "admin/key_manager.html")]
struct Page {
    head: Head,
    notices: Vec<Notice>,
    /// What is stored, and what was typed meanwhile.
    diff: Option<Diff>,
    sheet: Sheet,
    /// How it does; of one that is there.
    standing: Option<Facts>,
    trial: Option<TrialForm>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    kind: String,
}

async fn new(visit: Visit, Query(asked): Query<Kind>) -> Answer {
    let connector = Connector::for_new(&asked.kind).unwrap_or(Connector::CurityPhantomToken);
    let draft = Draft::new(form::first(connector));
    Ok(visit.show(PLACE, "Add Key Manager", &adding(&visit, connector, &draft, Vec::new())))
}

fn adding(visit: &Visit, connector: Connector, draft: &Draft, notices: Vec<Notice>) -> Page {
    let head = Head::new("Add Key Manager")
        .under("Key Managers", HERE)
        .state("An authorization server whose tokens gateways take.");
    let sheet = Sheet::new(visit.csrf.clone(), connector, draft, None);
    Page { head, notices, diff: None, sheet, standing: None, trial: None }
}

async fn create(visit: Visit, form: Form) -> Answer {
    let connector = Connector::for_new(form.get("type")).unwrap_or(Connector::CurityPhantomToken);
    if form.has("import") {
        let (draft, notice) = import(&visit, connector, form).await;
        let page = adding(&visit, connector, &draft, vec![notice]);
        return Ok(visit.show(PLACE, "Add Key Manager", &page));
    }
    if form.has("choose") {
        let page =
            adding(&visit, connector, &Draft::new(form::of_type(connector, form)), Vec::new());
        return Ok(visit.show(PLACE, "Add Key Manager", &page));
    }
    let made = match form::read(connector, &form, KeyManagerDocument::default()) {
        Ok(document) => {
            key_managers::create(&visit.control, &visit.caller, document).await.map(drop)
        }
        Err(refusal) => Err(refusal),
    };
    match made {
        Ok(()) => Ok(answer::see(&format!("{HERE}?done=created"))),
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, form::FIELDS)?;
            let notice = Notice::refused(errors.whole.as_deref());
            let draft = Draft::refused(form, errors);
            let page = adding(&visit, connector, &draft, vec![notice]);
            Ok(visit.show_refused(PLACE, "Add Key Manager", &page))
        }
    }
}

/// Fills in what the metadata says, and says what it does not.
async fn import(visit: &Visit, connector: Connector, form: Form) -> (Draft, Notice) {
    let url = form.get("well_known").to_owned();
    if url.is_empty() {
        let words = "Enter the address of the server's metadata first.";
        let errors = Errors::default().at("well_known", words);
        return (
            Draft::refused(form, errors),
            Notice::new(Tone::Bad, "Nothing was imported", words),
        );
    }
    match phantom_observe::key_managers::discovered(&visit.control, &url, connector.kind()).await {
        Ok(found) => {
            let notice = imported(connector, &found);
            (Draft::new(form::imported(form, &found)), notice)
        }
        Err(reason) => {
            let mut words = words::sentence(&reason.to_string());
            // What people have at hand is the issuer.
            let issuer = url.trim_end_matches('/');
            let is_document = issuer.rsplit('/').next().is_some_and(|last| last.contains(".json"));
            if reason.was_answered()
                && url.starts_with("http")
                && !url.contains("/.well-known/")
                && !is_document
            {
                words += &format!(
                    ". Metadata are mostly at a well-known URL: {issuer}/.well-known/openid-configuration"
                );
            }
            let errors = Errors::default().at("well_known", words.clone());
            let hint = format!("{words}. The fields can also be filled in by hand.");
            (Draft::refused(form, errors), Notice::new(Tone::Bad, "Nothing was imported", hint))
        }
    }
}

fn imported(connector: Connector, found: &DiscoveredKeyManager) -> Notice {
    let missing: Vec<&str> = [
        (found.introspection_endpoint.is_none() && connector == Connector::CurityPhantomToken)
            .then_some("an introspection endpoint, which gateways need"),
        found.token_endpoint.is_none().then_some("a token endpoint"),
        found.revoke_endpoint.is_none().then_some("a revocation endpoint"),
        found.certificates.is_none().then_some("a key set, without which no JWT can be verified"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let issuer = found.issuer.as_deref().unwrap_or_default();
    match missing.as_slice() {
        [] => Notice::new(
            Tone::Good,
            "The metadata is imported",
            format!("Issuer, endpoints and the key set of {issuer} are filled in below."),
        ),
        missing => Notice::new(
            Tone::Warn,
            "The metadata is imported, in part",
            format!("{issuer} names no {}. Fill in what you need below.", missing.join(", no ")),
        ),
    }
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let stored = key_managers::read(&visit.control, &id).await?;
    let connector = connector(&stored)?;
    let draft = Draft::new(form::filled(connector, &stored.value));
    let overview = phantom_observe::key_managers::overview_of(&visit.control, &id).await?;
    let standing = Some(standing::facts(&overview, visit.control.now()));
    let mut page = changing(&visit, &id, connector, &stored, &draft, asked.notice(DONE));
    page.standing = standing;
    let unmet = keys::unmet_keys(&visit.control, &id).await?;
    page.notices.extend((unmet > 0).then(|| standing::unmet(unmet)));
    Ok(visit.show(PLACE, &stored.value.name, &page))
}

fn connector(stored: &Versioned<KeyManagerDocument>) -> Result<Connector, Refusal> {
    Connector::of_kind(&stored.value.kind).ok_or(Refusal::KeyManagerType)
}

fn changing(
    visit: &Visit,
    id: &str,
    connector: Connector,
    stored: &Versioned<KeyManagerDocument>,
    draft: &Draft,
    notice: Option<Notice>,
) -> Page {
    let value = &stored.value;
    let mut head = Head::new(&value.name)
        .under("Key Managers", HERE)
        .badge(Badge::enabled(value.enabled.unwrap_or(true)))
        .state(match connector {
            Connector::Resident => "Our own token endpoint, for clients made in the devportal.",
            connector => connector.display_name(),
        });
    if connector != Connector::Resident {
        head = head
            .action(Link::new("Delete", format!("{HERE}/{id}/delete")))
            .action(Link::new("Test", "#test"));
    }
    let version = Some(Version(stored.version));
    let sheet = Sheet::new(visit.csrf.clone(), connector, draft, version);
    let notices = notice.into_iter().collect();
    let trial = (connector != Connector::Resident).then(|| TrialForm::new(visit, id, None));
    Page { head, notices, diff: None, sheet, standing: None, trial }
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let stored = key_managers::read(&visit.control, &id).await?;
    let connector = connector(&stored)?;
    if form.has("import") {
        let (draft, notice) = import(&visit, connector, form).await;
        let page = changing(&visit, &id, connector, &stored, &draft, Some(notice));
        return Ok(visit.show(PLACE, &stored.value.name, &page));
    }
    let changed = match form::read(connector, &form, stored.value.clone()) {
        Ok(document) => {
            let expected = form.expected();
            key_managers::update(&visit.control, &visit.caller, &id, &expected, document)
                .await
                .map(drop)
        }
        Err(refusal) => Err(refusal),
    };
    let refusal = match changed {
        Ok(()) => return Ok(answer::see(&format!("{HERE}/{id}?done=changed"))),
        Err(refusal) => refusal,
    };
    let mut diff = None;
    let (draft, notice) = match refusal {
        Refusal::OtherVersion => {
            let words = "By somebody else, or by you in another tab. Below is what you entered; saving it now \
                         replaces what is stored.";
            diff = form::diff(connector, &form, &stored.value);
            (Draft::new(form), Notice::new(Tone::Warn, "It was changed meanwhile", words))
        }
        refusal => {
            let errors = Errors::from_refusal(refusal, form::FIELDS)?;
            let notice = Notice::refused(errors.whole.as_deref());
            (Draft::refused(form, errors), notice)
        }
    };
    let page = changing(&visit, &id, connector, &stored, &draft, Some(notice));
    let page = Page { diff, ..page };
    Ok(visit.show_refused(PLACE, &stored.value.name, &page))
}

async fn confirm(visit: Visit, Path(id): Path<String>) -> Answer {
    let stored = key_managers::read(&visit.control, &id).await?;
    let used_by = key_managers::used_by(&visit.control, &id).await?;
    let page = deletion(&visit, &id, &stored, used_by, None);
    Ok(visit.show(PLACE, "Delete key manager", &page))
}

fn deletion(
    visit: &Visit,
    id: &str,
    stored: &Versioned<KeyManagerDocument>,
    (keys, apis): (u64, Uses),
    error: Option<String>,
) -> Confirm {
    let name = &stored.value.name;
    Confirm {
        csrf: visit.csrf.clone(),
        version: Some(Version(stored.version)),
        action: format!("{HERE}/{id}/delete"),
        back: format!("{HERE}/{id}"),
        question: format!("Delete the key manager {name}?"),
        effects: standing::effects(apis),
        obstacle: standing::obstacle(apis, keys),
        verb: "Delete key manager".to_owned(),
        typed: Some(name.clone()),
        error,
    }
}

async fn delete(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let stored = key_managers::read(&visit.control, &id).await?;
    let used_by = key_managers::used_by(&visit.control, &id).await?;
    if !form.is_typed(&stored.value.name) {
        let error = format!("What was typed is not “{}”.", stored.value.name);
        let page = deletion(&visit, &id, &stored, used_by, Some(error));
        return Ok(visit.show_refused(PLACE, "Delete key manager", &page));
    }
    match key_managers::delete(&visit.control, &visit.caller, &id, &form.expected()).await {
        Ok(()) => Ok(answer::see(&format!("{HERE}?done=deleted"))),
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, &[])?;
            let page = deletion(&visit, &id, &stored, used_by, errors.whole);
            Ok(visit.show_refused(PLACE, "Delete key manager", &page))
        }
    }
}
