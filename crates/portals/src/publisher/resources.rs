//! What can be called of an API: verb and path, whether a token is asked for, and by which scopes.

mod form;

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_definition::Verb;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::scopes;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Pager;
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

use self::form::Row;
use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;

const PATH: &str = "/publisher/apis/{id}/resources";
const TAB: &str = "/resources";

pub(super) fn pages(pages: Pages) -> Pages {
    pages.page(rights::READERS, PATH, get(read)).page(rights::EDITORS, PATH, post(update))
}

#[derive(Template)]
#[template(path = "publisher/resources.html")]
struct Resources {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    query: String,
    /// How many there are, and how many of them ask for no token.
    total: String,
    rows: Vec<Row>,
    pager: Pager,
    /// No scope to choose from.
    has_no_scopes: bool,
    scopes_at: String,
    added: Vec<Field>,
    may_edit: bool,
    bar: Bar,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let frame = opened.frame(&visit, TAB, opened.done(&asked.done));
    let known = known_scopes(&visit, &opened).await?;
    let draft = Draft::new(Form::default());
    let page = drawn(&visit, &opened, frame, &asked, &known, &draft);
    Ok(visit.show(PLACE, &opened.title(), &page))
}

/// The API's own scopes and the shared ones, by name.
async fn known_scopes(visit: &Visit, opened: &Opened) -> Outcome<Vec<String>> {
    let shared = scopes::list(&visit.control).await?.into_iter().map(|(scope, _)| scope.name);
    let own = opened.api.document.scopes.iter().map(|scope| scope.name.clone());
    let mut known: Vec<String> = own.chain(shared).collect();
    known.sort_unstable();
    known.dedup();
    Ok(known)
}

async fn update(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    form: Form,
) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let (mine, errors) = form::changed(&form, &opened.api.document);
    let no = if errors.is_empty() {
        match opened.keep(&visit, &form, mine.clone()).await {
            Ok(done) => {
                let base = asked.here(&opened.address(TAB));
                let sign = if base.contains('?') { '&' } else { '?' };
                return Ok(answer::see(&format!("{base}{sign}done={done}")));
            }
            Err(refusal) => refused(form, refusal, &mine)?,
        }
    } else {
        No::checked(form, errors)
    };
    let frame = opened.frame(&visit, TAB, Vec::new()).refusing(&opened, &no, Some(&mine));
    let known = known_scopes(&visit, &opened).await?;
    let page = drawn(&visit, &opened, frame, &asked, &known, &no.draft);
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

/// At the row it is about, where it is about one.
fn refused(form: Form, refusal: Refusal, mine: &ApiDocument) -> Result<No, answer::Failure> {
    if let Refusal::Invalid(words) = &refusal
        && let Some(last) = mine.operations.last()
        && form.given("target").is_some_and(|target| target == last.target)
        && words.contains(last.target.as_str())
    {
        let errors = Errors::default().at("target", words::sentence(words));
        return Ok(No::checked(form, errors));
    }
    api::refused(form, refusal, &[("target", "target")])
}

fn drawn(
    visit: &Visit,
    opened: &Opened,
    frame: Frame,
    asked: &Asked,
    known: &[String],
    draft: &Draft,
) -> Resources {
    let document = &opened.api.document;
    let query = asked.query.trim().to_lowercase();
    let found: Vec<_> = document
        .operations
        .iter()
        .filter(|each| {
            query.is_empty()
                || format!("{} {}", each.verb.as_str(), each.target).to_lowercase().contains(&query)
        })
        .collect();
    let open = document.operations.iter().filter(|each| each.auth_type.is_open()).count() as u64;
    let part = asked.part();
    let total = found.len() as u64;
    let (shown, _) = part.of(found);
    let rows = form::rows(&shown, known, draft);
    let verbs = Verb::ALL.map(|verb| (verb.as_str(), verb.as_str()));
    Resources {
        frame,
        csrf: visit.csrf.clone(),
        version: opened.version(),
        query: asked.query.trim().to_owned(),
        total: format!(
            "{}, {} without security.",
            words::several(document.operations.len() as u64, "resource", "resources"),
            words::count(open)
        ),
        rows,
        pager: asked.pager(&opened.address(TAB), total),
        has_no_scopes: known.is_empty(),
        scopes_at: opened.address("/scopes"),
        added: vec![
            draft.select("verb", "Verb", &verbs),
            draft.text("target", "Path").such_as("/orders/{id}"),
        ],
        may_edit: visit.may(rights::EDITORS),
        bar: opened.bar(visit, rights::EDITORS),
    }
}
