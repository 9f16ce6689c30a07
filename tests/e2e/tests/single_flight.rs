//! One question per token, however many ask: a thousand real connections with one new token.

use std::sync::Arc;
use std::time::Duration;

use phantom_e2e::gateway::Gateway;
use phantom_e2e::resources;
use phantom_e2e::scripted_as;
use phantom_e2e::scripted_as::INTROSPECT;
use phantom_e2e::scripted_as::ScriptedAs;
use phantom_e2e::wire;
use phantom_e2e::wire::Connection;
use phantom_testkit::FakeAs;
use phantom_testkit::Reply;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

const CALLERS: usize = 1000;
const TOKEN: &str = "one-new-token";
/// Long enough for most callers to arrive while the question is under way; nothing depends on it.
const SLOW: Duration = Duration::from_secs(2);

struct Stack {
    server: ScriptedAs,
    gateway: Gateway,
    backend: FakeAs,
}

impl Stack {
    async fn start() -> Self {
        resources::raise_open_files();
        let (server, backend) = (ScriptedAs::start("k1").await, scripted_as::backend().await);
        // Generous, as all of it runs on one machine.
        let text = server.key_manager("login", "timeout = \"30s\"")
            + &scripted_as::route(&backend, "key_manager = \"login\"");
        let gateway = Gateway::start(&text);
        gateway.ready().await;
        Self { server, gateway, backend }
    }

    /// The statuses that a thousand callers get who connect first and then all ask at once.
    async fn ask_at_once(&self) -> Vec<u16> {
        let start = Arc::new(Barrier::new(CALLERS));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (start, authority) = (Arc::clone(&start), self.gateway.authority().to_owned());
            callers.spawn(async move {
                let mut connection = Connection::open(&authority).await;
                start.wait().await;
                connection.send(&wire::get(&authority, "/api", TOKEN)).await.unwrap();
                connection.receive().await.unwrap().unwrap().status()
            });
        }
        callers.join_all().await
    }

    /// Callers who found nothing in the cache: those who shared an answer, and who caused it.
    async fn waited(&self) -> usize {
        const MISSES: &str = "phantom_token_cache_lookups_total{level=\"l1\",result=\"miss\"} ";
        let metrics = self.gateway.metrics().await;
        let count = metrics.lines().find_map(|line| line.strip_prefix(MISSES));
        count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{metrics}"))
    }

    fn good(&self) -> Reply {
        Reply::jwt(&self.server.phantom_token())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_first_requests_with_one_token_ask_once() {
    let stack = Stack::start().await;
    stack.server.server.answer(INTROSPECT, stack.good().delay(SLOW));
    assert_eq!(stack.ask_at_once().await, [200; CALLERS]);
    assert_eq!(stack.server.introspections(), 1);
    assert_eq!(stack.backend.count("/api"), CALLERS);
    assert!(stack.waited().await > 1, "they came one after the other: nothing was shared");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_question_goes_on_when_the_one_who_caused_it_has_gone() {
    let stack = Stack::start().await;
    stack.server.server.answer(INTROSPECT, stack.good().delay(SLOW));
    let authority = stack.gateway.authority();
    let mut first = Connection::open(authority).await;
    first.send(&wire::get(authority, "/api", TOKEN)).await.unwrap();
    while stack.server.introspections() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(first);
    assert_eq!(stack.ask_at_once().await, [200; CALLERS]);
    assert_eq!(stack.server.introspections(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_try_that_fails_is_repeated_once_for_all() {
    for retry_after in ["0", "1"] {
        let stack = Stack::start().await;
        let busy = Reply::status(503).header("retry-after", retry_after);
        stack.server.server.answer_once(INTROSPECT, busy.delay(SLOW / 4));
        stack.server.server.answer(INTROSPECT, stack.good().delay(SLOW / 4));
        assert_eq!(stack.ask_at_once().await, [200; CALLERS]);
        assert_eq!(stack.server.introspections(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inactive_token_is_asked_about_once_as_well() {
    let stack = Stack::start().await;
    stack.server.server.answer(INTROSPECT, Reply::status(204).delay(SLOW));
    assert_eq!(stack.ask_at_once().await, [401; CALLERS]);
    assert_eq!(stack.server.introspections(), 1);
    assert_eq!(stack.backend.count("/api"), 0);
}
