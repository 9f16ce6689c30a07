//! Answers that no backend gave: refusals, faults, files; and the ways to end a connection.

use std::future::poll_fn;
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;
use std::time::Instant;

use phantom_pipeline::Answer;
use phantom_pipeline::Fault;
use phantom_pipeline::Forward;
use tokio::io::AsyncWrite;

use super::Decided;
use super::Http1Connection;
use super::LINGER;
use super::LINGER_MOST;
use super::Served;
use super::Then;
use crate::head::Version;
use crate::http1::body::Unread;
use crate::metrics::Outcome;
use crate::respond;
use crate::static_files;
use crate::static_files::File;
use crate::static_files::Reply;

impl Http1Connection {
    pub(super) fn may_keep_alive(&self, close: bool) -> bool {
        self.head.keep_alive && !close && !self.worker.draining.get()
    }

    /// Sends an answer of our own, and gets past the request's body if that is cheap (HTP-14).
    pub(super) async fn answer(&mut self, answer: &Answer, body: &mut Unread) -> Served {
        let keep_alive = self.may_keep_alive(answer.close) && self.drain(body).await;
        let to_head = self.head.method() == "HEAD";
        respond::write_answer(
            answer,
            self.head.version,
            to_head,
            keep_alive,
            &self.worker.stamp(self.id),
            &mut self.outbox.bytes,
        );
        let sent = self.flush().await;
        Served {
            outcome: Outcome::Answered,
            status: answer.status,
            bytes: if to_head { 0 } else { answer.body.len() as u64 },
            upstream: false,
            error: (!sent).then_some("client_gone"),
            then: Then::go_on_if(keep_alive && sent),
        }
    }

    pub(super) async fn serve_file(
        &mut self,
        permitted: &Forward,
        root: &Path,
        body: &mut Unread,
    ) -> Served {
        match static_files::reply(permitted, root, &self.head).await {
            Reply::File(answer, file) => self.send_file(&answer, file, body).await,
            Reply::Answer(answer) => self.answer(&answer, body).await,
        }
    }

    async fn send_file(&mut self, answer: &Answer, mut file: File, body: &mut Unread) -> Served {
        let keep_alive = self.may_keep_alive(false) && self.drain(body).await;
        respond::write_own_head(
            answer,
            Some(file.length),
            self.head.version,
            keep_alive,
            &self.worker.stamp(self.id),
            &mut self.outbox.bytes,
        );
        let mut sent = self.flush().await;
        let (mut bytes, mut whole) = (0, true);
        if self.head.method() != "HEAD" {
            while sent && let Ok(Some(piece)) = file.next().await {
                bytes += piece.len() as u64;
                self.outbox.bytes.extend_from_slice(&piece);
                sent = self.flush().await;
            }
            whole = bytes == file.length;
        }
        Served {
            outcome: Outcome::Answered,
            status: answer.status,
            bytes,
            upstream: false,
            error: match (sent, whole) {
                (false, _) => Some("client_gone"),
                (true, false) => Some("file_cut"),
                (true, true) => None,
            },
            then: Then::go_on_if(keep_alive && sent && whole),
        }
    }

    /// A head that could not be read: the answer, then the end.
    pub(super) async fn refuse(&mut self, fault: Fault) {
        let published = self.worker.shared.published.load_full();
        let format = published.snapshot.error_format_at(self.origin.entry);
        let answer = Answer::fault(fault, format, false);
        self.head.clear();
        self.id = self.worker.identify(&self.head, self.origin.peer);
        let (stamp, out) = (self.worker.stamp(self.id), &mut self.outbox.bytes);
        respond::write_answer(&answer, Version::Http11, false, false, &stamp, out);
        let sent = self.flush().await;
        let served = Served {
            outcome: Outcome::Answered,
            status: answer.status,
            bytes: answer.body.len() as u64,
            upstream: false,
            error: Some(if sent { "bad_request" } else { "client_gone" }),
            then: Then::Close,
        };
        let now = Instant::now();
        self.record(&published, &Decided::default(), &served, self.origin.peer, [now, now]);
    }

    /// Sends what lies in the outbox. False: the client takes it no more, or too slowly.
    pub(super) async fn flush(&mut self) -> bool {
        let limit = self.worker.shared.config.limits.body_idle_timeout;
        let (outbox, io, deadline) = (&mut self.outbox, &mut self.io, &self.deadline);
        let mut taken = io.taken();
        deadline.set(limit);
        deadline.wait_for_client(taken);
        let sent = poll_fn(|cx| {
            if deadline.has_passed(cx) || deadline.is_given_up() {
                return Poll::Ready(false);
            }
            let sent = outbox.poll_send_all(cx, io).map(|sent| sent.is_ok());
            if io.taken() != taken {
                taken = io.taken();
                deadline.set(limit);
                deadline.wait_for_client(taken);
            }
            sent
        })
        .await;
        self.deadline.clear();
        self.deadline.busy();
        sent
    }

    /// The end of a connection that nobody sends on any more. A TLS session is ended as its protocol
    /// has it: the client can tell this from a connection that was cut.
    pub(super) async fn close(&mut self) {
        if !self.io.is_tls() {
            return;
        }
        self.deadline.set(LINGER);
        let (io, deadline) = (&mut self.io, &self.deadline);
        poll_fn(|cx| {
            if deadline.has_passed(cx) {
                return Poll::Ready(());
            }
            AsyncWrite::poll_shutdown(Pin::new(&mut *io), cx).map(|_| ())
        })
        .await;
    }

    /// Closes our side, and reads for a moment so that unread input does not turn into a reset that
    /// overtakes the answer (RFC 9112 §9.6).
    pub(super) async fn linger(&mut self) {
        self.deadline.set(LINGER);
        self.deadline.idle();
        let until = self.worker.deadlines.now().plus(LINGER_MOST);
        let (io, received, deadline) = (&mut self.io, &mut self.received, &self.deadline);
        let deadlines = &self.worker.deadlines;
        let mut closing = true;
        poll_fn(|cx| {
            loop {
                if deadline.has_passed(cx) || deadline.is_evicted() {
                    return Poll::Ready(());
                }
                if closing {
                    std::task::ready!(AsyncWrite::poll_shutdown(Pin::new(&mut *io), cx)).ok();
                    closing = false;
                }
                match received.poll_fill(cx, io) {
                    Poll::Ready(Ok(count)) if count > 0 => {
                        received.consume(usize::MAX);
                        if deadlines.now() < until {
                            deadline.set(LINGER);
                        }
                    }
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }
}
