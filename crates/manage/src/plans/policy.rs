//! Plans as WSO2 writes them: one shape for each level, with a common beginning.

use phantom_store::PlanLevel;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::condition::ConditionalGroup;
use super::limit;
use super::limit::BurstLimit;
use super::limit::BurstUnit;
use super::limit::ThrottleLimit;
use crate::refusal::Outcome;
use crate::refusal::Refusal;
use crate::roles::Role;
use crate::text;
use crate::text::null_as_default;
use crate::unenforced::Of;

/// What plans of all levels have in common.
pub trait Policy: Clone + Serialize + DeserializeOwned + Send + 'static {
    const LEVEL: PlanLevel;
    const OF: Of;
    /// The member `type`.
    const TYPE: &'static str;

    fn head(&mut self) -> Head<'_>;

    /// Refuses what the level does not allow.
    fn check(&mut self) -> Outcome<()>;

    /// Of levels that have one.
    fn default_limit(&mut self) -> Option<&mut ThrottleLimit>;
}

/// The common members of a plan.
#[derive(Debug)]
pub struct Head<'a> {
    pub id: &'a mut Option<String>,
    pub name: &'a mut String,
    pub display_name: &'a mut Option<String>,
    pub description: &'a mut Option<String>,
    pub is_deployed: &'a mut Option<bool>,
    pub kind: &'a mut Option<String>,
}

macro_rules! policy {
    (
        $(#[$doc:meta])*
        $name:ident, $level:ident, $of_list:ident, $type:literal
        { $( $(#[$attribute:meta])* pub $member:ident: $of:ty, )* }
        limit: $limit:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name {
            /// Given by us.
            #[schema(read_only, max_length = 64)]
            pub policy_id: Option<String>,
            /// Unique in its level, and never changed.
            #[schema(min_length = 1, max_length = 60)]
            pub policy_name: String,
            #[schema(max_length = 512)]
            pub display_name: Option<String>,
            #[schema(max_length = 1024)]
            pub description: Option<String>,
            /// Always true: gateways learn of a plan with the next change they read.
            pub is_deployed: Option<bool>,
            #[serde(rename = "type")]
            #[schema(max_length = 64)]
            pub kind: Option<String>,
            $( $(#[$attribute])* pub $member: $of, )*
        }

        impl Policy for $name {
            const LEVEL: PlanLevel = PlanLevel::$level;
            const OF: Of = Of::$of_list;
            const TYPE: &'static str = $type;

            fn head(&mut self) -> Head<'_> {
                Head {
                    id: &mut self.policy_id,
                    name: &mut self.policy_name,
                    display_name: &mut self.display_name,
                    description: &mut self.description,
                    is_deployed: &mut self.is_deployed,
                    kind: &mut self.kind,
                }
            }

            fn check(&mut self) -> Outcome<()> {
                self.check_members()
            }

            fn default_limit(&mut self) -> Option<&mut ThrottleLimit> {
                let limit: fn(&mut Self) -> Option<&mut ThrottleLimit> = $limit;
                limit(self)
            }
        }
    };
}

policy! {
    /// How much an application may use, per user.
    ApplicationThrottlePolicy, Application, ApplicationPlan, "ApplicationThrottlePolicy" {
        pub default_limit: ThrottleLimit,
        pub burst_limit: Option<BurstLimit>,
    }
    limit: |policy| Some(&mut policy.default_limit)
}

policy! {
    /// How much a subscription may use: a business plan.
    SubscriptionThrottlePolicy, Subscription, SubscriptionPlan, "SubscriptionThrottlePolicy" {
        #[serde(rename = "graphQLMaxComplexity")]
        #[schema(minimum = 0, maximum = 2_147_483_647)]
        pub graphql_max_complexity: Option<i64>,
        #[serde(rename = "graphQLMaxDepth")]
        #[schema(minimum = 0, maximum = 2_147_483_647)]
        pub graphql_max_depth: Option<i64>,
        pub default_limit: ThrottleLimit,
        pub monetization: Option<MonetizationInfo>,
        /// Requests in one unit of time; 0 and -1: no burst limit.
        #[schema(minimum = -1, maximum = 2_147_483_647)]
        pub rate_limit_count: Option<i64>,
        pub rate_limit_time_unit: Option<BurstUnit>,
        #[schema(minimum = 0, maximum = 2_147_483_647)]
        pub subscriber_count: Option<i64>,
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(nullable, max_items = 50)]
        pub custom_attributes: Vec<CustomAttribute>,
        pub stop_on_quota_reach: Option<bool>,
        pub billing_plan: Option<BillingPlan>,
        pub permissions: Option<SubscriptionThrottlePolicyPermission>,
    }
    limit: |policy| Some(&mut policy.default_limit)
}

policy! {
    /// How much of an API or an operation all callers together may use.
    AdvancedThrottlePolicy, Advanced, AdvancedPlan, "AdvancedThrottlePolicy" {
        pub default_limit: ThrottleLimit,
        #[serde(default, deserialize_with = "null_as_default")]
        #[schema(nullable, max_items = 50)]
        pub conditional_groups: Vec<ConditionalGroup>,
    }
    limit: |policy| Some(&mut policy.default_limit)
}

policy! {
    /// A rule in WSO2's stream language. Gateways run none: it is refused.
    CustomRule, Custom, CustomRule, "CustomRule" {
        #[schema(min_length = 1, max_length = 16384)]
        pub siddhi_query: String,
        #[schema(min_length = 1, max_length = 1024)]
        pub key_template: String,
    }
    limit: |_| None
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MonetizationInfo {
    pub monetization_plan: Option<MonetizationPlan>,
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub properties: std::collections::BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MonetizationPlan {
    FixedRate,
    DynamicRate,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomAttribute {
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    #[schema(max_length = 1024)]
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BillingPlan {
    Free,
    Commercial,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SubscriptionThrottlePolicyPermission {
    pub permission_type: PlanPermissionType,
    #[schema(max_items = 100)]
    pub roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PlanPermissionType {
    Allow,
    Deny,
}

impl ApplicationThrottlePolicy {
    fn check_members(&self) -> Outcome<()> {
        self.burst_limit.as_ref().map_or(Ok(()), |burst| {
            limit::check_burst(burst.rate_limit_count, burst.rate_limit_time_unit)
        })
    }
}

impl SubscriptionThrottlePolicy {
    fn check_members(&mut self) -> Outcome<()> {
        limit::check_burst(self.rate_limit_count, self.rate_limit_time_unit)?;
        for (member, number) in [
            ("graphQLMaxComplexity", self.graphql_max_complexity),
            ("graphQLMaxDepth", self.graphql_max_depth),
            ("subscriberCount", self.subscriber_count),
        ] {
            if number.is_some_and(|number| !(0..=limit::UNLIMITED).contains(&number)) {
                let most = limit::UNLIMITED;
                return Err(Refusal::invalid(format!("{member}: must be between 0 and {most}")));
            }
        }
        text::count("customAttributes", self.custom_attributes.len(), 50)?;
        for attribute in &self.custom_attributes {
            text::length("customAttributes.name", &attribute.name, 1, 255)?;
            text::length("customAttributes.value", &attribute.value, 0, 1024)?;
        }
        if let Some(monetization) = &self.monetization {
            text::count("monetization.properties", monetization.properties.len(), 50)?;
            for (name, value) in &monetization.properties {
                text::length("monetization.properties", name, 1, 255)?;
                text::length("monetization.properties", value, 0, 1024)?;
            }
        }
        if let Some(permissions) = &self.permissions {
            known_roles(&permissions.roles)?;
        }
        self.stop_on_quota_reach.get_or_insert(false);
        self.billing_plan.get_or_insert(BillingPlan::Free);
        Ok(())
    }
}

impl AdvancedThrottlePolicy {
    fn check_members(&mut self) -> Outcome<()> {
        text::count("conditionalGroups", self.conditional_groups.len(), 50)?;
        self.conditional_groups.iter_mut().try_for_each(ConditionalGroup::check)
    }
}

impl CustomRule {
    fn check_members(&self) -> Outcome<()> {
        text::length("siddhiQuery", &self.siddhi_query, 1, 16_384)?;
        text::length("keyTemplate", &self.key_template, 1, 1024)
    }
}

/// Each role has to be there.
pub fn known_roles(roles: &[String]) -> Outcome<()> {
    text::count("permissions.roles", roles.len(), 100)?;
    match roles.iter().find(|role| Role::from_name(role).is_none()) {
        Some(role) => {
            let role: String = role.chars().take(100).collect();
            Err(Refusal::invalid(format!("permissions.roles: role {role} does not exist")))
        }
        None => Ok(()),
    }
}
