//! Attacks on the sign-in of a real control plane: many guesses at once, floods of them, and what both
//! cost in memory and to those who know their password.

use std::sync::Arc;
use std::time::Duration;

use phantom_e2e::gateway::directory;
use phantom_e2e::http;
use phantom_e2e::http::Answer;
use phantom_e2e::managed::DEVPORTAL;
use phantom_e2e::managed::Ports;
use phantom_e2e::managed::Stack;
use phantom_e2e::resources;
use reqwest::Client;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// What a release build has to stay within. Tests run in the dev profile, whose process is larger: it
/// is held to the same.
const MEMORY: u64 = 120 * 1024 * 1024;

struct Attack {
    stack: Arc<Stack>,
    _directory: TempDir,
}

impl Attack {
    async fn begin() -> Self {
        let directory = directory();
        let stack = Stack::start(directory.path(), Ports::free(), "");
        stack.ready().await;
        Self { stack: Arc::new(stack), _directory: directory }
    }

    async fn signs_in(&self, name: &str, password: &str) -> Answer {
        signs_in(&self.stack, &self.stack.http, name, password).await
    }

    /// So many at once, each on a connection of its own, with passwords and names of their number.
    async fn at_once(&self, number: usize, name: impl Fn(usize) -> String) -> Vec<Answer> {
        let mut calls = JoinSet::new();
        for number in 0..number {
            let (stack, name) = (Arc::clone(&self.stack), name(number));
            calls.spawn(async move {
                let own = http::client();
                signs_in(&stack, &own, &name, &format!("guess {number}")).await
            });
        }
        calls.join_all().await
    }
}

async fn signs_in(stack: &Stack, client: &Client, name: &str, password: &str) -> Answer {
    let url = stack.control_url(&format!("{DEVPORTAL}/applications?limit=1"));
    Answer::of(client.get(url).basic_auth(name, Some(password))).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_guesses_at_once_are_five_and_cost_who_is_known_nothing() {
    let attack = Attack::begin().await;
    assert_eq!(attack.signs_in("admin", "admin").await.status, 200);
    // All of them from the very address of who is known, at the very account.
    let answers = attack.at_once(100, |_| "admin".to_owned()).await;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (5, 95));
    let told = |answer: &Answer| answer.status != 429 || answer.header("retry-after").is_some();
    assert!(answers.iter().all(told));
    assert_eq!(attack.signs_in("admin", "admin").await.status, 200);
    assert_eq!(attack.signs_in("admin", "another").await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_sign_ins_by_nobody_takes_little_memory_and_gives_it_back() {
    let attack = Attack::begin().await;
    let id = attack.stack.process.id();
    for burst in 0..4 {
        let answers = attack.at_once(54, |number| format!("nobody {burst} {number}")).await;
        let (refused, busy) = (count(&answers, 401), count(&answers, 503));
        assert_eq!(refused + busy, 54, "{answers:?}");
        assert!(refused > 0);
        let told = |answer: &Answer| answer.status != 503 || answer.header("retry-after").is_some();
        assert!(answers.iter().all(told));
        let peak = resources::peak_memory(id);
        assert!(peak <= MEMORY, "burst {burst}: {} KiB", peak / 1024);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let now = resources::memory_now(id);
    println!(
        "after the bursts: {} KiB, peak {} KiB",
        now / 1024,
        resources::peak_memory(id) / 1024
    );
    assert!(now <= MEMORY, "{} KiB", now / 1024);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_does_not_refuse_somebody_who_signed_in_before() {
    let attack = Attack::begin().await;
    assert_eq!(attack.signs_in("admin", "admin").await.status, 200);
    let mut flood = JoinSet::new();
    for stranger in 0..60 {
        let stack = Arc::clone(&attack.stack);
        flood.spawn(async move {
            for number in 0.. {
                signs_in(&stack, &stack.http, &format!("s{stranger}-{number}"), "guess").await;
            }
        });
    }
    for number in 0..40 {
        let answer = attack.signs_in("admin", "admin").await;
        assert_eq!(answer.status, 200, "{number}: {answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A wrong one is not remembered: that it is checked shows that there is a place in the queue.
    for _ in 0..3 {
        assert_eq!(attack.signs_in("admin", "mistyped").await.status, 401, "checked, not refused");
    }
    flood.shutdown().await;
}
