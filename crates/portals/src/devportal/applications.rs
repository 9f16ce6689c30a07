//! A subscriber's applications, and another one.

use axum::extract::Query;
use phantom_access::Control;
use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_manage::plans::Summary;
use phantom_manage::plans::UNLIMITED_NAME;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Cell;
use phantom_pages::components::Field;
use phantom_pages::components::Head;
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
use phantom_pages::words;
use phantom_subscribe::applications;
use phantom_subscribe::applications::Application;
use phantom_subscribe::applications::ApplicationDocument;
use phantom_subscribe::applications::ApplicationFilter;
use phantom_terms::json;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;

use super::APPLICATIONS;

pub(super) const HERE: &str = "/devportal/applications";
const NEW: &str = "/devportal/applications/new";

/// What refusals call a field, and where it stands.
const FIELDS: &[(&str, &str)] = &[
    ("name", "name"),
    ("throttlingPolicy", "quota"),
    ("Specified", "quota"),
    ("description", "description"),
];

pub(super) async fn list(visit: Visit, Query(asked): Query<Asked>) -> Answer {
    text::optional("query", Some(&asked.query), 255)?;
    let filter = ApplicationFilter {
        name_contains: Some(asked.query.clone()).filter(|query| !query.is_empty()),
        ..ApplicationFilter::default()
    };
    let found = applications::list(&visit.control, &visit.caller, filter, asked.part()).await?;
    let add = Link::main("Add New Application", NEW);
    let now = visit.control.now();
    let row = |application: Application| {
        vec![
            Cell::link(&application.row.name, format!("{HERE}/{}", application.row.id)),
            Cell::text(application.row.plan),
            Cell::number(application.subscriptions),
            Cell::time(now, application.row.created_at),
            Cell::text(application.document.description.as_deref().unwrap_or_default()),
        ]
    };
    let columns = ["Name", "Shared quota", "Subscriptions", "Made", "Description"];
    let empty =
        "An application stands for the program that calls APIs: it has keys, and subscribes.";
    let table = Table::new("Applications", &columns)
        .rows(found.rows.into_iter().map(row).collect())
        .search(&asked.query, "Part of the name")
        .paged(asked.pager(HERE, found.total))
        .empty(empty, Some(add.clone()));
    let head = Head::new("Applications")
        .state(
            "Yours. Keys say which client an application is, subscriptions which APIs it may call.",
        )
        .action(add);
    let notice = asked.notice(&[("deleted", "The application is deleted", "")]);
    let page = Stack::new(head).notice(notice).part(&table);
    Ok(visit.show(APPLICATIONS, "Applications", &page))
}

pub(super) async fn new(visit: Visit) -> Answer {
    let plans = open_plans(&visit).await?;
    let draft = Draft::new(Form::default().with("quota", usual(&plans)));
    Ok(visit.show(APPLICATIONS, "Add New Application", &adding(&visit, &draft, &plans, None)))
}

async fn open_plans(visit: &Visit) -> Outcome<Vec<Summary>> {
    plans::open(&visit.control, &visit.caller, PlanLevel::Application).await
}

fn usual(plans: &[Summary]) -> &str {
    let unlimited = plans.iter().find(|plan| plan.name == UNLIMITED_NAME);
    unlimited.or(plans.first()).map_or("", |plan| &plan.name)
}

fn adding(visit: &Visit, draft: &Draft, plans: &[Summary], notice: Option<Notice>) -> Stack {
    let head = Head::new("Add New Application")
        .under("Applications", HERE)
        .state("It stands for the program that calls APIs.");
    let sheet = fields(draft, plans)
        .iter()
        .fold(Sheet::new(&visit.csrf, NEW), Sheet::field)
        .button("Save")
        .cancel(HERE);
    Stack::new(head).notice(notice).part(&sheet)
}

/// Of the form of an application, new or not.
pub(super) fn fields(draft: &Draft, plans: &[Summary]) -> Vec<Field> {
    let choices: Vec<_> = plans.iter().map(super::offer).collect();
    vec![
        draft.text("name", "Name").required().such_as("CurityApp"),
        draft
            .select("quota", "Shared Quota for Application Tokens", &super::borrowed(&choices))
            .required()
            .helped("What each of its users may use of all APIs with it. A client without a user counts as one."),
        draft.area("description", "Description", 3),
    ]
}

pub(super) async fn create(visit: Visit, form: Form) -> Answer {
    let made = match read(&form, ApplicationDocument::default()) {
        Ok(document) => applications::create(&visit.control, &visit.caller, document).await,
        Err(refusal) => Err(refusal),
    };
    let refusal = match made {
        Ok(made) => {
            return Ok(answer::see(&format!("{HERE}/{}?done=created", made.row.id)));
        }
        Err(refusal) => refusal,
    };
    let (draft, notice) = refused(form, refusal)?;
    let page = adding(&visit, &draft, &open_plans(&visit).await?, Some(notice));
    Ok(visit.show_refused(APPLICATIONS, "Add New Application", &page))
}

/// What the form stands for; what it does not show stays as it is.
pub(super) fn read(form: &Form, before: ApplicationDocument) -> Outcome<ApplicationDocument> {
    let mut document = serde_json::to_value(before).unwrap_or_default();
    if let Some(members) = document.as_object_mut() {
        for (member, field) in [("name", "name"), ("throttlingPolicy", "quota")] {
            members.insert(member.to_owned(), form.get(field).into());
        }
        members.insert("description".to_owned(), form.given("description").into());
    }
    json::typed(document)
}

pub(super) fn refused(form: Form, refusal: Refusal) -> Result<(Draft, Notice), Failure> {
    let errors = match refusal {
        Refusal::Exists(words) => Errors::default().at("name", format!("{words}.")),
        refusal => Errors::from_refusal(refusal, FIELDS)?,
    };
    let notice = Notice::refused(errors.whole.as_deref());
    Ok((Draft::refused(form, errors), notice))
}

/// `Unlimited (no limit)`, for the plan of that name.
pub(super) async fn quota(control: &Control, visit: &Visit, name: &str) -> Outcome<String> {
    let plan = plans::open_named(control, &visit.caller, PlanLevel::Application, name).await;
    match plan {
        Ok(plan) => Ok(format!("{name}, {}", super::allowance(&plan))),
        Err(Refusal::NotFound { .. }) => Ok(name.to_owned()),
        Err(refusal) => Err(refusal),
    }
}

/// How many of something, in words that stand in a sentence.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    match number {
        0 => format!("No {one}"),
        number => words::several(number, one, many),
    }
}
