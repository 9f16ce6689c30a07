//! What has been tried at one account.

use std::time::Duration;

use phantom_core::Tick;
use subtle::ConstantTimeEq;

use super::Prefix;

/// Wrong guesses in a row, and guesses at once, before a pause: somebody mistypes, or has an old
/// password in a script.
const FREE_GUESSES: u32 = 5;
/// Doubles with each guess beyond the free ones.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// With it, one network has some 300 guesses a day.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// So long after the last wrong one they are no row any more.
const ROW_ENDS: Duration = Duration::from_secs(3600);
/// Guesses of all strange networks together: six of them mistype at once, and a /48 of IPv6 has no
/// more guesses than that.
const STRANGE_GUESSES: u32 = 30;
/// How often they get one more: 1,440 a day against one account from however many networks.
const STRANGE_EVERY: Duration = Duration::from_secs(60);
/// For so long after its last sign-in a network is no strange one: holidays end before.
const KNOWN_FOR: Duration = Duration::from_secs(14 * 86_400);
/// A credential that was right is not checked again for so long, unless it is changed.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Others that may be held against a remembered one during a pause: so a flood of few guesses from
/// the network of somebody who is known does not refuse the right one, and a long one does not become
/// an oracle. NIST SP 800-63B has no more than 100 failures in a row.
const HELD_AGAINST: u32 = 100;
/// Networks of one account. More than strange ones can have guesses under way at once.
const MOST_NETWORKS: usize = 40;

const _: () = assert!(MOST_NETWORKS > STRANGE_GUESSES as usize);

#[derive(Default)]
pub(super) struct Account {
    networks: Vec<Network>,
    /// When strange networks will have all of their guesses again.
    strange_whole_at: Tick,
    used: Tick,
}

/// One of those that signed in to the account or guessed at it.
struct Network {
    prefix: Prefix,
    wrong: u32,
    in_flight: u32,
    last_wrong: Tick,
    used: Tick,
    signed_in: Option<Tick>,
    remembered: Option<Remembered>,
}

struct Remembered {
    digest: [u8; 32],
    at: Tick,
    /// How many others may still be held against it during pauses.
    left: u32,
}

/// By which budget a guess was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    Known,
    Stranger,
}

impl Admitted {
    pub(super) const fn is_known(self) -> bool {
        matches!(self, Self::Known)
    }
}

impl Account {
    /// Whether this credential was right a moment ago.
    pub(super) fn knows(&mut self, prefix: Prefix, digest: &[u8; 32], now: Tick) -> bool {
        let Some(network) = self.network(prefix) else { return false };
        let has_to_wait = network.waits(now).is_some();
        let Some(remembered) = &mut network.remembered else { return false };
        if now >= remembered.at.plus(REMEMBERED) {
            network.remembered = None;
            return false;
        }
        if has_to_wait && remembered.left == 0 {
            return false;
        }
        let is_known: bool = remembered.digest.ct_eq(digest).into();
        if is_known {
            (network.signed_in, network.used) = (Some(now), now);
        } else if has_to_wait {
            remembered.left -= 1;
        }
        is_known
    }

    /// Reserves a guess, or tells how long to wait.
    pub(super) fn admit(&mut self, prefix: Prefix, now: Tick) -> Result<Admitted, Duration> {
        self.used = now;
        if let Some(wait) = self.network(prefix).and_then(|network| network.waits(now)) {
            return Err(wait);
        }
        let is_known = self.network(prefix).is_some_and(|network| network.is_known(now));
        let whole_at = self.strange_whole_at.max(now).plus(STRANGE_EVERY);
        if !is_known {
            let earliest = now.plus(STRANGE_EVERY * STRANGE_GUESSES);
            if whole_at > earliest {
                return Err(earliest.until(whole_at));
            }
        }
        let network = self.network_or_new(prefix, now).ok_or(FIRST_PAUSE)?;
        network.in_flight += 1;
        network.used = now;
        if is_known {
            return Ok(Admitted::Known);
        }
        self.strange_whole_at = whole_at;
        Ok(Admitted::Stranger)
    }

    pub(super) fn right(
        &mut self,
        prefix: Prefix,
        admitted: Admitted,
        digest: [u8; 32],
        now: Tick,
    ) {
        self.give_back(prefix, admitted);
        if let Some(network) = self.network(prefix) {
            network.wrong = 0;
            (network.signed_in, network.used) = (Some(now), now);
            network.remembered = Some(Remembered { digest, at: now, left: HELD_AGAINST });
        }
    }

    /// Gives the pause that begins.
    pub(super) fn wrong(&mut self, prefix: Prefix, begun: Tick) -> Option<Duration> {
        let network = self.network(prefix)?;
        network.in_flight = network.in_flight.saturating_sub(1);
        if begun >= network.last_wrong.plus(ROW_ENDS) {
            network.wrong = 0;
        }
        network.wrong = network.wrong.saturating_add(1);
        network.last_wrong = network.last_wrong.max(begun);
        network.pause()
    }

    pub(super) fn give_back(&mut self, prefix: Prefix, admitted: Admitted) {
        if let Some(network) = self.network(prefix) {
            network.in_flight = network.in_flight.saturating_sub(1);
        }
        if admitted == Admitted::Stranger {
            let earlier = self.strange_whole_at.as_millis();
            let earlier = earlier.saturating_sub(STRANGE_EVERY.as_millis() as u64);
            self.strange_whole_at = Tick::from_millis(earlier);
        }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.networks.iter().any(|network| network.in_flight > 0)
    }

    /// Less of it goes first: whether it is guessed at, and when it was used last.
    pub(super) fn worth(&self, now: Tick) -> (bool, Tick) {
        let is_guessed_at = self.networks.iter().any(|network| network.row_goes_on(now));
        (is_guessed_at || self.is_in_flight(), self.used)
    }

    fn network(&mut self, prefix: Prefix) -> Option<&mut Network> {
        self.networks.iter_mut().find(|network| network.prefix == prefix)
    }

    /// `None` where all places are taken by guesses under way.
    fn network_or_new(&mut self, prefix: Prefix, now: Tick) -> Option<&mut Network> {
        let known = self.networks.iter().position(|network| network.prefix == prefix);
        if known.is_none() {
            if self.networks.len() >= MOST_NETWORKS {
                let (place, _) = self
                    .networks
                    .iter()
                    .enumerate()
                    .filter(|(_, network)| network.in_flight == 0)
                    .min_by_key(|(_, network)| (network.is_known(now), network.used))?;
                self.networks.swap_remove(place);
            }
            self.networks.push(Network::new(prefix));
        }
        match known {
            Some(place) => self.networks.get_mut(place),
            None => self.networks.last_mut(),
        }
    }
}

impl Network {
    fn new(prefix: Prefix) -> Self {
        Self {
            prefix,
            wrong: 0,
            in_flight: 0,
            last_wrong: Tick::default(),
            used: Tick::default(),
            signed_in: None,
            remembered: None,
        }
    }

    fn is_known(&self, now: Tick) -> bool {
        self.signed_in.is_some_and(|at| now < at.plus(KNOWN_FOR))
    }

    fn row_goes_on(&self, now: Tick) -> bool {
        self.wrong > 0 && now < self.last_wrong.plus(ROW_ENDS)
    }

    /// For its next guess; `None` if it need not.
    fn waits(&self, now: Tick) -> Option<Duration> {
        let wrong = if self.row_goes_on(now) { self.wrong } else { 0 };
        let left = self.pause().filter(|_| wrong > 0);
        let left = left.map(|pause| now.until(self.last_wrong.plus(pause)));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Some(left);
        }
        // Each under way may turn out wrong.
        let room = FREE_GUESSES.saturating_sub(wrong).max(1);
        (self.in_flight >= room).then_some(FIRST_PAUSE)
    }

    /// After the wrong guesses so far.
    fn pause(&self) -> Option<Duration> {
        let beyond = self.wrong.checked_sub(FREE_GUESSES)?;
        Some(FIRST_PAUSE.saturating_mul(1 << beyond.min(16)).min(LONGEST_PAUSE))
    }
}
