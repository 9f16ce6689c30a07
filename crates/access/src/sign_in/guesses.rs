//! How often may be guessed at one kind of account, and who has to wait.
//!
//! A guess is reserved before it is checked, so that any number at once is within the budget, and
//! stays reserved if its request goes away. Two budgets hold it: that of the account and the network
//! the guess comes from, and that of the account for all networks nobody has signed in from.

mod account;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use phantom_core::Tick;

use super::attempt::Attempt;
use super::prefix::Prefix;
use account::Account;
use account::Admitted;

/// Accounts that are there and were signed in to or guessed at lately. Those that nobody guesses at
/// make room first.
const MOST_REAL: usize = 16_384;
/// Names that nobody has, in a place of their own: however many are made up, no real account's
/// pause is forgotten for them.
const MOST_MADE_UP: usize = 4096;

/// Of users, or of clients.
#[derive(Default)]
pub(super) struct Guesses(Mutex<Books>);

#[derive(Default)]
struct Books {
    real: HashMap<[u8; 32], Account>,
    made_up: HashMap<[u8; 32], Account>,
}

pub(super) enum Begun<'a> {
    /// The very credential was right a moment ago, from the same network.
    Known,
    /// To be checked.
    Guess(Guess<'a>),
}

/// A reserved guess. Dropped, it counts as a wrong one.
pub(super) struct Guess<'a> {
    guesses: &'a Guesses,
    who: [u8; 32],
    is_real: bool,
    prefix: Prefix,
    digest: [u8; 32],
    admitted: Admitted,
    begun: Tick,
    is_settled: bool,
}

impl Guesses {
    /// Or how long to wait.
    pub(super) fn begin(&self, attempt: &Attempt<'_>, now: Tick) -> Result<Begun<'_>, Duration> {
        let mut books = self.books();
        let account = books.account(attempt.who, attempt.is_real, now);
        if account.knows(attempt.prefix, &attempt.digest, now) {
            return Ok(Begun::Known);
        }
        let admitted = account.admit(attempt.prefix, now)?;
        Ok(Begun::Guess(Guess {
            guesses: self,
            who: attempt.who,
            is_real: attempt.is_real,
            prefix: attempt.prefix,
            digest: attempt.digest,
            admitted,
            begun: now,
            is_settled: false,
        }))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // What a panic leaves behind are still numbers.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn account(&mut self, who: [u8; 32], is_real: bool, now: Tick) -> &mut Account {
        let (accounts, most) = match is_real {
            true => (&mut self.real, MOST_REAL),
            false => (&mut self.made_up, MOST_MADE_UP),
        };
        if accounts.len() >= most && !accounts.contains_key(&who) {
            shed(accounts, now);
        }
        accounts.entry(who).or_default()
    }

    fn known(&mut self, guess: &Guess<'_>) -> Option<&mut Account> {
        match guess.is_real {
            true => self.real.get_mut(&guess.who),
            false => self.made_up.get_mut(&guess.who),
        }
    }
}

/// Forgets a quarter: those nobody guesses at before others, and of each the longest unused. Never
/// one that is being guessed at now.
fn shed(accounts: &mut HashMap<[u8; 32], Account>, now: Tick) {
    let mut all: Vec<_> =
        accounts.iter().map(|(who, account)| (account.worth(now), *who)).collect();
    all.sort_unstable();
    let quarter = all.len().div_ceil(4);
    for (_, who) in all.into_iter().take(quarter) {
        if accounts.get(&who).is_some_and(|account| !account.is_in_flight()) {
            accounts.remove(&who);
        }
    }
}

impl Guess<'_> {
    /// Somebody signed in to this account from there before.
    pub(super) const fn is_of_somebody_known(&self) -> bool {
        self.admitted.is_known()
    }

    pub(super) fn right(mut self, now: Tick) {
        let (prefix, digest, admitted) = (self.prefix, self.digest, self.admitted);
        self.settle(|account| account.right(prefix, admitted, digest, now));
    }

    /// How long the next one has to wait, if it has to.
    pub(super) fn wrong(mut self) -> Option<Duration> {
        let (prefix, begun) = (self.prefix, self.begun);
        self.settle(|account| account.wrong(prefix, begun)).flatten()
    }

    /// Nothing was checked.
    pub(super) fn give_back(mut self) {
        let (prefix, admitted) = (self.prefix, self.admitted);
        self.settle(|account| account.give_back(prefix, admitted));
    }

    fn settle<T>(&mut self, how: impl FnOnce(&mut Account) -> T) -> Option<T> {
        self.is_settled = true;
        self.guesses.books().known(self).map(how)
    }
}

impl Drop for Guess<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            let (prefix, begun) = (self.prefix, self.begun);
            self.settle(|account| account.wrong(prefix, begun));
        }
    }
}

#[cfg(test)]
mod tests;
