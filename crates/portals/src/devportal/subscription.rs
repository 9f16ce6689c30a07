//! One subscription: another plan, or its end.

use axum::extract::Path;
use phantom_manage::lifecycle::LifecycleState;
use phantom_manage::plans;
use phantom_manage::revisions;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::components::Confirm;
use phantom_pages::components::Link;
use phantom_pages::components::Notice;
use phantom_pages::components::Sheet;
use phantom_pages::components::Stack;
use phantom_pages::components::Tone;
use phantom_pages::components::Version;
use phantom_pages::form::Draft;
use phantom_pages::form::Errors;
use phantom_pages::form::Form;
use phantom_pages::visit::Visit;
use phantom_subscribe::subscribers::SubscriptionState;
use phantom_subscribe::subscriptions;
use phantom_subscribe::subscriptions::Subscription;
use phantom_subscribe::subscriptions::SubscriptionDraft;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;

use super::APPLICATIONS;
use super::application::head_within;
use super::applications::HERE;
use super::subscriptions::closed;
use super::subscriptions::standing;

pub(super) async fn read(visit: Visit, Path(id): Path<String>) -> Answer {
    let found = subscriptions::find(&visit.control, &visit.caller, &id).await?;
    let draft = Draft::new(Form::default().with("plan", &found.row.plan));
    let page = page(&visit, &found, &draft, None).await?;
    Ok(visit.show(APPLICATIONS, "Subscription", &page))
}

fn title(found: &Subscription) -> String {
    format!("{} {}", found.api.row.name, found.api.row.version_name)
}

fn list(found: &Subscription) -> String {
    format!("{HERE}/{}/subscriptions", found.application.row.id)
}

async fn page(
    visit: &Visit,
    found: &Subscription,
    draft: &Draft,
    notice: Option<Notice>,
) -> Outcome<Stack> {
    let at = format!("/devportal/subscriptions/{}", found.row.id);
    let head = head_within(&found.application, &title(found))
        .under("Subscriptions", list(found))
        .badge(standing(found))
        .state(stands(visit, found).await?)
        .action(Link::new("Unsubscribe", format!("{at}/delete")));
    if closed(&found.api).is_some() {
        return Ok(Stack::new(head).notice(notice));
    }
    let policies = &found.api.document.policies;
    let plans = plans::open_of(&visit.control, &visit.caller, policies).await?;
    let choices: Vec<_> = plans.iter().map(super::offer).collect();
    let plan = draft.select("plan", "Business plan", &super::borrowed(&choices)).required();
    let sheet = Sheet::new(&visit.csrf, at)
        .of_version(found.row.version)
        .field(&plan)
        .button("Change plan")
        .cancel(list(found));
    Ok(Stack::new(head).notice(notice).part(&sheet))
}

/// What comes of a call, in a sentence.
async fn stands(visit: &Visit, found: &Subscription) -> Outcome<String> {
    if let Some((_, words)) = closed(&found.api) {
        return Ok(words.to_owned());
    }
    if revisions::deployments_of(&visit.control, &found.api).await?.is_empty() {
        return Ok("The API is not deployed: no gateway serves it now.".to_owned());
    }
    let (name, plan) = (&found.application.row.name, &found.row.plan);
    Ok(match found.row.status {
        SubscriptionState::Blocked => {
            format!("The API's publisher has blocked it: calls of {name} are refused.")
        }
        SubscriptionState::ProdOnlyBlocked => format!(
            "The API's publisher has blocked production keys: {name} may call it under {plan} with \
             sandbox keys alone."
        ),
        SubscriptionState::OnHold | SubscriptionState::Rejected => {
            format!("It is not in force: calls of {name} are refused.")
        }
        _ if found.api.row.state == LifecycleState::Deprecated => format!(
            "{name} may call it under {plan}. The API is deprecated: it ends one day, and nobody subscribes to it any \
             more. Look for a newer version."
        ),
        _ => format!("{name} may call it under {plan}."),
    })
}

pub(super) async fn update(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let found = subscriptions::find(&visit.control, &visit.caller, &id).await?;
    let draft = SubscriptionDraft {
        application: found.row.application.to_string(),
        api: Some(found.row.api.to_string()),
        plan: form.get("plan").to_owned(),
        requested_plan: None,
    };
    let expected = form.expected();
    let changed =
        subscriptions::change_plan(&visit.control, &visit.caller, &id, &draft, &expected).await;
    let (draft, notice) = match changed {
        Ok(_) => return Ok(answer::see(&format!("{}?done=changed", list(&found)))),
        Err(Refusal::OtherVersion) => {
            let words = format!("Its plan is now {}. Saving replaces that.", found.row.plan);
            (Draft::new(form), Notice::new(Tone::Warn, "It was changed meanwhile", words))
        }
        Err(refusal) => {
            let errors = Errors::from_refusal(refusal, &[("Tier", "plan")])?;
            let notice = Notice::refused(errors.whole.as_deref());
            (Draft::refused(form, errors), notice)
        }
    };
    let page = page(&visit, &found, &draft, Some(notice)).await?;
    Ok(visit.show_refused(APPLICATIONS, "Subscription", &page))
}

pub(super) async fn confirm(visit: Visit, Path(id): Path<String>) -> Answer {
    let found = subscriptions::find(&visit.control, &visit.caller, &id).await?;
    Ok(visit.show(APPLICATIONS, "Unsubscribe", &ending(&visit, &found, None)))
}

fn ending(visit: &Visit, found: &Subscription, error: Option<String>) -> Confirm {
    let (name, api) = (&found.application.row.name, title(found));
    Confirm {
        csrf: visit.csrf.clone(),
        version: Some(Version(found.row.version)),
        action: format!("/devportal/subscriptions/{}/delete", found.row.id),
        back: list(found),
        question: format!("Unsubscribe {name} from {api}?"),
        effects: vec![format!(
            "Calls of {name} to {api} are refused at all gateways from the next request on."
        )],
        obstacle: None,
        verb: "Unsubscribe".to_owned(),
        typed: None,
        error,
    }
}

pub(super) async fn delete(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let found = subscriptions::find(&visit.control, &visit.caller, &id).await?;
    match subscriptions::delete(&visit.control, &visit.caller, &id, &form.expected()).await {
        Ok(()) => Ok(answer::see(&format!("{}?done=deleted", list(&found)))),
        Err(Refusal::OtherVersion) => {
            let words = format!("It was changed meanwhile: its plan is now {}.", found.row.plan);
            let page = ending(&visit, &found, Some(words));
            Ok(visit.show_refused(APPLICATIONS, "Unsubscribe", &page))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
