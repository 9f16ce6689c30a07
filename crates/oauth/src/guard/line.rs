//! The calls under way and those that wait: a line per address, served in turn. Pure; whoever waits
//! leaves a handle by which it is called.
//!
//! An address that sends more than its share makes its own line longer and nobody else's wait, and
//! what it may waste is its [`Budget`].

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::time::Duration;

use phantom_core::Peer;
use phantom_core::Tick;

use crate::guard::budget::Budget;
use crate::guard::budget::Used;

/// Addresses remembered. Of one that has no call, no line and no place in use nothing need be known.
const MOST_PEERS: usize = 20_000;
/// Fewer than so many are not worth looking through.
const FEW_PEERS: usize = 1_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Calls at a time.
    pub(crate) calls: usize,
    /// Waiting for one, in all.
    pub(crate) waiting: usize,
    /// The ones of them of one address that has wasted nothing.
    pub(crate) waiting_per_peer: usize,
    pub(crate) budget: Budget,
}

/// `W` tells who waits that it is their turn; dropped, that it never will be.
#[derive(Debug)]
pub(super) struct Line<W> {
    limits: Limits,
    calls: usize,
    waiting: usize,
    peers: HashMap<Peer, Party<W>>,
    /// Addresses whose turn it is, each once.
    turns: VecDeque<Peer>,
    /// The lines by length.
    lengths: BTreeSet<(usize, Peer)>,
    tickets: u64,
    /// Look through the addresses when there are so many.
    look_at: usize,
}

#[derive(Debug)]
struct Party<W> {
    used: Used,
    calls: usize,
    waiting: VecDeque<(u64, W)>,
    has_turn: bool,
}

/// A way to say that it is somebody's turn.
pub(super) trait Call {
    /// False if they are gone.
    fn call(self) -> bool;
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// The call is begun.
    Begun,
    /// The handle is kept, under this number.
    Waits(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The address has used its budget up; there is a place in this time.
    Exhausted(Duration),
    /// The address's line, or all of them, are full.
    Crowded,
}

impl<W: Call> Line<W> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            calls: 0,
            waiting: 0,
            peers: HashMap::new(),
            turns: VecDeque::new(),
            lengths: BTreeSet::new(),
            tickets: 0,
            look_at: FEW_PEERS,
        }
    }

    /// Begins a call, or joins the line of the address.
    pub(super) fn enter(
        &mut self,
        peer: Peer,
        now: Tick,
        handle: impl FnOnce() -> W,
    ) -> Result<Entry, Refused> {
        self.check(peer, now)?;
        if self.peers.len() >= self.look_at {
            self.forget_idle(now);
        }
        let Limits { calls, budget, waiting, .. } = self.limits;
        let (used, under_way) =
            self.peers.get(&peer).map_or_else(Default::default, |party| (party.used, party.calls));
        // Whoever waits although there is room waits for their own calls.
        let nobody_waits = self.peers.get(&peer).is_none_or(|party| party.waiting.is_empty());
        if self.calls < calls && nobody_waits && budget.allows(used, under_way, now) {
            self.calls += 1;
            self.party(peer).calls += 1;
            return Ok(Entry::Begun);
        }
        if self.waiting >= waiting {
            self.send_last_of_longest_away();
        }
        self.tickets += 1;
        let ticket = self.tickets;
        self.party(peer);
        self.change_line(peer, |line| line.push_back((ticket, handle())));
        self.give_turn(peer, now);
        Ok(Entry::Waits(ticket))
    }

    /// Returns whether there is a place for one more of this address, in a call or in the line.
    pub(super) fn check(&self, peer: Peer, now: Tick) -> Result<(), Refused> {
        let Limits { waiting, waiting_per_peer, budget, .. } = self.limits;
        let party = self.peers.get(&peer);
        if let Some(wait) = party.and_then(|party| budget.exhausted(party.used, now)) {
            return Err(Refused::Exhausted(wait));
        }
        let own = party.map_or(0, |party| party.waiting.len());
        let free = self.calls < self.limits.calls && own == 0;
        let line = party.map_or(waiting_per_peer, |party| self.line_of(party, now));
        if !free && own >= line {
            // Of one that has wasted more than half, the waste is what keeps it short.
            let wasted = line * 2 < waiting_per_peer;
            return Err(if wasted {
                Refused::Exhausted(budget.next_place())
            } else {
                Refused::Crowded
            });
        }
        // A short line may take a place of the longest; of lines that are as short nobody's.
        if !free && self.waiting >= waiting && self.longest() <= own + 1 {
            return Err(Refused::Crowded);
        }
        Ok(())
    }

    /// Somebody does not want to wait any longer.
    pub(super) fn leave(&mut self, peer: Peer, ticket: u64, now: Tick) {
        self.change_line(peer, |line| line.retain(|(number, _)| *number != ticket));
        self.forget_if_idle(peer, now);
    }

    /// A call has ended; `charged`: for nothing.
    pub(super) fn end(&mut self, peer: Peer, charged: bool, now: Tick) {
        let Limits { budget, waiting_per_peer: line, .. } = self.limits;
        self.calls = self.calls.saturating_sub(1);
        if let Some(party) = self.peers.get_mut(&peer) {
            party.calls = party.calls.saturating_sub(1);
            if charged {
                budget.charge(&mut party.used, now);
                let exhausted = budget.exhausted(party.used, now).is_some();
                let keep = if exhausted { 0 } else { budget.share(line, party.used, now) };
                if party.waiting.len() > keep {
                    self.change_line(peer, |line| line.truncate(keep));
                }
            }
        }
        self.give_turn(peer, now);
        self.call_up(now);
        self.forget_if_idle(peer, now);
    }

    /// A call that was charged was not for nothing.
    pub(super) fn give_back(&mut self, peer: Peer, now: Tick) {
        if let Some(party) = self.peers.get_mut(&peer) {
            self.limits.budget.give_back(&mut party.used, now);
        }
        self.give_turn(peer, now);
        self.call_up(now);
        self.forget_if_idle(peer, now);
    }

    pub(super) const fn calls(&self) -> usize {
        self.calls
    }

    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Calls whoever's turn it is while there is room.
    fn call_up(&mut self, now: Tick) {
        while self.calls < self.limits.calls {
            let Some(peer) = self.turns.pop_front() else { break };
            let Some(party) = self.peers.get_mut(&peer) else { continue };
            party.has_turn = false;
            if !self.limits.budget.allows(party.used, party.calls, now) {
                // Each of its calls under way comes back here when it ends.
                continue;
            }
            if let Some((_, handle)) = self.change_line(peer, VecDeque::pop_front).flatten()
                && handle.call()
            {
                self.calls += 1;
                self.party(peer).calls += 1;
            }
            self.give_turn(peer, now);
            self.forget_if_idle(peer, now);
        }
    }

    /// To the end of the turns, if anybody waits who may call.
    fn give_turn(&mut self, peer: Peer, now: Tick) {
        let Some(party) = self.peers.get_mut(&peer) else { return };
        let may_call = self.limits.budget.allows(party.used, party.calls, now);
        if !party.has_turn && !party.waiting.is_empty() && may_call {
            party.has_turn = true;
            self.turns.push_back(peer);
        }
    }

    fn party(&mut self, peer: Peer) -> &mut Party<W> {
        self.peers.entry(peer).or_insert_with(|| Party {
            used: Used::default(),
            calls: 0,
            waiting: VecDeque::new(),
            has_turn: false,
        })
    }

    /// How long the line of an address may be.
    fn line_of(&self, party: &Party<W>, now: Tick) -> usize {
        self.limits.budget.share(self.limits.waiting_per_peer, party.used, now)
    }

    /// The one place where a line becomes longer or shorter.
    fn change_line<T>(
        &mut self,
        peer: Peer,
        change: impl FnOnce(&mut VecDeque<(u64, W)>) -> T,
    ) -> Option<T> {
        let party = self.peers.get_mut(&peer)?;
        let before = party.waiting.len();
        let result = change(&mut party.waiting);
        let after = party.waiting.len();
        if before != after {
            self.waiting = self.waiting - before + after;
            self.lengths.remove(&(before, peer));
            if after > 0 {
                self.lengths.insert((after, peer));
            }
        }
        Some(result)
    }

    fn longest(&self) -> usize {
        self.lengths.last().map_or(0, |(length, _)| *length)
    }

    fn send_last_of_longest_away(&mut self) {
        if let Some((_, peer)) = self.lengths.last().copied() {
            self.change_line(peer, VecDeque::pop_back);
        }
    }

    fn forget_if_idle(&mut self, peer: Peer, now: Tick) {
        let budget = self.limits.budget;
        if self.peers.get(&peer).is_some_and(|party| party.is_idle(budget, 0, now)) {
            self.peers.remove(&peer);
        }
    }

    /// Forgets whom nothing need be known of; and where that leaves too many, those who have wasted
    /// least, so that it takes as many offenders as there is room for to have one forgotten.
    fn forget_idle(&mut self, now: Tick) {
        let budget = self.limits.budget;
        let mut places = 0_u64;
        loop {
            self.peers.retain(|_, party| !party.is_idle(budget, places, now));
            if self.peers.len() <= MOST_PEERS * 3 / 4 || places > u64::from(budget.burst) {
                break;
            }
            places = (places * 2).max(1);
        }
        self.look_at = (self.peers.len() * 2).clamp(FEW_PEERS, MOST_PEERS).max(self.busy() + 1);
    }

    /// More than this cannot be forgotten.
    const fn busy(&self) -> usize {
        self.calls + self.waiting
    }
}

impl<W> Party<W> {
    /// Nothing is under way, and no more than so many places are in use.
    fn is_idle(&self, budget: Budget, places: u64, now: Tick) -> bool {
        self.calls == 0
            && self.waiting.is_empty()
            && !self.has_turn
            && budget.places(self.used, now) <= places
    }
}

#[cfg(test)]
mod tests;
