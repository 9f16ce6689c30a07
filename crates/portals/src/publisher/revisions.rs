//! What an API was when it was frozen, what gateways serve, and what changed since.

use askama::Template;
use axum::extract::Path;
use axum::extract::Query;
use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::lifecycle::LifecycleState;
use phantom_manage::revisions;
use phantom_manage::revisions::Place;
use phantom_manage::revisions::Revision;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::components::Badge;
use phantom_pages::components::Cell;
use phantom_pages::components::Confirm;
use phantom_pages::components::Csrf;
use phantom_pages::components::Diff;
use phantom_pages::components::Field;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Table;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::guard::Needs;
use phantom_pages::guard::Pages;
use phantom_pages::list::Asked;
use phantom_pages::visit::Visit;
use phantom_pages::words;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde_json::Value;

use super::PLACE;
use super::api;
use super::api::Frame;
use super::api::Opened;

const PATH: &str = "/publisher/apis/{id}/revisions";
const TAB: &str = "/revisions";

pub(super) fn pages(pages: Pages) -> Pages {
    let pages = pages
        .page(rights::REVISION_READERS, PATH, get(read))
        .page(rights::EDITORS, PATH, post(create))
        .page(rights::REVISION_READERS, "/publisher/apis/{id}/revisions/{revision}", get(compare));
    Act::ALL.into_iter().fold(pages, |pages, act| {
        let path = format!("/publisher/apis/{{id}}/revisions/{{revision}}/{}", act.name());
        let confirm = move |visit, path| confirm(visit, path, act);
        let perform = move |visit, path, form| perform(visit, path, form, act);
        pages.page(act.needs(), &path, get(confirm).post(perform))
    })
}

/// What can be done with a revision.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Deploy,
    Undeploy,
    Restore,
    Delete,
}

impl Act {
    const ALL: [Self; 4] = [Self::Deploy, Self::Undeploy, Self::Restore, Self::Delete];

    const fn name(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Undeploy => "undeploy",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Deploy => "Deploy",
            Self::Undeploy => "Undeploy",
            Self::Restore => "Restore",
            Self::Delete => "Delete",
        }
    }

    const fn needs(self) -> Needs {
        match self {
            Self::Deploy | Self::Undeploy | Self::Restore => rights::EDITORS,
            Self::Delete => rights::REVISERS,
        }
    }

    /// Why it cannot be done to a revision that it is not open to.
    const fn obstacle(self) -> &'static str {
        match self {
            Self::Deploy => "It is deployed already.",
            Self::Undeploy => "It is not deployed.",
            Self::Restore => {
                "The saved settings are those of the revision: there is nothing to restore."
            }
            Self::Delete => "It is deployed, and cannot be deleted before another one is, or none.",
        }
    }

    const fn is_open_to(self, is_deployed: bool) -> bool {
        match self {
            Self::Undeploy => is_deployed,
            Self::Deploy | Self::Delete => !is_deployed,
            Self::Restore => true,
        }
    }
}

#[derive(Template)]
#[template(path = "publisher/revisions.html")]
struct Revisions {
    frame: Frame,
    csrf: Csrf,
    version: Version,
    action: String,
    description: Field,
    /// What a new one takes the place of.
    room: Option<String>,
    may_deploy: bool,
    state: Badge,
    table: Table,
    changes: Option<Diff>,
}

async fn read(visit: Visit, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let page = drawn(&visit, &opened, opened.done(&asked.done), "", None).await?;
    Ok(visit.show(PLACE, &opened.title(), &page))
}

/// The same from every page of an API: back to where it was asked for is no matter, all is said here.
async fn create(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let (control, caller) = (&visit.control, &visit.caller);
    let description = form.get("description").to_owned();
    let expected = form.expected();
    let made = match description.chars().count() {
        0..=255 => {
            revisions::save_and_deploy(control, caller, &id, description.clone(), &expected).await
        }
        _ => Err(Refusal::invalid("description: at most 255 characters")),
    };
    let (notices, error) = match made {
        Ok(_) => return Ok(answer::see(&format!("{}?done=deployed", opened.address(TAB)))),
        Err(Refusal::OtherVersion) => {
            let words = "Somebody changed the API. Look at what changed before you deploy it.";
            (vec![Notice::new(Tone::Warn, "It was changed meanwhile", words)], None)
        }
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, &[("description", "description")])?;
            let words = errors.whole.clone().unwrap_or_default();
            let notice = Notice::new(Tone::Bad, "It was not deployed", words);
            (vec![notice], errors.of("description"))
        }
    };
    let page = drawn(&visit, &opened, notices, &description, error).await?;
    Ok(visit.show_refused(PLACE, &opened.title(), &page))
}

async fn drawn(
    visit: &Visit,
    opened: &Opened,
    notices: Vec<Notice>,
    description: &str,
    error: Option<String>,
) -> Outcome<Revisions> {
    let id = opened.api.row.id.to_string();
    let mut all = revisions::list(&visit.control, &id).await?;
    let room = all.iter().find(|each| each.deployments.is_empty());
    let room = room.filter(|_| all.len() >= revisions::MAX_REVISIONS).map(|oldest| {
        format!(
            "There are {} revisions, as many as there may be: a new one takes the place of revision \
             {}.",
            revisions::MAX_REVISIONS,
            oldest.row.number
        )
    });
    all.reverse();
    let table = Table::new("Revisions", &["Revision", "Description", "Made", "Deployment", ""])
        .rows(all.iter().map(|revision| row(visit, opened, revision)).collect())
        .empty("A revision is the API as it was saved, frozen. Gateways serve one of them.", None);
    let changes = opened.standing.deployed.as_ref().map(|deployed| {
        let now = api::settings(&opened.api.document);
        Diff::between(("Deployed", "Now"), &api::settings(&deployed.settings), &now)
    });
    let is_retired = opened.api.row.state == LifecycleState::Retired;
    Ok(Revisions {
        frame: opened.frame(visit, TAB, notices),
        csrf: visit.csrf.clone(),
        version: opened.version(),
        action: opened.address(TAB),
        description: Field::text("description", "Description")
            .valued(description)
            .such_as("Protects the orders")
            .failing(error),
        room,
        may_deploy: visit.may(rights::EDITORS) && !is_retired,
        state: opened.deployment(),
        table,
        changes,
    })
}

fn row(visit: &Visit, opened: &Opened, revision: &Revision) -> Vec<Cell> {
    let now = visit.control.now();
    let at = opened.address(&format!("{TAB}/{}", revision.row.number));
    let is_deployed = !revision.deployments.is_empty();
    let acts = Act::ALL.into_iter().filter(|act| act.is_open_to(is_deployed));
    let acts = acts.filter(|act| visit.may(act.needs()));
    let links = acts.map(|act| Link::new(act.words(), format!("{at}/{}", act.name())));
    vec![
        Cell::link(format!("Revision {}", revision.row.number), &at),
        Cell::text(&revision.row.description),
        Cell::time(now, revision.row.created_at),
        match is_deployed {
            true => Badge::good("Deployed").into(),
            false => Cell::text("Not deployed"),
        },
        Cell::Links(links.collect()),
    ]
}

#[derive(Template)]
#[template(path = "publisher/revision.html")]
struct One {
    frame: Frame,
    title: String,
    actions: Vec<Link>,
    diff: Diff,
}

/// A revision beside the working copy.
async fn compare(visit: Visit, Path((id, revision)): Path<(String, String)>) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let found = revisions::read(&visit.control, &id, &revision).await?;
    let (before, now) = (frozen(&found)?, api::settings(&opened.api.document));
    let title = format!("Revision {}", found.row.number);
    let at = opened.address(&format!("{TAB}/{}", found.row.number));
    let is_deployed = !found.deployments.is_empty();
    let acts = Act::ALL.into_iter().filter(|act| act.is_open_to(is_deployed));
    let acts = acts.filter(|act| visit.may(act.needs()));
    let page = One {
        frame: opened.frame(&visit, TAB, Vec::new()),
        diff: Diff::between((&title, "Now"), &before, &now),
        title,
        actions: acts.map(|act| Link::new(act.words(), format!("{at}/{}", act.name()))).collect(),
    };
    Ok(visit.show(PLACE, &opened.title(), &page))
}

fn frozen(revision: &Revision) -> Outcome<Value> {
    Ok(api::settings(&revision.settings()?))
}

async fn confirm(visit: Visit, Path((id, revision)): Path<(String, String)>, act: Act) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let found = revisions::read(&visit.control, &id, &revision).await?;
    let confirm = asked(&visit, &opened, &found, act, None)?;
    Ok(visit.show(PLACE, &opened.title(), &confirm))
}

fn asked(
    visit: &Visit,
    opened: &Opened,
    revision: &Revision,
    act: Act,
    error: Option<String>,
) -> Result<Confirm, Failure> {
    let number = revision.row.number;
    let at = opened.address(&format!("{TAB}/{number}"));
    let path = opened.api.path();
    let once = match opened.api.row.state {
        LifecycleState::Created => " once the API is published",
        LifecycleState::Blocked => " once the API is published again",
        _ => "",
    };
    let differences = || -> Outcome<u64> {
        let now = api::settings(&opened.api.document);
        Ok(Diff::between(("", ""), &now, &frozen(revision)?).changes.len() as u64)
    };
    let is_open = match act {
        Act::Restore => {
            let history = opened.api.document.history.clone();
            ApiDocument { history, ..revision.settings()? } != opened.api.document
        }
        act => act.is_open_to(!revision.deployments.is_empty()),
    };
    let mut effects = match act {
        _ if !is_open => Vec::new(),
        Act::Deploy => vec![
            match &opened.standing.deployed {
                Some(deployed) => format!(
                    "Gateways serve revision {number} at {path}{once}, in the place of revision {}.",
                    deployed.number
                ),
                None => format!("Gateways serve revision {number} at {path}{once}."),
            },
            "What is saved and not deployed stays as it is.".to_owned(),
        ],
        Act::Undeploy => vec![format!("Gateways serve nothing at {path}: its calls get 404.")],
        Act::Restore => vec![
            format!(
                "{} of the saved settings to what revision {number} has.",
                match differences()? {
                    1 => "It changes 1".to_owned(),
                    count => format!("It changes {}", words::count(count)),
                }
            ),
            "What was saved and is in no revision is lost.".to_owned(),
            "Gateways go on as before until you Save and Deploy.".to_owned(),
        ],
        Act::Delete => vec!["It can be restored no more. Gateways are not affected.".to_owned()],
    };
    if act == Act::Deploy && is_open {
        effects.extend(api::unanswered(&revision.settings()?).map(str::to_owned));
    }
    Ok(Confirm {
        csrf: visit.csrf.clone(),
        version: Some(opened.version()),
        action: format!("{at}/{}", act.name()),
        back: opened.address(TAB),
        question: format!("{} revision {number} of {}?", act.words(), opened.title()),
        effects,
        obstacle: (!is_open).then(|| act.obstacle().to_owned()),
        verb: format!("{} revision {number}", act.words()),
        typed: None,
        error,
    })
}

async fn perform(
    visit: Visit,
    Path((id, revision)): Path<(String, String)>,
    form: Form,
    act: Act,
) -> Answer {
    let opened = Opened::find(&visit, &id).await?;
    let found = revisions::read(&visit.control, &id, &revision).await?;
    let refusal = match done(&visit, &opened, &form, &revision, act).await {
        Ok(done) => return Ok(answer::see(&format!("{}?done={done}", opened.address(TAB)))),
        Err(refusal) => refusal,
    };
    let error = match refusal {
        Refusal::OtherVersion => {
            Some("Somebody changed the API meanwhile. Look again before you go on.".to_owned())
        }
        refusal => Errors::from_refusal(refusal, &[])?.whole,
    };
    let confirm = asked(&visit, &opened, &found, act, error)?;
    Ok(visit.show_refused(PLACE, &opened.title(), &confirm))
}

async fn done(
    visit: &Visit,
    opened: &Opened,
    form: &Form,
    revision: &str,
    act: Act,
) -> Outcome<&'static str> {
    let (control, caller) = (&visit.control, &visit.caller);
    let id = opened.api.row.id.to_string();
    form.expected().check(opened.api.row.version)?;
    Ok(match act {
        Act::Deploy => {
            let place = Place {
                environment: revisions::ENVIRONMENT.to_owned(),
                vhost: revisions::gateway_host(control),
                display_on_devportal: true,
            };
            revisions::deploy(control, caller, &id, revision, &[place]).await?;
            "switched"
        }
        Act::Undeploy => {
            revisions::undeploy(control, caller, &id, revision, None).await?;
            "undeployed"
        }
        Act::Restore => {
            revisions::restore(control, caller, &id, revision).await?;
            "restored"
        }
        Act::Delete => {
            revisions::delete(control, caller, &id, revision).await?;
            "revision-deleted"
        }
    })
}
