//! The key managers that serve now, and how those that are published are bound.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use phantom_core::BearerToken;
use phantom_core::catalog::EndedToken;
use phantom_oauth::KeyManager;
use phantom_pipeline::KeyManagerHandle;

use crate::compose::managed::Binding;
use crate::compose::managed::Bound;

/// Key managers that the control plane published, with those of the file: what background tasks and
/// metrics go through.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<Vec<Bound>>);

impl Live {
    pub(super) fn new(of_the_file: Vec<Bound>) -> Self {
        Self(Mutex::new(of_the_file))
    }

    pub(super) fn all(&self) -> Vec<Bound> {
        self.bound().clone()
    }

    pub(super) fn managers(&self) -> Vec<Arc<KeyManager>> {
        self.bound().iter().map(|bound| Arc::clone(&bound.manager)).collect()
    }

    pub(super) fn handles(&self) -> Vec<Arc<KeyManagerHandle>> {
        self.bound().iter().map(|bound| Arc::clone(&bound.handle)).collect()
    }

    fn add(&self, bound: Bound) {
        self.bound().push(bound);
    }

    /// Whoever vouched for the token: its verdict is dead in all caches.
    pub(super) fn end(&self, token: &EndedToken) {
        let Ok(token) = BearerToken::parse(token.0.as_bytes()) else { return };
        for handle in self.handles() {
            for exchange in handle.opaque.iter().chain(&handle.jwt) {
                exchange.revoke(exchange.digest(token));
            }
        }
    }

    /// All caches start over: tokens may have ended that we were not told of.
    pub(super) fn forget(&self) {
        for handle in self.handles() {
            for exchange in handle.opaque.iter().chain(&handle.jwt) {
                exchange.forget();
            }
        }
    }

    /// Forgets managed key managers that are not published any more.
    pub(super) fn keep(&self, published: &[&Arc<KeyManagerHandle>]) {
        self.bound().retain(|bound| {
            bound.handle.managed.is_none()
                || published.iter().any(|handle| Arc::ptr_eq(handle, &bound.handle))
        });
    }

    fn bound(&self) -> MutexGuard<'_, Vec<Bound>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// New key managers fetch their keys before the first request needs them.
pub(super) fn binder(binding: Binding, live: Arc<Live>) -> phantom_pipeline::managed::Binder {
    Box::new(move |managed| {
        let bound = binding.bind(managed)?;
        let handle = Arc::clone(&bound.handle);
        live.add(bound.clone());
        binding.runtime.spawn(async move {
            // Why not is told where they are fetched, and each request tries again.
            let _ = bound.warm_up().await;
        });
        Some(handle)
    })
}
