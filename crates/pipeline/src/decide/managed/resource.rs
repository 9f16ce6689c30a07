//! What is asked for, and the answer to who asks for nothing that is there. All of this comes before
//! any authentication, as in WSO2.

use std::sync::Arc;

use phantom_core::DenyReason;

use crate::answer::Answer;
use crate::answer::ErrorFormat;
use crate::decide::Decision;
use crate::facts::Field;
use crate::facts::RequestFacts;
use crate::managed::Api;
use crate::managed::Located;
use crate::managed::ManagedOperation;
use crate::managed::Resource;
use crate::route::Route;
use crate::snapshot::Snapshot;
use crate::trace::Trace;

pub(super) fn health(snapshot: &Snapshot) -> Decision {
    let status = if snapshot.apis_loaded { 200 } else { 503 };
    let fields = vec![("cache-control", "no-store".to_owned())];
    Decision::Answer { answer: Answer::empty(status, fields), route: None, reason: None }
}

pub(super) fn transport(api: &Api, facts: &RequestFacts<'_>) -> Result<(), DenyReason> {
    match facts.tls {
        true if !api.transports.https => Err(DenyReason::HttpsNotEnabled),
        false if !api.transports.http => Err(DenyReason::HttpNotEnabled),
        _ => Ok(()),
    }
}

/// The operation that is asked for; or the answer to who asks for none. All of this comes before any
/// authentication, as in WSO2.
pub(super) fn resource<'s>(
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

/// A refusal before there is a caller. Where no route is known, any of the API's stands for it in log
/// and metrics.
pub(super) fn refuse(
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
