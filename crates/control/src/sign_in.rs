//! Users and their passwords: checked slowly once, remembered briefly, and guessed at in vain.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use aws_lc_rs::hmac;
use phantom_core::Clock;
use phantom_core::Tick;
use phantom_store::Store;
use phantom_store::UserRow;
use phantom_store::password;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::problem::Outcome;
use crate::problem::Problem;
use crate::roles::Role;

/// Wrong guesses in a row before a pause.
const FREE_GUESSES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A password that was right is not hashed again for so long, unless it is changed.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Bound on what is remembered of either kind.
const MAX_ENTRIES: usize = 10_000;
/// A domain that users of WSO2 write behind their names.
const SUPER_TENANT: &str = "@carbon.super";

/// A user that is who it says.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub name: String,
    pub roles: Vec<Role>,
}

/// Checks passwords. One per process.
pub(crate) struct SignIn {
    clock: Arc<dyn Clock>,
    /// Of this process alone.
    key: hmac::Key,
    /// Hash of a kept password hash and a password that fits it, and when that was found.
    right: Mutex<HashMap<[u8; 32], Tick>>,
    /// By user and address together: nobody locks another out.
    wrong: Mutex<HashMap<(String, Option<IpAddr>), Failures>>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    in_a_row: u32,
    last: Tick,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").finish_non_exhaustive()
    }
}

impl SignIn {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Outcome<Self> {
        let mut key = [0; 32];
        aws_lc_rs::rand::fill(&mut key).map_err(|_| Problem::internal())?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Ok(Self { clock, key, right: Mutex::default(), wrong: Mutex::default() })
    }

    /// The user, or 401, or 429 while guesses have to wait.
    pub(crate) async fn user(
        &self,
        store: &Store,
        name: &str,
        password: &SecretString,
        address: Option<IpAddr>,
    ) -> Outcome<User> {
        let name = name.strip_suffix(SUPER_TENANT).unwrap_or(name);
        let party = (name.to_owned(), address);
        self.pause_left(&party)?;
        let row = store.user(name).await?;
        let fits = self.fits(row.as_ref(), password).await?;
        match row.filter(|_| fits) {
            Some(row) => {
                lock(&self.wrong).remove(&party);
                let roles = row.roles.iter().filter_map(|role| Role::named(role)).collect();
                Ok(User { name: row.name, roles })
            }
            None => {
                self.failed(party);
                Err(Problem::unauthenticated())
            }
        }
    }

    /// A guess at another secret, such as a client's: counted in the same way.
    pub(crate) fn guess<T>(
        &self,
        who: &str,
        address: Option<IpAddr>,
        outcome: Option<T>,
    ) -> Outcome<Option<T>> {
        let party = (who.to_owned(), address);
        self.pause_left(&party)?;
        match &outcome {
            Some(_) => {
                lock(&self.wrong).remove(&party);
            }
            None => self.failed(party),
        }
        Ok(outcome)
    }

    async fn fits(&self, row: Option<&UserRow>, password: &SecretString) -> Outcome<bool> {
        let Some(row) = row else {
            // As slow as for a user that exists: names are not to be found by the clock.
            password::hash(password).await?;
            return Ok(false);
        };
        let mut context = hmac::Context::with_key(&self.key);
        context.update(row.password_hash.as_bytes());
        context.update(&[0]);
        context.update(password.expose_secret().as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        let now = self.clock.now().tick;
        let known = lock(&self.right).get(&digest).copied();
        if known.is_some_and(|found| now < found.plus(REMEMBERED)) {
            return Ok(true);
        }
        let fits = password::verify(password, &row.password_hash).await?;
        if fits {
            let mut right = lock(&self.right);
            if right.len() >= MAX_ENTRIES {
                right.retain(|_, found| now < found.plus(REMEMBERED));
            }
            if right.len() < MAX_ENTRIES {
                right.insert(digest, now);
            }
        }
        Ok(fits)
    }

    fn pause_left(&self, party: &(String, Option<IpAddr>)) -> Outcome<()> {
        let now = self.clock.now().tick;
        let wrong = lock(&self.wrong);
        let left = wrong.get(party).map_or(Duration::ZERO, |f| now.until(f.last.plus(f.pause())));
        match left {
            Duration::ZERO => Ok(()),
            left => Err(Problem::too_many_requests(left.as_secs() + 1)),
        }
    }

    fn failed(&self, party: (String, Option<IpAddr>)) {
        let now = self.clock.now().tick;
        let mut wrong = lock(&self.wrong);
        if wrong.len() >= MAX_ENTRIES {
            // Those whose pause is over; if all are in one, the oldest guess is forgotten.
            wrong.retain(|_, failures| now < failures.last.plus(LONGEST_PAUSE));
            if wrong.len() >= MAX_ENTRIES {
                let oldest = wrong.iter().min_by_key(|(_, f)| f.last).map(|(who, _)| who.clone());
                oldest.map(|who| wrong.remove(&who));
            }
        }
        let failures = wrong.entry(party).or_insert(Failures { in_a_row: 0, last: now });
        failures.in_a_row = failures.in_a_row.saturating_add(1);
        failures.last = now;
    }
}

impl Failures {
    /// Doubles with each guess beyond the free ones.
    fn pause(self) -> Duration {
        match self.in_a_row.checked_sub(FREE_GUESSES) {
            None => Duration::ZERO,
            Some(beyond) => FIRST_PAUSE.saturating_mul(1 << beyond.min(16)).min(LONGEST_PAUSE),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic leaves behind is still a map.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
