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

    /// Limit and offset as the store counts; no list is longer.
    #[must_use]
    pub fn bounds(self) -> (u32, u32) {
        let clamp = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        (clamp(self.limit), clamp(self.offset))
    }
}
