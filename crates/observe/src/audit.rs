//! Who did what: the audit, as it is read.

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::UnixTime;
pub use phantom_store::Action;
pub use phantom_store::AuditFilter;
use phantom_store::AuditRow;
pub use phantom_store::Entity;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Most lines given at once.
pub const MOST: u32 = 1000;
/// Most lines of an export.
pub const MOST_EXPORTED: usize = 10_000;

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditLine)]
pub struct Line {
    pub sequence: u64,
    /// Epoch milliseconds.
    pub at: u64,
    pub who: String,
    /// Where the request came from, where it was one.
    pub address: Option<String>,
    #[schema(value_type = String)]
    pub action: Action,
    #[schema(value_type = String)]
    pub entity: Entity,
    pub entity_id: String,
    /// The entity as it was, without secrets.
    pub before: Option<Value>,
    /// As it is since.
    pub after: Option<Value>,
}

/// Lines, the newest first.
#[derive(Clone, Debug)]
pub struct Lines {
    pub lines: Vec<Line>,
    /// There are older ones: below this number.
    pub below: Option<u64>,
}

/// The last lines that match, at most `limit` and [`MOST`] of them.
pub async fn list(control: &Control, filter: &AuditFilter, limit: u32) -> Outcome<Lines> {
    check(filter)?;
    let limit = limit.min(MOST);
    let rows = control.store().audit_matching(filter, limit + 1).await?;
    let mut lines: Vec<Line> = rows.into_iter().map(Line::of).collect();
    let has_more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let below = lines.last().filter(|_| has_more).map(|line| line.sequence);
    Ok(Lines { lines, below })
}

/// The last lines that match as JSON, each with a line of its own, at most [`MOST_EXPORTED`].
pub async fn export(control: &Control, filter: &AuditFilter) -> Outcome<String> {
    let (mut text, mut written) = (String::new(), 0);
    let mut filter = filter.clone();
    while written < MOST_EXPORTED {
        let page = list(control, &filter, MOST).await?;
        written += page.lines.len();
        for line in &page.lines {
            let line = serde_json::to_string(line);
            text.push_str(&line.map_err(Refusal::because("the audit cannot be written"))?);
            text.push('\n');
        }
        match page.below {
            Some(below) => filter.below = Some(below),
            None => break,
        }
    }
    Ok(text)
}

fn check(filter: &AuditFilter) -> Outcome<()> {
    text::optional("who", filter.who.as_deref(), 255)?;
    text::optional("entityId", filter.entity_id.as_deref(), 255)
}

impl Line {
    fn of(row: AuditRow) -> Self {
        Self {
            sequence: row.sequence,
            at: row.at.as_millis(),
            who: row.who,
            address: row.address.map(|address| address.to_string()),
            action: row.action,
            entity: row.entity,
            entity_id: row.entity_id,
            before: row.before,
            after: row.after,
        }
    }

    #[must_use]
    pub const fn time(&self) -> UnixTime {
        UnixTime::from_millis(self.at)
    }

    /// What people call the entity, if it says.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let known = self.after.as_ref().or(self.before.as_ref())?;
        let text = |pointer: &str| known.pointer(pointer).and_then(Value::as_str);
        match (text("/name"), text("/document/startingIp")) {
            (Some(name), _) if self.entity == Entity::Api => {
                Some([name, text("/version").unwrap_or_default()].join(" "))
            }
            (Some(name), _) => Some(name.to_owned()),
            (None, Some(first)) => {
                Some([first, text("/document/endingIp").unwrap_or_default()].join(" to "))
            }
            // Of a deny policy whom it denies, of a mapped key the key.
            (None, None) => {
                let other = text("/document").or_else(|| text("/document/fixedIp"));
                other.or_else(|| text("/consumer_key")).map(str::to_owned)
            }
        }
    }
}
