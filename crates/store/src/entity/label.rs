//! What people call rows of which somebody has the ids alone.

use std::borrow::Cow;

use uuid::Uuid;

use crate::columns::Columns;
use crate::columns::Record;
use crate::error::StoreError;
use crate::read::reads;
use crate::session::Session;
use crate::sql::Sql;
use crate::value::Value;

/// An API by its name and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiLabel {
    /// The API's.
    pub id: Uuid,
    /// As it was entered.
    pub name: String,
    /// As it was entered.
    pub version_name: String,
}

/// An application by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationLabel {
    /// The application's.
    pub id: Uuid,
    /// As it was entered.
    pub name: String,
}

impl Record for ApiLabel {
    const FROM: &'static str = "apis";

    fn columns() -> Cow<'static, str> {
        "id, name, api_version".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let (id, name) = (row.get("id")?, row.get("name")?);
        Ok(Self { id, name, version_name: row.get("api_version")? })
    }
}

impl Record for ApplicationLabel {
    const FROM: &'static str = "applications";

    fn columns() -> Cow<'static, str> {
        "id, name".into()
    }

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self { id: row.get("id")?, name: row.get("name")? })
    }
}

reads! {
    /// Those of the APIs that there still are.
    fn api_labels(ids: &[Uuid]) -> Vec<ApiLabel>;
    /// Those of the applications that there still are.
    fn application_labels(ids: &[Uuid]) -> Vec<ApplicationLabel>;
}

async fn api_labels(session: &mut Session, ids: &[Uuid]) -> Result<Vec<ApiLabel>, StoreError> {
    labels(session, ids).await
}

async fn application_labels(
    session: &mut Session,
    ids: &[Uuid],
) -> Result<Vec<ApplicationLabel>, StoreError> {
    labels(session, ids).await
}

/// A statement takes only so many values.
const MOST: usize = 1000;

async fn labels<T: Record>(session: &mut Session, ids: &[Uuid]) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    for some in ids.chunks(MOST) {
        let values: Vec<Value<'_>> = some.iter().map(|id| (*id).into()).collect();
        found.extend(session.rows(Sql::among::<T>("id", values.len()), &values).await?);
    }
    Ok(found)
}
