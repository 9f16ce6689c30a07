//! What has to hold of every script, and what of those in which both sides keep the rules.

use std::time::Duration;

use h2::Reason;
use phantom_wire::CHUNK;
use serde_json::Value;
use tokio::time::Instant;

use super::backend;
use super::client::End;
use super::client::Got;
use super::client::Seen;
use super::script::AnswerFraming;
use super::script::Leads;
use super::script::Protocol;
use super::script::Request;
use super::script::Script;
use super::script::Silent;
use super::world::WITH_BACKENDS;
use super::world::WITH_CLIENTS;
use crate::serve::LINGER;

/// Everything that one script left behind.
pub(crate) struct Course<'a> {
    pub(crate) script: &'a Script,
    pub(crate) client: &'a Seen,
    pub(crate) backends: &'a [backend::Seen],
    pub(crate) log: Vec<Value>,
    /// The gateway's side of the connection ended by itself.
    pub(crate) ended: bool,
    /// The most bytes that the gateway kept as they came from the client, as far as the wire can tell.
    pub(crate) kept: usize,
}

type Verdict = Result<(), String>;

/// How coarse the gateway's clock is.
const TICK: Duration = Duration::from_millis(100);
/// The same, with what the client pauses before it looks at an answer.
const LATE: Duration = Duration::from_secs(1);

/// The most that the gateway keeps of what a client sends. What stands behind a request is read until it is
/// a chunk, up to another at once; the third is for what the wire cannot tell apart.
const KEPT: usize = 3 * CHUNK;

macro_rules! hold {
    ($condition:expr, $($words:tt)*) => {
        if !$condition {
            return Err(format!($($words)*));
        }
    };
}

pub(crate) fn judge(course: &Course<'_>) -> Verdict {
    hold!(course.ended, "the connection never ended");
    hold!(course.client.nonsense.is_none(), "no HTTP: {:?}", course.client.nonsense);
    // Of libraries' memory the wire knows nothing.
    let reads_itself = !course.script.tls && course.script.protocol == Protocol::Http1;
    hold!(!reads_itself || course.kept <= KEPT, "{} bytes were kept", course.kept);
    requests(course)?;
    answers(course)?;
    log(course)?;
    if course.script.gentle { success(course) } else { Ok(()) }
}

/// No request reaches a backend which the client did not frame, none twice, and none with a body that
/// is not its own.
fn requests(course: &Course<'_>) -> Verdict {
    let mut count = vec![0; course.script.requests.len()];
    for seen in course.backends {
        let request = seen.id.and_then(|id| course.script.requests.get(id));
        let Some(request) = request else {
            return Err(format!("a backend got {:?}, which nobody asked for", seen.line));
        };
        let line = format!("{} {} HTTP/1.1", request.method, request.target());
        hold!(seen.line == line, "a backend got {:?} for {line:?}", seen.line);
        hold!(
            matches!(request.leads, Leads::ToBackend | Leads::Collected),
            "{line} was not for a backend"
        );
        hold!(request.body.starts_with(&seen.body), "{line}: another body than the client's");
        hold!(
            !seen.whole || seen.body.len() == request.body.len() && !request.broken,
            "{line}: a part of the body looks whole to the backend"
        );
        hold!(
            request.leads != Leads::Collected || seen.has_length || request.body.is_empty(),
            "{line}: not collected"
        );
        hold!(!seen.trailing, "{line}: trailers from nowhere");
        count[request.id] += 1;
        let again = matches!(request.method, "GET" | "HEAD" | "PUT");
        hold!(count[request.id] <= if again { 2 } else { 1 }, "{line} was sent again");
    }
    Ok(())
}

/// Each answer belongs to its request, and no part looks whole.
fn answers(course: &Course<'_>) -> Verdict {
    let Seen { answers, partial, sent, left, .. } = course.client;
    let http1 = course.script.protocol == Protocol::Http1;
    hold!(answers.len() <= course.script.requests.len(), "more answers than requests");
    let begun = sent.len();
    hold!(!http1 || answers.len() <= begun, "{} answers to {begun} heads", answers.len());
    for (request, got) in course.script.requests.iter().zip(answers.iter().chain(partial)) {
        if let Some(id) = got.names {
            hold!(id == request.id, "request {} got the answer of {id}", request.id);
            hold!(
                request.answer.refused().is_none(),
                "request {id}: a head past the limits went on"
            );
            let to_head = request.method == "HEAD";
            let body: &[u8] = if to_head { b"" } else { &request.answer.body };
            hold!(body.starts_with(&got.body), "request {}: another body", request.id);
            // Until the connection's end: only a reset tells HTTP/1.0 that something is missing.
            let until_close =
                request.http10 && course.client.ended.is_some_and(|end| !end.is_orderly());
            let whole = got.whole && !until_close;
            let from_close = request.answer.framing == AnswerFraming::UntilClose;
            hold!(
                !whole || got.body.len() == body.len() || from_close,
                "request {}: {} of {} bytes look whole",
                request.id,
                got.body.len(),
                body.len()
            );
        } else if got.status != 0 {
            let own = [401, 408, 413, 502, 503, 504];
            // Nothing else of what a client frames is malformed.
            let broken = (request.broken || *left) && got.status == 400;
            hold!(
                broken || own.contains(&got.status),
                "request {}: an answer of our own with {}",
                request.id,
                got.status
            );
        }
    }
    if http1 {
        let after_close = answers.iter().position(|got| got.closes).map(|at| at + 1);
        hold!(
            after_close.is_none_or(|next| next == answers.len()),
            "an answer after the one that closes"
        );
    }
    Ok(())
}

/// Every byte that the log calls sent arrives at a client that goes on reading, also where the backend broke off.
fn log(course: &Course<'_>) -> Verdict {
    let Seen { answers, partial, left, ended, .. } = course.client;
    let arrived: Vec<&Got> = answers.iter().chain(partial).collect();
    for line in &course.log {
        let path = line["path"].as_str().unwrap_or_default();
        let id = path.rsplit('/').next().and_then(|id| id.parse::<usize>().ok());
        let Some(id) = id.filter(|id| *id < course.script.requests.len()) else { continue };
        let bytes = line["bytes"].as_u64().unwrap_or_default() as usize;
        let got = arrived.get(id).map_or(0, |got| got.body.len());
        let error = line["error"].as_str();
        // Over HTTP/2 the stream is reset, and what waits for its window goes with it.
        let of_backend = course.script.protocol == Protocol::Http1
            && error.is_some_and(|error| error.starts_with("upstream_"));
        let faithful = !left
            && course.script.reads_at_most.is_none()
            && (error.is_none() || of_backend)
            && ended.is_none_or(End::is_orderly);
        hold!(
            !faithful || got >= bytes,
            "request {id}: the log says {bytes} bytes were sent, {got} arrived: {line}"
        );
        let request = &course.script.requests[id];
        let taken = course.backends.iter().any(|seen| seen.id == Some(id) && seen.whole);
        let sent = request.answer.broken_body(id).filter(|_| taken && request.method != "HEAD");
        let begun = arrived.get(id).is_some_and(|got| got.names == Some(id));
        hold!(
            !(faithful && of_backend && begun) || sent.is_none_or(|sent| got >= sent),
            "request {id}: the backend broke off behind {sent:?} bytes, {got} arrived: {line}"
        );
    }
    Ok(())
}

/// Where both sides keep the rules and their time, all requests succeed.
fn success(course: &Course<'_>) -> Verdict {
    hold!(course.client.ended != Some(End::Cut), "TLS ended without its close: {:?}", course.log);
    for (at, request) in course.script.requests.iter().enumerate() {
        let Some(got) = course.client.answers.get(at) else {
            return Err(format!("request {at} has no answer: {:?}", course.log));
        };
        stream(course, request, got)?;
        if silence(course, request, got)? {
            continue;
        }
        let wanted = match (request.leads, request.answer.refused()) {
            (Leads::Refused, _) => 401,
            (_, Some(_)) => 502,
            (_, None) => request.answer.status,
        };
        hold!(got.status == wanted, "request {at}: {} for {wanted}: {:?}", got.status, course.log);
        hold!(got.whole, "request {at}: its answer is not whole: {:?}", course.log);
        if request.leads == Leads::Refused {
            continue;
        }
        if let Some((cause, words)) = request.answer.refused() {
            let told = String::from_utf8_lossy(&got.body);
            hold!(
                request.method == "HEAD" || told.contains(words),
                "request {at}: told {told:?} and not {words:?}"
            );
            let logged = course.log.iter().any(|line| line["error"] == cause);
            hold!(logged, "request {at}: {cause} is not in the log: {:?}", course.log);
            continue;
        }
        let body: &[u8] = if request.method == "HEAD" { b"" } else { &request.answer.body };
        hold!(*got.body == *body, "request {at}: {} of {} bytes", got.body.len(), body.len());
        let early = request.answer.reads != usize::MAX;
        let seen = course.backends.iter().find(|seen| seen.id == Some(at) && seen.whole);
        hold!(early || seen.is_some(), "request {at}: no backend got it whole");
    }
    Ok(())
}

/// Whoever falls silent is waited for as long as that side gets, and the client is told which it was.
/// Returns whether it came to that.
fn silence(course: &Course<'_>, request: &Request, got: &Got) -> Result<bool, String> {
    let Request { id, silent: Some(silent), .. } = request else { return Ok(false) };
    let is_early = request.answer.reads != usize::MAX;
    let (status, patience) = match silent {
        // An early answer may come first.
        Silent::Client(_) if is_early && got.status != 408 => return Ok(false),
        Silent::Client(_) => (408, WITH_CLIENTS),
        Silent::Backend => (504, WITH_BACKENDS),
    };
    let (sent, at) = (course.client.sent[*id], got.at.unwrap_or_else(Instant::now));
    // Behind other requests on the connection it may have waited for its turn.
    let others = course.backends.iter().map(|seen| seen.last);
    let (all, since) = (at - sent.begun, at - others.fold(sent.last, Instant::max));
    hold!(
        got.status == status && got.whole && all >= patience - TICK && since <= patience + LATE,
        "request {id}: {} after {since:?} of {all:?}, for {status} after {patience:?}: {silent:?}, {:?}",
        got.status,
        course.log
    );
    Ok(true)
}

/// A stream whose answer came before all of its request was sent stays open for a while, and ends without
/// an error: some clients drop an answer that is reset.
fn stream(course: &Course<'_>, request: &Request, got: &Got) -> Verdict {
    if course.script.protocol == Protocol::Http1 {
        return Ok(());
    }
    let id = request.id;
    let is_whole = request.sends() == request.body.len();
    let Some((reason, at)) = got.reset else {
        hold!(is_whole, "request {id}: its stream never ended");
        return Ok(());
    };
    hold!(reason == Reason::NO_ERROR, "request {id}: its stream ended with {reason:?}");
    let lasted = got.at.map(|answered| at - answered);
    // Whoever was not told to go on sends nothing.
    hold!(
        request.expects_continue || lasted.is_none_or(|lasted| lasted >= LINGER),
        "request {id}: its stream was reset {lasted:?} after the answer began"
    );
    Ok(())
}

/// Bodies of unknown length are collected up to so many bytes.
pub(crate) const COLLECTED: usize = 3_000;
