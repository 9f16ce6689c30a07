//! Subscriptions of an application, and another one.

use axum::extract::Path;
use axum::extract::Query;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::Visibility;
use phantom_manage::lifecycle::LifecycleState;
use phantom_manage::plans;
use phantom_manage::plans::Summary;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
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
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_subscribe::applications;
use phantom_subscribe::applications::Application;
use phantom_subscribe::applications::ApplicationFilter;
use phantom_subscribe::subscribers::SubscriptionState;
use phantom_subscribe::subscriptions;
use phantom_subscribe::subscriptions::Subscription;
use phantom_subscribe::subscriptions::SubscriptionDraft;
use phantom_subscribe::subscriptions::visible;
use phantom_terms::page::Page;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;

use super::APPLICATIONS;
use super::application::head;
use super::application::stack;
use super::applications::HERE;

const NEW: &str = "/devportal/subscriptions/new";
pub(super) const APIS: Place = Place::Devportal("/devportal/apis");

/// What refusals call a field, and where it stands.
const FIELDS: &[(&str, &str)] = &[("Tier", "plan"), ("apiId", "api")];

pub(super) async fn list(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let application = applications::find(&visit.control, &visit.caller, &id).await?;
    let (found, total) =
        subscriptions::list(&visit.control, &visit.caller, Some(&id), None, asked.part()).await?;
    let notice = asked.notice(&[
        (
            "subscribed",
            "The application is subscribed",
            "Gateways let its tokens through to the API from now on.",
        ),
        ("changed", "The plan is changed", ""),
        ("deleted", "The subscription has ended", ""),
    ]);
    let base = format!("{HERE}/{}/subscriptions", application.row.id);
    let subscribe = Link::main(
        "Subscribe to an API",
        format!("/devportal/apis?application={}", application.row.id),
    );
    let mut rows = Vec::with_capacity(found.len());
    for subscription in found {
        rows.push(row(&visit, subscription).await?);
    }
    let columns = ["API", "Version", "Plan", "State", ""];
    let table = Table::new("Subscriptions", &columns)
        .rows(rows)
        .paged(asked.pager(&base, total))
        .empty("Each lets the application call an API, under a plan.", Some(subscribe.clone()));
    let head = head(&application)
        .state("Which APIs the application may call, under which plan.")
        .action(subscribe);
    let page = stack(&visit, &application, head).notice(notice).part(&table);
    Ok(visit.show(APPLICATIONS, &application.row.name, &page))
}

async fn row(visit: &Visit, subscription: Subscription) -> Outcome<Vec<Cell>> {
    let at = format!("/devportal/subscriptions/{}", subscription.row.id);
    let state = standing(&subscription);
    let is_closed = closed(&subscription.api).is_some();
    let Subscription { row, api, .. } = subscription;
    let words = if is_closed { "Look" } else { "Change plan" };
    Ok(vec![
        match has_page(visit, &api).await? {
            true => Cell::link(&api.row.name, format!("/devportal/apis/{}", api.row.id)),
            false => Cell::text(&api.row.name),
        },
        Cell::text(api.row.version_name),
        Cell::text(&row.plan),
        state.into(),
        Cell::Links(vec![
            Link::new(words, at.as_str()),
            Link::new("Unsubscribe", format!("{at}/delete")),
        ]),
    ])
}

/// Whether the caller finds a page of it in the devportal.
async fn has_page(visit: &Visit, api: &Api) -> Outcome<bool> {
    if !visible::STATES.contains(&api.row.state) {
        return Ok(false);
    }
    if api.document.visibility != Visibility::Restricted {
        return Ok(true);
    }
    match visible::find(&visit.control, &visit.caller, &api.row.id.to_string()).await {
        Ok(_) => Ok(true),
        Err(Refusal::NotFound { .. }) => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// In a word and in a sentence, why gateways let no call through to the API, whoever is subscribed to it.
pub(super) const fn closed(api: &Api) -> Option<(&'static str, &'static str)> {
    match api.row.state {
        LifecycleState::Retired => {
            Some(("API retired", "The API is retired: gateways answer 404, for good."))
        }
        LifecycleState::Created => Some((
            "API not published",
            "The API is not published: gateways answer 404 until it is again.",
        )),
        LifecycleState::Blocked => Some((
            "API blocked",
            "The API is blocked: gateways answer 503 until it is published again.",
        )),
        LifecycleState::Published | LifecycleState::Prototyped | LifecycleState::Deprecated => None,
    }
}

/// Whether it lets a call through, as far as API and subscription say.
pub(super) fn is_of_use(subscription: &Subscription) -> bool {
    use SubscriptionState as State;
    let is_refused =
        matches!(subscription.row.status, State::Blocked | State::OnHold | State::Rejected);
    closed(&subscription.api).is_none() && !is_refused
}

/// How it stands, by the API and by what its publisher lets it do.
pub(super) fn standing(subscription: &Subscription) -> Badge {
    match closed(&subscription.api) {
        Some((words, _)) => Badge::bad(words),
        None => state(subscription.row.status),
    }
}

/// What its publisher lets it do.
pub(super) fn state(status: SubscriptionState) -> Badge {
    match status {
        SubscriptionState::Unblocked => Badge::good("Active"),
        SubscriptionState::Blocked => Badge::bad("Blocked"),
        SubscriptionState::ProdOnlyBlocked => Badge::warn("Production blocked"),
        other => Badge::neutral(other.as_str()),
    }
}

#[derive(Deserialize)]
pub(super) struct Between {
    #[serde(default)]
    api: String,
    #[serde(default)]
    application: String,
}

/// What a subscription can be made between.
struct Ends {
    api: Api,
    plans: Vec<Summary>,
    /// The one that is asked for, or those there are.
    applications: Vec<Application>,
    /// There are more than can be chosen from.
    is_long: bool,
    is_chosen: bool,
}

/// Most applications that one chooses from; of more the name is typed.
const MOST: u64 = 100;

impl Ends {
    async fn find(visit: &Visit, api: &str, application: &str) -> Outcome<Self> {
        let api = visible::find(&visit.control, &visit.caller, api).await?;
        let plans = plans::open_of(&visit.control, &visit.caller, &api.document.policies).await?;
        let is_chosen = !application.is_empty();
        let (applications, total) = if is_chosen {
            let one = applications::find(&visit.control, &visit.caller, application).await?;
            (vec![one], 1)
        } else {
            let page = Page { limit: MOST, offset: 0 };
            let filter = ApplicationFilter::default();
            let found = applications::list(&visit.control, &visit.caller, filter, page).await?;
            (found.rows, found.total)
        };
        Ok(Self { api, plans, applications, is_long: total > MOST, is_chosen })
    }

    fn page(&self, visit: &Visit, draft: &Draft, notice: Option<Notice>) -> Stack {
        let name = &self.api.row.name;
        let version = &self.api.row.version_name;
        let api = format!("/devportal/apis/{}", self.api.row.id);
        let head = Head::new(format!("Subscribe to {name}"))
            .under("APIs", "/devportal/apis")
            .under(name, api.as_str())
            .state(format!("Version {version}. The application may call it from then on."));
        let page = Stack::new(head).notice(notice);
        if self.applications.is_empty() {
            let empty = Table::new("Applications", &[]).empty(
                "An application subscribes, and there is none yet.",
                Some(Link::main("Add New Application", format!("{HERE}/new"))),
            );
            return page.part(&empty);
        }
        if self.plans.is_empty() {
            let empty = Table::new("Plans", &[])
                .empty("None of the API's plans is open to you. Ask its publisher for one.", None);
            return page.part(&empty);
        }
        let plans: Vec<_> = self.plans.iter().map(super::offer).collect();
        let plan = draft
            .select("plan", "Business plan", &super::borrowed(&plans))
            .required()
            .helped("What the application may use of this API.");
        let sheet = Sheet::new(&visit.csrf, NEW)
            .hidden("api", self.api.row.id.to_string())
            .field(&self.application(draft))
            .field(&plan)
            .button("Subscribe")
            .cancel(api);
        page.part(&match self.is_chosen {
            true => sheet.hidden("fixed", "yes"),
            false => sheet,
        })
    }

    fn application(&self, draft: &Draft) -> Field {
        let choices: Vec<_> = self
            .applications
            .iter()
            .map(|each| (each.row.id.to_string(), each.row.name.clone()))
            .collect();
        match self.is_long {
            false => draft.select("application", "Application", &super::borrowed(&choices)),
            true => draft
                .text("application", "Application")
                .helped("Its whole name.")
                .suggesting(choices.into_iter().map(|(_, name)| name).collect()),
        }
        .required()
    }

    /// The id of what was chosen or typed.
    async fn chosen(&self, visit: &Visit, form: &Form) -> Outcome<Option<String>> {
        let given = form.get("application");
        if !self.is_long {
            return Ok(Some(given.to_owned()));
        }
        let filter =
            ApplicationFilter { name_contains: form.given("application"), ..Default::default() };
        let page = Page { limit: MOST, offset: 0 };
        let found = applications::list(&visit.control, &visit.caller, filter, page).await?;
        let named = found.rows.into_iter().find(|each| each.row.name.eq_ignore_ascii_case(given));
        Ok(named.map(|each| each.row.id.to_string()))
    }
}

pub(super) async fn new(visit: Visit, Query(between): Query<Between>) -> Answer {
    let ends = Ends::find(&visit, &between.api, &between.application).await?;
    let draft = Draft::new(Form::default());
    Ok(visit.show(APIS, "Subscribe", &ends.page(&visit, &draft, None)))
}

pub(super) async fn create(visit: Visit, form: Form) -> Answer {
    let fixed = if form.has("fixed") { form.get("application") } else { "" };
    let ends = Ends::find(&visit, form.get("api"), fixed).await?;
    let Some(application) = ends.chosen(&visit, &form).await? else {
        let words = format!("You have no application “{}”.", form.get("application"));
        return refused(&visit, &ends, form, Errors::default().at("application", words));
    };
    let draft = SubscriptionDraft {
        application,
        api: Some(ends.api.row.id.to_string()),
        plan: form.get("plan").to_owned(),
        requested_plan: None,
    };
    match subscriptions::create(&visit.control, &visit.caller, &draft).await {
        Ok(made) => {
            let id = made.application.row.id;
            Ok(answer::see(&format!("{HERE}/{id}/subscriptions?done=subscribed")))
        }
        Err(Refusal::Exists(words)) => {
            let words = format!("{words}. Change its plan with its subscriptions instead.");
            refused(&visit, &ends, form, Errors::default().at("application", words))
        }
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, FIELDS)?;
            refused(&visit, &ends, form, errors)
        }
    }
}

fn refused(visit: &Visit, ends: &Ends, form: Form, errors: Errors) -> Answer {
    let notice = Notice::refused(errors.whole.as_deref());
    let page = ends.page(visit, &Draft::refused(form, errors), Some(notice));
    Ok(visit.show_refused(APIS, "Subscribe", &page))
}
