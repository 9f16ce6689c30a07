//! Who did what: the audit, as it is read.

use std::collections::BTreeSet;
use std::collections::HashMap;

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::UnixTime;
pub use phantom_store::Action;
pub use phantom_store::AuditFilter;
use phantom_store::AuditRow;
pub use phantom_store::Entity;
use phantom_store::RevocationKind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

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
    /// What people call the entity, where anything says it.
    pub name: Option<String>,
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
    let has_more = rows.len() > limit as usize;
    let rows: Vec<AuditRow> = rows.into_iter().take(limit as usize).collect();
    let called = Called::by(control, &rows).await?;
    let lines: Vec<Line> = rows.into_iter().map(|row| Line::of(row, &called)).collect();
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
    fn of(row: AuditRow, called: &Called) -> Self {
        Self {
            name: name(&row, called),
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

    /// The entity in a list: by its name, or by its id where it has none.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.entity_id)
    }
}

/// What the ids in lines of an audit are called, of those that there still are.
#[derive(Debug, Default)]
struct Called(HashMap<Uuid, String>);

impl Called {
    async fn by(control: &Control, rows: &[AuditRow]) -> Outcome<Self> {
        let (mut apis, mut applications) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            match row.entity {
                Entity::Deployment => apis.extend(Uuid::try_parse(&row.entity_id).ok()),
                Entity::Revision | Entity::Subscription => {
                    apis.extend(id(row, "/api"));
                    applications.extend(id(row, "/application"));
                }
                _ => {}
            }
        }
        let [asked_apis, asked_applications] = [apis, applications].map(Vec::from_iter);
        let reader = control.store();
        let apis = reader.api_labels(&asked_apis).await?.into_iter();
        let apis = apis.map(|api| (api.id, format!("{} {}", api.name, api.version_name)));
        let applications = reader.application_labels(&asked_applications).await?.into_iter();
        let applications = applications.map(|application| (application.id, application.name));
        let mut called = Self(apis.chain(applications).collect());
        // Of what is gone the audit itself knows the name.
        for (entity, ids) in [(Entity::Api, asked_apis), (Entity::Application, asked_applications)]
        {
            for id in ids.into_iter().filter(|id| !called.0.contains_key(id)).collect::<Vec<_>>() {
                let last = control.store().audit_of(entity, &id.to_string(), 1).await?;
                if let Some(name) = last.first().and_then(|row| name(row, &Self::default())) {
                    called.0.insert(id, format!("{name} (deleted)"));
                }
            }
        }
        Ok(called)
    }

    fn of(&self, id: Option<Uuid>) -> Option<&str> {
        self.0.get(&id?).map(String::as_str)
    }
}

fn text<'r>(row: &'r AuditRow, pointer: &str) -> Option<&'r str> {
    row.after.as_ref().or(row.before.as_ref())?.pointer(pointer)?.as_str()
}

fn id(row: &AuditRow, pointer: &str) -> Option<Uuid> {
    Uuid::try_parse(text(row, pointer)?).ok()
}

fn name(row: &AuditRow, called: &Called) -> Option<String> {
    let text = |pointer| text(row, pointer);
    let called = |id| called.of(id);
    let known = row.after.as_ref().or(row.before.as_ref())?;
    match row.entity {
        Entity::Api => Some([text("/name")?, text("/version").unwrap_or_default()].join(" ")),
        Entity::Revision => {
            Some(format!("{}, revision {}", called(id(row, "/api"))?, known.get("number")?))
        }
        Entity::Deployment => {
            let api = called(Uuid::try_parse(&row.entity_id).ok())?;
            Some(format!("{api} in {}", text("/environment")?))
        }
        Entity::Subscription => {
            let application = called(id(row, "/application"))?;
            Some(format!("{application} to {}", called(id(row, "/api"))?))
        }
        Entity::Revocation => {
            Some(match (RevocationKind::from_name(text("/kind")?)?, text("/value")?) {
                (RevocationKind::ConsumerKey, key) => {
                    format!("All tokens of the consumer key {key}")
                }
                (RevocationKind::Subject, subject) => {
                    format!("All tokens of the subject {subject}")
                }
                (RevocationKind::TokenId, id) => format!("The token {id}"),
                (RevocationKind::Token, _) => "A token of another server".to_owned(),
            })
        }
        Entity::KeyMapping => text("/consumer_key").map(str::to_owned),
        Entity::DenyPolicy => {
            let value = match text("/document/startingIp") {
                Some(first) => [first, text("/document/endingIp").unwrap_or_default()].join(" to "),
                None => text("/document").or_else(|| text("/document/fixedIp"))?.to_owned(),
            };
            let is_inverted = known.pointer("/document/invert").and_then(Value::as_bool);
            Some(if is_inverted == Some(true) { format!("all but {value}") } else { value })
        }
        _ => text("/name").map(str::to_owned),
    }
}
