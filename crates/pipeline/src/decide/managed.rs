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

use super::Answered;
use super::Deciding;
use super::Forward;
use crate::answer::Answer;
use crate::credential;
use crate::edits::Edits;
use crate::error_format::ErrorFormat;
use crate::exchange::Exchanged;
use crate::exchange::Source;
use crate::managed::Api;
use crate::managed::Charge;
use crate::managed::Level;
use crate::managed::ManagedOperation;
use crate::managed::PlanTable;
use crate::managed::Standing;
use crate::route::Target;
use crate::route::Upstream;
use crate::snapshot::Snapshot;
use crate::trace::Trace;
use caller::Admitted;

impl<'d, T: Trace> Deciding<'d, T> {
    pub(super) async fn managed(&mut self) -> Result<Box<Forward>, Answered<'d>> {
        let (snapshot, facts) = (self.snapshot, self.facts);
        if facts.path == Snapshot::HEALTH_PATH && matches!(facts.method, "GET" | "HEAD") {
            return Err(resource::health(snapshot).into());
        }
        let Some(located) = snapshot.managed.apis.find(facts.path) else {
            self.trace.step("api", || "none at this path".to_owned());
            return Err(self.no_route());
        };
        let api = &located.api.api;
        self.trace.step("api", || format!("`{}`", api.label));
        if let Err(reason) = resource::transport(api, facts) {
            self.trace.step("transport", || reason.to_string());
            return Err(self.not_served(located, reason));
        }
        let operation = self.resource(located)?;
        let standing = match api.standing {
            Standing::Blocked => Some(DenyReason::ApiBlocked),
            Standing::Misconfigured => Some(DenyReason::ApiMisconfigured),
            Standing::Serving => None,
        };
        if let Some(reason) = standing {
            self.trace.step("standing", || reason.to_string());
            return Err(self.refused_at(operation, &reason.into()));
        }
        // Before the token: nobody is asked about one for who is refused whatever the answer.
        if snapshot.managed.denied.api_or_address(api, facts.peer) {
            self.trace.step("deny policies", || "one blocks the API or the address".to_owned());
            return Err(self.refused_at(operation, &DenyReason::Blocked.into()));
        }
        let called = match &operation.access {
            Access::Public => self.call_open(operation),
            Access::Protected(protection) => {
                let needs = Call { scope: &protection.scope, audiences: &api.published.audiences };
                self.call(operation, needs).await
            }
        };
        let Called { permit, endpoint, exchanged } =
            called.map_err(|deny| self.refused_at(operation, &deny))?;
        let bearer = exchanged.as_ref().map(|exchanged| exchanged.statement.clone());
        Ok(Box::new(Forward {
            permit,
            matched: operation.into(),
            target: Target::Upstream(endpoint),
            edits: self.told(Edits { bearer, ..Edits::default() }),
            known: self.known(exchanged.as_ref()),
            exchanged,
            peer: facts.peer,
            consumed: located.consumed,
        }))
    }

    fn refused_at(&self, operation: &'d Arc<ManagedOperation>, deny: &Deny) -> Answered<'d> {
        let (matched, cors) = (Some(operation.into()), operation.api.cors.as_deref());
        if is_quota(deny.reason) {
            let answer = Answer::over_quota(deny, self.now().wall, self.facts.is_grpc());
            return Answered { answer, matched, reason: Some(deny.reason), cors };
        }
        self.refused(deny, matched, ErrorFormat::Managed, cors)
    }

    /// An operation that asks for no token: none is read.
    fn call_open(&mut self, operation: &ManagedOperation) -> Result<Called, Deny> {
        self.trace.step("credential", || "the operation is open: none is asked for".to_owned());
        let (throttle, now) = (&self.pipeline.throttle, self.now());
        let permit = authorize(&Access::Public, None, now.wall)?;
        let plan = self.snapshot.managed.plans.subscription.get(PlanTable::UNAUTHENTICATED);
        let caller = (operation.api.published.id, Peer::of(self.facts.peer));
        let by_address = plan.map(|plan| throttle.charge(Level::Address, plan, caller));
        let charges = [self.shared_charge(operation), by_address];
        self.traced("quota", throttle.admit(charges, now.tick))?;
        let endpoint = endpoint(&operation.api, KeyType::Production)?;
        Ok(Called { permit, endpoint, exchanged: None })
    }

    /// A protected operation.
    async fn call(
        &mut self,
        operation: &'d ManagedOperation,
        needs: Call<'_>,
    ) -> Result<Called, Deny> {
        let (api, managed) = (&*operation.api, &self.snapshot.managed);
        let mut now = self.now();
        let credential = credential::in_field(caller::credential_field(api, self.facts));
        let credential = self.traced("credential", credential)?;
        let token = credential.token()?;
        if managed.revocations.name(token, now.wall) {
            return self.traced("revocations", Err(DenyReason::TokenRevoked));
        }
        let exchanged = self.exchanged(api, token, now).await?;
        if exchanged.source == Source::AuthorizationServer {
            // The call took its time.
            now = self.now();
        }
        let Admitted { permit, key_type, application, subscription } =
            self.admitted(api, needs, &exchanged, now.wall)?;
        let user = exchanged.statement.subject.as_deref();
        if managed.denied.caller(application, user) {
            return self.traced("deny policies", Err(DenyReason::Blocked));
        }
        let subscribed = managed.plans.subscription.get(&*subscription.plan);
        let applied = managed.plans.application.get(&*application.plan);
        let throttle = &self.pipeline.throttle;
        let charges = [
            self.shared_charge(operation),
            subscribed.map(|plan| {
                throttle.charge(Level::Subscription, plan, (application.id, api.published.id))
            }),
            applied.map(|plan| throttle.charge(Level::Application, plan, (application.id, user))),
        ];
        self.traced("quota", throttle.admit(charges, now.tick))?;
        Ok(Called { permit, endpoint: endpoint(api, key_type)?, exchanged: Some(exchanged) })
    }

    /// The charge on all callers together: the API, or else the operation.
    fn shared_charge(&self, operation: &ManagedOperation) -> Option<Charge<'d>> {
        let (throttle, plans) = (&self.pipeline.throttle, &self.snapshot.managed.plans.advanced);
        let id = operation.api.published.id;
        match &operation.api.published.plan {
            Some(name) => Some(throttle.charge(Level::Api, plans.get(name)?, id)),
            None => {
                let plan = plans.get(&operation.plan)?;
                let party = (id, self.facts.method, &operation.template);
                Some(throttle.charge(Level::Operation, plan, party))
            }
        }
    }
}

/// A call that is let through.
struct Called {
    permit: Permit,
    endpoint: Arc<Upstream>,
    exchanged: Option<Exchanged>,
}

fn endpoint(api: &Api, key_type: KeyType) -> Result<Arc<Upstream>, Deny> {
    let missing = match key_type {
        KeyType::Production => DenyReason::NoProductionEndpoint,
        KeyType::Sandbox => DenyReason::NoSandboxEndpoint,
    };
    api.endpoint(key_type).cloned().ok_or(missing.into())
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
