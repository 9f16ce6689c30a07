//! A circuit breaker: pure, its clock and its dice are arguments.
//!
//! It judges over a window and by share. Every token counts once and every address once, so that
//! neither a few tokens the server stumbles over nor one client with many of them make a server look
//! dead that answers the others.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use phantom_core::Peer;
use phantom_core::Tick;

/// The calls that count have ended within this time, and are no more than so many.
const WINDOW: Duration = Duration::from_secs(5);
const MOST_CALLS: usize = 512;

/// Tokens that have to have failed before anything is concluded.
const LEAST_TOKENS: usize = 10;
/// Addresses whose tokens fail before others are refused as well.
const LEAST_PEERS: usize = 3;

/// Addresses held back alone that are remembered.
const MOST_HELD: usize = 16;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No outage is so long that a server which is back waits longer for its first call.
pub(super) const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Calls that each pause ends with, and how many of them one address may make: a token that always
/// fails must not be the only one that is tried.
const PROBES: usize = 4;
const PROBES_PER_PEER: usize = 2;

#[derive(Debug, Default)]
pub(super) struct Breaker {
    ended: VecDeque<Ended>,
    open: Option<Open>,
}

/// A call that ended: whose, about which token, and whether the server failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) at: Tick,
    pub(super) peer: Peer,
    /// A hash of the token.
    pub(super) token: u64,
    pub(super) failed: bool,
    /// The pause the server asked for.
    pub(super) wait: Duration,
}

#[derive(Debug)]
struct Open {
    for_whom: Scope,
    /// From then on there are probes.
    until: Tick,
    probing: Option<Probing>,
    rounds: u32,
}

/// A round of probes. The next begins when it has to, whatever became of this one: probes that hang
/// hold up nobody.
#[derive(Debug)]
struct Probing {
    made: Vec<Peer>,
    next: Tick,
}

/// Whose calls the failures speak for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Everybody,
    /// Too few to tell the server's failure from theirs.
    Only(Vec<Peer>),
}

impl Scope {
    /// Returns whether that made it wider.
    fn widen(&mut self, more: Self) -> bool {
        match (&mut *self, more) {
            (Self::Everybody, _) => false,
            (Self::Only(_), Self::Everybody) => {
                *self = Self::Everybody;
                true
            }
            (Self::Only(held), Self::Only(more)) => {
                let before = held.len();
                for peer in more {
                    if !held.contains(&peer) {
                        held.push(peer);
                    }
                }
                let wider = held.len() > before;
                // They come one after the other only where others are answered in between.
                held.drain(..held.len().saturating_sub(MOST_HELD));
                wider
            }
        }
    }

    fn covers(&self, peer: Peer) -> bool {
        match self {
            Self::Everybody => true,
            Self::Only(peers) => peers.contains(&peer),
        }
    }
}

impl Breaker {
    /// How long not to call for this peer, if so: the time at which it is really worth coming back.
    pub(super) fn pause(&self, peer: Peer, now: Tick) -> Option<Duration> {
        let open = self.open.as_ref().filter(|open| open.for_whom.covers(peer))?;
        if now < open.until {
            return Some(now.until(open.until));
        }
        open.probing
            .as_ref()
            .filter(|round| now < round.next && !round.has_room_for(peer))
            .map(|round| now.until(round.next))
    }

    /// Returns whether to call: `Ok(true)` marks a probe.
    pub(super) fn admit(&mut self, peer: Peer, now: Tick, dice: u64) -> Result<bool, Duration> {
        if let Some(pause) = self.pause(peer, now) {
            return Err(pause);
        }
        let Some(open) = self.open.as_mut().filter(|open| open.for_whom.covers(peer)) else {
            return Ok(false);
        };
        match &mut open.probing {
            Some(round) if now < round.next => round.made.push(peer),
            probing => {
                open.rounds = open.rounds.saturating_add(1);
                let next = now.plus(pause_of(open.rounds, dice));
                *probing = Some(Probing { made: vec![peer], next });
            }
        }
        Ok(true)
    }

    /// Takes the end of a call into account. Tells whether it opened or closed the breaker.
    pub(super) fn record(&mut self, ended: Ended, probe: bool, dice: u64) -> Option<Change> {
        if !ended.failed && probe && self.open.is_some() {
            let change = self.is_open().then_some(Change::Closed);
            *self = Self::default();
            return change;
        }
        if self.ended.len() >= MOST_CALLS {
            self.ended.pop_front();
        }
        self.ended.push_back(ended);
        if !ended.failed || self.is_open() {
            return None;
        }
        let now = ended.at;
        let for_whom = self.verdict(now)?;
        let change = match for_whom {
            Scope::Everybody => Change::Opened,
            Scope::Only(_) => Change::HeldBack,
        };
        if let Some(open) = &mut self.open {
            return open.for_whom.widen(for_whom).then_some(change);
        }
        let asked = self.recent(now).filter(|call| call.failed).map(|call| call.wait).max();
        let pause = pause_of(0, dice).max(asked.unwrap_or_default().min(LAST_PAUSE));
        self.open = Some(Open { for_whom, until: now.plus(pause), probing: None, rounds: 0 });
        Some(change)
    }

    /// Returns whether the server is given a pause: by everybody, not by a few.
    pub(super) fn is_open(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.for_whom == Scope::Everybody)
    }

    fn recent(&self, now: Tick) -> impl Iterator<Item = &Ended> {
        self.ended.iter().filter(move |call| call.at.plus(WINDOW) > now)
    }

    /// Whose calls to hold back, if the calls of the window say so: three quarters of the addresses
    /// have to have failed, with three quarters of their tokens each.
    fn verdict(&self, now: Tick) -> Option<Scope> {
        if self.recent(now).filter(|call| call.failed).count() < LEAST_TOKENS {
            return None;
        }
        // The last word on each token.
        let tokens: HashMap<u64, &Ended> =
            self.recent(now).map(|call| (call.token, call)).collect();
        let mut votes: HashMap<Peer, Tally> = HashMap::new();
        for call in tokens.values() {
            votes.entry(call.peer).or_default().count(call.failed);
        }
        let mut peers = Tally::default();
        let mut failed_tokens = 0;
        let mut failing = Vec::new();
        for (peer, tally) in votes {
            let fails = tally.is_failure();
            peers.count(fails);
            if fails {
                failed_tokens += tally.failed;
                failing.push(peer);
            }
        }
        if failed_tokens < LEAST_TOKENS || !peers.is_failure() {
            return None;
        }
        Some(if failing.len() < LEAST_PEERS { Scope::Only(failing) } else { Scope::Everybody })
    }
}

impl Probing {
    fn has_room_for(&self, peer: Peer) -> bool {
        self.made.len() < PROBES
            && self.made.iter().filter(|made| **made == peer).count() < PROBES_PER_PEER
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// For everybody.
    Opened,
    /// Closed to everybody before.
    Closed,
    /// A few addresses are held back alone.
    HeldBack,
}

#[derive(Default)]
struct Tally {
    failed: usize,
    all: usize,
}

impl Tally {
    const fn count(&mut self, failed: bool) {
        self.failed += failed as usize;
        self.all += 1;
    }

    const fn is_failure(&self) -> bool {
        self.failed * 4 >= self.all * 3 && self.failed > 0
    }
}

/// Longer each time up to the last, and up to a fifth shorter by chance, so that the gateways of one
/// server do not come back together.
fn pause_of(round: u32, dice: u64) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << round.min(3)).min(LAST_PAUSE);
    let shorter = u32::try_from(dice % 1000).unwrap_or_default();
    longest - longest / 5 * shorter / 1000
}

#[cfg(test)]
mod tests;
