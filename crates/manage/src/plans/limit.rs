//! Limits of plans: how much, in which time.

use std::time::Duration;

use phantom_core::catalog::Limit;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::refusal::Outcome;
use crate::refusal::Refusal;

/// What WSO2 writes where it means no limit.
pub const UNLIMITED: i64 = 2_147_483_647;
/// Largest integer that every JSON parser keeps (RFC 8259 §6).
const MAX_COUNT: i64 = 9_007_199_254_740_991;
const MAX_UNIT_TIME: i64 = 1_000_000;

/// One limit. The member that `type` asks for is there, the others are null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ThrottleLimit {
    // A text, since an unknown one has a code of its own.
    #[serde(rename = "type")]
    #[schema(value_type = LimitType)]
    pub kind: String,
    pub request_count: Option<RequestCountLimit>,
    pub bandwidth: Option<BandwidthLimit>,
    pub event_count: Option<EventCountLimit>,
    pub ai_api_quota: Option<AiApiQuotaLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum LimitType {
    #[serde(rename = "REQUESTCOUNTLIMIT")]
    RequestCount,
    #[serde(rename = "BANDWIDTHLIMIT")]
    Bandwidth,
    #[serde(rename = "EVENTCOUNTLIMIT")]
    EventCount,
    #[serde(rename = "AIAPIQUOTALIMIT")]
    AiApiQuota,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RequestCountLimit {
    pub time_unit: TimeUnit,
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub unit_time: i64,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub request_count: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BandwidthLimit {
    pub time_unit: TimeUnit,
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub unit_time: i64,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub data_amount: i64,
    pub data_unit: DataUnit,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EventCountLimit {
    pub time_unit: TimeUnit,
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub unit_time: i64,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub event_count: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = AIAPIQuotaLimit)]
pub struct AiApiQuotaLimit {
    pub time_unit: TimeUnit,
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub unit_time: i64,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub request_count: i64,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub total_token_count: Option<i64>,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub prompt_token_count: Option<i64>,
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991i64)]
    pub completion_token_count: Option<i64>,
}

/// WSO2's forms and its description differ in the plural.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ThrottleTimeUnit)]
pub enum TimeUnit {
    Sec,
    Min,
    Hour,
    Hours,
    Day,
    Days,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ThrottleDataUnit)]
pub enum DataUnit {
    #[serde(rename = "KB")]
    Kilobytes,
    #[serde(rename = "MB")]
    Megabytes,
    #[serde(rename = "GB")]
    Gigabytes,
}

/// A burst limit counts within one unit. Its two last names say that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BurstTimeUnit)]
pub enum BurstUnit {
    Sec,
    Min,
    Hour,
    Hours,
    Day,
    Days,
    #[serde(rename = "NA")]
    NotApplicable,
    #[serde(rename = "")]
    Empty,
}

/// A second, shorter limit of an application plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BurstLimit {
    /// 0 and -1: none.
    #[schema(minimum = -1, maximum = 2_147_483_647)]
    pub rate_limit_count: Option<i64>,
    pub rate_limit_time_unit: Option<BurstUnit>,
}

impl ThrottleLimit {
    /// Refuses what cannot be counted, and drops the members of other types.
    pub fn check(&mut self, member: &str) -> Outcome<()> {
        let Some(kind) = self.limit_type() else {
            return Err(Refusal::LimitType);
        };
        let absent = |name: &str| Refusal::invalid(format!("{member}.{name}: must not be null"));
        let empty = Self {
            kind: std::mem::take(&mut self.kind),
            request_count: None,
            bandwidth: None,
            event_count: None,
            ai_api_quota: None,
        };
        *self = match kind {
            LimitType::RequestCount => {
                let limit = self.request_count.take().ok_or_else(|| absent("requestCount"))?;
                counted(member, limit.unit_time, &[Some(limit.request_count)])?;
                Self { request_count: Some(limit), ..empty }
            }
            LimitType::Bandwidth => {
                let limit = self.bandwidth.take().ok_or_else(|| absent("bandwidth"))?;
                counted(member, limit.unit_time, &[Some(limit.data_amount)])?;
                Self { bandwidth: Some(limit), ..empty }
            }
            LimitType::EventCount => {
                let limit = self.event_count.take().ok_or_else(|| absent("eventCount"))?;
                counted(member, limit.unit_time, &[Some(limit.event_count)])?;
                Self { event_count: Some(limit), ..empty }
            }
            LimitType::AiApiQuota => {
                let limit = self.ai_api_quota.take().ok_or_else(|| absent("aiApiQuota"))?;
                let counts = [
                    Some(limit.request_count),
                    limit.total_token_count,
                    limit.prompt_token_count,
                    limit.completion_token_count,
                ];
                counted(member, limit.unit_time, &counts)?;
                Self { ai_api_quota: Some(limit), ..empty }
            }
        };
        Ok(())
    }

    #[must_use]
    pub fn limit_type(&self) -> Option<LimitType> {
        match &*self.kind {
            "REQUESTCOUNTLIMIT" => Some(LimitType::RequestCount),
            "BANDWIDTHLIMIT" => Some(LimitType::Bandwidth),
            "EVENTCOUNTLIMIT" => Some(LimitType::EventCount),
            "AIAPIQUOTALIMIT" => Some(LimitType::AiApiQuota),
            _ => None,
        }
    }
}

fn counted(member: &str, unit_time: i64, counts: &[Option<i64>]) -> Outcome<()> {
    if !(1..=MAX_UNIT_TIME).contains(&unit_time) {
        let rule = format!("{member}.unitTime: must be between 1 and {MAX_UNIT_TIME}");
        return Err(Refusal::invalid(rule));
    }
    if counts.iter().flatten().any(|count| !(1..=MAX_COUNT).contains(count)) {
        return Err(Refusal::invalid(format!(
            "{member}: each count must be between 1 and {MAX_COUNT}"
        )));
    }
    Ok(())
}

/// A count of requests as gateways enforce it.
#[must_use]
pub(crate) fn enforced(count: i64, units: i64, unit: TimeUnit) -> Option<Limit> {
    let requests = u64::try_from(count).ok()?;
    let units = u64::try_from(units).ok()?;
    let window = Duration::from_secs(unit.seconds().checked_mul(units)?);
    (requests > 0 && !window.is_zero()).then_some(Limit { requests, window })
}

/// A burst limit, if there is one.
#[must_use]
pub(crate) fn enforced_burst(count: Option<i64>, unit: Option<BurstUnit>) -> Option<Limit> {
    let requests = count.and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0)?;
    let window = Duration::from_secs(unit.and_then(BurstUnit::unit)?.seconds());
    Some(Limit { requests, window })
}

/// A count and a unit go together.
pub(crate) fn check_burst(count: Option<i64>, unit: Option<BurstUnit>) -> Outcome<()> {
    let count = count.unwrap_or(0);
    if !(-1..=UNLIMITED).contains(&count) {
        return Err(Refusal::invalid(format!(
            "rateLimitCount: must be between -1 and {UNLIMITED}"
        )));
    }
    if count > 0 && unit.and_then(BurstUnit::unit).is_none() {
        return Err(Refusal::invalid("rateLimitTimeUnit: must not be null"));
    }
    Ok(())
}

impl TimeUnit {
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Sec => 1,
            Self::Min => 60,
            Self::Hour | Self::Hours => 3600,
            Self::Day | Self::Days => 86_400,
        }
    }
}

impl BurstUnit {
    const fn unit(self) -> Option<TimeUnit> {
        Some(match self {
            Self::Sec => TimeUnit::Sec,
            Self::Min => TimeUnit::Min,
            Self::Hour => TimeUnit::Hour,
            Self::Hours => TimeUnit::Hours,
            Self::Day => TimeUnit::Day,
            Self::Days => TimeUnit::Days,
            Self::NotApplicable | Self::Empty => return None,
        })
    }
}
