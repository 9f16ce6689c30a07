//! Which resource is asked for, and the answer to who asks for none that is there. All of this comes before
//! any authentication, as in WSO2.

use std::sync::Arc;

use phantom_core::DenyReason;

use crate::answer::Answer;
use crate::decide::Answered;
use crate::decide::Deciding;
use crate::error_format::ErrorFormat;
use crate::facts::Field;
use crate::facts::RequestFacts;
use crate::managed::Api;
use crate::managed::Located;
use crate::managed::ManagedOperation;
use crate::managed::Resource;
use crate::snapshot::Snapshot;
use crate::trace::Trace;

pub(super) fn health(snapshot: &Snapshot) -> Answer {
    let status = if snapshot.apis_loaded { 200 } else { 503 };
    Answer::empty(status, vec![("cache-control", "no-store".to_owned())])
}

pub(super) fn transport(api: &Api, facts: &RequestFacts<'_>) -> Result<(), DenyReason> {
    match facts.tls {
        true if !api.published.transports.https => Err(DenyReason::HttpsNotEnabled),
        false if !api.published.transports.http => Err(DenyReason::HttpNotEnabled),
        _ => Ok(()),
    }
}

impl<'d, T: Trace> Deciding<'d, T> {
    /// The operation that is asked for; or the answer to who asks for none.
    pub(super) fn resource(
        &mut self,
        located: Located<'d, '_>,
    ) -> Result<&'d Arc<ManagedOperation>, Answered<'d>> {
        let (facts, resources) = (self.facts, &located.api.resources);
        match resources.find(located.rest, facts.method) {
            Resource::Found(operation) => {
                self.trace
                    .step("resource", || format!("{} `{}`", facts.method, operation.template));
                Ok(operation)
            }
            Resource::Nothing => {
                self.trace.step("resource", || "no template takes the path".to_owned());
                Err(self.not_served(located, DenyReason::NoResource))
            }
            Resource::OtherVerbs => Err(self.other_verbs(located)),
        }
    }

    fn other_verbs(&mut self, located: Located<'d, '_>) -> Answered<'d> {
        let (facts, cors) = (self.facts, located.api.api.cors.as_deref());
        let verbs = located.api.resources.verbs(located.rest);
        let matched = located.api.resources.any().map(Into::into);
        let asks = !matches!(facts.fields.access_control_request_method, Field::Absent);
        if let Some(cors) = cors.filter(|_| asks && facts.method == "OPTIONS") {
            self.trace.step("preflight", || {
                "answered with the resource's methods, as far as the API's CORS allows them"
                    .to_owned()
            });
            let answer = Answer::empty(200, cors.preflight_of(facts, &verbs));
            return Answered { matched, ..answer.into() };
        }
        self.trace.step("resource", || format!("none of that path takes `{}`", facts.method));
        let answer = Answer::other_method(&verbs, ErrorFormat::Managed, facts.is_grpc());
        Answered { answer, matched, reason: Some(DenyReason::MethodNotAllowed), cors }
    }

    /// A refusal before there is an operation: any of the API's stands for it in log and metrics.
    pub(super) fn not_served(&self, located: Located<'d, '_>, reason: DenyReason) -> Answered<'d> {
        let any = located.api.resources.any().map(Into::into);
        let cors = located.api.api.cors.as_deref();
        self.refused(&reason.into(), any, ErrorFormat::Managed, cors)
    }
}
