//! Applications with their keys and subscriptions, put together from three tables.

use uuid::Uuid;

use crate::columns::Columns;
use crate::columns::Record;
use crate::entity::key_mapping::MappedKeyType;
use crate::error::StoreError;
use crate::session::Session;
use crate::value::values;

/// What a gateway knows of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationUnit {
    pub id: Uuid,
    pub name: String,
    pub owner: String,
    pub plan: String,
    pub keys: Vec<UnitKey>,
    pub subscriptions: Vec<UnitSubscription>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitKey {
    pub key_manager: Uuid,
    pub consumer_key: String,
    pub key_type: MappedKeyType,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitSubscription {
    pub api: Uuid,
    pub plan: String,
    pub status: String,
}

/// All of them, in the order of their ids; table by table in chunks, which bounds what is in memory
/// twice.
pub(super) async fn all(session: &mut Session) -> Result<Vec<ApplicationUnit>, StoreError> {
    const CHUNK: usize = 4096;
    let mut units = Vec::new();
    // Before every UUID in text order.
    let mut after = String::new();
    loop {
        let select = "SELECT id, name, owner, plan FROM applications WHERE id > $1 \
             ORDER BY id LIMIT 4096";
        let mut chunk: Vec<ApplicationUnit> = session.rows(select, values![&after]).await?;
        let Some(last) = chunk.last().map(|unit| unit.id.to_string()) else { return Ok(units) };
        let select = "SELECT application, key_manager, consumer_key, key_type FROM key_mappings \
             WHERE application > $1 AND application <= $2 ORDER BY application";
        let keys = session.rows(select, values![&after, &last]).await?;
        hand_out(&mut chunk, keys, |unit| &mut unit.keys);
        let select = "SELECT application, api, plan, status FROM subscriptions \
             WHERE application > $1 AND application <= $2 ORDER BY application";
        let subscriptions = session.rows(select, values![&after, &last]).await?;
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
    let select = "SELECT id, name, owner, plan FROM applications WHERE id = $1";
    let unit: Option<ApplicationUnit> = session.row(select, values![id]).await?;
    let Some(mut unit) = unit else { return Ok(None) };
    let select = "SELECT application, key_manager, consumer_key, key_type FROM key_mappings \
         WHERE application = $1";
    let keys: Vec<Of<UnitKey>> = session.rows(select, values![id]).await?;
    unit.keys = keys.into_iter().map(|of| of.part).collect();
    let select = "SELECT application, api, plan, status FROM subscriptions WHERE application = $1";
    let subscriptions: Vec<Of<UnitSubscription>> = session.rows(select, values![id]).await?;
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
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.uuid()?,
            name: columns.text()?,
            owner: columns.text()?,
            plan: columns.text()?,
            keys: Vec::new(),
            subscriptions: Vec::new(),
        })
    }
}

impl Record for Of<UnitKey> {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            application: columns.uuid()?,
            part: UnitKey {
                key_manager: columns.uuid()?,
                consumer_key: columns.text()?,
                key_type: columns.one_of(MappedKeyType::from_name)?,
            },
        })
    }
}

impl Record for Of<UnitSubscription> {
    fn read(columns: &mut Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            application: columns.uuid()?,
            part: UnitSubscription {
                api: columns.uuid()?,
                plan: columns.text()?,
                status: columns.text()?,
            },
        })
    }
}
