//! Introspections on the runtime of whoever asks.

use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use phantom_cache::CachePolicy;
use phantom_cache::Carrier;
use phantom_oauth::Freshness;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use crate::support::*;

fn worker() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn rig(server: Arc<FakeIntrospect>) -> Rig {
    Rig::on(Carrier::Caller, CachePolicy::default(), server)
}

#[test]
fn a_caller_of_a_single_threaded_runtime_is_answered_without_another_thread() {
    let threads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&threads);
    let rig = rig(server(move |_, _| {
        seen.lock().unwrap().push(thread::current().id());
        active(expiring(100), Freshness::Unstated)
    }));
    for text in ["abc", "def"] {
        let asked = thread::scope(|scope| {
            let worker = scope.spawn(|| {
                worker().block_on(rig.asking(text)).unwrap();
                thread::current().id()
            });
            worker.join().unwrap()
        });
        assert_eq!(threads.lock().unwrap().pop(), Some(asked));
    }
    assert_eq!(rig.server.calls(), 2);
}

/// Rows: CAC-11
#[tokio::test]
async fn a_call_on_its_caller_s_runtime_outlives_the_caller() {
    let server = server(|_, _| active(expiring(100), Freshness::Unstated));
    server.close();
    let rig = rig(server);
    let caller = tokio::spawn(rig.asking("abc"));
    rig.until(|rig| rig.server.calls() == 1).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    rig.server.open();
    rig.until(|rig| rig.cache.stats().entries == 1).await;
    assert_eq!(rig.server.calls(), 1);
}

/// Rows: PITFALL-21
#[test]
fn where_the_runtime_of_a_call_ends_another_worker_makes_it() {
    let server = server(|_, _| active(expiring(100), Freshness::Unstated));
    server.close();
    let rig = rig(server);
    let (first, second) = (worker(), worker());
    let leading = first.spawn(rig.asking("abc"));
    first.block_on(rig.until(|rig| rig.server.calls() == 1));
    let following = second.spawn(rig.asking("abc"));
    second.block_on(rig.until(|rig| rig.cache.stats().single_flight_waiters == 2));
    drop(first);
    assert!(second.block_on(leading).is_err(), "it went with its runtime");
    rig.server.open();
    second.block_on(following).unwrap().unwrap();
    assert_eq!(rig.server.calls(), 2);
    assert_eq!(rig.cache.stats().flights, 0);
}
