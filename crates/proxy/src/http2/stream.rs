//! One HTTP/2 stream: its head, then the course of every request.

use std::rc::Rc;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;

use super::OpenStream;
use super::client::Http2Client;
use super::request;
use crate::forward::Origin;
use crate::head::RequestHead;
use crate::serve;
use crate::worker::Worker;

pub(super) async fn serve(
    worker: Rc<Worker>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    origin: Origin,
    open: OpenStream,
) {
    let (parts, incoming) = request.into_parts();
    let mut head = RequestHead::default();
    let limits = &worker.shared.config.limits;
    let filled = request::fill(&parts, incoming.is_end_stream(), &mut head, limits);
    let deadline = worker.deadlines.register();
    let mut client = Http2Client::new(&head, deadline, open, (incoming, respond));
    match filled {
        Ok(()) => serve::serve(&worker, &head, origin, &mut client).await,
        Err(fault) => {
            let refused = (fault, parts.method.as_str(), parts.uri.path());
            serve::refuse(&worker, &head, origin, &mut client, refused).await;
        }
    }
    client.linger().await;
}
