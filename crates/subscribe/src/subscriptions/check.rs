//! What speaks against a subscription.

use phantom_access::caller::Caller;
use phantom_manage::apis::document::ApiDocument;
use phantom_manage::apis::document::SecurityScheme;
use phantom_manage::permissions::Permissions;
use phantom_manage::plans::SUBSCRIPTIONLESS;
use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::PlanLevel;
use phantom_store::SubscriptionRow;
use phantom_store::SubscriptionState;
use phantom_store::Write;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;

use super::visible;

pub(super) fn state(api: &ApiRow) -> Outcome<()> {
    if visible::STATES.contains(&api.state) {
        return Ok(());
    }
    Err(Refusal::NotSubscribable(api.state))
}

/// A subscription is found by the token's or the key's client: without either there is none.
pub(super) fn security(document: &ApiDocument) -> Outcome<()> {
    let names_client =
        |scheme: &SecurityScheme| matches!(scheme, SecurityScheme::OAuth2 | SecurityScheme::ApiKey);
    if document.security_scheme.iter().any(names_client) {
        return Ok(());
    }
    let description = "Subscription is not allowed for this API: it takes neither OAuth2 nor API \
                       keys.";
    Err(Refusal::forbidden(description))
}

/// The plan has to be one of the API's, and open to the caller.
pub(super) async fn plan(
    write: &mut Write,
    caller: &Caller,
    document: &ApiDocument,
    name: &str,
) -> Outcome<()> {
    if name == SUBSCRIPTIONLESS {
        return Err(Refusal::SubscriptionlessPlan(name.to_owned()));
    }
    let is_offered = document.policies.iter().any(|offered| offered == name);
    let row = write.plan_by_name(PlanLevel::Subscription, name).await?;
    match row {
        Some(row) if is_offered && Permissions::admit(&row.document, caller)? => Ok(()),
        _ => Err(Refusal::PlanNotAllowed(name.to_owned())),
    }
}

/// There is one already.
pub(super) fn exists(row: &SubscriptionRow, api: &ApiRow, application: &ApplicationRow) -> Refusal {
    let (api, version, application) = (&api.name, &api.version_name, &application.name);
    if matches!(row.status, SubscriptionState::Blocked | SubscriptionState::ProdOnlyBlocked) {
        return Refusal::forbidden(format!(
            "Subscription to API {api}:{version} through the application {application} was blocked"
        ));
    }
    Refusal::exists(format!(
        "Specified subscription already exists for API {api}-{version}, for application \
         {application}"
    ))
}
