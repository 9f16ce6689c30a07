//! An authorization server without a network: says what a test has it say.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use phantom_core::BearerToken;
use phantom_core::Peer;
use phantom_core::Statement;
use phantom_oauth::Freshness;
use phantom_oauth::Introspect;
use phantom_oauth::IntrospectError;
use phantom_oauth::Introspection;
use phantom_oauth::NotAsked;
use tokio::sync::Semaphore;

pub type Answer = Result<Introspection, IntrospectError>;

/// The answer to its n-th call, from 1, about a token.
type Script =
    Box<dyn Fn(usize, &str) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// Keeps who asked it about what.
pub struct FakeIntrospect {
    script: Option<Script>,
    answers: Mutex<HashMap<String, Answer>>,
    asked: Mutex<Vec<(String, Peer)>>,
    refuses: Mutex<Option<NotAsked>>,
    forgiven: Mutex<Vec<Peer>>,
    /// One permit lets one call go on.
    gate: Semaphore,
}

/// An active token, as told for as long as its statement says.
pub fn active(statement: impl Into<Arc<Statement>>) -> Answer {
    Ok(Introspection::Active { statement: statement.into(), freshness: Freshness::Unstated })
}

impl FakeIntrospect {
    /// Every token is inactive, but for those of which it [`says`](Self::says) otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self {
            script: None,
            answers: Mutex::default(),
            asked: Mutex::default(),
            refuses: Mutex::default(),
            forgiven: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    #[must_use]
    pub fn scripted(script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::scripted_async(move |call, token| std::future::ready(script(call, token)))
    }

    #[must_use]
    pub fn scripted_async<F: Future<Output = Answer> + Send + 'static>(
        script: impl Fn(usize, &str) -> F + Send + Sync + 'static,
    ) -> Self {
        let script: Script = Box::new(move |call, token| Box::pin(script(call, token)));
        Self { script: Some(script), ..Self::new() }
    }

    pub fn says(&self, token: &str, answer: impl Into<Answer>) {
        lock(&self.answers).insert(token.to_owned(), answer.into());
    }

    /// Says beforehand that it would not be asked.
    pub fn refuses(&self, not_asked: Option<NotAsked>) {
        *lock(&self.refuses) = not_asked;
    }

    /// Calls wait until [`open`](Self::open).
    pub fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn open(&self) {
        self.let_through(1_000_000);
    }

    /// So many more calls go on.
    pub fn let_through(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    #[must_use]
    pub fn calls(&self) -> usize {
        lock(&self.asked).len()
    }

    /// The tokens it was asked about, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        lock(&self.asked).iter().map(|(token, _)| token.clone()).collect()
    }

    /// For whom it was asked, in order.
    #[must_use]
    pub fn peers(&self) -> Vec<Peer> {
        lock(&self.asked).iter().map(|(_, peer)| *peer).collect()
    }

    /// Whose questions turned out not to have been for nothing.
    #[must_use]
    pub fn forgiven(&self) -> Vec<Peer> {
        lock(&self.forgiven).clone()
    }
}

impl Default for FakeIntrospect {
    fn default() -> Self {
        Self::new()
    }
}

impl Introspect for FakeIntrospect {
    fn introspect<'a>(
        &'a self,
        token: BearerToken<'a>,
        peer: Peer,
    ) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        let token = token.expose();
        let call = {
            let mut asked = lock(&self.asked);
            asked.push((token.to_owned(), peer));
            asked.len()
        };
        Box::pin(async move {
            if let Ok(permit) = self.gate.acquire().await {
                permit.forget();
            }
            match &self.script {
                Some(script) => script(call, token).await,
                None => {
                    let said = lock(&self.answers).get(token).cloned();
                    said.unwrap_or(Ok(Introspection::Inactive))
                }
            }
        })
    }

    fn check(&self, _: BearerToken<'_>, _: Peer) -> Result<(), NotAsked> {
        lock(&self.refuses).map_or(Ok(()), Err)
    }

    fn forgive(&self, peer: Peer) {
        lock(&self.forgiven).push(peer);
    }
}

impl fmt::Debug for FakeIntrospect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeIntrospect")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
