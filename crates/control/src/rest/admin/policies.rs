//! `/throttling/policies`: the same five operations at each of four levels, and a search over all.

use phantom_manage::plans;
use phantom_manage::plans::PlanDetails;
use phantom_rest::prelude::*;

use super::exchange::SearchQuery;

/// Look for throttling policies of all levels
#[utoipa::path(
    get,
    path = "/throttling/policies/search",
    operation_id = "searchThrottlingPolicies",
    tag = "Admin: throttling",
    params(SearchQuery),
    responses((status = 200, description = "Those found", body = WholeList<PlanDetails>), ReadErrors)
)]
pub async fn search(
    State(control): State<Arc<Control>>,
    query: SearchQuery,
) -> Answer<Json<WholeList<PlanDetails>>> {
    Ok(Json(WholeList::new(plans::search(&control, query.text()).await?)))
}

macro_rules! operations {
    (
        $module:ident, $policy:ident, $collection:literal, $one:literal, $parameter:literal,
        $list:literal, $create:literal, $read:literal, $update:literal, $delete:literal
    ) => {
        pub mod $module {
            use phantom_manage::plans;
            use phantom_manage::plans::$policy;
            use phantom_rest::prelude::*;

            use crate::rest::admin::exchange::Created;

            /// List the policies of this level
            #[utoipa::path(
                get,
                path = $collection,
                operation_id = $list,
                tag = "Admin: throttling",
                responses((status = 200, description = "All", body = WholeList<$policy>), ReadErrors)
            )]
            pub async fn list(
                State(control): State<Arc<Control>>,
            ) -> Answer<Json<WholeList<$policy>>> {
                Ok(Json(WholeList::new(plans::list(&control).await?)))
            }

            /// Add a policy
            #[utoipa::path(
                post,
                path = $collection,
                operation_id = $create,
                tag = "Admin: throttling",
                request_body = $policy,
                responses((status = 201, description = "Made", body = $policy), AdminCreateErrors)
            )]
            pub async fn create(
                State(control): State<Arc<Control>>,
                Extension(caller): Extension<Caller>,
                Body(policy): Body<$policy>,
            ) -> Answer<Created<$policy>> {
                let (id, made) = plans::create(&control, &caller, policy).await?;
                Ok(Created { collection: $collection, id, made })
            }

            /// Read a policy
            #[utoipa::path(
                get,
                path = $one,
                operation_id = $read,
                tag = "Admin: throttling",
                params(($parameter = String, Path)),
                responses((status = 200, description = "As it is", body = $policy), ReadErrors)
            )]
            pub async fn read(
                State(control): State<Arc<Control>>,
                PathOf(id): PathOf<String>,
            ) -> Answer<Tagged<$policy>> {
                Ok(Tagged(plans::read(&control, &id).await?))
            }

            /// Change a policy
            #[utoipa::path(
                put,
                path = $one,
                operation_id = $update,
                tag = "Admin: throttling",
                params(($parameter = String, Path)),
                request_body = $policy,
                responses(
                    (status = 200, description = "Changed", body = $policy),
                    AdminUpdateErrors,
                )
            )]
            pub async fn update(
                State(control): State<Arc<Control>>,
                Extension(caller): Extension<Caller>,
                PathOf(id): PathOf<String>,
                IfMatch(expected): IfMatch,
                Body(policy): Body<$policy>,
            ) -> Answer<Tagged<$policy>> {
                Ok(Tagged(plans::update(&control, &caller, &id, &expected, policy).await?))
            }

            /// Delete a policy
            #[utoipa::path(
                delete,
                path = $one,
                operation_id = $delete,
                tag = "Admin: throttling",
                params(($parameter = String, Path)),
                responses((status = 200, description = "Deleted"), AdminDeleteErrors)
            )]
            pub async fn delete(
                State(control): State<Arc<Control>>,
                Extension(caller): Extension<Caller>,
                PathOf(id): PathOf<String>,
                IfMatch(expected): IfMatch,
            ) -> Answer<StatusCode> {
                plans::delete::<$policy>(&control, &caller, &id, &expected).await?;
                Ok(StatusCode::OK)
            }
        }
    };
}

operations!(
    application,
    ApplicationThrottlePolicy,
    "/throttling/policies/application",
    "/throttling/policies/application/{policyId}",
    "policyId",
    "listApplicationPolicies",
    "createApplicationPolicy",
    "readApplicationPolicy",
    "updateApplicationPolicy",
    "deleteApplicationPolicy"
);

operations!(
    subscription,
    SubscriptionThrottlePolicy,
    "/throttling/policies/subscription",
    "/throttling/policies/subscription/{policyId}",
    "policyId",
    "listSubscriptionPolicies",
    "createSubscriptionPolicy",
    "readSubscriptionPolicy",
    "updateSubscriptionPolicy",
    "deleteSubscriptionPolicy"
);

operations!(
    advanced,
    AdvancedThrottlePolicy,
    "/throttling/policies/advanced",
    "/throttling/policies/advanced/{policyId}",
    "policyId",
    "listAdvancedPolicies",
    "createAdvancedPolicy",
    "readAdvancedPolicy",
    "updateAdvancedPolicy",
    "deleteAdvancedPolicy"
);

operations!(
    custom,
    CustomRule,
    "/throttling/policies/custom",
    "/throttling/policies/custom/{ruleId}",
    "ruleId",
    "listCustomRules",
    "createCustomRule",
    "readCustomRule",
    "updateCustomRule",
    "deleteCustomRule"
);
