//! The course of a request, whichever protocol brought it: form, decision, target, answer, event. The
//! protocols give its head, and a [`Client`] that gives its body and takes the answer.

mod account;
mod client;
mod own_answers;
mod relay;
mod request_body;
mod upstream;

use std::net::IpAddr;
use std::time::Duration;

use phantom_pipeline::Answer;
use phantom_pipeline::Decision;
use phantom_pipeline::Entry;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use phantom_pipeline::KnownFields;
use phantom_pipeline::Matched;
use phantom_pipeline::RequestFacts;
use phantom_pipeline::Target;
use phantom_pipeline::trace::Untraced;
use phantom_telemetry::Cause;
use phantom_telemetry::metrics::Ended;

use crate::config::ProxyConfig;
use crate::failure::Failure;
use crate::failure::Told;
use crate::forward;
use crate::forward::Origin;
use crate::head::FieldKind;
use crate::head::RequestHead;
use crate::worker::Published;
use crate::worker::Worker;
use account::Account;
pub(crate) use client::Client;
use upstream::Sending;

/// After an answer that leaves unread input behind, input is read and thrown away for so long, so that
/// the client sees the answer and not a reset.
pub(crate) const LINGER: Duration = Duration::from_secs(2);

/// Serves a request whose head was read. What became of it is written down before this returns.
pub(crate) async fn serve<C: Client>(
    worker: &Worker,
    head: &RequestHead,
    origin: Origin,
    client: &mut C,
) {
    let published = worker.shared.published.load_full();
    let account = Account::new(worker, &published, head, origin);
    Course { worker, published: &published, head, origin, client, account }.run().await;
}

/// Answers a request whose head cannot be taken. The log has method and path as they came.
pub(crate) async fn refuse<C: Client>(
    worker: &Worker,
    head: &RequestHead,
    origin: Origin,
    client: &mut C,
    (fault, method, path): (Fault, &str, &str),
) {
    let published = worker.shared.published.load_full();
    let mut account = Account::new(worker, &published, head, origin);
    (account.method, account.path) = (method, path);
    let mut course = Course { worker, published: &published, head, origin, client, account };
    course.refuse(Failure::told(Cause::BadRequest, fault)).await;
}

/// One request on its way.
struct Course<'r, C> {
    worker: &'r Worker,
    published: &'r Published,
    head: &'r RequestHead,
    origin: Origin,
    client: &'r mut C,
    account: Account<'r>,
}

impl<C: Client> Course<'_, C> {
    async fn run(&mut self) {
        let (worker, head) = (self.worker, self.head);
        let source = Source::new(head, self.origin, &worker.shared.config);
        self.account.peer = source.address;
        if forward::is_loop(head, &worker.shared.config) {
            return self.refuse(Cause::Loop.into()).await;
        }
        let form = match self.read_form(source).await {
            Ok(form) => form,
            Err(fault) => return self.refuse(Failure::told(Cause::BadRequest, fault)).await,
        };
        let facts = facts(head, form.as_ref().map(|form| &*form.bytes), source);
        let grpc = facts.is_grpc();
        let (snapshot, mut trace) = (&self.published.snapshot, Untraced);
        let deciding = worker.shared.pipeline.decide(snapshot, &facts, &mut trace);
        let Some(decision) = self.client.unless_lost(deciding).await else {
            return self.account.broke_off(Cause::ClientGone);
        };
        self.account.decided();
        match decision {
            Decision::Answer { answer, matched, reason, known } => {
                (self.account.matched, self.account.reason) = (matched, reason);
                self.account.known = known;
                self.answer(&answer, Ended::Answered, None).await;
            }
            Decision::Forward(mut permitted) => {
                self.account.permitted(&mut permitted);
                match &permitted.target {
                    Target::Directory(root) => self.file(&permitted, root).await,
                    Target::Upstream(upstream) => {
                        let content =
                            form.map(|form| forward::rewritten_form(&permitted.edits, form));
                        let permitted = &*permitted;
                        self.forward(Sending { permitted, upstream, content, grpc }).await;
                    }
                }
            }
        }
    }

    /// Answers what fails before there is a route.
    async fn refuse(&mut self, failure: Failure) {
        let format = self.published.snapshot.error_format_at(self.origin.entry);
        let answer = match failure.told {
            Told::Fault(fault) => {
                self.account.detail = Some(fault.words());
                Answer::fault(fault, format, false)
            }
            Told::Refusal(reason) => Answer::deny(&reason.into(), None, format, false),
        };
        self.answer(&answer, Ended::Answered, Some(failure.cause)).await;
    }

    /// Answers what fails once it was permitted.
    async fn fail(&mut self, permitted: &Forward, failure: Failure, grpc: bool) {
        let matched = &permitted.matched;
        let format = matched.error_format();
        let mut answer = match failure.told {
            Told::Fault(fault) => Answer::fault(fault, format, grpc),
            Told::Refusal(reason) => {
                self.account.reason = Some(reason);
                Answer::deny(&reason.into(), Some(matched), format, grpc)
            }
        };
        self.add_cors(matched, &mut answer);
        self.answer(&answer, Ended::Failed, Some(failure.cause)).await;
    }

    /// Without these fields a browser hides the answer from the page (COR-3).
    fn add_cors(&self, matched: &Matched, answer: &mut Answer) {
        if let Some(cors) = matched.cors() {
            answer.fields.extend(cors.fields_for(self.head.values(FieldKind::Origin).next()));
        }
    }

    fn is_head_request(&self) -> bool {
        self.head.method() == "HEAD"
    }
}

/// Where a request came from, as the decision is told.
#[derive(Clone, Copy)]
struct Source {
    address: IpAddr,
    entry: Entry,
    tls: bool,
}

impl Source {
    fn new(head: &RequestHead, origin: Origin, config: &ProxyConfig) -> Self {
        let address = forward::client_address(head, origin.peer, config);
        let tls = forward::client_uses_tls(head, origin, config);
        Self { address, entry: origin.entry, tls }
    }
}

/// The facts the decision sees, borrowed from the head.
fn facts<'a>(head: &'a RequestHead, form: Option<&'a [u8]>, source: Source) -> RequestFacts<'a> {
    let known = head.fields.iter().filter(|field| field.kind.is_known_to_decision());
    RequestFacts {
        method: head.method(),
        host: head.host(),
        path: head.path(),
        query: head.query(),
        fields: KnownFields::collect(known.map(|field| (head.name(field), head.value(field)))),
        named: head,
        form,
        peer: source.address,
        entry: source.entry,
        tls: source.tls,
    }
}
