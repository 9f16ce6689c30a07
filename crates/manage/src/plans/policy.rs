//! Plans as WSO2 writes them: one shape for each level, with a common beginning.

use phantom_access::roles::Role;
use phantom_store::PlanLevel;
use phantom_store::PlanRow;
use phantom_terms::bounded::List;
use phantom_terms::bounded::Name;
use phantom_terms::bounded::Number;
use phantom_terms::bounded::Table;
use phantom_terms::bounded::Text;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::stored::read;
use phantom_terms::text;
use phantom_terms::unenforced::Of;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::condition::ConditionalGroup;
use super::limit::BurstCount;
use super::limit::BurstLimit;
use super::limit::BurstUnit;
use super::limit::ThrottleLimit;
use super::limit::UNLIMITED;

/// What plans of all levels have in common.
pub trait Policy: Clone + Serialize + DeserializeOwned + Send + 'static {
    const LEVEL: PlanLevel;
    const OF: Of;
    /// The member `type`.
    const TYPE: &'static str;

    fn head(&mut self) -> Head<'_>;

    /// Refuses what the level does not allow.
    fn check(&mut self) -> Outcome<()>;

    fn terms(self) -> Terms;
}

/// What is asked of a plan, whatever its level.
#[derive(Clone, Debug)]
pub struct Terms {
    pub display_name: Option<Text<0, 512>>,
    pub description: Option<Text<0, 1024>>,
    /// Of levels that have one.
    pub limit: Option<ThrottleLimit>,
    pub burst: Option<BurstLimit>,
    pub stops_on_quota: bool,
    pub is_commercial: bool,
}

impl Terms {
    pub fn of(row: &PlanRow) -> Outcome<Self> {
        let document = &row.document;
        Ok(match row.level {
            PlanLevel::Application => read::<ApplicationThrottlePolicy>(document)?.terms(),
            PlanLevel::Subscription => read::<SubscriptionThrottlePolicy>(document)?.terms(),
            PlanLevel::Advanced => read::<AdvancedThrottlePolicy>(document)?.terms(),
            PlanLevel::Custom => read::<CustomRule>(document)?.terms(),
        })
    }
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            display_name: None,
            description: None,
            limit: None,
            burst: None,
            stops_on_quota: true,
            is_commercial: false,
        }
    }
}

/// The members of a plan that all levels set alike.
#[derive(Debug)]
pub struct Head<'a> {
    pub id: &'a mut Option<String>,
    pub name: &'a mut Name<60>,
    pub display_name: &'a mut Option<Text<0, 512>>,
    pub is_deployed: &'a mut Option<bool>,
    pub kind: &'a mut Option<String>,
}

macro_rules! policy {
    (
        $(#[$doc:meta])*
        $name:ident, $level:ident, $of_list:ident, $type:literal
        { $( $(#[$attribute:meta])* pub $member:ident: $of:ty, )* }
        check: $check:expr,
        terms: $terms:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name {
            /// Given by us.
            #[schema(read_only, max_length = 64)]
            pub policy_id: Option<String>,
            /// Unique in its level, and never changed.
            pub policy_name: Name<60>,
            pub display_name: Option<Text<0, 512>>,
            pub description: Option<Text<0, 1024>>,
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
                    is_deployed: &mut self.is_deployed,
                    kind: &mut self.kind,
                }
            }

            fn check(&mut self) -> Outcome<()> {
                let check: fn(&mut Self) -> Outcome<()> = $check;
                check(self)
            }

            fn terms(self) -> Terms {
                let of: fn(Self) -> Terms = $terms;
                Terms {
                    display_name: self.display_name.clone(),
                    description: self.description.clone(),
                    ..of(self)
                }
            }
        }
    };
}

/// A count without a unit.
type Amount = Number<0, UNLIMITED>;

policy! {
    /// How much an application may use, per user.
    ApplicationThrottlePolicy, Application, ApplicationPlan, "ApplicationThrottlePolicy" {
        pub default_limit: ThrottleLimit,
        pub burst_limit: Option<BurstLimit>,
    }
    check: Self::check_members,
    terms: |policy| Terms {
        limit: Some(policy.default_limit),
        burst: policy.burst_limit,
        ..Terms::default()
    }
}

policy! {
    /// How much a subscription may use: a business plan.
    SubscriptionThrottlePolicy, Subscription, SubscriptionPlan, "SubscriptionThrottlePolicy" {
        #[serde(rename = "graphQLMaxComplexity")]
        pub graphql_max_complexity: Option<Amount>,
        #[serde(rename = "graphQLMaxDepth")]
        pub graphql_max_depth: Option<Amount>,
        pub default_limit: ThrottleLimit,
        pub monetization: Option<MonetizationInfo>,
        /// Requests in one unit of time; 0 and -1: no burst limit.
        pub rate_limit_count: Option<BurstCount>,
        pub rate_limit_time_unit: Option<BurstUnit>,
        pub subscriber_count: Option<Amount>,
        #[serde(default)]
        pub custom_attributes: List<CustomAttribute, 50>,
        #[serde(default)]
        pub stop_on_quota_reach: bool,
        #[serde(default)]
        pub billing_plan: BillingPlan,
        pub permissions: Option<SubscriptionThrottlePolicyPermission>,
    }
    check: Self::check_members,
    terms: |policy| Terms {
        burst: Some(policy.burst()),
        limit: Some(policy.default_limit),
        stops_on_quota: policy.stop_on_quota_reach,
        is_commercial: policy.billing_plan == BillingPlan::Commercial,
        ..Terms::default()
    }
}

policy! {
    /// How much of an API or an operation all callers together may use.
    AdvancedThrottlePolicy, Advanced, AdvancedPlan, "AdvancedThrottlePolicy" {
        pub default_limit: ThrottleLimit,
        #[serde(default)]
        pub conditional_groups: List<ConditionalGroup, 50>,
    }
    check: Self::check_members,
    terms: |policy| Terms { limit: Some(policy.default_limit), ..Terms::default() }
}

policy! {
    /// A rule in WSO2's stream language. Gateways run none: it is refused.
    CustomRule, Custom, CustomRule, "CustomRule" {
        pub siddhi_query: Text<1, 16_384>,
        pub key_template: Text<1, 1024>,
    }
    check: |_| Ok(()),
    terms: |_| Terms::default()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MonetizationInfo {
    pub monetization_plan: Option<MonetizationPlan>,
    pub properties: Table<Text<1, 255>, Text<0, 1024>, 50>,
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
    pub name: Text<1, 255>,
    pub value: Text<0, 1024>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BillingPlan {
    #[default]
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
    fn check_members(&mut self) -> Outcome<()> {
        self.default_limit.check("defaultLimit")?;
        self.burst_limit.as_ref().map_or(Ok(()), BurstLimit::check)
    }
}

impl SubscriptionThrottlePolicy {
    fn check_members(&mut self) -> Outcome<()> {
        self.default_limit.check("defaultLimit")?;
        self.burst().check()?;
        self.permissions.as_ref().map_or(Ok(()), |permissions| known_roles(&permissions.roles))
    }

    const fn burst(&self) -> BurstLimit {
        let (rate_limit_count, rate_limit_time_unit) =
            (self.rate_limit_count, self.rate_limit_time_unit);
        BurstLimit { rate_limit_count, rate_limit_time_unit }
    }
}

impl AdvancedThrottlePolicy {
    fn check_members(&mut self) -> Outcome<()> {
        self.default_limit.check("defaultLimit")?;
        self.conditional_groups.iter_mut().try_for_each(ConditionalGroup::check)
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
