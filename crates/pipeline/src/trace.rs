//! A listener to the steps of a decision: `phantom explain` has one, requests have none.

/// Is told each hop of a decision and what was compared there. Never told a token or claim value.
pub trait Trace {
    /// `hop` names the step, always by the same word; `outcome` is made only where somebody
    /// listens.
    fn step(&mut self, hop: &'static str, outcome: impl FnOnce() -> String);
}

/// Listens to nothing and costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Untraced;

impl Trace for Untraced {
    #[inline]
    fn step(&mut self, _hop: &'static str, _outcome: impl FnOnce() -> String) {}
}

/// The steps in order, to be printed.
#[derive(Debug, Default)]
pub struct Steps(pub Vec<Step>);

/// One hop of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The word for it: `route`, `credential` and so on.
    pub hop: &'static str,
    /// A sentence, for people.
    pub outcome: String,
}

impl Trace for Steps {
    fn step(&mut self, hop: &'static str, outcome: impl FnOnce() -> String) {
        self.0.push(Step { hop, outcome: outcome() });
    }
}
