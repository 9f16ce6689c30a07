//! The terms in which a use case is asked and answers: JSON and forms read strictly, values within the
//! bounds that their types name, settings that promise what nothing does, searches, pages of lists, and
//! the closed set of reasons to refuse.
//!
//! What never lives here is a use case, or anything that waits: no caller, no transaction, no network.

#![cfg_attr(
    not(test),
    deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)
)]

pub mod bounded;
pub mod json;
pub mod page;
pub mod refusal;
pub mod search;
pub mod stored;
pub mod text;
pub mod unenforced;
pub mod versioned;
