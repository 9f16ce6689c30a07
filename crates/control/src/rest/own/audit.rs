//! `/audit`.

use phantom_core::UnixTime;
use phantom_observe::audit;
use phantom_observe::audit::Action;
use phantom_observe::audit::AuditFilter;
use phantom_observe::audit::Entity;
use phantom_observe::audit::Line;
use phantom_rest::prelude::*;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::ToSchema;

/// Which lines are wanted. All that is given has to fit.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct AuditQuery {
    /// The user's name.
    #[param(max_length = 255)]
    who: Option<String>,
    /// `KEY_MANAGER`, `API`, `USER` and so on.
    entity: Option<String>,
    #[param(max_length = 255)]
    entity_id: Option<String>,
    /// `CREATE`, `UPDATE` or `DELETE`.
    action: Option<String>,
    /// Epoch milliseconds, included.
    from: Option<u64>,
    /// Epoch milliseconds, not included.
    until: Option<u64>,
    /// Lines with a lower number: the `below` of the page before.
    below: Option<u64>,
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// Lines, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditLines {
    count: usize,
    list: Vec<Line>,
    /// There are older lines: below this number.
    below: Option<u64>,
}

/// Read who did what
#[utoipa::path(
    get,
    path = "/audit",
    operation_id = "readAudit",
    tag = "Phantom Gateway",
    params(AuditQuery),
    responses((status = 200, description = "The last that fit", body = AuditLines), ListErrors)
)]
pub async fn list(
    State(control): State<Arc<Control>>,
    QueryOf(query): QueryOf<AuditQuery>,
) -> Answer<Json<AuditLines>> {
    let limit = query.limit.unwrap_or(100);
    if !(1..=audit::MOST).contains(&limit) {
        return Err(
            Refusal::invalid(format!("limit: must be between 1 and {}", audit::MOST)).into()
        );
    }
    let found = audit::list(&control, &query.filter()?, limit).await?;
    Ok(Json(AuditLines { count: found.lines.len(), list: found.lines, below: found.below }))
}

impl AuditQuery {
    fn filter(self) -> Answer<AuditFilter> {
        let unknown = |member: &'static str| Refusal::invalid(format!("{member}: is not known"));
        let entity = self.entity.map(|name| Entity::from_name(&name).ok_or(unknown("entity")));
        let action = self.action.map(|name| Action::from_name(&name).ok_or(unknown("action")));
        Ok(AuditFilter {
            who: self.who,
            entity: entity.transpose()?,
            entity_id: self.entity_id,
            action: action.transpose()?,
            from: self.from.map(UnixTime::from_millis),
            until: self.until.map(UnixTime::from_millis),
            below: self.below,
        })
    }
}
