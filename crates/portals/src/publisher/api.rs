//! What all pages of one API have in common: its head and tabs, whether gateways serve what is shown, and
//! how a change is kept and deployed.

use askama::Template;
use phantom_access::rights::publisher as rights;
use phantom_manage::apis;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::lifecycle;
use phantom_manage::lifecycle::LifecycleState;
use phantom_manage::revisions;
use phantom_manage::revisions::Standing;
use phantom_pages::answer::Failure;
use phantom_pages::components::Badge;
use phantom_pages::components::Csrf;
use phantom_pages::components::Diff;
use phantom_pages::components::Head;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Tabs;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::components::drawn;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::versioned::Expected;
use serde_json::Value;

use super::HERE;

/// An API that a page is about.
pub(super) struct Opened {
    pub(super) api: Api,
    pub(super) standing: Standing,
}

/// Pages of an API, in the order of their tabs.
const TABS: [(&str, &str); 9] = [
    ("Overview", ""),
    ("Endpoints", "/endpoints"),
    ("Resources", "/resources"),
    ("Runtime", "/runtime"),
    ("Local Scopes", "/scopes"),
    ("Definition", "/definition"),
    ("Revisions", "/revisions"),
    ("Subscriptions", "/subscriptions"),
    ("Traffic", "/traffic"),
];

/// What every page of an API begins with.
#[derive(Template)]
#[template(path = "publisher/frame.html")]
pub(super) struct Frame {
    head: Head,
    tabs: Tabs,
    notices: Vec<Notice>,
    /// Somebody else's change, beside that of the form.
    conflict: Option<Diff>,
}

/// What every page of an API ends with: whether gateways serve what is shown, and the way to that.
#[derive(Template)]
#[template(path = "publisher/bar.html")]
pub(super) struct Bar {
    state: Badge,
    words: String,
    /// Where the changes are shown.
    changes: Option<String>,
    may_save: bool,
    may_deploy: bool,
    /// For a page without a form of its own.
    alone: Option<Alone>,
}

struct Alone {
    csrf: Csrf,
    version: Version,
    action: String,
}

drawn!(Frame, Bar);

impl Opened {
    pub(super) async fn find(visit: &Visit, id: &str) -> Outcome<Self> {
        let api = apis::read(&visit.control, id).await?;
        let standing = revisions::standing(&visit.control, &api).await?;
        Ok(Self { api, standing })
    }

    pub(super) fn address(&self, tab: &str) -> String {
        format!("{HERE}/{}{tab}", self.api.row.id)
    }

    pub(super) fn version(&self) -> Version {
        Version(self.api.row.version)
    }

    pub(super) fn title(&self) -> String {
        format!("{} {}", self.api.row.name, self.api.row.version_name)
    }

    pub(super) fn frame(&self, visit: &Visit, tab: &str, notices: Vec<Notice>) -> Frame {
        let row = &self.api.row;
        let mut head = Head::new(&row.name)
            .under("APIs", HERE)
            .badge(state(row.state))
            .badge(self.deployment())
            .state(match self.is_served() {
                true => format!("Version {}, served at {}", row.version_name, self.api.path()),
                false => format!("Version {}, at {}", row.version_name, self.api.path()),
            });
        if tab.is_empty() && visit.may(rights::CREATORS) {
            head = head.action(Link::new("Create new version", self.address("/version")));
        }
        if tab.is_empty() && visit.may(rights::DELETERS) {
            head = head.action(Link::new("Delete", self.address("/delete")));
        }
        let links = TABS.map(|(words, tab)| (words, self.address(tab)));
        let tabs = Tabs::new("Pages of this API", &self.address(tab), &links)
            .heading(1, "Develop")
            .heading(1, "API Configurations")
            .apart(6);
        Frame { head, tabs, notices, conflict: None }
    }

    /// In words that are the same everywhere.
    pub(super) fn deployment(&self) -> Badge {
        match (&self.standing.deployed, self.standing.is_changed) {
            (None, _) => Badge::neutral("Not deployed"),
            (Some(_), false) => Badge::good("Deployed"),
            (Some(_), true) => Badge::warn("Changed since deployment"),
        }
    }

    /// Nothing of it is served yet, deployed or not.
    fn is_unpublished(&self) -> bool {
        self.api.row.state == LifecycleState::Created
    }

    /// Gateways pass calls on to it.
    pub(super) fn is_served(&self) -> bool {
        use LifecycleState as State;
        let state = self.api.row.state;
        let is_open = matches!(state, State::Published | State::Prototyped | State::Deprecated);
        is_open && self.standing.deployed.is_some()
    }

    /// What a redirect says was done.
    pub(super) fn done(&self, what: &str) -> Vec<Notice> {
        if what == "deployed" && self.is_unpublished() {
            let first = "Gateways serve it once the API is published: Publish is among the steps of its \
                         life cycle, on the overview.";
            let words = match unanswered(&self.api.document) {
                Some(unanswered) => format!("{first} {unanswered}"),
                None => first.to_owned(),
            };
            return vec![Notice::new(Tone::Warn, "Saved and deployed", words)];
        }
        let state = self.api.row.state;
        if let ("deployed", LifecycleState::Blocked) = (what, state) {
            let words = "Gateways refuse every call until the API is published again.";
            return vec![Notice::new(Tone::Warn, "Saved and deployed", words)];
        }
        if let ("saved", LifecycleState::Retired) = (what, state) {
            let words = "Gateways serve the API no more: it is retired.";
            return vec![Notice::new(Tone::Neutral, "Saved", words)];
        }
        let unanswered = unanswered(&self.api.document);
        if let ("deployed", Some(unanswered)) = (what, unanswered) {
            return vec![Notice::new(Tone::Warn, "Saved and deployed", unanswered)];
        }
        done(what)
    }

    /// At the end of the page's own form.
    pub(super) fn bar(&self, visit: &Visit, needs: phantom_pages::guard::Needs) -> Bar {
        let number = self.standing.deployed.as_ref().map(|deployed| deployed.number);
        let state = self.api.row.state;
        let is_retired = state == LifecycleState::Retired;
        let mut words = match (number, self.standing.is_changed) {
            (None, _) => "Gateways do not serve it.".to_owned(),
            (Some(number), is_changed) if !self.is_served() => {
                let since = if is_changed { ", without what was saved since" } else { "" };
                let but = match state {
                    LifecycleState::Retired => "The API is retired: gateways serve it no more.",
                    LifecycleState::Blocked => {
                        "The API is blocked: gateways refuse every call until it is published again."
                    }
                    _ => "Gateways serve it once the API is published.",
                };
                format!("Revision {number} is deployed{since}. {but}")
            }
            (Some(number), false) => {
                format!("Gateways serve revision {number}, as it is saved here.")
            }
            (Some(number), true) => {
                format!("Gateways serve revision {number}, without what was saved since.")
            }
        };
        if let Some(unanswered) = unanswered(&self.api.document).filter(|_| !is_retired) {
            words += &format!(" {unanswered}");
        }
        if !is_retired && number.is_some_and(|number| number >= revisions::MAX_REVISIONS as u64) {
            words += &format!(
                " Of {} revisions, as many as an API has, a new one takes the place of the oldest that is \
                 not deployed.",
                revisions::MAX_REVISIONS
            );
        }
        let may_save = visit.may(needs);
        Bar {
            state: self.deployment(),
            words,
            changes: self.standing.is_changed.then(|| self.address("/revisions#changes")),
            may_save,
            may_deploy: may_save && visit.may(rights::EDITORS) && !is_retired,
            alone: None,
        }
    }

    /// On a page without a form.
    pub(super) fn lone_bar(&self, visit: &Visit) -> Bar {
        let is_served = self.standing.deployed.is_some() && !self.standing.is_changed;
        let bar = self.bar(visit, rights::EDITORS);
        let alone = Alone {
            csrf: visit.csrf.clone(),
            version: self.version(),
            action: self.address("/revisions"),
        };
        Bar { may_save: false, may_deploy: bar.may_deploy && !is_served, alone: Some(alone), ..bar }
    }

    /// Keeps the settings and, where that button was used, deploys them. Gives what was done.
    pub(super) async fn keep(
        &self,
        visit: &Visit,
        form: &Form,
        document: ApiDocument,
    ) -> Outcome<&'static str> {
        let row = &self.api.row;
        let document = ApiDocument {
            name: Some(row.name.clone()),
            version: Some(row.version_name.clone()),
            context: Some(row.context.clone()),
            ..document
        };
        let (control, caller) = (&visit.control, &visit.caller);
        let id = row.id.to_string();
        let kept = apis::update(control, caller, &id, document, &form.expected()).await?;
        self.deploy(visit, form, kept.row.version).await
    }

    /// What was just kept.
    pub(super) async fn deploy(
        &self,
        visit: &Visit,
        form: &Form,
        version: i64,
    ) -> Outcome<&'static str> {
        if !form.has("deploy") {
            return Ok("saved");
        }
        let id = self.api.row.id.to_string();
        let expected = Expected::OneOf(vec![version]);
        let (control, caller) = (&visit.control, &visit.caller);
        revisions::save_and_deploy(control, caller, &id, String::new(), &expected).await?;
        Ok("deployed")
    }
}

impl Frame {
    /// With what became of a form that was not taken. `mine` is what it would have made.
    pub(super) fn refusing(mut self, opened: &Opened, no: &No, mine: Option<&ApiDocument>) -> Self {
        self.notices.insert(0, no.notice.clone());
        match mine.filter(|_| no.is_late) {
            Some(mine) => self.compared(&settings(&opened.api.document), &settings(mine)),
            None => self,
        }
    }

    /// With what saving now would change.
    pub(super) fn compared(mut self, now: &Value, mine: &Value) -> Self {
        let diff = Diff::between(("As it is now", "With yours"), now, mine);
        if diff.changes.is_empty() {
            let words = "By somebody else, or by you in another tab. What you entered is what there is now.";
            if let Some(first) = self.notices.first_mut() {
                *first = Notice::new(Tone::Warn, "It was changed meanwhile", words);
            }
        } else {
            self.conflict = Some(diff);
        }
        self
    }
}

/// A form that was not taken: how it is drawn again, and what is said.
pub(super) struct No {
    pub(super) draft: Draft,
    pub(super) notice: Notice,
    /// Somebody else was earlier.
    pub(super) is_late: bool,
}

/// What is no fault of the form is none of its errors.
pub(super) fn refused(
    form: Form,
    refusal: Refusal,
    fields: &[(&'static str, &'static str)],
) -> Result<No, Failure> {
    if matches!(refusal, Refusal::OtherVersion) {
        let words = "By somebody else, or by you in another tab. Below is what you entered; saving it now \
                     replaces their change.";
        let notice = Notice::new(Tone::Warn, "It was changed meanwhile", words);
        return Ok(No { draft: Draft::new(form), notice, is_late: true });
    }
    Ok(No::checked(form, Errors::from_refusal(refusal, fields)?))
}

impl No {
    /// What the page itself found.
    pub(super) fn checked(form: Form, errors: Errors) -> Self {
        let notice = Notice::refused(errors.whole.as_deref());
        Self { draft: Draft::refused(form, errors), notice, is_late: false }
    }
}

/// Settings as they are compared.
pub(super) fn settings(document: &ApiDocument) -> Value {
    let document =
        ApiDocument { name: None, version: None, context: None, ..revisions::in_force(document) };
    serde_json::to_value(document).unwrap_or_default()
}

/// What gateways answer where settings name no endpoint, once they are deployed.
pub(super) fn unanswered(settings: &ApiDocument) -> Option<&'static str> {
    let config = settings.endpoint_config.as_ref();
    let production = config.and_then(|config| config.production());
    let sandbox = config.and_then(|config| config.sandbox());
    match (production, sandbox) {
        (Some(_), _) => None,
        (None, None) => {
            Some("Without an endpoint no call comes through: gateways answer 403 (900901).")
        }
        (None, Some(_)) => Some(
            "Without a production endpoint no call with a production key comes through: gateways answer \
             403 (900901).",
        ),
    }
}

pub(super) fn state(state: LifecycleState) -> Badge {
    let words = lifecycle::title(state);
    match state {
        LifecycleState::Published => Badge::good(words),
        LifecycleState::Deprecated => Badge::warn(words),
        LifecycleState::Blocked => Badge::bad(words),
        LifecycleState::Created | LifecycleState::Prototyped | LifecycleState::Retired => {
            Badge::neutral(words)
        }
    }
}

/// One of a closed set.
fn done(what: &str) -> Vec<Notice> {
    let said = |tone, title: &str, text: &str| vec![Notice::new(tone, title, text)];
    match what {
        "created" => said(
            Tone::Good,
            "The API is made",
            "Gateways serve it once it is deployed and published.",
        ),
        "version" => said(
            Tone::Good,
            "The version is made",
            "Gateways serve it once it is deployed and published. Applications subscribe to it anew.",
        ),
        "saved" => said(
            Tone::Warn,
            "Saved, and not deployed",
            "Gateways go on as before until you Save and Deploy a new revision.",
        ),
        "deployed" => said(
            Tone::Good,
            "Saved and deployed",
            "Gateways serve it as it is here, from the next second on.",
        ),
        "switched" => said(Tone::Good, "The revision is deployed", ""),
        "undeployed" => said(Tone::Good, "Gateways serve the API no more", ""),
        "restored" => said(
            Tone::Good,
            "The settings are those of the revision",
            "Gateways go on as before until you Save and Deploy.",
        ),
        "revision-deleted" => said(Tone::Good, "The revision is deleted", ""),
        "state" => said(
            Tone::Good,
            "The life cycle went on",
            "Gateways go by it from now on, in what is deployed of the API.",
        ),
        "blocked" => {
            said(Tone::Good, "The subscription is blocked", "Its calls are refused from now on.")
        }
        "unblocked" => said(Tone::Good, "The subscription is open again", ""),
        _ => Vec::new(),
    }
}
