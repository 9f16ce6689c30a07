//! One HTTP/2 stream: decided, then answered or forwarded.

use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use phantom_pipeline::Answer;
use phantom_pipeline::Decision;
use phantom_pipeline::Fault;
use phantom_pipeline::FormWanted;
use phantom_pipeline::Forward;
use phantom_pipeline::Snapshot;
use phantom_pipeline::Target;
use phantom_pipeline::trace::Untraced;

use super::OpenStream;
use super::account::Account;
use super::answering::Client;
use super::client_stream::ClientStream;
use super::relay;
use super::relay::Sending;
use super::request;
use super::unless_reset;
use crate::content::Content;
use crate::forward;
use crate::forward::Origin;
use crate::head::Framing;
use crate::head::RequestHead;
use crate::head::Version;
use crate::http1::connection::Caller;
use crate::http1::connection::facts;
use crate::metrics::Outcome;
use crate::server::Worker;
use crate::static_files;
use crate::static_files::Reply;

/// The version in logs and `Via`.
pub(super) const VERSION: Version = Version::Http2;

pub(super) async fn serve(
    worker: Rc<Worker>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    origin: Origin,
    open: OpenStream,
) {
    let started = Instant::now();
    let published = worker.shared.published.load_full();
    let (parts, incoming) = request.into_parts();
    let mut head = RequestHead::default();
    let config = &worker.shared.config;
    let filled = request::fill(&parts, incoming.is_end_stream(), &mut head, &config.limits);
    let mut client = Client {
        account: Account::new(worker.clone(), published.clone(), started, open),
        stream: ClientStream::new(incoming, respond),
        deadline: worker.deadlines.register(),
        to_head: head.method() == "HEAD",
        worker: worker.clone(),
    };
    client.account.id = worker.identify(&head, origin.peer);
    let format = published.snapshot.error_format_at(origin.entry);
    let refusal = |fault| Answer::fault(fault, format, false);
    if let Err(fault) = filled {
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        client.account.describe_refused(method, path, origin.peer);
        return client.answer(&refusal(fault), Outcome::Answered, Some("bad_request")).await;
    }
    if head.expects_continue {
        client.stream.expects_continue();
    }
    let address = forward::client_address(&head, origin.peer, config);
    client.account.describe(&head, address);
    if forward::is_loop(&head, config) {
        let answer = refusal(Fault::LoopDetected);
        return client.answer(&answer, Outcome::Answered, Some("loop")).await;
    }
    let caller = Caller::new(address, &head, origin, config);
    let stream = &mut client.stream;
    let form = match read_form(&worker, &published.snapshot, &head, caller, stream).await {
        Ok(form) => form,
        Err(fault) => {
            return client.answer(&refusal(fault), Outcome::Answered, Some("bad_request")).await;
        }
    };
    let facts = facts(&head, form.as_ref().map(|form| &*form.bytes), caller);
    let grpc = facts.is_grpc();
    let mut trace = Untraced;
    let deciding = worker.shared.pipeline.decide(&published.snapshot, &facts, &mut trace);
    let Some(decision) = unless_reset(&mut client.stream.respond, deciding).await else { return };
    client.account.decided(started.elapsed());
    let permitted = match decision {
        Decision::Answer { answer, route, reason } => {
            (client.account.route, client.account.reason) = (route, reason);
            return client.answer(&answer, Outcome::Answered, None).await;
        }
        Decision::Forward(permitted) => permitted,
    };
    client.account.route = Some(permitted.route.clone());
    client.account.exchanged = permitted.exchanged.clone();
    match permitted.target() {
        Target::Directory(root) => file(&permitted, root, &head, client).await,
        // Only a permit without an endpoint, which no decision gives.
        Target::Endpoint => {
            let answer = Answer::fault(Fault::NotFound, permitted.route.error_format, grpc);
            client.answer(&answer, Outcome::Failed, Some("no_upstream")).await;
        }
        Target::Upstream(upstream) => {
            let upstream = upstream.clone();
            let content = form.map(|form| forward::rewritten_form(&permitted.edits, form));
            let sending = Sending { permitted, upstream, head, content, origin, grpc };
            relay::forward(sending, client).await;
        }
    }
}

async fn read_form(
    worker: &Rc<Worker>,
    snapshot: &Snapshot,
    head: &RequestHead,
    caller: Caller,
    stream: &mut ClientStream,
) -> Result<Option<Content>, Fault> {
    let wanted = snapshot.wants_form(&facts(head, None, caller));
    if head.framing == Framing::None || wanted == FormWanted::No {
        return Ok(None);
    }
    let limits = &worker.shared.config.limits;
    let reading = stream.read_start(limits.max_form_bytes);
    let read = tokio::time::timeout(limits.body_idle_timeout, reading).await;
    let read = read.map_err(|_| Fault::RequestTimeout)??;
    if wanted == FormWanted::Whole && !read.whole {
        return Err(Fault::LengthTooLarge);
    }
    Ok(Some(read))
}

async fn file(permitted: &Forward, root: &Path, head: &RequestHead, client: Client) {
    match static_files::reply(permitted, root, head).await {
        Reply::File(answer, file) => client.file(&answer, file).await,
        Reply::Answer(answer) => client.answer(&answer, Outcome::Answered, None).await,
    }
}
