//! Plans of all levels, by type and name.

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::search::Wanted;
use serde::Serialize;
use utoipa::ToSchema;

use super::policy::Terms;

/// A plan of any level. WSO2's number of the row is null here.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ThrottlePolicyDetails)]
pub struct PlanDetails {
    pub policy_id: Option<i64>,
    pub uuid: String,
    pub policy_name: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub is_deployed: bool,
    /// `app`, `sub`, `api` or `global`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// Terms are separated by blanks: `type:app`, `name:gold`, or part of a name.
pub async fn search(control: &Control, query: &str) -> Outcome<Vec<PlanDetails>> {
    let wanted = Asked::parse(query)?;
    let rows = control.store().plans().await?;
    rows.into_iter().filter(|row| wanted.takes(row)).map(details).collect()
}

#[derive(Debug, Default)]
struct Asked {
    level: Option<PlanLevel>,
    /// Each has to fit the name.
    names: Vec<Wanted>,
}

impl Asked {
    fn parse(query: &str) -> Outcome<Self> {
        let mut wanted = Self::default();
        for term in query.split_whitespace() {
            match term.split_once(':') {
                None => wanted.names.push(Wanted::unquoted(term)),
                Some(("name", name)) if !name.is_empty() => {
                    wanted.names.push(Wanted::unquoted(name.trim_matches('"')));
                }
                Some(("type", "all")) => wanted.level = None,
                Some(("type", kind)) => {
                    let level = LEVELS.iter().find(|(name, _)| *name == kind);
                    let refused =
                        || Refusal::invalid("query: type is all, app, sub, api or global");
                    wanted.level = Some(level.ok_or_else(refused)?.1);
                }
                Some(_) => {
                    return Err(Refusal::invalid("query: only type: and name: are known"));
                }
            }
        }
        Ok(wanted)
    }

    fn takes(&self, row: &PlanRow) -> bool {
        let name = row.name.to_lowercase();
        self.level.is_none_or(|level| row.level == level)
            && self.names.iter().all(|wanted| wanted.matches(&name))
    }
}

const LEVELS: [(&str, PlanLevel); 4] = [
    ("app", PlanLevel::Application),
    ("sub", PlanLevel::Subscription),
    ("api", PlanLevel::Advanced),
    ("global", PlanLevel::Custom),
];

fn details(row: PlanRow) -> Outcome<PlanDetails> {
    let terms = Terms::of(&row)?;
    let kind = LEVELS.iter().find(|(_, level)| *level == row.level).map_or("", |(name, _)| *name);
    Ok(PlanDetails {
        policy_id: None,
        uuid: row.id.to_string(),
        display_name: terms.display_name.map(String::from),
        description: terms.description.map(String::from),
        is_deployed: true,
        kind,
        policy_name: row.name,
    })
}
