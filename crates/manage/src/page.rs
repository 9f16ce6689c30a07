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
