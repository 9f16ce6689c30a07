//! The last decisions of all gateways: the newest first, from short reports of the last minutes and, of
//! refusals alone, from longer ones of the day.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashSet;

use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_core::DenyReason;
use phantom_core::UnixTime;
use phantom_core::traffic::Consulted;
use phantom_core::traffic::Decided;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::wanted;
use crate::gateways::Span;

/// Rows that are read at most, of each length.
const MOST_ROWS: u32 = 2_000;
/// Found at most.
const MOST: usize = 250;

/// One decision. Never a token, a subject, a query or a claim.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionInfo {
    /// In milliseconds since 1970.
    #[schema(value_type = u64)]
    pub time: UnixTime,
    /// As backend, client and access log are told it.
    pub request_id: String,
    pub gateway_id: String,
    pub method: String,
    /// Without query, its beginning.
    pub path: String,
    /// Name and version of the API, or the route.
    pub api: String,
    pub api_id: Option<String>,
    pub application_id: Option<String>,
    /// `null`: it was not found out, or there is none any more.
    pub application: Option<String>,
    pub key_manager: Option<String>,
    /// That the client was told; zero where nothing could be told.
    pub status: u16,
    /// Why it was refused.
    pub reason: Option<String>,
    /// The same as a sentence.
    pub reason_text: Option<String>,
    /// What else went wrong.
    pub error: Option<String>,
    pub millis: f64,
    /// Where the statement came from, or was looked for: `cache`, `shared`, `asked`.
    pub consulted: Option<String>,
}

/// Which are asked for; empty: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionsWanted {
    pub refused_only: bool,
    /// Id, or name and version.
    pub api: String,
    pub application: Option<Uuid>,
    /// `401`, or `4` for all of a class.
    pub status: Option<u16>,
    pub request_id: String,
}

impl DecisionsWanted {
    /// Of questions as they come.
    pub fn parse(
        refused_only: bool,
        api: &str,
        application: &str,
        status: &str,
        request_id: &str,
    ) -> Outcome<Self> {
        let application = match application {
            "" => None,
            id => Some(
                Uuid::try_parse(id).map_err(|_| Refusal::invalid("application: no id of one"))?,
            ),
        };
        let status = match status.trim_end_matches("xx") {
            "" => None,
            text => match text.parse() {
                Ok(status @ (0..=5 | 100..=999)) => Some(status),
                _ => {
                    return Err(Refusal::invalid(
                        "status: a number such as 401, or a class such as 4xx",
                    ));
                }
            },
        };
        let (api, request_id) = (api.trim().to_owned(), request_id.trim().to_owned());
        Ok(Self { refused_only, api, application, status, request_id })
    }

    fn takes(&self, one: &Decided) -> bool {
        let id = |id| wanted::key(Some(id), "");
        let is_of_api =
            || one.api == self.api || one.api_id.is_some_and(|known| id(known) == self.api);
        let application =
            |wanted: Uuid| one.application.is_some_and(|known| known.as_u128() == wanted.as_u128());
        let status = |wanted: u16| match wanted {
            1..=5 => one.status / 100 == wanted,
            wanted => one.status == wanted,
        };
        (!self.refused_only || one.failed())
            && (self.api.is_empty() || is_of_api())
            && self.application.is_none_or(application)
            && self.status.is_none_or(status)
            && (self.request_id.is_empty() || one.id == self.request_id)
    }
}

/// At most 250 that match, the newest first.
pub async fn decisions(control: &Control, wanted: &DecisionsWanted) -> Outcome<Vec<DecisionInfo>> {
    let now = control.now();
    let mut until = now.plus(Span::FINEST.length());
    let mut known = HashSet::new();
    let mut found: Vec<(Uuid, Decided)> = Vec::new();
    for span in Span::ALL {
        // Those of a longer span that began within the shorter ones are known from these.
        let since = now.minus(span.kept());
        let reader = control.store();
        let rows = reader.reported_decisions(span.seconds, since, until, MOST_ROWS).await?;
        until = since;
        for row in rows {
            let decided: Vec<Decided> = serde_json::from_str(&row.decisions)
                .map_err(|_| Refusal::internal("reported decisions cannot be read"))?;
            let wanted = decided.into_iter().filter(|one| wanted.takes(one));
            // Spans overlap at their ends.
            let fresh =
                wanted.filter(|one| known.insert((one.at, one.id.clone(), one.path.clone())));
            found.extend(fresh.map(|one| (row.gateway, one)));
        }
        if found.len() >= MOST {
            break;
        }
    }
    found.sort_by_key(|(_, one)| std::cmp::Reverse(one.at));
    found.truncate(MOST);
    let ids = found.iter().filter_map(|(_, one)| one.application);
    let ids = ids.map(|id| Uuid::from_u128(id.as_u128())).collect();
    let names = applications(control, ids).await?;
    Ok(found.into_iter().map(|(gateway, one)| view(gateway, one, &names)).collect())
}

fn view(gateway: Uuid, one: Decided, names: &BTreeMap<String, String>) -> DecisionInfo {
    let application_id = one.application.map(|id| wanted::key(Some(id), ""));
    let known = one.reason.as_deref().and_then(DenyReason::from_name);
    DecisionInfo {
        time: one.at,
        request_id: one.id,
        gateway_id: gateway.to_string(),
        method: one.method,
        path: one.path,
        api: one.api,
        api_id: one.api_id.map(|id| wanted::key(Some(id), "")),
        application: application_id.as_ref().and_then(|id| names.get(id).cloned()),
        application_id,
        key_manager: one.key_manager,
        status: one.status,
        reason_text: known.map(|known| known.to_string()),
        reason: one.reason,
        error: one.error,
        millis: one.micros as f64 / 1000.0,
        consulted: one.consulted.map(|consulted| {
            match consulted {
                Consulted::Cache => "cache",
                Consulted::Shared => "shared",
                Consulted::Asked => "asked",
            }
            .to_owned()
        }),
    }
}

/// Names of applications that there still are, by id.
pub(super) async fn applications(
    control: &Control,
    ids: BTreeSet<Uuid>,
) -> Outcome<BTreeMap<String, String>> {
    let ids: Vec<Uuid> = ids.into_iter().take(MOST).collect();
    let labels = control.store().application_labels(&ids).await?;
    Ok(labels.into_iter().map(|label| (label.id.to_string(), label.name)).collect())
}
