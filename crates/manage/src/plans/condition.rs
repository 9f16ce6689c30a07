//! Conditional groups of advanced plans, as WSO2 has them. Gateways apply the default limit, so that a
//! plan with one is refused.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use super::limit::ThrottleLimit;
use crate::refusal::Outcome;
use crate::refusal::Refusal;
use crate::text;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConditionalGroup {
    #[schema(max_length = 1024)]
    pub description: Option<String>,
    #[schema(max_items = 50)]
    pub conditions: Vec<ThrottleCondition>,
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
    #[schema(max_length = 1024)]
    pub header_name: String,
    #[schema(max_length = 1024)]
    pub header_value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = IPCondition)]
pub struct IpCondition {
    pub ip_condition_type: Option<IpConditionType>,
    #[serde(rename = "specificIP")]
    #[schema(max_length = 1024)]
    pub specific_ip: Option<String>,
    #[serde(rename = "startingIP")]
    #[schema(max_length = 1024)]
    pub starting_ip: Option<String>,
    #[serde(rename = "endingIP")]
    #[schema(max_length = 1024)]
    pub ending_ip: Option<String>,
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
    #[schema(max_length = 1024)]
    pub claim_url: String,
    #[schema(max_length = 1024)]
    pub attribute: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct QueryParameterCondition {
    #[schema(max_length = 1024)]
    pub parameter_name: String,
    #[schema(max_length = 1024)]
    pub parameter_value: String,
}

impl ConditionalGroup {
    pub(super) fn check(&mut self) -> Outcome<()> {
        text::optional("conditionalGroups.description", self.description.as_deref(), 1024)?;
        text::count("conditionalGroups.conditions", self.conditions.len(), 50)?;
        self.conditions.iter().try_for_each(ThrottleCondition::check)?;
        self.limit.check("conditionalGroups.limit")
    }
}

impl ThrottleCondition {
    fn check(&self) -> Outcome<()> {
        let present = match self.kind {
            ConditionType::Header => self.header_condition.is_some(),
            ConditionType::Ip => self.ip_condition.is_some(),
            ConditionType::JwtClaims => self.jwt_claims_condition.is_some(),
            ConditionType::QueryParameter => self.query_parameter_condition.is_some(),
        };
        if !present {
            let rule = "conditionalGroups.conditions: the member of its type must not be null";
            return Err(Refusal::invalid(rule));
        }
        self.texts()
            .try_for_each(|each| text::length("conditionalGroups.conditions", each, 0, 1024))
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        let header = self.header_condition.iter().flat_map(|c| [&c.header_name, &c.header_value]);
        let address = self.ip_condition.iter().flat_map(|condition| {
            [&condition.specific_ip, &condition.starting_ip, &condition.ending_ip]
        });
        let claim = self.jwt_claims_condition.iter().flat_map(|c| [&c.claim_url, &c.attribute]);
        let parameter = self
            .query_parameter_condition
            .iter()
            .flat_map(|condition| [&condition.parameter_name, &condition.parameter_value]);
        header.chain(address.flatten()).chain(claim).chain(parameter)
    }
}
