//! What a deny policy looks at.

use std::net::IpAddr;

pub use phantom_store::ConditionType;
use phantom_terms::json;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored;
use phantom_terms::text;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BlockingCondition {
    /// Given by us.
    #[schema(read_only, max_length = 64)]
    pub condition_id: Option<String>,
    pub condition_type: ConditionType,
    /// A text for `API` (`/orders/v1`), `APPLICATION` (`owner:name`) and `USER`;
    /// `{"fixedIp":…,"invert":false}` for `IP`; `{"startingIp":…,"endingIp":…,"invert":false}` for
    /// `IPRANGE`.
    pub condition_value: Value,
    pub condition_status: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BlockingConditionStatus {
    #[serde(rename = "conditionId")]
    #[schema(max_length = 64)]
    _condition_id: Option<String>,
    pub condition_status: bool,
}

impl BlockingConditionStatus {
    #[must_use]
    pub const fn new(condition_status: bool) -> Self {
        Self { _condition_id: None, condition_status }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Address {
    pub fixed_ip: IpAddr,
    #[serde(default)]
    pub invert: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AddressRange {
    pub starting_ip: IpAddr,
    pub ending_ip: IpAddr,
    #[serde(default)]
    pub invert: bool,
}

/// Whose application it names, and its name. No name of an owner holds a colon; an application's may.
pub fn owner_and_name(value: &str) -> Option<(&str, &str)> {
    value.split_once(':')
}

/// As a condition names it.
pub(super) fn application(owner: &str, name: &str) -> Value {
    Value::String(format!("{owner}:{name}"))
}

impl BlockingCondition {
    /// The value in the one form it is kept in.
    pub fn checked_value(&self) -> Outcome<Value> {
        let name = "conditionValue";
        let value = self.condition_value.clone();
        match self.condition_type {
            ConditionType::Api | ConditionType::Application | ConditionType::User => {
                let text: String = json::typed_member(name, value)?;
                text::name(name, &text, 512)?;
                Ok(Value::String(text))
            }
            ConditionType::Ip => stored::write(&json::typed_member::<Address>(name, value)?),
            ConditionType::IpRange => {
                let range: AddressRange = json::typed_member(name, value)?;
                let AddressRange { starting_ip: first, ending_ip: last, .. } = &range;
                if first.is_ipv4() != last.is_ipv4() {
                    let rule = "conditionValue: both addresses must be IPv4, or both IPv6";
                    return Err(Refusal::invalid(rule));
                }
                if first > last {
                    let rule =
                        "conditionValue: the ending address must not be before the starting one";
                    return Err(Refusal::invalid(rule));
                }
                stored::write(&range)
            }
        }
    }
}

/// What a listing asks for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    kind: Option<String>,
    value: Option<String>,
}

impl Wanted {
    pub(crate) fn parse(query: &str) -> Outcome<Self> {
        let mut wanted = Self::default();
        for term in query.split('&').map(str::trim).filter(|term| !term.is_empty()) {
            match term.split_once(':') {
                Some(("conditionType", kind)) => wanted.kind = Some(kind.trim().to_owned()),
                Some(("conditionValue", value)) => wanted.value = Some(value.trim().to_owned()),
                _ => {
                    let rule = "query: only conditionType: and conditionValue: are known";
                    return Err(Refusal::invalid(rule));
                }
            }
        }
        Ok(wanted)
    }

    pub(crate) fn takes(&self, condition: &BlockingCondition) -> bool {
        let kind = condition.condition_type.as_str();
        let value = &condition.condition_value;
        self.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && self.value.as_ref().is_none_or(|wanted| match value {
                Value::String(text) => text == wanted,
                Value::Object(members) => members.values().any(|member| member == wanted),
                _ => false,
            })
    }
}
