//! Subscriptions on the wire.

use phantom_subscribe::subscriptions::Subscription;
use phantom_subscribe::subscriptions::SubscriptionDraft;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rest::devportal::apis::ApiInfo;
use crate::rest::devportal::applications::ApplicationInfo;

/// What a client sends. Members that only we set are taken, as clients send back what they have
/// read, and change nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = devportal::SubscriptionRequest)]
pub struct SubscriptionRequest {
    application_id: String,
    /// Needed with POST.
    api_id: Option<String>,
    /// One of the API's plans.
    #[schema(min_length = 1, max_length = 255)]
    throttling_policy: String,
    /// With PUT the plan to change to, where `throttlingPolicy` is the one there is.
    #[schema(max_length = 255)]
    requested_throttling_policy: Option<String>,
    /// Needed with PUT, where it changes nothing: blocking is the publisher's.
    status: Option<SubscriptionStatus>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = devportal::SubscriptionStatus)]
pub enum SubscriptionStatus {
    Blocked,
    ProdOnlyBlocked,
    Unblocked,
    OnHold,
    Rejected,
    TierUpdatePending,
    DeletePending,
}

/// A subscription, in the order in which WSO2 writes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::Subscription)]
pub struct SubscriptionResponse {
    subscription_id: Uuid,
    application_id: Uuid,
    api_id: Uuid,
    api_info: ApiInfo,
    application_info: ApplicationInfo,
    throttling_policy: String,
    requested_throttling_policy: String,
    #[schema(value_type = SubscriptionStatus)]
    status: String,
    redirection_params: Option<String>,
}

impl SubscriptionRequest {
    pub fn draft(self) -> Outcome<SubscriptionDraft> {
        text::length("throttlingPolicy", &self.throttling_policy, 1, 255)?;
        let requested = self.requested_throttling_policy.filter(|plan| !plan.is_empty());
        text::optional("requestedThrottlingPolicy", requested.as_deref(), 255)?;
        Ok(SubscriptionDraft {
            application: self.application_id,
            api: self.api_id.filter(|api| !api.is_empty()),
            plan: self.throttling_policy,
            requested_plan: requested,
        })
    }

    pub fn require_status(&self) -> Outcome<()> {
        match self.status {
            Some(_) => Ok(()),
            None => Err(Refusal::invalid("status: must not be null")),
        }
    }
}

impl From<Subscription> for SubscriptionResponse {
    fn from(subscription: Subscription) -> Self {
        let Subscription { row, api, application } = subscription;
        Self {
            subscription_id: row.id,
            application_id: row.application,
            api_id: row.api,
            api_info: ApiInfo::from(api),
            application_info: application.into(),
            throttling_policy: row.plan,
            requested_throttling_policy: row.requested_plan,
            status: row.status.as_str().to_owned(),
            redirection_params: None,
        }
    }
}
