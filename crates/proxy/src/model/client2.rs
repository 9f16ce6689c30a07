//! The model's HTTP/2 client: a stream a request, some beside each other.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use tokio::time::Instant;

use super::chance::Chance;
use super::client::End;
use super::client::Got;
use super::client::Seen;
use super::client::Sent;
use super::ends::Io;
use super::ends::pause;
use super::script::Framing;
use super::script::GivesUp;
use super::script::Request;
use super::script::Script;

/// Plays the client's part to its end. Answers stand in the order of the requests; one that did not
/// come has the status zero.
pub(crate) async fn play(script: Rc<Script>, io: Io, mut chance: Chance) -> Rc<RefCell<Seen>> {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let window = script.window.clamp(100, 1 << 20) as u32;
    let handshake = h2::client::Builder::new()
        .initial_window_size(window)
        .data_frame_budget(1 << 30)
        .handshake(io.clone());
    let Ok(Ok((sender, connection))) =
        tokio::time::timeout(Duration::from_secs(20), handshake).await
    else {
        seen.borrow_mut().ended = Some(End::Reset);
        io.hang_up();
        return seen;
    };
    let connection = tokio::task::spawn_local(async move {
        let _ = connection.await;
    });
    let mut streams = Vec::new();
    for at in 0..script.requests.len() {
        let (script, sender, chance) = (script.clone(), sender.clone(), chance.split());
        let got = Rc::new(RefCell::new(Got::default()));
        seen.borrow_mut().sent.push(Sent::now());
        let sides = (seen.clone(), got.clone());
        let stream = tokio::task::spawn_local(one(script.clone(), at, sender, sides, chance));
        let mut stream = Stream { task: stream, got };
        if !script.pipelined {
            stream.wait().await;
        }
        streams.push(stream);
    }
    if let Some((after, how)) = script.gives_up {
        // In the middle of it, at the latest when all is done.
        tokio::time::sleep(Duration::from_millis(after as u64 % 2_000)).await;
        seen.borrow_mut().left = true;
        match how {
            GivesUp::Resets => io.reset(),
            GivesUp::ClosesItsSide | GivesUp::GoesSilent => {}
            GivesUp::Hangs => tokio::time::sleep(Duration::from_secs(30)).await,
        }
    }
    for mut stream in streams {
        stream.wait().await;
        seen.borrow_mut().left |= !stream.task.is_finished();
        stream.task.abort();
        let got = std::mem::take(&mut *stream.got.borrow_mut());
        let mut seen = seen.borrow_mut();
        seen.left |= got.closes;
        seen.answers.push(got);
    }
    drop(sender);
    connection.abort();
    let _ = connection.await;
    io.hang_up();
    seen
}

struct Stream {
    task: tokio::task::JoinHandle<()>,
    got: Rc<RefCell<Got>>,
}

impl Stream {
    async fn wait(&mut self) {
        if !self.task.is_finished() {
            let _ = tokio::time::timeout(Duration::from_secs(300), &mut self.task).await;
        }
    }
}

async fn one(
    script: Rc<Script>,
    at: usize,
    sender: SendRequest<Bytes>,
    (seen, got): (Rc<RefCell<Seen>>, Rc<RefCell<Got>>),
    mut chance: Chance,
) {
    let request = &script.requests[at];
    let Ok(mut sender) = sender.ready().await else { return };
    let mut head = http::Request::builder()
        .method(request.method)
        .uri(format!("http://h{}", request.target()));
    if request.expects_continue {
        head = head.header("expect", "100-continue");
    }
    if request.framing == Framing::Length {
        head = head.header("content-length", request.body.len());
    }
    let Ok(head) = head.body(()) else { return };
    let no_body = request.framing == Framing::None;
    let Ok((mut response, stream)) = sender.send_request(head, no_body) else { return };
    drop(sender);
    let upload = {
        let (script, chance) = (script.clone(), chance.split());
        let held_back = request.expects_continue;
        let (told, tell) = tokio::sync::oneshot::channel();
        let task = tokio::task::spawn_local(async move {
            if held_back {
                let _ = tell.await;
            }
            if no_body {
                return None;
            }
            upload(&script, &script.requests[at], stream, &seen, chance).await
        });
        if held_back {
            let hint = poll_fn(|cx| response.poll_informational(cx));
            // Others send after a while all the same.
            let _ = tokio::time::timeout(Duration::from_secs(20), hint).await;
            let _ = told.send(());
        }
        task
    };
    let answered = receive(&script, response, &got, &mut chance).await;
    if answered && script.gentle {
        let reset = upload.await.ok().flatten();
        got.borrow_mut().reset = reset;
    } else {
        upload.abort();
    }
}

/// Sends the body, up to where the client falls silent. What ended the stream, if it was not its end.
async fn upload(
    script: &Script,
    request: &Request,
    mut stream: h2::SendStream<Bytes>,
    seen: &RefCell<Seen>,
    mut chance: Chance,
) -> Option<(Reason, Instant)> {
    let mut left = Bytes::copy_from_slice(&request.body[..request.sends()]);
    while !left.is_empty() {
        stream.reserve_capacity(left.len().min(20_000));
        match poll_fn(|cx| stream.poll_capacity(cx)).await {
            Some(Ok(room)) if room > 0 => {
                let piece = left.split_to(room.min(left.len()));
                if stream.send_data(piece, false).is_err() {
                    break;
                }
                seen.borrow_mut().sent[request.id].last = Instant::now();
            }
            Some(Ok(_)) => {}
            _ => break,
        }
        if script.gentle {
            pause(&mut chance, 12, 450).await;
        } else {
            pause(&mut chance, 12, 3_000).await;
        }
    }
    let is_whole = left.is_empty() && request.sends() == request.body.len();
    if is_whole && stream.send_data(Bytes::new(), true).is_ok() {
        return None;
    }
    let reason = poll_fn(|cx| stream.poll_reset(cx)).await.ok()?;
    Some((reason, Instant::now()))
}

/// True if the answer came whole.
async fn receive(
    script: &Script,
    response: h2::client::ResponseFuture,
    got: &RefCell<Got>,
    chance: &mut Chance,
) -> bool {
    let Ok(response) = response.await else { return false };
    {
        let mut got = got.borrow_mut();
        (got.status, got.at) = (response.status().as_u16(), Some(Instant::now()));
        let names = response.headers().get("x-for").and_then(|id| id.to_str().ok());
        got.names = names.and_then(|id| id.parse().ok());
    }
    let mut body = response.into_body();
    let mut paused = false;
    while let Some(data) = body.data().await {
        let data = match data {
            Ok(data) => data,
            Err(error) => {
                // The library ends connections by itself where it holds too many small frames.
                got.borrow_mut().closes = error.is_library();
                return false;
            }
        };
        got.borrow_mut().body.extend_from_slice(&data);
        if script.reads_at_most.is_some_and(|most| got.borrow().body.len() >= most) {
            tokio::time::sleep(Duration::from_secs(120)).await;
        }
        let _ = body.flow_control().release_capacity(data.len());
        // As over HTTP/1.1: the gateway may be done long ago.
        if !paused || !script.gentle {
            paused = pause(chance, 12, if script.gentle { 350 } else { 2_000 }).await;
        }
    }
    if body.trailers().await.is_err() {
        return false;
    }
    got.borrow_mut().whole = true;
    true
}
