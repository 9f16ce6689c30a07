//! Applications with their keys and subscriptions, put together from three tables.

use std::borrow::Cow;

use uuid::Uuid;

use crate::columns::Columns;
use crate::columns::Record;
use crate::entity::key_mapping::MappedKeyType;
use crate::entity::subscription::SubscriptionState;
use crate::error::StoreError;
use crate::session::Session;
use crate::value::values;

/// What a gateway knows of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationUnit {
    /// The application's.
    pub id: Uuid,
    /// Unique for its owner, case aside.
    pub name: String,
    /// User name of the subscriber.
    pub owner: String,
    /// The name of an application plan.
    pub plan: String,
    /// In no order.
    pub keys: Vec<UnitKey>,
    /// In no order.
    pub subscriptions: Vec<UnitSubscription>,
}

/// A consumer key of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitKey {
    /// The key manager where the client is registered.
    pub key_manager: Uuid,
    /// Its `client_id` there; case matters.
    pub consumer_key: String,
    /// The endpoint that it leads to.
    pub key_type: MappedKeyType,
}

/// A subscription of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSubscription {
    /// Not every environment serves it.
    pub api: Uuid,
    /// The name of a subscription plan.
    pub plan: String,
    /// Blocked ones are here too.
    pub status: SubscriptionState,
}

/// All of them, in the order of their ids; table by table in chunks, which bounds what is in memory
/// twice.
pub(super) async fn all(session: &mut Session) -> Result<Vec<ApplicationUnit>, StoreError> {
    const CHUNK: usize = 4096;
    let mut units = Vec::new();
    // Before every UUID in text order.
    let mut after = String::new();
    loop {
        let rest = "WHERE id > $1 ORDER BY id LIMIT 4096";
        let mut chunk: Vec<ApplicationUnit> = session.ask(rest, values![&after]).await?;
        let Some(last) = chunk.last().map(|unit| unit.id.to_string()) else { return Ok(units) };
        let rest = "WHERE application > $1 AND application <= $2 ORDER BY application";
        let keys = session.ask(rest, values![&after, &last]).await?;
        hand_out(&mut chunk, keys, |unit| &mut unit.keys);
        let subscriptions = session.ask(rest, values![&after, &last]).await?;
        hand_out(&mut chunk, subscriptions, |unit| &mut unit.subscriptions);
        let complete = chunk.len() < CHUNK;
        units.append(&mut chunk);
        if complete {
            return Ok(units);
        }
        after = last;
    }
}

pub(super) async fn one(
    session: &mut Session,
    id: Uuid,
) -> Result<Option<ApplicationUnit>, StoreError> {
    let unit: Option<ApplicationUnit> = session.ask("WHERE id = $1", values![id]).await?;
    let Some(mut unit) = unit else { return Ok(None) };
    let keys: Vec<Of<UnitKey>> = session.ask("WHERE application = $1", values![id]).await?;
    unit.keys = keys.into_iter().map(|of| of.part).collect();
    let subscriptions: Vec<Of<UnitSubscription>> =
        session.ask("WHERE application = $1", values![id]).await?;
    unit.subscriptions = subscriptions.into_iter().map(|of| of.part).collect();
    Ok(Some(unit))
}

/// A part and the application it is of.
struct Of<T> {
    application: Uuid,
    part: T,
}

/// Both in the order of the application's id.
fn hand_out<T>(
    units: &mut [ApplicationUnit],
    parts: Vec<Of<T>>,
    place: impl Fn(&mut ApplicationUnit) -> &mut Vec<T>,
) {
    let mut parts = parts.into_iter().peekable();
    for unit in units {
        while let Some(of) = parts.next_if(|of| of.application == unit.id) {
            place(unit).push(of.part);
        }
    }
}

impl Record for ApplicationUnit {
    const FROM: &'static str = "applications";

    fn columns() -> Cow<'static, str> {
        "id, name, owner, plan".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            owner: row.get("owner")?,
            plan: row.get("plan")?,
            keys: Vec::new(),
            subscriptions: Vec::new(),
        })
    }
}

impl Record for Of<UnitKey> {
    const FROM: &'static str = "key_mappings";

    fn columns() -> Cow<'static, str> {
        "application, key_manager, consumer_key, key_type".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let part = UnitKey {
            key_manager: row.get("key_manager")?,
            consumer_key: row.get("consumer_key")?,
            key_type: row.get("key_type")?,
        };
        Ok(Self { application: row.get("application")?, part })
    }
}

impl Record for Of<UnitSubscription> {
    const FROM: &'static str = "subscriptions";

    fn columns() -> Cow<'static, str> {
        "application, api, plan, status".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let part = UnitSubscription {
            api: row.get("api")?,
            plan: row.get("plan")?,
            status: row.get("status")?,
        };
        Ok(Self { application: row.get("application")?, part })
    }
}
