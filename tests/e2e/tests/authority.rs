//! An authorization server under fire: tokens it stumbles over, floods of made-up ones, outages. What
//! is good and comes from elsewhere is answered all the same.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use phantom_e2e::gateway::Gateway;
use phantom_e2e::http::Answer;
use phantom_e2e::resources;
use phantom_e2e::scripted_as;
use phantom_e2e::scripted_as::INTROSPECT;
use phantom_e2e::scripted_as::ScriptedAs;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use reqwest::Client;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const ATTACKER: u8 = 2;
const CUSTOMER: u8 = 3;

/// Tokens that begin with `good` are good.
struct Stack {
    server: ScriptedAs,
    gateway: Gateway,
    _backend: FakeAs,
}

impl Stack {
    /// Junk gets this answer, and every answer takes this long.
    async fn start(junk: Reply, delay: Duration, lines: &str) -> Self {
        resources::raise_open_files();
        let (server, backend) = (ScriptedAs::start("k1").await, scripted_as::backend().await);
        let text = server.key_manager("login", lines)
            + &scripted_as::route(&backend, "key_manager = \"login\"");
        let stack = Self { gateway: Gateway::start(&text), server, _backend: backend };
        stack.serve(junk, delay);
        stack.gateway.ready().await;
        stack
    }

    fn serve(&self, junk: Reply, delay: Duration) {
        let good = Reply::jwt(&self.server.phantom_token());
        self.server.server.answer_by(INTROSPECT, move |request| {
            let is_good = request.form("token").is_some_and(|token| token.starts_with("good"));
            if is_good { good.clone() } else { junk.clone() }.delay(delay)
        });
    }

    fn asked(&self, prefix: &str) -> usize {
        let requests = self.server.server.requests(INTROSPECT);
        requests
            .iter()
            .filter(|request| request.form("token").is_some_and(|token| token.starts_with(prefix)))
            .count()
    }

    async fn get(&self, client: &Client, token: &str) -> Answer {
        Answer::of(client.get(self.gateway.url("/api")).bearer_auth(token)).await
    }

    /// So many random tokens a second from one address, as far as the machine can, until dropped.
    fn flood(&self, from: u8, per_second: u32, prefix: &'static str) -> Flood {
        let (client, url) = (client(from), self.gateway.url("/api"));
        let sent = Arc::new(AtomicUsize::new(0));
        let limited = Arc::new(AtomicBool::new(false));
        let (counted, told) = (Arc::clone(&sent), Arc::clone(&limited));
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / per_second);
            let mut calls = tokio::task::JoinSet::new();
            loop {
                ticks.tick().await;
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let call = client.get(&url).bearer_auth(format!("{prefix}-{number}"));
                let told = Arc::clone(&told);
                // A bounded load, whatever becomes of it.
                if calls.len() >= 600 {
                    drop(calls.join_next().await);
                }
                calls.spawn(async move {
                    if let Ok(answer) = Answer::try_of(call).await {
                        let retry = answer.header("retry-after").is_some();
                        told.fetch_or(answer.status == 429 && retry, Ordering::Relaxed);
                    }
                });
            }
        });
        Flood { task, sent, limited }
    }
}

struct Flood {
    task: JoinHandle<()>,
    sent: Arc<AtomicUsize>,
    limited: Arc<AtomicBool>,
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client at 127.0.0.`last`.
fn client(last: u8) -> Client {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
    let client = Client::builder().no_proxy().local_address(address);
    client.timeout(Duration::from_secs(30)).build().expect("a client")
}

/// Good new tokens, one each so often; their statuses other than 200.
async fn good_tokens(stack: &Stack, from: u8, number: usize, gap: Duration) -> Vec<u16> {
    let (client, url) = (client(from), stack.gateway.url("/api"));
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..number {
        let call = client.get(&url).bearer_auth(format!("good-{from}-{number}"));
        calls.spawn(async move { Answer::of(call).await.status });
        sleep(gap).await;
    }
    calls.join_all().await.into_iter().filter(|status| *status != 200).collect()
}

#[tokio::test]
async fn six_tokens_that_the_server_stumbles_over_refuse_nobody_else() {
    for status in [500, 503] {
        let junk = Reply::status(status).header("retry-after", "120");
        let stack = Stack::start(junk, Duration::ZERO, "").await;
        let attacker = client(CUSTOMER);
        let good = good_tokens(&stack, CUSTOMER, 120, Duration::from_millis(25));
        let junk = async {
            for _ in 0..3 {
                for token in 0..6 {
                    let answer = stack.get(&attacker, &format!("junk-{token}")).await;
                    assert_eq!(answer.status, 503);
                    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                    assert!((1..=5).contains(&wait), "{wait}");
                }
                sleep(Duration::from_secs(1)).await;
            }
        };
        let (refused, ()) = tokio::join!(good, junk);
        assert_eq!(refused, Vec::<u16>::new(), "of junk that is answered {status}");
    }
}

#[tokio::test]
async fn a_flood_of_made_up_tokens_refuses_no_good_one_of_another_address() {
    for (delay, per_second) in [(0, 2000), (50, 2000), (1400, 300)] {
        let junk = Reply::json(&serde_json::json!({"active": false}));
        let stack = Stack::start(junk, Duration::from_millis(delay), "").await;
        let began = Instant::now();
        let flood = stack.flood(ATTACKER, per_second, "junk");
        sleep(Duration::from_millis(500)).await;
        let refused = good_tokens(&stack, CUSTOMER, 50, Duration::from_millis(40)).await;
        assert_eq!(refused, Vec::<u16>::new(), "with a server that needs {delay} ms");
        let (junk, seconds) = (stack.asked("junk"), began.elapsed().as_secs_f64());
        let budget = 100.0 + 20.0 * seconds;
        assert!(junk as f64 <= budget, "{junk} introspections in {seconds} s");
        assert!(flood.sent.load(Ordering::Relaxed) > 200, "it was a flood");
        let metrics = stack.gateway.metrics().await;
        assert!(metrics.contains("phantom_introspections_paused{key_manager=\"login\"} 0"));
        if delay < 1000 {
            let told = flood.limited.load(Ordering::Relaxed);
            assert!(told, "429 with Retry-After, not only\n{metrics}");
            let refused = "not_made_total{key_manager=\"login\",cause=\"peer_budget\"} ";
            let line = metrics.lines().find_map(|line| line.split_once(refused)).unwrap();
            assert!(line.1.parse::<u64>().unwrap() > 0, "{metrics}");
        }
    }
}

#[tokio::test]
async fn one_address_with_good_tokens_alone_is_never_throttled_by_its_budget() {
    let lines = "peer_budget_burst = 5\npeer_budget_per_second = 1\ntimeout = \"20s\"";
    let junk = Reply::json(&serde_json::json!({"active": false}));
    let stack = Stack::start(junk, Duration::from_millis(5), lines).await;
    let refused = good_tokens(&stack, CUSTOMER, 300, Duration::ZERO).await;
    assert_eq!(refused, Vec::<u16>::new());
    // The same address, once it sends junk.
    let client = client(CUSTOMER);
    let mut statuses = Vec::new();
    for number in 0..20 {
        statuses.push(stack.get(&client, &format!("junk-{number}")).await.status);
    }
    assert!(statuses[..5].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");
    // What is known stays served.
    assert_eq!(stack.get(&client, "good-3-7").await.status, 200);
}

#[tokio::test]
async fn after_an_outage_the_first_new_token_is_answered_within_six_seconds() {
    let junk = Reply::json(&serde_json::json!({"active": false}));
    let stack = Stack::start(junk, Duration::ZERO, "").await;
    stack.server.server.answer(INTROSPECT, Reply::status(500));
    let clients: Vec<_> = (2..8).map(client).collect();
    let began = Instant::now();
    let mut number = 0;
    let mut is_told = false;
    while began.elapsed() < Duration::from_secs(8) {
        let metrics = stack.gateway.metrics().await;
        is_told |= metrics.contains("phantom_introspections_paused{key_manager=\"login\"} 1\n");
        for client in &clients {
            number += 1;
            let answer = stack.get(client, &format!("good-lost-{number}")).await;
            assert_eq!(answer.status, 503);
            let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=5).contains(&wait), "{wait}");
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(is_told, "a scrape shows the pause");
    let asked = stack.server.introspections();
    assert!(asked < number / 4, "a dead server is left alone: {asked} of {number}");
    stack.serve(Reply::status(204), Duration::ZERO);
    let back = Instant::now();
    loop {
        number += 1;
        if stack.get(&clients[0], &format!("good-back-{number}")).await.status == 200 {
            break;
        }
        assert!(back.elapsed() < Duration::from_secs(30), "it is back, and nobody asks it");
        sleep(Duration::from_millis(100)).await;
    }
    // The promise, with time for a busy machine.
    assert!(back.elapsed() < Duration::from_secs(8), "{:?}", back.elapsed());
    let refused = good_tokens(&stack, CUSTOMER, 30, Duration::from_millis(5)).await;
    assert_eq!(refused, Vec::<u16>::new());
}

#[tokio::test]
async fn nobody_is_asked_about_a_token_of_an_address_over_its_rate() {
    let (server, backend) = (ScriptedAs::start("k1").await, scripted_as::backend().await);
    server.vouch();
    let limit = "rate_limit = { requests = 3, window = \"1h\", by = \"peer\" }";
    let text = server.key_manager("login", "")
        + &scripted_as::route(&backend, &format!("key_manager = \"login\"\n{limit}"));
    let gateway = Gateway::start(&text);
    gateway.ready().await;
    for number in 0..10 {
        let expected = if number < 3 { 200 } else { 429 };
        assert_eq!(gateway.get_with("/api", &format!("token-{number}")).await.status, expected);
    }
    assert_eq!(server.introspections(), 3);
}
