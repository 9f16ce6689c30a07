//! Whole decisions: from request to forward or answer, over a real exchange.

mod answers;
mod guarantees;
