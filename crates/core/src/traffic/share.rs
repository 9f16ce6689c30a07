//! Tallies by API, application or key manager: the busiest by name, the others together.

use serde::Deserialize;
use serde::Serialize;

use super::tally::Tally;
use crate::catalog::EntityId;

/// Longest name kept.
const LONGEST_NAME: usize = 96;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// `None`: it is of the file, or no entity at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntityId>,
    /// Empty where it is looked up by the id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What was counted for it.
    #[serde(rename = "t")]
    pub tally: Tally,
}

/// Counts by what they are for: some by name, all others together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    named: Vec<Share>,
    #[serde(default, skip_serializing_if = "Tally::is_empty")]
    rest: Tally,
}

impl Shares {
    /// Finds its tally, or makes one while there are fewer than `most`.
    pub fn of(&mut self, id: Option<EntityId>, name: &str, most: usize) -> &mut Tally {
        let found = match id {
            Some(_) => self.named.iter().position(|share| share.id == id),
            None => self.named.iter().position(|share| share.id.is_none() && share.name == name),
        };
        let at = found.unwrap_or(self.named.len());
        if found.is_none() {
            if at >= most {
                return &mut self.rest;
            }
            let name = shortened(name, LONGEST_NAME).to_owned();
            self.named.push(Share { id, name, tally: Tally::default() });
        }
        match self.named.get_mut(at) {
            Some(share) => &mut share.tally,
            None => &mut self.rest,
        }
    }

    /// Counts what the other has counted, too; at most `most` stay known by name.
    pub fn add(&mut self, other: &Self, most: usize) {
        for share in &other.named {
            self.of(share.id, &share.name, most).add(&share.tally);
        }
        self.add_rest(&other.rest);
    }

    /// Those that nobody tells apart.
    pub fn add_rest(&mut self, tally: &Tally) {
        self.rest.add(tally);
    }

    /// Those that have a name, the busiest first once it was [abridged](Self::abridge).
    #[must_use]
    pub fn named(&self) -> &[Share] {
        &self.named
    }

    /// All others together.
    #[must_use]
    pub const fn rest(&self) -> &Tally {
        &self.rest
    }

    /// All of them together.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = self.rest.clone();
        self.named.iter().for_each(|share| total.add(&share.tally));
        total
    }

    /// Keeps the `most` busiest apart.
    pub fn abridge(&mut self, most: usize) {
        self.named.sort_by_key(|share| std::cmp::Reverse(share.tally.requests));
        for share in self.named.drain(most.min(self.named.len())..) {
            self.rest.add(&share.tally);
        }
        self.named.iter_mut().for_each(|share| share.tally.abridge());
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.rest.is_empty()
    }
}

/// At most so many bytes of it, cut between characters.
pub(super) fn shortened(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}
