//! Few threads that hash, each with its own memory, and a bounded number of passwords that wait.
//!
//! A hash takes 19 MiB. Allocated for each, on whatever thread is free, such blocks stay with the
//! allocator of each thread: a burst of sign-ins then costs memory for good. Here a thread has its
//! memory for as long as it lives, and lives for a while after its last hash.

use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use argon2::Block;
use tokio::sync::oneshot;
use zeroize::Zeroize;

use super::MEMORY_KIB;
use super::PasswordError;

/// Whose password waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Somebody who was right before. Goes first, and has room that strangers cannot take.
    Trusted,
    /// Somebody else, from there.
    Stranger {
        /// The network that the request came from, as a number: each has few places.
        source: u64,
    },
}

/// What a thread's memory has room for; only the pages of [`MEMORY_KIB`] are ever touched. glibc gives
/// what is larger than 32 MiB straight to the system and takes it straight back, each time anew, while
/// after the first smaller block of such a size it keeps the next ones.
const ROOM_KIB: usize = 33 * 1024;

const _: () = assert!(ROOM_KIB > MEMORY_KIB as usize);

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) threads: usize,
    pub(super) trusted: usize,
    pub(super) strangers: usize,
    pub(super) per_source: usize,
    pub(super) idle: Duration,
}

impl Limits {
    /// Two hash some 80 passwords a second and hold 38 MiB.
    const MOST_THREADS: usize = 2;
    /// Half a second's work for two threads. Who waits longer had better try again later.
    const WAITING: usize = 32;
    /// One address leaves room for another.
    const WAITING_OF_ONE_SOURCE: usize = Self::WAITING / 2;
    /// Long enough that somebody who signs in every few seconds does not wait for a thread.
    const IDLE: Duration = Duration::from_secs(20);

    /// Half of the processors at most: requests are to be served meanwhile.
    pub(super) fn of_this_machine() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            threads: (processors / 2).clamp(1, Self::MOST_THREADS),
            trusted: Self::WAITING,
            strangers: Self::WAITING,
            per_source: Self::WAITING_OF_ONE_SOURCE,
            idle: Self::IDLE,
        }
    }
}

pub(super) struct Pool {
    limits: Limits,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    trusted: VecDeque<Box<dyn Job>>,
    strangers: VecDeque<(u64, Box<dyn Job>)>,
    threads: usize,
    /// Of those, how many wait for work.
    idle: usize,
}

trait Job: Send {
    fn run(self: Box<Self>, memory: &mut [Block]);
    /// Nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

impl Pool {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default(), work: Condvar::new() }
    }

    /// Does the work on a hashing thread. [`PasswordError::Busy`] at once where there is no room.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        place: Place,
        work: impl FnOnce(&mut [Block]) -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (answer, done) = oneshot::channel();
        self.push(place, Box::new(Task { work, answer }))?;
        done.await.map_err(|_| PasswordError::Failed)
    }

    fn push(self: &Arc<Self>, place: Place, job: Box<dyn Job>) -> Result<(), PasswordError> {
        let mut state = self.state();
        if state.is_full(place, &self.limits) {
            state.forget_abandoned();
            if state.is_full(place, &self.limits) {
                return Err(PasswordError::Busy);
            }
        }
        match place {
            Place::Trusted => state.trusted.push_back(job),
            Place::Stranger { source } => state.strangers.push_back((source, job)),
        }
        if state.idle < state.waiting() && state.threads < self.limits.threads {
            let pool = Arc::clone(self);
            let spawned = thread::Builder::new()
                .name("hashing".to_owned())
                .spawn(move || pool.hash_while_there_is_work());
            match spawned {
                Ok(_) => state.threads += 1,
                Err(error) => {
                    tracing::error!(%error, "a hashing thread cannot be started");
                    if state.threads == 0 {
                        // Nobody would ever come to them.
                        *state = State::default();
                        return Err(PasswordError::Busy);
                    }
                }
            }
        }
        drop(state);
        self.work.notify_one();
        Ok(())
    }

    fn hash_while_there_is_work(&self) {
        let mut memory = Vec::with_capacity(ROOM_KIB);
        memory.resize(MEMORY_KIB as usize, Block::new());
        while let Some(job) = self.next() {
            // A panic must cost its own job alone.
            if catch_unwind(AssertUnwindSafe(|| job.run(&mut memory))).is_err() {
                tracing::error!("hashing a password panicked");
            }
        }
        // What is left there was made from somebody's password. The room beyond it was never touched.
        memory.iter_mut().for_each(Zeroize::zeroize);
    }

    /// Waits for a job; `None` when none came for a while, and the thread has to go.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.take() {
                return Some(job);
            }
            state.idle += 1;
            let waited = self.work.wait_timeout(state, self.limits.idle);
            let (again, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = again;
            state.idle -= 1;
            if timeout.timed_out() && state.waiting() == 0 {
                state.threads -= 1;
                return None;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic leaves behind is still a queue.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.trusted.len() + self.strangers.len()
    }

    fn is_full(&self, place: Place, limits: &Limits) -> bool {
        match place {
            Place::Trusted => self.trusted.len() >= limits.trusted,
            Place::Stranger { source } => {
                let of_the_same = self.strangers.iter().filter(|(other, _)| *other == source);
                self.strangers.len() >= limits.strangers || of_the_same.count() >= limits.per_source
            }
        }
    }

    fn forget_abandoned(&mut self) {
        self.trusted.retain(|job| !job.is_abandoned());
        self.strangers.retain(|(_, job)| !job.is_abandoned());
    }

    fn take(&mut self) -> Option<Box<dyn Job>> {
        let stranger = |state: &mut Self| state.strangers.pop_front().map(|(_, job)| job);
        self.trusted.pop_front().or_else(|| stranger(self))
    }
}

struct Task<W, T> {
    work: W,
    answer: oneshot::Sender<T>,
}

impl<T: Send, W: FnOnce(&mut [Block]) -> T + Send> Job for Task<W, T> {
    fn run(self: Box<Self>, memory: &mut [Block]) {
        if !self.is_abandoned() {
            // Whoever went away meanwhile misses it.
            let _ = self.answer.send((self.work)(memory));
        }
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::JoinHandle;

    use super::*;

    const LIMITS: Limits = Limits {
        threads: 1,
        trusted: 2,
        strangers: 3,
        per_source: 2,
        idle: Duration::from_secs(60),
    };

    fn stranger(source: u64) -> Place {
        Place::Stranger { source }
    }

    /// A pool whose only thread is busy until it is let go on.
    async fn busy() -> (Arc<Pool>, mpsc::Sender<()>, JoinHandle<()>) {
        let pool = Arc::new(Pool::new(LIMITS));
        let (go_on, told) = mpsc::channel();
        let (begun, has_begun) = oneshot::channel();
        let running = Arc::clone(&pool);
        let first = tokio::spawn(async move {
            let work = move |_: &mut [Block]| {
                begun.send(()).unwrap();
                told.recv().unwrap();
            };
            running.run(stranger(0), work).await.unwrap();
        });
        has_begun.await.unwrap();
        (pool, go_on, first)
    }

    /// In the queue when this returns.
    fn wait_in(
        pool: &Arc<Pool>,
        place: Place,
        order: &Arc<Mutex<Vec<Place>>>,
    ) -> Result<oneshot::Receiver<()>, PasswordError> {
        let (answer, done) = oneshot::channel();
        let order = Arc::clone(order);
        let work = move |_: &mut [Block]| order.lock().unwrap().push(place);
        pool.push(place, Box::new(Task { work, answer }))?;
        Ok(done)
    }

    #[tokio::test]
    async fn strangers_that_fill_their_queue_leave_room_for_the_trusted_who_go_first() {
        let (pool, go_on, first) = busy().await;
        let order = Arc::default();
        let places = [stranger(1), stranger(1), stranger(2)];
        let mut waiting: Vec<_> =
            places.iter().map(|place| wait_in(&pool, *place, &order).unwrap()).collect();
        let full = wait_in(&pool, stranger(3), &order);
        assert!(matches!(full, Err(PasswordError::Busy)));
        waiting.push(wait_in(&pool, Place::Trusted, &order).unwrap());
        go_on.send(()).unwrap();
        first.await.unwrap();
        for done in waiting {
            done.await.unwrap();
        }
        let expected = [Place::Trusted, stranger(1), stranger(1), stranger(2)];
        assert_eq!(*order.lock().unwrap(), expected);
    }

    #[tokio::test]
    async fn one_source_leaves_room_for_another_and_who_went_away_for_whoever_comes() {
        let (pool, go_on, first) = busy().await;
        let order = Arc::default();
        let one = wait_in(&pool, stranger(1), &order).unwrap();
        let two = wait_in(&pool, stranger(1), &order).unwrap();
        assert!(matches!(wait_in(&pool, stranger(1), &order), Err(PasswordError::Busy)));
        let other = wait_in(&pool, stranger(2), &order).unwrap();
        drop(one);
        let three = wait_in(&pool, stranger(1), &order).unwrap();
        go_on.send(()).unwrap();
        first.await.unwrap();
        for done in [two, other, three] {
            done.await.unwrap();
        }
        assert_eq!(order.lock().unwrap().len(), 3, "what nobody waits for is not hashed");
    }

    #[tokio::test]
    async fn a_job_that_panics_costs_itself_alone_and_memory_is_the_threads() {
        let pool = Arc::new(Pool::new(LIMITS));
        let failed = pool.run(stranger(0), |_: &mut [Block]| panic!("on purpose")).await;
        assert!(matches!(failed, Err::<(), _>(PasswordError::Failed)));
        let at = |memory: &mut [Block]| (memory.as_ptr() as usize, memory.len());
        let first = pool.run(stranger(0), at).await.unwrap();
        assert_eq!(first.1, MEMORY_KIB as usize);
        assert_eq!(pool.run(stranger(1), at).await.unwrap(), first);
        assert_eq!(pool.state().threads, 1);
    }

    /// In KiB.
    #[cfg(target_os = "linux")]
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_thread_without_work_goes_and_gives_its_memory_back_each_time() {
        let pool = Arc::new(Pool::new(Limits { idle: Duration::from_millis(50), ..LIMITS }));
        let before = resident();
        for _ in 0..4 {
            let during = pool.run(stranger(0), |_: &mut [Block]| resident()).await.unwrap();
            assert!(during > before + 15 * 1024, "{during} after {before}");
            let gone = async {
                while pool.state().threads > 0 || resident() > before + 8 * 1024 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(60), gone).await.expect("it comes back");
        }
    }
}
