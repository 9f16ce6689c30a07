//! The faults, in the order of the table.

use anyhow::Result;

use super::stage::Stage;
use super::table::Row;

mod breaker;
mod flood;
mod foreign;
mod logs;
mod outage;
mod step;

/// Takes each row as it is ready.
pub(super) type Add<'a> = &'a mut dyn FnMut(Row) -> Result<()>;
type Scene = fn(&Stage, Add<'_>) -> Result<()>;

pub(super) const ALL: &[(&str, Scene)] = &[
    ("0.1 foreign", foreign::uploads),
    ("0.1 raw", step::raw),
    ("0.1 caddy", step::caddy),
    ("A1", logs::unread),
    ("A2 junk", breaker::junk),
    ("A2 random", breaker::random),
    ("A3", flood::tokens),
    ("AS", outage::all),
];
