//! The faults, in the order of the table.

use anyhow::Result;

use super::stage::Stage;
use super::table::Row;

mod backends;
mod breaker;
mod connections;
mod database;
mod ends;
mod flood;
mod foreign;
mod logs;
mod outage;
mod sign_in;
mod step;

/// Takes each row as it is ready.
pub(super) type Add<'a> = &'a mut dyn FnMut(Row) -> Result<()>;
type Scene = fn(&Stage, Add<'_>) -> Result<()>;

pub(super) const ALL: &[(&str, Scene)] = &[
    ("0.1 foreign", foreign::uploads),
    ("0.1 raw", step::raw),
    ("0.1 caddy", step::caddy),
    ("0.2 downloads", ends::downloads),
    ("0.2 uploads", ends::uploads),
    ("A1", logs::unread),
    ("A2 junk", breaker::junk),
    ("A2 random", breaker::random),
    ("A3", flood::tokens),
    ("A4 held", connections::held),
    ("A4 floods", connections::floods),
    ("A6", sign_in::burst),
    ("AS", outage::all),
    ("database away", database::away),
    ("database absent", database::absent),
    ("log disk", logs::disk_full),
    ("backend", backends::all),
];
