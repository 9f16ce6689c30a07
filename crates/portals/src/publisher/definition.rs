//! The OpenAPI document of an API: seen, changed, checked, downloaded.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use http::header;
use phantom_access::rights::publisher as rights;
use phantom_definition::Definition;
use phantom_definition::Described;
use phantom_definition::describe;
use phantom_manage::definition;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Code;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Notice;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;

use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;

const PATH: &str = "/publisher/apis/{id}/definition";
const TAB: &str = "/definition";
/// Of a document more is not shown, in bytes; the rest is in the download.
const MOST_SHOWN: usize = 20_000;
/// The scopes that go, as the page named them before.
const GONE: &str = "gone";

pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(rights::DEFINITION_READERS, PATH, get(read))
        .page(rights::CREATORS, PATH, post(update))
        .page(rights::CREATORS, "/publisher/apis/{id}/definition/edit", get(edit))
        .page(rights::DEFINITION_READERS, "/publisher/apis/{id}/definition/download", get(download))
}

#[derive(Template)]
#[template(path = "publisher/definition.html")]
struct Shown {
    frame: Frame,
    code: Code,
    is_cut: bool,
    download: String,
    edit: Option<String>,
    bar: Bar,
}

#[derive(Template)]
#[template(path = "publisher/definition_edit.html")]
struct Edited {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    action: String,
    text: Field,
    gone: Field,
    file: Field,
    bar: Bar,
}

fn document(visit: &Visit, opened: &Opened) -> Value {
    let authorization = format!("{}/oauth2/authorize", visit.control.settings.public_url);
    definition::write(&opened.api, &authorization)
}

fn text(visit: &Visit, opened: &Opened) -> String {
    serde_json::to_string_pretty(&document(visit, opened)).unwrap_or_default()
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let mut text = text(&visit, &opened);
    let is_cut = text.len() > MOST_SHOWN;
    text.truncate(text.floor_char_boundary(MOST_SHOWN));
    let mut notices = opened.done(&asked.done);
    if !notices.is_empty()
        && let Some(kept) = &opened.api.document.definition
    {
        let [title, version] =
            ["/info/title", "/info/version"].map(|at| kept.pointer(at).and_then(Value::as_str));
        let stays = stays(&opened, title, version);
        notices.extend(stays.map(|words| Notice::new(Tone::Neutral, words, "")));
    }
    let page = Shown {
        frame: opened.frame(&visit, TAB, notices),
        code: Code::new("OpenAPI", text),
        is_cut,
        download: opened.address("/definition/download"),
        edit: visit.may(rights::CREATORS).then(|| opened.address("/definition/edit")),
        bar: opened.lone_bar(&visit),
    };
    Ok(visit.show(PLACE, &opened.title(), &page))
}

async fn download(visit: Visit, Path(id): Path<String>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' };
    let name: String = opened.title().chars().map(safe).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.json\"")),
    ];
    Ok((headers, text(&visit, &opened)).into_response())
}

async fn edit(visit: Visit, Path(id): Path<String>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let draft = Draft::new(Form::default().with("definition", text(&visit, &opened)));
    let frame = opened.frame(&visit, TAB, Vec::new());
    Ok(visit.show(PLACE, &opened.title(), &drawn(&visit, &opened, frame, &draft)))
}

fn drawn(visit: &Visit, opened: &Opened, frame: Frame, draft: &Draft) -> Edited {
    Edited {
        frame,
        csrf: visit.csrf.clone(),
        version: opened.version(),
        action: opened.address(TAB),
        text: draft.area("definition", "OpenAPI document", 28).helped(
            "OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML. Resources and scopes become those of \
             the document.",
        ),
        gone: Field::hidden(GONE, draft.form.get(GONE)),
        file: Field::file("file", "Or from a file", ".json,.yaml,.yml")
            .helped("It takes the place of what stands above."),
        bar: opened.bar(visit, rights::CREATORS),
    }
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let from_file = form.raw("file").to_owned();
    let form = match from_file.trim().is_empty() {
        true => form,
        false => form.with_instead("definition", &from_file).with_instead("file", ""),
    };
    let parsed = definition::parse(form.raw("definition").as_bytes());
    if form.has("validate") {
        return validate(&visit, &opened, form, parsed).await;
    }
    if let Ok((parsed, described)) = parsed.as_ref().map(|parsed| (parsed, describe(parsed)))
        && let Ok(described) = described
    {
        let gone = gone(&opened, &described);
        let is_late = form.expected().check(opened.api.row.version).is_err();
        if !gone.is_empty() && form.get(GONE) != gone && !is_late {
            let stays = stays(&opened, parsed.title(), parsed.version());
            return Ok(ask(&visit, &opened, form, &gone, stays));
        }
    }
    let mine = parsed.as_ref().ok().map(|parsed| Value::Object(parsed.members().clone()));
    let no = match replaced(&visit, &opened, &form, parsed).await {
        Ok(done) => return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB)))),
        Err(refusal) => placed(form, refusal)?,
    };
    let mut frame = opened.frame(&visit, TAB, Vec::new()).refusing(&opened, &no, None);
    if let (true, Some(mine)) = (no.is_late, mine) {
        frame = frame.compared(&document(&visit, &opened), &mine);
    }
    let page = drawn(&visit, &opened, frame, &no.draft);
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

/// The scopes of the API that the document does not have, by name.
fn gone(opened: &Opened, described: &Described) -> String {
    let is_there = |name: &str| described.scopes.iter().any(|scope| scope.name == name);
    let before = opened.api.document.scopes.iter().map(|scope| scope.name.as_str());
    before.filter(|name| !is_there(name)).collect::<Vec<_>>().join(", ")
}

/// What a document cannot change, where it has it otherwise.
fn stays(opened: &Opened, title: Option<&str>, version: Option<&str>) -> Option<String> {
    let row = &opened.api.row;
    let is_said = title == Some(&row.name) && version == Some(&row.version_name);
    (!is_said).then(|| format!("The name and version stay: {}.", opened.title()))
}

/// Before scopes are lost.
fn ask(visit: &Visit, opened: &Opened, form: Form, gone: &str, stays: Option<String>) -> Response {
    let stays = stays.map(|words| format!(" {words}")).unwrap_or_default();
    let words =
        format!("The document does not have {gone}. Save it once more to go on without.{stays}");
    let notice = Notice::new(Tone::Warn, "Scopes would go, and nothing is saved yet", words);
    let draft = Draft::new(form.with_instead(GONE, gone));
    let page = drawn(visit, opened, opened.frame(visit, TAB, vec![notice]), &draft);
    visit.show_refused(PLACE, &opened.title(), &page)
}

async fn replaced(
    visit: &Visit,
    opened: &Opened,
    form: &Form,
    parsed: Outcome<Definition>,
) -> Outcome<&'static str> {
    let (control, caller, id) = (&visit.control, &visit.caller, opened.api.row.id.to_string());
    let kept = definition::replace(control, caller, &id, parsed?, &form.expected()).await?;
    opened.deploy(visit, form, kept.row.version).await
}

/// Whatever is wrong with a document is wrong with its field.
fn placed(form: Form, refusal: Refusal) -> Result<No, Failure> {
    if matches!(refusal, Refusal::OtherVersion) {
        return api::refused(form, refusal, &[]);
    }
    let errors = Errors::from_refusal(refusal, &[])?;
    let words = errors.whole.unwrap_or_default();
    Ok(No::checked(form, Errors::default().at("definition", words::sentence(&words))))
}

async fn validate(
    visit: &Visit,
    opened: &Opened,
    form: Form,
    parsed: Outcome<Definition>,
) -> Answer {
    let checked = match &parsed {
        Ok(parsed) => definition::check(&visit.control, parsed).await?,
        Err(_) => Ok(Described::default()),
    };
    let stays =
        parsed.as_ref().ok().and_then(|parsed| stays(opened, parsed.title(), parsed.version()));
    let described = parsed.and(checked);
    let (frame, draft, is_valid) = match described {
        Ok(described) => {
            let notice =
                Notice::new(Tone::Good, "It is valid", compared(opened, &described, stays));
            (opened.frame(visit, TAB, vec![notice]), Draft::new(form), true)
        }
        Err(refusal) => {
            let mut no = placed(form, refusal)?;
            let words = "What has to be changed is said at the field.";
            no.notice = Notice::new(Tone::Bad, "It is not valid", words);
            let frame = opened.frame(visit, TAB, Vec::new()).refusing(opened, &no, None);
            (frame, no.draft, false)
        }
    };
    let page = drawn(visit, opened, frame, &draft);
    Ok(match is_valid {
        true => visit.show(PLACE, &opened.title(), &page),
        false => visit.show_refused(PLACE, &opened.title(), &page),
    })
}

/// What saving it would do to the resources and scopes, and what it would not.
fn compared(opened: &Opened, described: &Described, stays: Option<String>) -> String {
    let before = &opened.api.document.operations;
    let is_in = |all: &[phantom_definition::OperationDocument],
                 one: &phantom_definition::OperationDocument| {
        all.iter().any(|each| each.verb == one.verb && each.target == one.target)
    };
    let after = &described.operations;
    let added = after.iter().filter(|one| !is_in(before, one)).count() as u64;
    let gone = before.iter().filter(|one| !is_in(after, one)).count() as u64;
    let mut words = format!(
        "{}, {} of them new; {} would go. {}.",
        words::several(after.len() as u64, "resource", "resources"),
        words::count(added),
        words::count(gone),
        words::several(described.scopes.len() as u64, "scope", "scopes"),
    );
    let scopes = self::gone(opened, described);
    if !scopes.is_empty() {
        words += &format!(" Of the scopes would go: {scopes}.");
    }
    if let Some(stays) = stays {
        words += &format!(" {stays}");
    }
    words
}
