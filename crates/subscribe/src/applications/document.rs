//! An application as its subscriber writes it: what is sent and, without what its row holds, what is kept.

use phantom_terms::bounded::List;
use phantom_terms::bounded::Name;
use phantom_terms::bounded::Table;
use phantom_terms::bounded::Text;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// What a client sends. Members that only we set are taken, as clients send back what they have
/// read, and change nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
#[schema(as = devportal::ApplicationRequest)]
pub struct ApplicationDocument {
    /// Unique among its owner's, case aside. No blank at either end, no control characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Name<100>, required)]
    pub name: Option<Name<100>>,
    /// Name of an application policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Text<1, 255>, required)]
    pub throttling_policy: Option<Text<1, 255>>,
    pub description: Option<Text<0, 512>>,
    pub token_type: TokenType,
    pub groups: List<Text<0, 255>, 100>,
    pub attributes: Attributes,
    pub visibility: ApplicationVisibility,
}

/// What a subscriber notes of an application, by names of its own.
pub type Attributes = Table<Text<0, 1024>, Text<0, 1024>, 100>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[schema(as = devportal::TokenType)]
pub enum TokenType {
    #[default]
    #[serde(rename = "JWT")]
    Jwt,
    #[serde(rename = "OAUTH")]
    OAuth,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = devportal::ApplicationVisibility)]
pub enum ApplicationVisibility {
    #[default]
    Private,
    SharedWithOrg,
}

impl ApplicationDocument {
    /// Name and plan, which the row holds.
    pub fn take_columns(&mut self) -> Outcome<(String, String)> {
        let absent = |member: &str| Refusal::invalid(format!("{member}: must not be null"));
        let name = self.name.take().ok_or_else(|| absent("name"))?;
        let plan = self.throttling_policy.take().ok_or_else(|| absent("throttlingPolicy"))?;
        Ok((name.into(), plan.into()))
    }
}
