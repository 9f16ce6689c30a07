//! The same scenes twice: step by step here, and under every schedule that shuttle finds.

use super::*;

#[cfg(feature = "shuttle")]
mod schedules;

#[cfg(not(feature = "shuttle"))]
mod steps;

fn digest(n: u8) -> TokenDigest {
    TokenDigest::new([n; 32])
}
