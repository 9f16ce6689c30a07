//! Pages of lists.

/// Entries that are wanted, within the bounds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: u64,
    pub offset: u64,
}

impl Page {
    /// This page of a list that is there as a whole.
    pub fn of<T>(self, all: Vec<T>) -> (Vec<T>, u64) {
        let total = all.len() as u64;
        let clamp = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        (all.into_iter().skip(clamp(self.offset)).take(clamp(self.limit)).collect(), total)
    }
}

/// The first of some, and whether there are more.
#[derive(Clone, Debug)]
pub struct Few<T> {
    pub first: Vec<T>,
    pub is_more: bool,
}

impl<T> Few<T> {
    pub fn of(mut all: impl Iterator<Item = T>, most: u64) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let first = all.by_ref().take(most).collect();
        Self { first, is_more: all.next().is_some() }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self { first: Vec::new(), is_more: false }
    }
}
