//! Whether a key manager works: each step that gateways go, and what came of it.

use askama::Template;
use axum::extract::Path;
use phantom_observe::key_managers;
use phantom_observe::key_managers::StepName;
use phantom_observe::key_managers::StepOutcome;
use phantom_observe::key_managers::Trial;
use phantom_observe::key_managers::TrialStep;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Badge;
use phantom_pages::components::Csrf;
use phantom_pages::components::Head;
use phantom_pages::components::Notice;
use phantom_pages::components::Secret;
use phantom_pages::components::Step;
use phantom_pages::components::Steps;
use phantom_pages::components::Tone;
use phantom_pages::form::Form;
use phantom_pages::list::encoded;
use phantom_pages::visit::Visit;
use phantom_terms::refusal::Refusal;
use secrecy::SecretString;

use super::HERE;
use super::PLACE;

const TOKEN: &str = "secret.token";

/// The form that begins it.
pub(super) struct TrialForm {
    pub(super) csrf: Csrf,
    pub(super) action: String,
    pub(super) token: Secret,
}

#[derive(Template)]
#[template(path = "admin/trial.html")]
struct Page {
    head: Head,
    notice: Notice,
    steps: Steps,
    trial: TrialForm,
}

impl TrialForm {
    pub(super) fn new(visit: &Visit, id: &str, error: Option<String>) -> Self {
        Self {
            csrf: visit.csrf.clone(),
            action: format!("{HERE}/{id}/test"),
            token: Secret::new(TOKEN.to_owned(), "Token of the server")
                .helped(
                    "Empty: one is made up, which shows all but what an active token looks like.",
                )
                .passing()
                .failing(error),
        }
    }
}

/// There is nothing to show before it was run.
pub(super) async fn back(Path(id): Path<String>) -> Answer {
    Ok(answer::see(&format!("{HERE}/{}", encoded(&id))))
}

pub(super) async fn run(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let stored = phantom_manage::key_managers::read(&visit.control, &id).await?;
    let token = form.given(TOKEN).map(SecretString::from);
    let head = Head::new(format!("Test of {}", stored.value.name))
        .under("Key Managers", HERE)
        .under(&stored.value.name, format!("{HERE}/{id}"));
    let tried = match key_managers::test(&visit.control, &id, token.as_ref()).await {
        Ok(tried) => tried,
        Err(Refusal::Invalid(_)) => {
            let words = "This cannot be a token: it has blanks, or characters that no token has.";
            let notice = Notice::new(Tone::Bad, "Nothing was tested", words);
            let trial = TrialForm::new(&visit, &id, Some(words.to_owned()));
            let page = Page { head, notice, steps: Steps::default(), trial };
            return Ok(visit.show_refused(PLACE, "Test", &page));
        }
        Err(refusal) => return Err(refusal.into()),
    };
    let notice = said(&tried);
    let steps = Steps(tried.steps.into_iter().map(step).collect());
    let page = Page { head, notice, steps, trial: TrialForm::new(&visit, &id, None) };
    Ok(visit.show(PLACE, "Test", &page))
}

fn said(tried: &Trial) -> Notice {
    let failed = tried.steps.iter().find(|step| step.outcome == StepOutcome::Failed);
    match failed {
        Some(failed) => Notice::new(
            Tone::Bad,
            format!("{} failed", name(failed.step)),
            "What to change stands below, at the step.",
        ),
        None => Notice::new(Tone::Good, "Nothing failed", ""),
    }
}

fn step(step: TrialStep) -> Step {
    let badge = match step.outcome {
        StepOutcome::Passed => Badge::good("Passed"),
        StepOutcome::Warning => Badge::warn("Look at it"),
        StepOutcome::Failed => Badge::bad("Failed"),
        StepOutcome::NotTried => Badge::neutral("Not tried"),
    };
    let text = match step.advice {
        Some(advice) => format!("{}\n{advice}", step.found),
        None => step.found,
    };
    Step { badge, title: name(step.step).to_owned(), text: quoted(&text) }
}

/// What stands between backticks, in the quotation marks of the pages.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            quoted.push(if index.is_multiple_of(2) { '”' } else { '“' });
        }
        quoted.push_str(part);
    }
    quoted
}

const fn name(step: StepName) -> &'static str {
    match step {
        StepName::Metadata => "Metadata",
        StepName::KeySet => "Key set",
        StepName::ClientAuthentication => "Client authentication",
        StepName::Introspection => "Introspection",
    }
}
