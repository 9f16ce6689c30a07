//! Conditional groups of advanced plans, as WSO2 has them. Gateways apply the default limit, so that a
//! plan with one is refused.

use phantom_terms::bounded::List;
use phantom_terms::bounded::Text;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::limit::ThrottleLimit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConditionalGroup {
    pub description: Option<Text<0, 1024>>,
    pub conditions: List<ThrottleCondition, 50>,
    pub limit: ThrottleLimit,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ThrottleCondition {
    #[serde(rename = "type")]
    pub kind: ConditionType,
    pub invert_condition: Option<bool>,
    pub header_condition: Option<HeaderCondition>,
    pub ip_condition: Option<IpCondition>,
    pub jwt_claims_condition: Option<JwtClaimsCondition>,
    pub query_parameter_condition: Option<QueryParameterCondition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ThrottleConditionType)]
pub enum ConditionType {
    #[serde(rename = "HEADERCONDITION")]
    Header,
    #[serde(rename = "IPCONDITION")]
    Ip,
    #[serde(rename = "JWTCLAIMSCONDITION")]
    JwtClaims,
    #[serde(rename = "QUERYPARAMETERCONDITION")]
    QueryParameter,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HeaderCondition {
    pub header_name: Text<0, 1024>,
    pub header_value: Text<0, 1024>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = IPCondition)]
pub struct IpCondition {
    pub ip_condition_type: Option<IpConditionType>,
    #[serde(rename = "specificIP")]
    pub specific_ip: Option<Text<0, 1024>>,
    #[serde(rename = "startingIP")]
    pub starting_ip: Option<Text<0, 1024>>,
    #[serde(rename = "endingIP")]
    pub ending_ip: Option<Text<0, 1024>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = IPConditionType)]
pub enum IpConditionType {
    IpRange,
    IpSpecific,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = JWTClaimsCondition)]
pub struct JwtClaimsCondition {
    pub claim_url: Text<0, 1024>,
    pub attribute: Text<0, 1024>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct QueryParameterCondition {
    pub parameter_name: Text<0, 1024>,
    pub parameter_value: Text<0, 1024>,
}

impl ConditionalGroup {
    pub(super) fn check(&mut self) -> Outcome<()> {
        if !self.conditions.iter().all(ThrottleCondition::has_its_member) {
            let rule = "conditionalGroups.conditions: the member of its type must not be null";
            return Err(Refusal::invalid(rule));
        }
        self.limit.check("conditionalGroups.limit")
    }
}

impl ThrottleCondition {
    const fn has_its_member(&self) -> bool {
        match self.kind {
            ConditionType::Header => self.header_condition.is_some(),
            ConditionType::Ip => self.ip_condition.is_some(),
            ConditionType::JwtClaims => self.jwt_claims_condition.is_some(),
            ConditionType::QueryParameter => self.query_parameter_condition.is_some(),
        }
    }
}
