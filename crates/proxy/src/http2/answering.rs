//! The answer on a stream, sent as the client opens its window.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use h2::Reason;
use h2::SendStream;
use http::HeaderMap;
use http::Response;
use phantom_pipeline::Answer;
use phantom_pipeline::route::Bounds;

use super::account::Account;
use super::client_stream::ClientStream;
use crate::deadline::Deadline;
use crate::exchange::ClientGone;
use crate::exchange::Turn;
use crate::metrics::Outcome;
use crate::respond;
use crate::server::Worker;
use crate::static_files::File;

/// The most that is handed over at once.
const PIECE: usize = 64 * 1024;

pub(super) struct Answering {
    send: SendStream<Bytes>,
}

/// Why an answer of our own did not arrive whole.
enum Unsent {
    Gone,
    Timeout,
}

impl Answering {
    /// Sends the head; `whole` if no body follows.
    pub(super) fn start(
        stream: &mut ClientStream,
        head: Response<()>,
        whole: bool,
    ) -> Result<Self, ClientGone> {
        let send = stream.respond.send_response(head, whole).map_err(|_| ClientGone)?;
        Ok(Self { send })
    }

    /// How much may be sent now, of so many bytes.
    pub(super) fn poll_room(
        &mut self,
        cx: &mut Context<'_>,
        wanted: usize,
    ) -> Poll<Result<usize, ClientGone>> {
        let wanted = wanted.min(PIECE);
        self.send.reserve_capacity(wanted);
        loop {
            let room = self.send.capacity().min(wanted);
            if room > 0 {
                return Poll::Ready(Ok(room));
            }
            match ready!(self.send.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(Err(ClientGone)),
            }
        }
    }

    /// The client has reset the stream, or is gone.
    pub(super) fn is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        self.send.poll_reset(cx).is_ready()
    }

    /// What there was room for.
    pub(super) fn data(&mut self, data: Bytes) -> Result<(), ClientGone> {
        self.send.send_data(data, false).map_err(|_| ClientGone)
    }

    pub(super) fn end(&mut self, trailers: HeaderMap) -> Result<(), ClientGone> {
        let ended = if trailers.is_empty() {
            self.send.send_data(Bytes::new(), true)
        } else {
            self.send.send_trailers(trailers)
        };
        ended.map_err(|_| ClientGone)
    }

    /// So that the client does not take a part for the whole.
    pub(super) fn reset(&mut self, reason: Reason) {
        self.send.send_reset(reason);
    }

    async fn send_all(&mut self, mut bytes: Bytes, client: &Client) -> Result<(), Unsent> {
        let deadline = &client.deadline;
        let mut sent = client.account.bytes;
        while !bytes.is_empty() {
            deadline
                .set(Turn::Client.patience(&client.worker.shared.config.limits, &client.bounds()));
            client.account.open.waits_for(Turn::Client, sent);
            let room = poll_fn(|cx| {
                if deadline.has_passed(cx) {
                    return Poll::Ready(Err(Unsent::Timeout));
                }
                self.poll_room(cx, bytes.len()).map_err(|ClientGone| Unsent::Gone)
            })
            .await?;
            self.data(bytes.split_to(room)).map_err(|ClientGone| Unsent::Gone)?;
            sent += room as u64;
        }
        client.account.open.waits_for(Turn::Backend, sent);
        Ok(())
    }

    /// Ends what was sent; what went wrong, for the log.
    fn settle(&mut self, sent: Result<(), Unsent>) -> Option<&'static str> {
        match sent.and_then(|()| self.end(HeaderMap::new()).map_err(|ClientGone| Unsent::Gone)) {
            Ok(()) => None,
            Err(Unsent::Gone) => Some("client_gone"),
            Err(Unsent::Timeout) => {
                self.reset(Reason::CANCEL);
                Some(Turn::Client.timeout().1)
            }
        }
    }
}

/// Who asked on a stream, and what is to be told of it.
pub(super) struct Client {
    pub(super) worker: Rc<Worker>,
    pub(super) stream: ClientStream,
    pub(super) account: Account,
    pub(super) deadline: Deadline,
    pub(super) to_head: bool,
}

impl Client {
    fn bounds(&self) -> Bounds {
        self.account.route.as_ref().map(|route| route.bounds).unwrap_or_default()
    }

    /// Sends an answer of our own. Nobody reads on of the request's body. `error` is what goes into the
    /// log if the client gets the answer.
    pub(super) async fn answer(
        mut self,
        answer: &Answer,
        outcome: Outcome,
        error: Option<&'static str>,
    ) {
        let mut head = respond::answer_head(answer, &self.worker.stamp(self.account.id));
        (self.account.status, self.account.outcome) = (answer.status, outcome);
        let body = Bytes::copy_from_slice(answer.body.as_bytes());
        if let Some(length) = respond::length_of(answer)
            && !head.headers().contains_key("grpc-status")
        {
            head.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
        }
        let whole = self.to_head || body.is_empty();
        if let Ok(mut answering) = Answering::start(&mut self.stream, head, whole) {
            let length = body.len() as u64;
            let failed = if whole {
                None
            } else {
                let sent = answering.send_all(body, &self).await;
                self.account.bytes = if sent.is_ok() { length } else { 0 };
                answering.settle(sent)
            };
            self.account.error = failed.or(error);
        }
        self.linger().await;
    }

    /// Sends a file piece by piece.
    pub(super) async fn file(mut self, answer: &Answer, mut file: File) {
        let mut head = respond::answer_head(answer, &self.worker.stamp(self.account.id));
        head.headers_mut().insert(http::header::CONTENT_LENGTH, file.length.into());
        (self.account.status, self.account.outcome) = (answer.status, Outcome::Answered);
        let whole = self.to_head || file.length == 0;
        if let Ok(mut answering) = Answering::start(&mut self.stream, head, whole) {
            self.account.error =
                if whole { None } else { self.pieces(&mut file, &mut answering).await };
        }
        self.linger().await;
    }

    async fn pieces(&mut self, file: &mut File, answering: &mut Answering) -> Option<&'static str> {
        loop {
            match file.next().await {
                Ok(Some(piece)) => {
                    let length = piece.len() as u64;
                    let sent = answering.send_all(piece.into(), self).await;
                    if sent.is_err() {
                        return answering.settle(sent);
                    }
                    self.account.bytes += length;
                }
                Ok(None) if self.account.bytes == file.length => return answering.settle(Ok(())),
                _ => {
                    answering.reset(Reason::INTERNAL_ERROR);
                    return Some("file_cut");
                }
            }
        }
    }

    /// The request is written down, and what is left of its body thrown away.
    pub(super) async fn linger(self) {
        let Self { stream, account, .. } = self;
        drop(account);
        stream.linger().await;
    }
}
