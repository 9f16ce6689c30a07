//! Which applications may call which APIs, under which plan.

use std::borrow::Cow;

use phantom_core::UnixTime;
use serde_json::Value as Json;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Audited;
use super::Entity;
use super::api::ApiRow;
use super::application::ApplicationRow;
use super::application::CountedApplication;
use super::names;
use super::next_version;
use crate::columns::Columns;
use crate::columns::Record;
use crate::columns::prefixed;
use crate::columns::table;
use crate::error::StoreError;
use crate::filter::Page;
use crate::read::reads;
use crate::session::Session;
use crate::sql::Listing;
use crate::value::values;
use crate::write::Write;

/// An application's leave to call an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// Made by the caller; never changes.
    pub id: Uuid,
    /// Never changes.
    pub application: Uuid,
    /// One subscription of an application to each.
    pub api: Uuid,
    /// The name of the subscription plan in force.
    pub plan: String,
    /// The name of the one that the subscriber asked for.
    pub requested_plan: String,
    /// Set by the API's owner.
    pub status: SubscriptionState,
    /// Rises with every update.
    pub version: i64,
    /// Given with the insert; never changes.
    pub created_at: UnixTime,
    /// The time of the last update.
    pub updated_at: UnixTime,
}

table! {
    SubscriptionRow in "subscriptions" by id:
    plan, requested_plan, status, version, updated_at;
    fixed: application, api, created_at
}

names! {
    /// What an API's owner lets a subscription do, by WSO2's names.
    #[derive(ToSchema)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    #[schema(as = publisher::SubscriptionState)]
    SubscriptionState {
        /// No call.
        Blocked = "BLOCKED",
        /// Calls with sandbox keys alone.
        ProdOnlyBlocked = "PROD_ONLY_BLOCKED",
        /// All calls.
        Unblocked = "UNBLOCKED",
        /// No call yet.
        OnHold = "ON_HOLD",
        /// No call, ever.
        Rejected = "REJECTED",
        /// All calls, under the plan in force.
        TierUpdatePending = "TIER_UPDATE_PENDING",
        /// All calls, until it is deleted.
        DeletePending = "DELETE_PENDING",
    }
}

/// A subscription with both of its ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscribed {
    /// The subscription itself.
    pub row: SubscriptionRow,
    /// The working copy.
    pub api: ApiRow,
    /// The application that is subscribed.
    pub application: CountedApplication,
}

impl Record for Subscribed {
    const FROM: &'static str =
        "subscriptions s JOIN apis a ON a.id = s.api JOIN applications p ON p.id = s.application";

    fn columns() -> Cow<'static, str> {
        format!(
            "{}, {}, {}, (SELECT COUNT(*) FROM subscriptions o WHERE o.application = p.id) \
             AS subscriptions",
            prefixed::<SubscriptionRow>("s"),
            prefixed::<ApiRow>("a"),
            prefixed::<ApplicationRow>("p"),
        )
        .into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            row: SubscriptionRow::read(&row.under("s_"))?,
            api: ApiRow::read(&row.under("a_"))?,
            application: CountedApplication {
                row: ApplicationRow::read(&row.under("p_"))?,
                subscriptions: row.get("subscriptions")?,
            },
        })
    }
}

reads! {
    /// One where there is any.
    fn any_subscription() -> u64 = "(SELECT 1 AS one FROM subscriptions LIMIT 1) AS some_subscription";
    /// The subscription with that id.
    fn subscription(id: Uuid) -> Option<SubscriptionRow> = "WHERE id = $1";
    /// The subscription with that id, with both of its ends.
    fn subscribed(id: Uuid) -> Option<Subscribed> = "WHERE s.id = $1";
    /// The application's subscription to the API.
    fn subscription_of(application: Uuid, api: Uuid) -> Option<SubscriptionRow>
        = "WHERE application = $1 AND api = $2";
    /// One page of the application's subscriptions, in the order of their ids.
    fn subscriptions_of_application(application: Uuid, limit: u64, offset: u64) -> Page<Subscribed>;
    /// One page of the subscriptions of an owner's applications to the API, in the order of the
    /// applications' names.
    fn subscriptions_of_owner(owner: &str, api: Uuid, limit: u64, offset: u64) -> Page<Subscribed>;
    /// One page of the subscriptions to the API, or to all of them, in the order of the APIs' names
    /// and then of their ids.
    fn subscriptions_of_api(api: Option<Uuid>, limit: u64, offset: u64) -> Page<Subscribed>;
    /// All of them, in the order of their ids.
    fn all_subscriptions() -> Vec<SubscriptionRow> = "ORDER BY id";
}

async fn subscriptions_of_application(
    session: &mut Session,
    application: Uuid,
    limit: u64,
    offset: u64,
) -> Result<Page<Subscribed>, StoreError> {
    let listing = listing("WHERE s.application = $1", "s.id");
    session.page(&listing, values![application], (limit, offset)).await
}

async fn subscriptions_of_owner(
    session: &mut Session,
    owner: &str,
    api: Uuid,
    limit: u64,
    offset: u64,
) -> Result<Page<Subscribed>, StoreError> {
    let listing = listing("WHERE s.api = $1 AND s.owner = $2", "s.application_key, s.id");
    session.page(&listing, values![api, owner], (limit, offset)).await
}

async fn subscriptions_of_api(
    session: &mut Session,
    api: Option<Uuid>,
    limit: u64,
    offset: u64,
) -> Result<Page<Subscribed>, StoreError> {
    match api {
        // In the order of an index that has both.
        Some(api) => {
            let listing = listing("WHERE s.api = $1", "s.id");
            session.page(&listing, values![api], (limit, offset)).await
        }
        None => {
            let of = "subscriptions s JOIN apis a ON a.id = s.api";
            let order = "a.name_key, a.provider, a.api_version, a.id, s.id";
            session.page(&Listing { of, ..listing("", order) }, &[], (limit, offset)).await
        }
    }
}

const fn listing(matching: &'static str, order: &'static str) -> Listing {
    Listing { of: "subscriptions s", id: "s.id", matching, order }
}

/// Writes beside subscriptions what they are listed by, and what is their application's.
macro_rules! listed_under {
    ($those:literal) => {
        concat!(
            "UPDATE subscriptions SET (owner, application_key) = \
             (SELECT a.owner, a.name_key FROM applications a WHERE a.id = subscriptions.application) \
             WHERE ",
            $those
        )
    };
}

impl Write {
    /// Kept as given, `version` too: 1 for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when the application or the API is gone, [`StoreError::Duplicate`] of
    /// `subscriptions.api`.
    pub async fn insert_subscription(&mut self, row: &SubscriptionRow) -> Result<(), StoreError> {
        self.insert(row).await?;
        self.session.execute(listed_under!("id = $1"), values![row.id]).await.map(drop)
    }

    /// An application has another name or owner: its subscriptions are listed by both.
    pub(super) async fn list_anew(&mut self, application: Uuid) -> Result<(), StoreError> {
        let update = listed_under!("application = $1");
        self.session.execute(update, values![application]).await.map(drop)
    }

    /// Plans and status; whose it is and to what stays. `row.version` is the one that was read.
    /// Gives back the row as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::VersionMismatch`].
    pub async fn update_subscription(
        &mut self,
        row: SubscriptionRow,
    ) -> Result<SubscriptionRow, StoreError> {
        let before = self.subscription(row.id).await?.ok_or(StoreError::Missing)?;
        let row = SubscriptionRow {
            application: before.application,
            api: before.api,
            version: next_version(before.version, row.version)?,
            created_at: before.created_at,
            updated_at: self.now,
            ..row
        };
        self.update(&before, &row).await?;
        Ok(row)
    }

    /// The application's calls are refused from then on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`].
    pub async fn delete_subscription(&mut self, id: Uuid) -> Result<(), StoreError> {
        let before = self.subscription(id).await?.ok_or(StoreError::Missing)?;
        self.delete(&before).await
    }
}

impl Audited for SubscriptionRow {
    const ENTITY: Entity = Entity::Subscription;

    fn audited(&self) -> Json {
        json!({
            "application": self.application, "api": self.api, "plan": self.plan,
            "requested_plan": self.requested_plan, "status": self.status.as_str(),
        })
    }

    /// Gateways see it as a part of its application.
    fn published(&self) -> Option<(Entity, String)> {
        Some((Entity::Application, self.application.to_string()))
    }
}
