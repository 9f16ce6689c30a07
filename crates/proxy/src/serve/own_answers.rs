//! Answers that no backend gave: refusals, faults, files.

use std::future::poll_fn;
use std::path::Path;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use phantom_pipeline::Answer;
use phantom_pipeline::Forward;
use phantom_pipeline::Matched;
use phantom_telemetry::Cause;
use phantom_telemetry::metrics::Ended;

use super::Client;
use super::Course;
use crate::exchange::Turn;
use crate::respond;
use crate::static_files;
use crate::static_files::File;
use crate::static_files::Reply;

impl<C: Client> Course<'_, C> {
    /// Sends an answer of our own. `error` is for the log, where nothing else goes wrong on the way.
    pub(super) async fn answer(&mut self, answer: &Answer, outcome: Ended, error: Option<Cause>) {
        let content = if self.is_head_request() { b"" } else { answer.body.as_bytes() };
        let length = respond::length_of(answer);
        self.begin(answer, outcome).await;
        let sent = self.send_content(answer, length, content).await;
        self.settle(sent, error);
    }

    /// Sends a file, or why there is none.
    pub(super) async fn file(&mut self, permitted: &Forward, root: &Path) {
        let mut reply = static_files::reply(permitted, root, self.head).await;
        let (Reply::Answer(answer) | Reply::File(answer, _)) = &mut reply;
        self.add_cors(&permitted.matched, answer);
        match reply {
            Reply::Answer(answer) => self.answer(&answer, Ended::Answered, None).await,
            Reply::File(answer, file) => {
                self.begin(&answer, Ended::Answered).await;
                let sent = self.send_file(&answer, file).await;
                self.settle(sent, None);
            }
        }
    }

    async fn begin(&mut self, answer: &Answer, outcome: Ended) {
        self.client.get_past_body(answer.close).await;
        (self.account.status, self.account.outcome) = (answer.status, outcome);
    }

    fn settle(&mut self, sent: Result<(), Cause>, error: Option<Cause>) {
        if let Err(cause) = sent {
            self.account.bytes = self.account.bytes.saturating_sub(self.client.unsent());
            self.client.cut(cause);
        }
        self.account.error = sent.err().or(error);
    }

    async fn send_content(
        &mut self,
        answer: &Answer,
        length: Option<u64>,
        content: &[u8],
    ) -> Result<(), Cause> {
        let stamp = self.worker.stamp(self.account.id);
        self.client.start_own(answer, length, content.is_empty(), &stamp)?;
        self.send(content).await?;
        self.finish().await
    }

    async fn send_file(&mut self, answer: &Answer, mut file: File) -> Result<(), Cause> {
        let length = file.length;
        let whole = self.is_head_request() || length == 0;
        let stamp = self.worker.stamp(self.account.id);
        self.client.start_own(answer, Some(length), whole, &stamp)?;
        while !whole && let Ok(Some(piece)) = file.next().await {
            self.send(&piece).await?;
        }
        if !whole && self.account.bytes != length {
            return Err(Cause::FileCut);
        }
        self.finish().await
    }

    async fn send(&mut self, data: &[u8]) -> Result<(), Cause> {
        let mut left = data;
        let sent = self.while_it_takes(|client, cx| {
            while !left.is_empty() {
                let room = ready!(client.poll_room(cx, left.len()))?;
                let (now, later) = left.split_at(room.min(left.len()));
                client.pass(now)?;
                left = later;
            }
            Poll::Ready(Ok(()))
        });
        let sent = sent.await;
        self.account.bytes += (data.len() - left.len()) as u64;
        sent
    }

    async fn finish(&mut self) -> Result<(), Cause> {
        self.client.end(b"")?;
        self.while_it_takes(C::poll_flush).await
    }

    /// Has the client take something, as long as it goes on taking.
    async fn while_it_takes(
        &mut self,
        mut work: impl FnMut(&mut C, &mut Context<'_>) -> Poll<Result<(), Cause>>,
    ) -> Result<(), Cause> {
        let bounds = self.account.matched.as_ref().map(Matched::bounds).unwrap_or_default();
        let patience = Turn::Client.patience(&self.worker.shared.config.limits, &bounds);
        let client = &mut *self.client;
        let mut taken = None;
        let mut put_off_deadline = |client: &C| {
            if taken.replace(client.taken()) != Some(client.taken()) {
                client.deadline().set(patience);
                client.waits_for(Turn::Client, client.taken());
            }
        };
        put_off_deadline(client);
        let done = poll_fn(|cx| {
            if client.deadline().has_passed(cx) {
                return Poll::Ready(Err(Cause::ClientTimeout));
            }
            if let Some(cause) = client.poll_lost(cx) {
                return Poll::Ready(Err(cause));
            }
            let done = work(client, cx);
            put_off_deadline(client);
            done
        })
        .await;
        self.client.deadline().clear();
        self.client.waits_for(Turn::Backend, self.client.taken());
        done
    }
}
