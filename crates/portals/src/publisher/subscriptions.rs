//! By which plans applications may subscribe, and which of them do.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::plans;
use phantom_manage::plans::PlanLevel;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Csrf;
use phantom_pages::components::Field;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::components::drawn;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_subscribe::subscribers;
use phantom_subscribe::subscribers::Subscriber;
use phantom_subscribe::subscribers::SubscriptionState;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Expected;

use super::PLACE;
use super::api;
use super::api::Bar;
use super::api::Frame;
use super::api::No;
use super::api::Opened;

const PATH: &str = "/publisher/apis/{id}/subscriptions";
const TAB: &str = "/subscriptions";

pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page(rights::SUBSCRIPTION_READERS, PATH, get(read))
        .page(rights::EDITORS, PATH, post(update))
        .page(
            rights::SUBSCRIPTION_BLOCKERS,
            "/publisher/apis/{id}/subscriptions/{subscription}",
            post(block),
        )
}

#[derive(Template)]
#[template(path = "publisher/subscriptions.html")]
struct Subscriptions {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    plans: Field,
    may_edit: bool,
    bar: Bar,
    table: Table,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let frame = opened.frame(&visit, TAB, opened.done(&asked.done));
    let draft = Draft::new(filled(&opened.api.document));
    let page = drawn(&visit, &opened, frame, &draft, &asked).await?;
    Ok(visit.show(PLACE, &opened.title(), &page))
}

async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let policies = form.all("policies").map(str::to_owned).collect();
    let mine = ApiDocument { policies, ..opened.api.document.clone() };
    let refusal = match opened.keep(&visit, &form, mine.clone()).await {
        Ok(done) => return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB)))),
        Err(refusal) => refusal,
    };
    let no = match refusal {
        Refusal::UnknownPlan(_) => {
            No::checked(form, Errors::default().at("policies", refusal.to_string()))
        }
        refusal => api::refused(form, refusal, &[("policies", "policies")])?,
    };
    let frame = opened.frame(&visit, TAB, Vec::new()).refusing(&opened, &no, Some(&mine));
    let page = drawn(&visit, &opened, frame, &no.draft, &Asked::default()).await?;
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

async fn block(
    visit: Visit,
    Path((id, subscription)): Path<(String, String)>,
    form: Form,
) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let (state, done) = match form.get("state") {
        "blocked" => (SubscriptionState::Blocked, "blocked"),
        "production" => (SubscriptionState::ProdOnlyBlocked, "blocked"),
        "open" => (SubscriptionState::Unblocked, "unblocked"),
        _ => return Err(Failure::NoForm("It names no state of a subscription.")),
    };
    let (control, caller) = (&visit.control, &visit.caller);
    let expected: Expected = form.expected();
    let (title, text) =
        match subscribers::block(control, caller, &subscription, state, &expected).await {
            Ok(()) => return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB)))),
            Err(Refusal::OtherVersion) => (
                "It was changed meanwhile",
                "Somebody changed the subscription. Below is how it stands now.".to_owned(),
            ),
            Err(Refusal::Invalid(words)) => ("It cannot be done", words.into_owned()),
            Err(refusal) => return Err(refusal.into()),
        };
    let frame = opened.frame(&visit, TAB, vec![Notice::new(Tone::Bad, title, text)]);
    let draft = Draft::new(filled(&opened.api.document));
    let page = drawn(&visit, &opened, frame, &draft, &Asked::default()).await?;
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

fn filled(document: &ApiDocument) -> Form {
    document.policies.iter().fold(Form::default(), |form, plan| form.with("policies", plan))
}

async fn drawn(
    visit: &Visit,
    opened: &Opened,
    frame: Frame,
    draft: &Draft,
    asked: &Asked,
) -> Outcome<Subscriptions> {
    let id = opened.api.row.id.to_string();
    let (found, total) = subscribers::list(&visit.control, Some(&id), asked.part()).await?;
    let known = plans::offered(&visit.control, PlanLevel::Subscription).await?;
    let known: Vec<(String, String)> = known
        .into_iter()
        .map(|plan| {
            let words = plan.display_name.unwrap_or_else(|| plan.name.clone());
            (plan.name, words)
        })
        .collect();
    let known: Vec<_> = known.iter().map(|(name, words)| (name.as_str(), words.as_str())).collect();
    let columns = ["Application", "Owner", "Plan", "State", "Since", ""];
    let may_block = visit.may(rights::SUBSCRIPTION_BLOCKERS);
    let columns = if may_block { columns.as_slice() } else { columns.split_at(5).0 };
    let rows = found.iter().map(|one| row(visit, opened, one, may_block)).collect();
    let table = Table::new("Subscribers", columns)
        .rows(rows)
        .empty(
            "Applications subscribe in the devportal, by one of the plans below. None has yet.",
            None,
        )
        .paged(asked.pager(&opened.address(TAB), total));
    Ok(Subscriptions {
        frame,
        csrf: visit.csrf.clone(),
        version: opened.version(),
        plans: draft
            .ticks("policies", "Plans that applications may choose", &known)
            .helped("An API is published with one at least."),
        may_edit: visit.may(rights::EDITORS),
        bar: opened.bar(visit, rights::EDITORS),
        table,
    })
}

/// What can be done to one subscription.
#[derive(Template)]
#[template(path = "publisher/block.html")]
struct Block {
    action: String,
    csrf: Csrf,
    version: Version,
    /// Whose it is, for those who cannot see the row.
    whose: String,
    choices: Vec<(&'static str, &'static str)>,
}

drawn!(Block);

fn row(visit: &Visit, opened: &Opened, one: &Subscriber, may_block: bool) -> Vec<Cell> {
    use SubscriptionState as State;
    let (blocked, production, open) =
        (("blocked", "Block"), ("production", "Block production"), ("open", "Unblock"));
    let (badge, choices) = match one.row.status {
        State::Unblocked => (Badge::good("Unblocked"), vec![blocked, production]),
        State::Blocked => (Badge::bad("Blocked"), vec![open, production]),
        State::ProdOnlyBlocked => (Badge::warn("Production blocked"), vec![open, blocked]),
        State::TierUpdatePending | State::DeletePending => {
            (Badge::warn(words::sentence(&said(one.row.status))), vec![blocked])
        }
        State::OnHold | State::Rejected => {
            (Badge::neutral(words::sentence(&said(one.row.status))), Vec::new())
        }
    };
    let mut cells = vec![
        Cell::text(&one.application.name),
        Cell::text(&one.application.owner),
        Cell::text(&one.row.plan),
        badge.into(),
        Cell::time(visit.control.now(), one.row.created_at),
    ];
    if may_block {
        cells.push(Cell::drawn(&Block {
            action: format!("{}/{}", opened.address(TAB), one.row.id),
            csrf: visit.csrf.clone(),
            version: Version(one.row.version),
            whose: one.application.name.clone(),
            choices,
        }));
    }
    cells
}

fn said(state: SubscriptionState) -> String {
    state.as_str().to_lowercase().replace('_', " ")
}
