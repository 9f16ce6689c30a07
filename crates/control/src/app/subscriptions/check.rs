//! What speaks against a subscription.

use http::StatusCode;
use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::PlanLevel;
use phantom_store::SubscriptionRow;
use phantom_store::SubscriptionState;
use phantom_store::Write;

use super::permissions::Permissions;
use super::visible;
use crate::app::apis::document::ApiDocument;
use crate::app::apis::document::SecurityScheme;
use crate::app::plans::SUBSCRIPTIONLESS;
use crate::caller::Caller;
use crate::problem::Outcome;
use crate::problem::Problem;

pub(super) fn state(api: &ApiRow) -> Outcome<()> {
    if visible::STATES.contains(&api.state) {
        return Ok(());
    }
    let state = api.state.as_str();
    let description =
        format!("Subscriptions not allowed on APIs/API Products in the state: {state}");
    Err(Problem::new(StatusCode::NOT_FOUND, "Not Found", description))
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
    Err(Problem::forbidden(description))
}

/// The plan has to be one of the API's, and open to the caller.
pub(super) async fn plan(
    write: &mut Write,
    caller: &Caller,
    document: &ApiDocument,
    name: &str,
) -> Outcome<()> {
    if name == SUBSCRIPTIONLESS {
        let message = "Subscriptionless plan cannot be subscribed to";
        let description = format!("The plan {name} is for APIs without subscriptions.");
        return Err(Problem::coded(StatusCode::BAD_REQUEST, 902_019, message, description));
    }
    let is_offered = document.policies.iter().any(|offered| offered == name);
    let row = write.plan_by_name(PlanLevel::Subscription, name).await?;
    match row {
        Some(row) if is_offered && Permissions::admit(&row.document, caller)? => Ok(()),
        _ => {
            let message = "Subscription tier not allowed";
            let description = format!("Tier {name} is not allowed for the API or the user");
            Err(Problem::coded(StatusCode::FORBIDDEN, 902_002, message, description))
        }
    }
}

/// There is one already.
pub(super) fn exists(row: &SubscriptionRow, api: &ApiRow, application: &ApplicationRow) -> Problem {
    let (api, version, application) = (&api.name, &api.version_name, &application.name);
    if matches!(row.status, SubscriptionState::Blocked | SubscriptionState::ProdOnlyBlocked) {
        return Problem::forbidden(format!(
            "Subscription to API {api}:{version} through the application {application} was blocked"
        ));
    }
    Problem::exists(format!(
        "Specified subscription already exists for API {api}-{version}, for application \
         {application}"
    ))
}
