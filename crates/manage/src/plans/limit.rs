//! Limits of plans: how much, in which time.

use std::time::Duration;

use phantom_core::catalog::Limit;
use phantom_terms::bounded::Number;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;
use serde::de::value;
use serde::de::value::StrDeserializer;
use utoipa::ToSchema;

/// What WSO2 writes where it means no limit.
pub const UNLIMITED: i64 = 2_147_483_647;
/// Up to the largest integer that every JSON parser keeps (RFC 8259 §6).
type Count = Number<1, 9_007_199_254_740_991>;
type UnitTime = Number<1, 1_000_000>;

/// One limit. The member that `type` asks for is there, the others are null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
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
    pub unit_time: UnitTime,
    pub request_count: Count,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BandwidthLimit {
    pub time_unit: TimeUnit,
    pub unit_time: UnitTime,
    pub data_amount: Count,
    pub data_unit: DataUnit,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EventCountLimit {
    pub time_unit: TimeUnit,
    pub unit_time: UnitTime,
    pub event_count: Count,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = AIAPIQuotaLimit)]
pub struct AiApiQuotaLimit {
    pub time_unit: TimeUnit,
    pub unit_time: UnitTime,
    pub request_count: Count,
    pub total_token_count: Option<Count>,
    pub prompt_token_count: Option<Count>,
    pub completion_token_count: Option<Count>,
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

/// A second, shorter limit. A count and a unit go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BurstLimit {
    /// 0 and -1: none.
    pub rate_limit_count: Option<BurstCount>,
    pub rate_limit_time_unit: Option<BurstUnit>,
}

/// Requests in one unit of time; 0 and -1: no limit.
pub(super) type BurstCount = Number<-1, UNLIMITED>;

impl ThrottleLimit {
    /// Refuses one without the member of its type, and drops the members of other types.
    pub fn check(&mut self, member: &str) -> Outcome<()> {
        let kind = self.limit_type().ok_or(Refusal::LimitType)?;
        self.request_count.take_if(|_| kind != LimitType::RequestCount);
        self.bandwidth.take_if(|_| kind != LimitType::Bandwidth);
        self.event_count.take_if(|_| kind != LimitType::EventCount);
        self.ai_api_quota.take_if(|_| kind != LimitType::AiApiQuota);
        let (name, is_there) = match kind {
            LimitType::RequestCount => ("requestCount", self.request_count.is_some()),
            LimitType::Bandwidth => ("bandwidth", self.bandwidth.is_some()),
            LimitType::EventCount => ("eventCount", self.event_count.is_some()),
            LimitType::AiApiQuota => ("aiApiQuota", self.ai_api_quota.is_some()),
        };
        match is_there {
            true => Ok(()),
            false => Err(Refusal::invalid(format!("{member}.{name}: must not be null"))),
        }
    }

    #[must_use]
    pub fn limit_type(&self) -> Option<LimitType> {
        LimitType::deserialize(StrDeserializer::<value::Error>::new(&self.kind)).ok()
    }
}

/// A count of requests as gateways enforce it.
#[must_use]
pub fn enforced(count: Count, units: UnitTime, unit: TimeUnit) -> Option<Limit> {
    let requests = u64::try_from(count.get()).ok()?;
    let units = u64::try_from(units.get()).ok()?;
    Some(Limit { requests, window: Duration::from_secs(unit.seconds().checked_mul(units)?) })
}

impl BurstLimit {
    /// As gateways enforce it, if there is one.
    #[must_use]
    pub fn enforced(&self) -> Option<Limit> {
        let requests =
            u64::try_from(self.rate_limit_count?.get()).ok().filter(|count| *count > 0)?;
        let window = Duration::from_secs(self.unit()?.seconds());
        Some(Limit { requests, window })
    }

    pub(crate) fn check(&self) -> Outcome<()> {
        let counts = self.rate_limit_count.is_some_and(|count| count.get() > 0);
        match counts && self.unit().is_none() {
            true => Err(Refusal::invalid("rateLimitTimeUnit: must not be null")),
            false => Ok(()),
        }
    }

    fn unit(&self) -> Option<TimeUnit> {
        self.rate_limit_time_unit.and_then(BurstUnit::unit)
    }
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
