//! Throttling policies of three levels: how much may be used, in which time.

mod form;
mod words;

use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::Control;
use phantom_access::caller::Caller;
use phantom_access::rights::admin as rights;
use phantom_manage::plans;
use phantom_manage::plans::AdvancedThrottlePolicy;
use phantom_manage::plans::ApplicationThrottlePolicy;
use phantom_manage::plans::PlanLevel;
use phantom_manage::plans::SubscriptionThrottlePolicy;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Diff;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tabs;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::list::List;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Expected;
use phantom_terms::versioned::Versioned;
use serde::Serialize;
use serde_json::Value;

use super::editor::Editor;

const HERE: &str = "/admin/policies";
const PLACE: Place = Place::Admin(HERE);

const DONE: &[(&str, &str, &str)] = &[
    ("created", "The policy is added", "It can be chosen from now on."),
    ("changed", "The change is in force at all gateways", ""),
    ("deleted", "The policy is deleted", ""),
];

pub(super) fn pages(pages: Pages) -> Pages {
    let first = || async { answer::see("/admin/policies/application") };
    pages
        .page(rights::TIERS_READ, HERE, get(first))
        .page(rights::TIERS_READ, "/admin/policies/{level}", get(list))
        .page(rights::TIERS_WRITE, "/admin/policies/{level}/new", get(new).post(create))
        .page(rights::TIERS_READ, "/admin/policies/{level}/{id}", get(read))
        .page(rights::TIERS_WRITE, "/admin/policies/{level}/{id}", post(update))
        .page(
            rights::TIERS_DELETE,
            "/admin/policies/{level}/{id}/delete",
            get(confirm).post(delete),
        )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Application,
    Subscription,
    Advanced,
}

/// The work, with the type of policy that the level has.
macro_rules! at_level {
    ($level:expr, $policy:ident => $work:expr) => {
        match $level {
            Level::Application => {
                type $policy = ApplicationThrottlePolicy;
                $work
            }
            Level::Subscription => {
                type $policy = SubscriptionThrottlePolicy;
                $work
            }
            Level::Advanced => {
                type $policy = AdvancedThrottlePolicy;
                $work
            }
        }
    };
}

/// In words at which level a policy is, and its page. Some have none.
pub(crate) fn place(
    level: PlanLevel,
    id: impl std::fmt::Display,
) -> Option<(&'static str, String)> {
    let level = Level::ALL.into_iter().find(|known| known.plan() == level)?;
    Some((level.words(), format!("{HERE}/{}/{id}", level.name())))
}

impl Level {
    const ALL: [Self; 3] = [Self::Application, Self::Subscription, Self::Advanced];

    fn of(name: &str) -> Result<Self, Failure> {
        Self::ALL.into_iter().find(|level| level.name() == name).ok_or(Failure::NoSuchPage)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Subscription => "subscription",
            Self::Advanced => "advanced",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Application => "Application",
            Self::Subscription => "Subscription",
            Self::Advanced => "Advanced",
        }
    }

    const fn said(self) -> &'static str {
        match self {
            Self::Application => {
                "How much each user of an application may use, of all APIs together."
            }
            Self::Subscription => "Business plans: how much of one API an application may use.",
            Self::Advanced => "How much of an API or a resource all callers together may use.",
        }
    }

    const fn plan(self) -> PlanLevel {
        match self {
            Self::Application => PlanLevel::Application,
            Self::Subscription => PlanLevel::Subscription,
            Self::Advanced => PlanLevel::Advanced,
        }
    }

    fn tabs(self) -> Tabs {
        let here = format!("{HERE}/{}", self.name());
        let links = Self::ALL.map(|level| (level.words(), format!("{HERE}/{}", level.name())));
        Tabs::new("Levels of throttling policies", &here, &links)
    }

    async fn all(self, control: &Control) -> Outcome<Vec<Value>> {
        at_level!(self, P => plans::list::<P>(control).await?.iter().map(document).collect())
    }

    async fn stored(self, control: &Control, id: &str) -> Outcome<Versioned<Value>> {
        at_level!(self, P => {
            let Versioned { version, value } = plans::read::<P>(control, id).await?;
            Ok(Versioned { version, value: document(&value)? })
        })
    }

    async fn create(self, control: &Control, caller: &Caller, policy: Value) -> Outcome<()> {
        at_level!(self, P => {
            plans::create::<P>(control, caller, typed(policy)?).await.map(drop)
        })
    }

    async fn update(
        self,
        control: &Control,
        caller: &Caller,
        id: &str,
        expected: &Expected,
        policy: Value,
    ) -> Outcome<()> {
        at_level!(self, P => {
            plans::update::<P>(control, caller, id, expected, typed(policy)?).await.map(drop)
        })
    }

    async fn delete(
        self,
        control: &Control,
        caller: &Caller,
        id: &str,
        expected: &Expected,
    ) -> Outcome<()> {
        at_level!(self, P => plans::delete::<P>(control, caller, id, expected).await)
    }
}

fn document(policy: &impl Serialize) -> Outcome<Value> {
    serde_json::to_value(policy).map_err(Refusal::because("a policy is no document"))
}

fn typed<P: serde::de::DeserializeOwned>(policy: Value) -> Outcome<P> {
    serde_json::from_value(policy).map_err(Refusal::because("a form is no policy"))
}

fn text<'p>(policy: &'p Value, member: &str) -> &'p str {
    policy.get(member).and_then(Value::as_str).unwrap_or_default()
}

async fn list(visit: Visit, Path(level): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let level = Level::of(&level)?;
    let query = asked.query.trim().to_lowercase();
    let mut all = level.all(&visit.control).await?;
    all.retain(|policy| {
        ["policyName", "displayName"]
            .iter()
            .any(|name| text(policy, name).to_lowercase().contains(&query))
    });
    let total = all.len() as u64;
    let mut rows = Vec::new();
    for policy in asked.part_of(all) {
        let name = text(&policy, "policyName");
        let uses = plans::uses(&visit.control, level.plan(), name).await?;
        let href = format!("{HERE}/{}/{}", level.name(), text(&policy, "policyId"));
        rows.push(vec![
            Cell::link(name, href),
            Cell::text(words::limits(&policy)),
            Cell::text(words::uses(level, uses)),
            Cell::text(text(&policy, "description")),
        ]);
    }
    let table = Table::new("Throttling policies", &["Name", "Limit", "Used by", "Description"])
        .rows(rows)
        .search(asked.query.trim(), "Name")
        .empty("Policies say how much may be used in which time.", None)
        .paged(asked.pager(&format!("{HERE}/{}", level.name()), total));
    let mut head = Head::new("Throttling Policies").state(level.said());
    if visit.may(rights::TIERS_WRITE) {
        head = head.action(Link::main("Add policy", format!("{HERE}/{}/new", level.name())));
    }
    let notices = asked.notice(DONE).into_iter().collect();
    let page = List { head, tabs: Some(level.tabs()), notices, table };
    Ok(visit.show(PLACE, "Throttling Policies", &page))
}

async fn new(visit: Visit, Path(level): Path<String>) -> Answer {
    let level = Level::of(&level)?;
    let draft = Draft::new(form::first());
    Ok(visit.show(PLACE, "Add policy", &adding(&visit, level, &draft, None)))
}

fn adding(visit: &Visit, level: Level, draft: &Draft, notice: Option<Notice>) -> Editor {
    let back = format!("{HERE}/{}", level.name());
    let head = Head::new("Add policy").under("Throttling Policies", &*back).state(level.said());
    let sheet = form::sheet(visit, level, draft, format!("{back}/new"), None);
    let notices = notice.into_iter().collect();
    Editor { head, notices, diff: None, sheets: vec![sheet], cancel: back }
}

async fn create(visit: Visit, Path(level): Path<String>, form: Form) -> Answer {
    let level = Level::of(&level)?;
    let made = match form::read(level, &form, form::empty()) {
        Ok(policy) => match level.create(&visit.control, &visit.caller, policy).await {
            Ok(()) => {
                return Ok(answer::see(&format!("{HERE}/{}?done=created", level.name())));
            }
            Err(refusal) => form::errors(refusal)?,
        },
        Err(errors) => errors,
    };
    let notice = Notice::refused(made.whole.as_deref());
    let page = adding(&visit, level, &Draft::refused(form, made), Some(notice));
    Ok(visit.show_refused(PLACE, "Add policy", &page))
}

async fn read(
    visit: Visit,
    Path((level, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let level = Level::of(&level)?;
    let stored = level.stored(&visit.control, &id).await?;
    let draft = Draft::new(form::filled(level, &stored.value));
    let notice = asked.notice(DONE);
    let page = changing(&visit, level, &id, &stored, &draft, notice);
    Ok(visit.show(PLACE, text(&stored.value, "policyName"), &page))
}

fn changing(
    visit: &Visit,
    level: Level,
    id: &str,
    stored: &Versioned<Value>,
    draft: &Draft,
    notice: Option<Notice>,
) -> Editor {
    let back = format!("{HERE}/{}", level.name());
    let may = visit.may(rights::TIERS_WRITE);
    let mut head = Head::new(text(&stored.value, "policyName"))
        .under("Throttling Policies", &*back)
        .state(words::limits(&stored.value));
    if visit.may(rights::TIERS_DELETE) {
        head = head.action(Link::new("Delete", format!("{back}/{id}/delete")));
    }
    let mut sheet = form::sheet(visit, level, draft, format!("{back}/{id}"), Some(stored.version));
    if !may {
        sheet.verb = None;
    }
    let notices = notice.into_iter().chain(form::beside(&stored.value)).collect();
    Editor { head, notices, diff: None, sheets: vec![sheet], cancel: back }
}

async fn update(visit: Visit, Path((level, id)): Path<(String, String)>, form: Form) -> Answer {
    let level = Level::of(&level)?;
    let stored = level.stored(&visit.control, &id).await?;
    let mut diff = None;
    let (draft, notice) = match form::read(level, &form, stored.value.clone()) {
        Err(errors) => refused(form, errors),
        Ok(policy) => {
            let (control, caller) = (&visit.control, &visit.caller);
            match level.update(control, caller, &id, &form.expected(), policy.clone()).await {
                Ok(()) => {
                    let to = format!("{HERE}/{}/{id}?done=changed", level.name());
                    return Ok(answer::see(&to));
                }
                Err(Refusal::OtherVersion) => {
                    let names = ("Stored now", "What you entered");
                    diff = Some(Diff::between(names, &stored.value, &policy));
                    let words = "By somebody else, or by you in another tab. Below is what you entered; saving \
                                 it now replaces what is stored.";
                    (Draft::new(form), Notice::new(Tone::Warn, "It was changed meanwhile", words))
                }
                Err(refusal) => refused(form, form::errors(refusal)?),
            }
        }
    };
    let page = changing(&visit, level, &id, &stored, &draft, Some(notice));
    let page = Editor { diff, ..page };
    Ok(visit.show_refused(PLACE, text(&stored.value, "policyName"), &page))
}

fn refused(form: Form, errors: Errors) -> (Draft, Notice) {
    let notice = Notice::refused(errors.whole.as_deref());
    (Draft::refused(form, errors), notice)
}

async fn confirm(visit: Visit, Path((level, id)): Path<(String, String)>) -> Answer {
    let level = Level::of(&level)?;
    let stored = level.stored(&visit.control, &id).await?;
    let page = deletion(&visit, level, &id, &stored, None).await?;
    Ok(visit.show(PLACE, "Delete policy", &page))
}

async fn deletion(
    visit: &Visit,
    level: Level,
    id: &str,
    stored: &Versioned<Value>,
    error: Option<String>,
) -> Outcome<Confirm> {
    let name = text(&stored.value, "policyName");
    let uses = plans::uses(&visit.control, level.plan(), name).await?;
    let effects = match level {
        Level::Advanced => {
            vec!["It cannot be deleted while an API or a resource has it.".to_owned()]
        }
        _ if uses > 0 => Vec::new(),
        _ => vec!["Nobody uses it.".to_owned()],
    };
    let obstacle = if plans::is_fallback(level.plan(), name) {
        Some("It is the default where nothing else is set, and stays.".to_owned())
    } else {
        (uses > 0).then(|| {
            let users = words::uses(level, uses);
            format!("It is used by {users}, and cannot be deleted before they have another.")
        })
    };
    let back = format!("{HERE}/{}/{id}", level.name());
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: Some(Version(stored.version)),
        action: format!("{back}/delete"),
        back,
        question: format!("Delete the policy {name}?"),
        effects,
        obstacle,
        verb: "Delete policy".to_owned(),
        typed: None,
        error,
    })
}

async fn delete(visit: Visit, Path((level, id)): Path<(String, String)>, form: Form) -> Answer {
    let level = Level::of(&level)?;
    let stored = level.stored(&visit.control, &id).await?;
    match level.delete(&visit.control, &visit.caller, &id, &form.expected()).await {
        Ok(()) => Ok(answer::see(&format!("{HERE}/{}?done=deleted", level.name()))),
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, &[])?;
            let page = deletion(&visit, level, &id, &stored, errors.whole).await?;
            Ok(visit.show_refused(PLACE, "Delete policy", &page))
        }
    }
}
