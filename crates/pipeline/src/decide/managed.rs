//! The decision on a request for a managed API, in WSO2's order: API, transport, resource and verb,
//! standing, deny policies on API and address, token, subscription, scope, audience, deny policies on
//! application and user, quotas, endpoint.

mod caller;
mod resource;

use std::sync::Arc;

use phantom_core::Access;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Peer;
use phantom_core::Permit;
use phantom_core::authorize;
use phantom_core::authorize::Call;
use phantom_core::catalog::KeyType;

use super::Decision;
use super::Forward;
use super::Pipeline;
use super::no_route;
use super::traced;
use crate::answer::Answer;
use crate::answer::ErrorFormat;
use crate::credential;
use crate::edits::CredentialPlace;
use crate::edits::Edits;
use crate::exchange::Exchanged;
use crate::exchange::Source;
use crate::facts::RequestFacts;
use crate::managed::Api;
use crate::managed::Charge;
use crate::managed::Level;
use crate::managed::ManagedOperation;
use crate::managed::PlanTable;
use crate::managed::Standing;
use crate::route::Route;
use crate::snapshot::Snapshot;
use crate::trace::Trace;
use caller::Admitted;

impl Pipeline {
    pub(super) async fn decide_managed(
        &self,
        snapshot: &Snapshot,
        facts: &RequestFacts<'_>,
        trace: &mut impl Trace,
    ) -> Decision {
        if facts.path == Snapshot::HEALTH_PATH && matches!(facts.method, "GET" | "HEAD") {
            return resource::health(snapshot);
        }
        let Some(located) = snapshot.managed.apis.find(facts.path) else {
            trace.step("api", || "none at this path".to_owned());
            return no_route(snapshot, facts);
        };
        let api = &located.api.api;
        trace.step("api", || format!("`{}`", api.label));
        if let Err(reason) = resource::transport(api, facts) {
            trace.step("transport", || reason.to_string());
            return resource::refuse(located, None, facts, reason);
        }
        let (route, operation) = match resource::resource(located, facts, trace) {
            Ok(found) => found,
            Err(decision) => return decision,
        };
        let standing = match api.standing {
            Standing::Blocked => Some(DenyReason::ApiBlocked),
            Standing::Misconfigured => Some(DenyReason::ApiMisconfigured),
            Standing::Serving => None,
        };
        if let Some(reason) = standing {
            trace.step("standing", || reason.to_string());
            return resource::refuse(located, Some(route), facts, reason);
        }
        // Before the token: nobody is asked about one for who is refused whatever the answer.
        if snapshot.managed.denied.api_or_address(api, facts.peer) {
            trace.step("deny policies", || "one blocks the API or the address".to_owned());
            return resource::refuse(located, Some(route), facts, DenyReason::Blocked);
        }
        let called = match &route.access {
            Access::Public => self.call_open(snapshot, operation, facts, trace),
            Access::Protected(protection) => {
                let needs = Call { scope: &protection.scope, audiences: &api.audiences };
                self.call(snapshot, operation, needs, facts, trace).await
            }
        };
        match called {
            Ok(called) => {
                let Called { permit, key_type, exchanged } = called;
                let edits = edits(exchanged.as_ref(), trace);
                let (route, peer, consumed) = (route.clone(), facts.peer, located.consumed);
                let forward = Forward { permit, route, edits, exchanged, peer, key_type, consumed };
                Decision::Forward(Box::new(forward))
            }
            Err(deny) if is_quota(deny.reason) => {
                let answer = Answer::over_quota(&deny, self.now().wall, facts.is_grpc());
                answered(route, facts, answer, Some(deny.reason))
            }
            Err(deny) => {
                let format = ErrorFormat::Managed;
                let answer = Answer::deny(&deny, Some(route), format, facts.is_grpc());
                answered(route, facts, answer, Some(deny.reason))
            }
        }
    }

    /// An operation that asks for no token: none is read.
    fn call_open(
        &self,
        snapshot: &Snapshot,
        operation: &ManagedOperation,
        facts: &RequestFacts<'_>,
        trace: &mut impl Trace,
    ) -> Result<Called, Deny> {
        trace.step("credential", || "the operation is open: none is asked for".to_owned());
        let now = self.now();
        let permit = authorize(&Access::Public, None, now.wall)?;
        let plans = &snapshot.managed.plans;
        let api = operation.api.id;
        let plan = plans.subscription.get(PlanTable::UNAUTHENTICATED);
        let charges = [
            self.shared_charge(plans, operation, facts),
            plan.map(|plan| {
                self.throttle.charge(Level::Address, plan, (api, Peer::of(facts.peer)))
            }),
        ];
        traced(self.throttle.admit(charges, now.tick), "quota", trace)?;
        endpoint(&operation.api, KeyType::Production)?;
        Ok(Called { permit, key_type: KeyType::Production, exchanged: None })
    }

    /// A protected operation.
    async fn call(
        &self,
        snapshot: &Snapshot,
        operation: &ManagedOperation,
        needs: Call<'_>,
        facts: &RequestFacts<'_>,
        trace: &mut impl Trace,
    ) -> Result<Called, Deny> {
        let api = &*operation.api;
        let mut now = self.now();
        let credential =
            credential::in_field(caller::credential_field(api, facts)).map_err(Deny::from);
        let credential = traced(credential, "credential", trace)?;
        let token = credential.token()?;
        if snapshot.managed.revocations.name(token, now.wall) {
            return traced(Err(DenyReason::TokenRevoked.into()), "revocations", trace);
        }
        let exchanged =
            caller::exchanged(snapshot, api, token, Peer::of(facts.peer), now, trace).await?;
        if exchanged.source == Source::AuthorizationServer {
            // The call took its time.
            now = self.now();
        }
        let Admitted { permit, key_type, application, subscription } =
            caller::admit(snapshot, api, needs, &exchanged, now.wall, trace)?;
        if snapshot.managed.denied.caller(application, exchanged.statement.subject.as_deref()) {
            return traced(Err(DenyReason::Blocked.into()), "deny policies", trace);
        }
        let plans = &snapshot.managed.plans;
        let by_subscription = plans
            .subscription
            .get(&*subscription.plan)
            .map(|plan| self.throttle.charge(Level::Subscription, plan, (application.id, api.id)));
        let by_application = plans.application.get(&*application.plan).map(|plan| {
            let user = exchanged.statement.subject.as_deref();
            self.throttle.charge(Level::Application, plan, (application.id, user))
        });
        let charges =
            [self.shared_charge(plans, operation, facts), by_subscription, by_application];
        traced(self.throttle.admit(charges, now.tick), "quota", trace)?;
        endpoint(api, key_type)?;
        Ok(Called { permit, key_type, exchanged: Some(exchanged) })
    }

    /// What all callers together are counted for: the API, or else the operation.
    fn shared_charge<'p>(
        &self,
        plans: &'p PlanTable,
        operation: &ManagedOperation,
        facts: &RequestFacts<'_>,
    ) -> Option<Charge<'p>> {
        let id = operation.api.id;
        match &operation.api.plan {
            Some(name) => {
                let plan = plans.advanced.get(name)?;
                Some(self.throttle.charge(Level::Api, plan, id))
            }
            None => {
                let plan = plans.advanced.get(&operation.plan)?;
                let party = (id, facts.method, &operation.template);
                Some(self.throttle.charge(Level::Operation, plan, party))
            }
        }
    }
}

/// What a call came to.
struct Called {
    permit: Permit,
    key_type: KeyType,
    exchanged: Option<Exchanged>,
}

fn endpoint(api: &Api, key_type: KeyType) -> Result<(), Deny> {
    match (api.endpoint(key_type), key_type) {
        (Some(_), _) => Ok(()),
        (None, KeyType::Production) => Err(DenyReason::NoProductionEndpoint.into()),
        (None, KeyType::Sandbox) => Err(DenyReason::NoSandboxEndpoint.into()),
    }
}

fn edits(exchanged: Option<&Exchanged>, trace: &mut impl Trace) -> Edits {
    let bearer = exchanged.map(|exchanged| exchanged.statement.clone());
    trace.step("edits", || match bearer {
        Some(_) => {
            "credential removed, `Authorization: Bearer` set to the phantom token".to_owned()
        }
        None => "none".to_owned(),
    });
    Edits { bearer, place: CredentialPlace::Header, private_response: false }
}

const fn is_quota(reason: DenyReason) -> bool {
    matches!(
        reason,
        DenyReason::ApiQuota
            | DenyReason::ApplicationBurst
            | DenyReason::ApplicationQuota
            | DenyReason::OperationQuota
            | DenyReason::SubscriptionBurst
            | DenyReason::SubscriptionQuota
    )
}

fn answered(
    route: &Arc<Route>,
    facts: &RequestFacts<'_>,
    mut answer: Answer,
    reason: Option<DenyReason>,
) -> Decision {
    answer.fields.extend(route.cors.iter().flat_map(|cors| cors.answer_fields(facts)));
    Decision::Answer { answer, route: Some(route.clone()), reason }
}
