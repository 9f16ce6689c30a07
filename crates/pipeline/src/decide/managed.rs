//! The decision on a request for a managed API, in WSO2's order: API, transport, resource and verb,
//! standing, token, subscription, scope, audience, quotas, endpoint.

use std::borrow::Cow;
use std::sync::Arc;

use phantom_core::Access;
use phantom_core::BearerToken;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Now;
use phantom_core::Permit;
use phantom_core::Statement;
use phantom_core::UnixTime;
use phantom_core::authorize;
use phantom_core::authorize::Call;
use phantom_core::authorize::Caller;
use phantom_core::authorize::Evidence;
use phantom_core::authorize_call;
use phantom_core::catalog::Application;
use phantom_core::catalog::KeyType;
use phantom_core::catalog::Subscription;

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
use crate::exchange;
use crate::exchange::Exchanged;
use crate::exchange::Kind;
use crate::exchange::Source;
use crate::facts::Field;
use crate::facts::RequestFacts;
use crate::managed::Api;
use crate::managed::Charge;
use crate::managed::Elected;
use crate::managed::Level;
use crate::managed::Located;
use crate::managed::ManagedOperation;
use crate::managed::PlanTable;
use crate::managed::Resource;
use crate::managed::Standing;
use crate::managed::TokenClaims;
use crate::managed::elect;
use crate::managed::sole_verifier;
use crate::route::Route;
use crate::snapshot::Snapshot;
use crate::trace::Trace;

/// A caller whose token, subscription, scope and audience are right.
struct Admitted<'a> {
    permit: Permit,
    key_type: KeyType,
    application: &'a Application,
    subscription: &'a Subscription,
}

impl Pipeline {
    pub(super) async fn decide_managed(
        &self,
        snapshot: &Snapshot,
        facts: &RequestFacts<'_>,
        trace: &mut impl Trace,
    ) -> Decision {
        if facts.path == Snapshot::HEALTH_PATH && matches!(facts.method, "GET" | "HEAD") {
            return health(snapshot);
        }
        let Some(located) = snapshot.managed.apis.find(facts.path) else {
            trace.step("api", || "none at this path".to_owned());
            return no_route(snapshot, facts);
        };
        let api = &located.api.api;
        trace.step("api", || format!("`{}`", api.label));
        if let Err(reason) = transport(api, facts) {
            trace.step("transport", || reason.to_string());
            return refuse(located, None, facts, reason);
        }
        let (route, operation) = match resource(located, facts, trace) {
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
            return refuse(located, Some(route), facts, reason);
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
                let (route, consumed) = (route.clone(), located.consumed);
                let forward = Forward { permit, route, edits, exchanged, key_type, consumed };
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
            plan.map(|plan| self.throttle.charge(Level::Address, plan, (api, facts.peer))),
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
        let credential = credential::in_field(credential_field(api, facts)).map_err(Deny::from);
        let credential = traced(credential, "credential", trace)?;
        let token = credential.token()?;
        let exchanged = exchanged(snapshot, api, token, now, trace).await?;
        if exchanged.source == Source::AuthorizationServer {
            // The call took its time.
            now = self.now();
        }
        let Admitted { permit, key_type, application, subscription } =
            admit(snapshot, api, needs, &exchanged, now.wall, trace)?;
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

/// The token's statement, of the one key manager that is elected for it.
async fn exchanged(
    snapshot: &Snapshot,
    api: &Api,
    token: BearerToken<'_>,
    now: Now,
    trace: &mut impl Trace,
) -> Result<Exchanged, Deny> {
    if let Some(verifier) = sole_verifier(api, token)
        && let Some(exchanged) = exchange::verified_before(verifier, token, now)
    {
        trace.step("election", || format!("`{}`, which has verified this JWT", verifier.name));
        return Ok(exchanged);
    }
    let Some(elected) = elect(api, &snapshot.managed.key_managers, token) else {
        trace.step("election", || "no key manager of the API takes the token".to_owned());
        return Err(DenyReason::KeyManagerNotAllowed.into());
    };
    let Elected { key_manager, kind } = elected;
    trace.step("election", || match kind {
        Kind::Jwt => format!("`{}`, by the JWT's issuer", key_manager.name),
        Kind::Opaque => format!("`{}`, to introspect", key_manager.name),
    });
    exchange::exchange_at(key_manager, kind, token, now, trace).await
}

/// What a call came to.
struct Called {
    permit: Permit,
    key_type: KeyType,
    exchanged: Option<Exchanged>,
}

fn health(snapshot: &Snapshot) -> Decision {
    let status = if snapshot.apis_loaded { 200 } else { 503 };
    let fields = vec![("cache-control", "no-store".to_owned())];
    Decision::Answer { answer: Answer::empty(status, fields), route: None, reason: None }
}

fn transport(api: &Api, facts: &RequestFacts<'_>) -> Result<(), DenyReason> {
    match facts.tls {
        true if !api.transports.https => Err(DenyReason::HttpsNotEnabled),
        false if !api.transports.http => Err(DenyReason::HttpNotEnabled),
        _ => Ok(()),
    }
}

/// The operation that is asked for; or the answer to who asks for none. All of this comes before any
/// authentication, as in WSO2.
fn resource<'s>(
    located: Located<'s, '_>,
    facts: &RequestFacts<'_>,
    trace: &mut impl Trace,
) -> Result<(&'s Arc<Route>, &'s ManagedOperation), Decision> {
    let resources = &located.api.resources;
    match resources.find(located.rest, facts.method) {
        Resource::Found(route) => match &route.managed {
            Some(operation) => {
                trace.step("resource", || format!("{} `{}`", facts.method, operation.template));
                Ok((route, operation))
            }
            None => Err(refuse(located, None, facts, DenyReason::ApiMisconfigured)),
        },
        Resource::Nothing => {
            trace.step("resource", || "no template takes the path".to_owned());
            Err(refuse(located, None, facts, DenyReason::NoResource))
        }
        Resource::OtherVerbs => {
            let verbs = resources.verbs(located.rest);
            let route = resources.any();
            let asks = !matches!(facts.fields.access_control_request_method, Field::Absent);
            if let Some(cors) = located.api.api.cors.as_ref().filter(|_| asks)
                && facts.method == "OPTIONS"
            {
                trace.step("preflight", || "answered with the resource's verbs".to_owned());
                let answer = Answer::empty(200, cors.preflight_for(facts, &verbs.join(", ")));
                return Err(Decision::Answer { answer, route: route.cloned(), reason: None });
            }
            trace.step("resource", || format!("none of that path takes `{}`", facts.method));
            let mut answer = Answer::other_method(&verbs, ErrorFormat::Managed, facts.is_grpc());
            let cors = located.api.api.cors.iter();
            answer.fields.extend(cors.flat_map(|cors| cors.answer_fields(facts)));
            let reason = Some(DenyReason::MethodNotAllowed);
            Err(Decision::Answer { answer, route: route.cloned(), reason })
        }
    }
}

/// Token, subscription, scope and audience, in this order.
fn admit<'s>(
    snapshot: &'s Snapshot,
    api: &Api,
    needs: Call<'_>,
    exchanged: &Exchanged,
    now: UnixTime,
    trace: &mut impl Trace,
) -> Result<Admitted<'s>, Deny> {
    let (statement, key_manager): (&Statement, _) = (&exchanged.statement, &exchanged.key_manager);
    // Only those with terms are ever elected.
    let terms = key_manager.managed.as_ref().ok_or(DenyReason::ApiMisconfigured)?;
    let claims = TokenClaims::new(statement, &key_manager.trust);
    let consumer_key = claims.consumer_key(&terms.consumer_key);
    let client = consumer_key
        .as_deref()
        .and_then(|consumer_key| snapshot.managed.directory.client(terms.id, consumer_key));
    trace.step("application", || match (client, &consumer_key) {
        (Some(client), _) => format!("`{}`", client.application.name),
        (None, Some(_)) => "none has the token's consumer key".to_owned(),
        (None, None) => "the token has no consumer key".to_owned(),
    });
    let subscription = client.and_then(|client| client.application.subscription(api.id));
    trace.step("subscription", || match subscription {
        Some(subscription) => format!("{:?}, plan `{}`", subscription.status, subscription.plan),
        None => "none to this API".to_owned(),
    });
    let granted = match needs.scope.needed() {
        Some(_) => claims.scope(&terms.scopes),
        None => Cow::Borrowed(&statement.scope),
    };
    let caller = Caller {
        subscription,
        key_type: client.map_or(KeyType::Production, |client| client.key_type),
        granted: &granted,
        revoked: snapshot.managed.revocations.kill(statement, consumer_key.as_deref()),
    };
    let evidence = Evidence { statement, trust: &key_manager.trust };
    let permit = authorize_call(needs, caller, evidence, now).map_err(Deny::from);
    let permit = traced(permit, "authorize", trace)?;
    match (client, subscription) {
        (Some(client), Some(subscription)) => Ok(Admitted {
            permit,
            key_type: client.key_type,
            application: &client.application,
            subscription,
        }),
        _ => Err(DenyReason::NoSubscription.into()),
    }
}

fn credential_field<'a>(api: &Api, facts: &RequestFacts<'a>) -> Field<'a> {
    match &api.credential_field {
        Some(name) => facts.named.named(name),
        None => facts.fields.authorization,
    }
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

/// A refusal before there is a caller. Where no route is known, any of the API's stands for it in log
/// and metrics.
fn refuse(
    located: Located<'_, '_>,
    route: Option<&Arc<Route>>,
    facts: &RequestFacts<'_>,
    reason: DenyReason,
) -> Decision {
    let format = ErrorFormat::Managed;
    let mut answer =
        Answer::deny(&reason.into(), route.map(|route| &**route), format, facts.is_grpc());
    let cors = located.api.api.cors.iter();
    answer.fields.extend(cors.flat_map(|cors| cors.answer_fields(facts)));
    let route = route.or_else(|| located.api.resources.any()).cloned();
    Decision::Answer { answer, route, reason: Some(reason) }
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
