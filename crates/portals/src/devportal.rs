//! Devportal: a subscriber's applications, their keys and subscriptions, and the APIs on offer.

mod api;
mod apis;
mod application;
mod applications;
mod key;
mod keys;
mod subscription;
mod subscriptions;
mod try_it;
mod usage;

use axum::routing::get;
use axum::routing::post;
use phantom_access::rights::devportal as rights;
use phantom_manage::plans::Summary;
use phantom_manage::plans::UNLIMITED;
use phantom_pages::answer;
use phantom_pages::guard::Pages;
use phantom_pages::guard::SIGNED_IN;
use phantom_pages::shell::Place;
use phantom_pages::visit::Visit;
use phantom_pages::words;

const APPLICATIONS: Place = Place::Devportal("/devportal/applications");

pub(crate) fn pages(pages: Pages) -> Pages {
    let first = |visit: Visit| async move {
        answer::see(match visit.may(rights::EXPORTERS_TOO) {
            true => "/devportal/applications",
            false => "/devportal/apis",
        })
    };
    let application = "/devportal/applications/{id}";
    let at = |path: &str| format!("{application}{path}");
    let (key, own) = (at("/keys/{key}"), rights::APPLICATIONS);
    pages
        .page(SIGNED_IN, "/devportal", get(first))
        .page(rights::EXPORTERS_TOO, "/devportal/applications", get(applications::list))
        .page(own, "/devportal/applications/new", get(applications::new).post(applications::create))
        .page(own, application, get(application::read))
        .page(own, &at("/edit"), get(application::edit).post(application::update))
        .page(
            rights::EXPORTERS_TOO,
            &at("/delete"),
            get(application::confirm).post(application::delete),
        )
        .page(own, &at("/usage"), get(usage::read))
        .page(own, &at("/keys"), get(keys::list))
        .page(own, &at("/keys/new"), get(keys::new).post(keys::create))
        .page(own, &key, get(key::read).post(key::update))
        .page(own, &format!("{key}/secret"), get(key::again).post(key::secret))
        .page(own, &format!("{key}/token"), get(key::again).post(key::token))
        .page(
            own,
            &format!("{key}/regenerate"),
            get(key::confirm_regeneration).post(key::regenerate),
        )
        .page(own, &format!("{key}/delete"), get(key::confirm).post(key::delete))
        .page(SIGNED_IN, "/devportal/apis", get(apis::list))
        .page(SIGNED_IN, "/devportal/apis/{id}", get(api::read))
        .page(SIGNED_IN, "/devportal/apis/{id}/samples", get(api::samples))
        .page(SIGNED_IN, "/devportal/apis/{id}/definition", get(api::definition))
        .page(SIGNED_IN, "/devportal/apis/{id}/try", get(try_it::page))
        .page(SIGNED_IN, "/devportal/apis/{id}/try/frame", get(try_it::frame))
        .page(SIGNED_IN, "/devportal/apis/{id}/try/definition", get(try_it::definition))
        .page(SIGNED_IN, "/devportal/apis/{id}/try/call", post(try_it::call))
        .page(SIGNED_IN, "/devportal/swagger-ui/{file}", get(try_it::asset))
        .page(rights::SUBSCRIPTIONS, &at("/subscriptions"), get(subscriptions::list))
        .page(
            rights::SUBSCRIPTIONS,
            "/devportal/subscriptions/new",
            get(subscriptions::new).post(subscriptions::create),
        )
        .page(
            rights::SUBSCRIPTIONS,
            "/devportal/subscriptions/{id}",
            get(subscription::read).post(subscription::update),
        )
        .page(
            rights::SUBSCRIPTIONS,
            "/devportal/subscriptions/{id}/delete",
            get(subscription::confirm).post(subscription::delete),
        )
}

/// What a plan allows: `5,000 requests a minute, and at most 10 a second`.
fn allowance(plan: &Summary) -> String {
    let burst = plan.burst.as_ref().map(|(count, unit)| (*count, unit.as_str()));
    words::with_burst(limit(plan), burst)
}

fn limit(plan: &Summary) -> String {
    let Some(unit) = plan.time_unit.as_deref().filter(|_| plan.amount != UNLIMITED) else {
        return "no limit".to_owned();
    };
    let amount = u64::try_from(plan.amount).unwrap_or_default();
    let amount = match plan.data_unit.as_deref().filter(|_| plan.is_volume) {
        Some(data) => format!("{} {data}", words::count(amount)),
        None if plan.counts_events => words::several(amount, "event", "events"),
        None => words::several(amount, "request", "requests"),
    };
    format!("{amount} {}", words::each(plan.unit_time, unit))
}

/// A plan with what it allows, for choosing.
fn offer(plan: &Summary) -> (String, String) {
    (plan.name.clone(), format!("{} ({})", plan.name, allowance(plan)))
}

/// As fields want them.
fn borrowed(choices: &[(String, String)]) -> Vec<(&str, &str)> {
    choices.iter().map(|(value, words)| (value.as_str(), words.as_str())).collect()
}
