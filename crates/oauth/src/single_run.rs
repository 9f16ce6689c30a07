//! One run of one job at a time; those who come while it runs wait for its end.

use std::future::Future;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::watch;

/// The run is a task of its own: a caller that goes away does not end it (CAC-11). The job bounds
/// its own time; a job that dies wakes those who wait like one that ends.
#[derive(Debug, Default)]
pub(crate) struct SingleRun {
    running: Mutex<Option<watch::Receiver<()>>>,
}

impl SingleRun {
    pub(crate) async fn run<F>(&self, job: impl FnOnce() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        ended(self.join_or_start(job)).await;
    }

    /// Starts a run where there is none; does not wait.
    pub(crate) fn start<F>(&self, job: impl FnOnce() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(self.join_or_start(job));
    }

    /// Waits for the run there is. Whether there was one.
    pub(crate) async fn join(&self) -> bool {
        let running = self.running().as_ref().filter(|end| end.has_changed().is_ok()).cloned();
        match running {
            Some(end) => {
                ended(end).await;
                true
            }
            None => false,
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<watch::Receiver<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join_or_start<F>(&self, job: impl FnOnce() -> F) -> watch::Receiver<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut running = self.running();
        if let Some(end) = running.as_ref().filter(|end| end.has_changed().is_ok()) {
            return end.clone();
        }
        let (alive, end) = watch::channel(());
        let job = job();
        tokio::spawn(async move {
            job.await;
            drop(alive);
        });
        *running = Some(end.clone());
        end
    }
}

/// The receiver fails when the task drops its sender: that is the end of the run.
async fn ended(mut end: watch::Receiver<()>) {
    while end.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::SeqCst;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn all_who_come_during_a_run_share_it() {
        let runs = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let single = Arc::new(SingleRun::default());
        let waiters: Vec<_> = (0..20)
            .map(|_| {
                let (single, runs, gate) = (single.clone(), runs.clone(), gate.clone());
                tokio::spawn(async move {
                    let job = || async move {
                        runs.fetch_add(1, SeqCst);
                        let _opened = gate.acquire().await;
                    };
                    single.run(job).await;
                })
            })
            .collect();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        gate.close();
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert_eq!(runs.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn a_job_that_dies_wakes_its_waiters_and_the_next_run_starts() {
        let single = SingleRun::default();
        single.run(|| async { panic!("the job dies") }).await;
        let ran = Arc::new(AtomicUsize::new(0));
        let counted = ran.clone();
        let job = || async move {
            counted.fetch_add(1, SeqCst);
        };
        single.run(job).await;
        assert_eq!(ran.load(SeqCst), 1);
    }

    /// Rows: CAC-11
    #[tokio::test]
    async fn a_caller_that_goes_away_does_not_end_the_run() {
        let single = Arc::new(SingleRun::default());
        let ended = Arc::new(Semaphore::new(0));
        let gate = Arc::new(Semaphore::new(0));
        let caller = {
            let (single, ended, gate) = (single.clone(), ended.clone(), gate.clone());
            tokio::spawn(async move {
                let job = || async move {
                    let _opened = gate.acquire().await;
                    ended.add_permits(1);
                };
                single.run(job).await;
            })
        };
        tokio::task::yield_now().await;
        caller.abort();
        drop(caller.await);
        gate.add_permits(1);
        assert!(ended.acquire().await.is_ok());
    }
}
