//! The load generator against servers that answer well, badly, or not at all.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use super::open::Plan;
use super::request::{Requests, Tokens, right_answer};
use super::{Options, measure};

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{\"authorization_bytes\": 0}";

/// Answers each request on each of `connections` with `answer`, until they are closed.
fn server(connections: usize, answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    let addr = listener.local_addr().expect("address");
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let mut stream = stream.expect("accept");
            thread::spawn(move || {
                let mut input = [0; 4096];
                while stream.read(&mut input).is_ok_and(|count| count > 0) {
                    if stream.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    addr
}

fn options(addr: SocketAddr) -> Options {
    Options {
        addr,
        path: "/protected/items".to_owned(),
        tokens: Tokens::Cycle(1),
        seed: 7,
        connections: 4,
        requests: Some(50),
        seconds: None,
        warmup: 10,
        rate: None,
        measure_pid: None,
        patience: 5,
    }
}

fn request(options: &Options, number: u64) -> String {
    let mut output = b"what was there before".to_vec();
    Requests::new(options).write(number, &mut output);
    String::from_utf8(output).expect("text")
}

#[test]
fn tokens_are_the_same_in_turn_or_new_each_time() {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let with = |tokens| Options { tokens, ..options(addr) };
    let (one, three, fresh) = (with(Tokens::Cycle(1)), with(Tokens::Cycle(3)), with(Tokens::Fresh));
    assert_eq!(request(&one, 0), request(&one, 5));
    assert_eq!(request(&three, 1), request(&three, 4));
    assert_ne!(request(&three, 1), request(&three, 2));
    assert_ne!(request(&fresh, 0), request(&fresh, 3));
    let other_seed = Options { seed: 8, ..options(addr) };
    assert_ne!(request(&one, 0), request(&other_seed, 0));
}

#[test]
fn a_request_carries_its_token_or_none_and_ends_with_an_empty_line() {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let with = request(&options(addr), 0);
    let token = "Authorization: Bearer bench-0000000000000007-0000000000000000\r\n\r\n";
    assert!(with.ends_with(token), "{with}");
    let without = request(&Options { tokens: Tokens::None, ..options(addr) }, 0);
    assert!(without.ends_with("application/json\r\n\r\n"), "{without}");
    assert!(!without.contains("Authorization"));
}

#[test]
fn token_choices_are_read_as_documented() {
    for (text, tokens) in [
        ("none", Tokens::None),
        ("one", Tokens::Cycle(1)),
        ("50000", Tokens::Cycle(50_000)),
        ("fresh", Tokens::Fresh),
    ] {
        assert_eq!(text.parse::<Tokens>().ok(), Some(tokens));
    }
    for text in ["", "0", "-1", "many"] {
        assert!(text.parse::<Tokens>().is_err(), "{text}");
    }
}

#[test]
fn only_a_whole_200_of_the_backend_is_a_right_answer() -> anyhow::Result<()> {
    assert_eq!(right_answer(GOOD.as_bytes())?, Some(GOOD.len()));
    assert_eq!(right_answer(&GOOD.as_bytes()[..GOOD.len() - 1])?, None);
    for wrong in [
        GOOD.replace("200 OK", "401 Unauthorized"),
        GOOD.replace("authorization", "authentication").replace("26", "27"),
        format!("{GOOD}{GOOD}"),
        GOOD.replace("Content-Length: 26", "Transfer-Encoding: chunked"),
    ] {
        assert!(right_answer(wrong.as_bytes()).is_err(), "{wrong}");
    }
    Ok(())
}

#[test]
fn a_closed_loop_counts_every_answer_once() -> anyhow::Result<()> {
    let own = std::process::id();
    let options = Options { measure_pid: Some(own), ..options(server(4, GOOD)) };
    let measures = measure(&options)?;
    assert_eq!(measures.value("requests")?, 50.0);
    assert!(measures.value("cpu_us")? > 0.0);
    Ok(())
}

#[test]
fn an_open_loop_measures_what_the_rate_asks_for() -> anyhow::Result<()> {
    let addr = server(4, GOOD);
    let options = Options { rate: Some(100), requests: None, seconds: Some(1), ..options(addr) };
    let measures = measure(&Options { warmup: 1, ..options })?;
    assert_eq!(measures.value("requests")?, 100.0);
    assert!(measures.value("p50_us")? <= measures.value("max_us")?);
    assert!(measures.value("sent_p50_us")? <= measures.value("p50_us")?);
    Ok(())
}

#[test]
fn a_refusal_fails_the_run_in_either_loop() {
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let closed = options(server(4, refusal));
    assert!(measure(&closed).is_err());
    let open = options(server(4, refusal));
    assert!(measure(&Options { rate: Some(100), seconds: Some(1), warmup: 0, ..open }).is_err());
}

#[test]
fn departures_are_evenly_spaced_and_each_leaves_once() -> anyhow::Result<()> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let options = Options { seconds: Some(2), warmup: 1, ..options(addr) };
    let begin = Instant::now();
    let plan = Plan::new(&options, 10, begin)?;
    let mut departures: Vec<_> = (0..4).flat_map(|lane| plan.lane(lane)).collect();
    departures.sort_by_key(|departure| departure.number);
    assert_eq!(departures.len(), 30);
    for (number, departure) in (0..).zip(departures) {
        assert_eq!(departure.number, number);
        assert_eq!(departure.time - begin, Duration::from_millis(100 * number));
        assert_eq!(departure.counts, number >= 10);
    }
    Ok(())
}
