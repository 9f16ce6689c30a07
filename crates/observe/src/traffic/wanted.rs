//! Which traffic is asked for.

use std::time::Duration;

use phantom_core::catalog::EntityId;
use phantom_core::traffic::Report;
use phantom_core::traffic::Shares;
use phantom_core::traffic::Tally;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::gateways::Span;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub enum Period {
    #[default]
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "3h")]
    ThreeHours,
    #[serde(rename = "24h")]
    Day,
}

impl Period {
    pub const ALL: [Self; 4] = [Self::FiveMinutes, Self::Hour, Self::ThreeHours, Self::Day];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
            Self::ThreeHours => "3h",
            Self::Day => "24h",
        }
    }

    /// Where none is asked for, the other one.
    pub fn parse_or(name: &str, other: Self) -> Outcome<Self> {
        if name.is_empty() {
            return Ok(other);
        }
        let found = Self::ALL.into_iter().find(|period| period.name() == name);
        found.ok_or_else(|| Refusal::invalid("period: one of 5m, 1h, 3h and 24h"))
    }

    #[must_use]
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
            Self::ThreeHours => 3 * 3_600,
            Self::Day => 24 * 3_600,
        })
    }

    /// From one point to the next: some sixty or seventy are drawn.
    pub(super) const fn step(self) -> Duration {
        Duration::from_secs(match self {
            Self::FiveMinutes => 5,
            Self::Hour => 60,
            Self::ThreeHours => 180,
            Self::Day => 1_200,
        })
    }

    pub(super) const fn span(self) -> Span {
        match self {
            Self::FiveMinutes => Span::FINEST,
            Self::Hour | Self::ThreeHours => Span::MINUTE,
            Self::Day => Span::COARSEST,
        }
    }
}

/// All of it, or that of one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TrafficOf {
    #[default]
    All,
    Api(String),
    Application(String),
    KeyManager(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficWanted {
    pub period: Period,
    pub gateway: Option<Uuid>,
    pub of: TrafficOf,
}

impl TrafficWanted {
    /// Of questions as they come: empty ones ask nothing, and reports tell of one party at a time.
    pub fn parse(
        period: &str,
        gateway: &str,
        [api, application, key_manager]: [&str; 3],
    ) -> Outcome<Self> {
        let period = Period::parse_or(period, Period::default())?;
        let gateway = match gateway {
            "" => None,
            id => Some(Uuid::try_parse(id).map_err(|_| Refusal::invalid("gateway: no id of one"))?),
        };
        let of = match (api, application, key_manager) {
            ("", "", "") => TrafficOf::All,
            (api, "", "") => TrafficOf::Api(api.to_owned()),
            ("", application, "") => TrafficOf::Application(application.to_owned()),
            ("", "", key_manager) => TrafficOf::KeyManager(key_manager.to_owned()),
            _ => {
                let words = "api, application, keyManager: one of them at a time, since gateways count by each alone";
                return Err(Refusal::invalid(words));
            }
        };
        Ok(Self { period, gateway, of })
    }
}

impl TrafficOf {
    pub(super) fn tally(&self, report: &Report) -> Tally {
        let find = |shares: &Shares, wanted: &str| {
            let found = shares.named().iter().find(|share| key(share.id, &share.name) == wanted);
            found.map(|share| share.tally.clone()).unwrap_or_default()
        };
        match self {
            Self::All => report.apis.total(),
            Self::Api(wanted) => find(&report.apis, wanted),
            Self::Application(wanted) => find(&report.applications, wanted),
            Self::KeyManager(wanted) => find(&report.key_managers, wanted),
        }
    }
}

/// What a share is asked for by.
pub(super) fn key(id: Option<EntityId>, name: &str) -> String {
    match id {
        Some(id) => Uuid::from_u128(id.as_u128()).to_string(),
        None => name.to_owned(),
    }
}
