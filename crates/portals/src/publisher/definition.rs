//! The OpenAPI document of an API: seen, changed, checked, downloaded.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::routing::post;
use http::header;
use phantom_access::rights::publisher as rights;
use phantom_definition::Definition;
use phantom_definition::Described;
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
    file: Field,
    bar: Bar,
}

fn text(visit: &Visit, opened: &Opened) -> String {
    let authorization = format!("{}/oauth2/authorize", visit.control.settings.public_url);
    let document = definition::write(&opened.api, &authorization);
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let mut text = text(&visit, &opened);
    let is_cut = text.len() > MOST_SHOWN;
    text.truncate(text.floor_char_boundary(MOST_SHOWN));
    let page = Shown {
        frame: opened.frame(&visit, TAB, opened.done(&asked.done)),
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
    let no = match replaced(&visit, &opened, &form, parsed).await {
        Ok(done) => return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB)))),
        Err(refusal) => placed(form, refusal)?,
    };
    let frame = opened.frame(&visit, TAB, Vec::new()).refusing(&opened, &no, None);
    let page = drawn(&visit, &opened, frame, &no.draft);
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
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
    let described = parsed.and(checked);
    let (frame, draft, is_valid) = match described {
        Ok(described) => {
            let notice = Notice::new(Tone::Good, "It is valid", compared(opened, &described));
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

/// What saving it would do to the resources.
fn compared(opened: &Opened, described: &Described) -> String {
    let before = &opened.api.document.operations;
    let is_in = |all: &[phantom_definition::OperationDocument],
                 one: &phantom_definition::OperationDocument| {
        all.iter().any(|each| each.verb == one.verb && each.target == one.target)
    };
    let after = &described.operations;
    let added = after.iter().filter(|one| !is_in(before, one)).count() as u64;
    let gone = before.iter().filter(|one| !is_in(after, one)).count() as u64;
    format!(
        "{}, {} of them new; {} would go. {}.",
        words::several(after.len() as u64, "resource", "resources"),
        words::count(added),
        words::count(gone),
        words::several(described.scopes.len() as u64, "scope", "scopes"),
    )
}
