//! A key set from anywhere: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phantom_oauth::Algorithms;
use phantom_oauth::JwkSet;

fuzz_target!(|data: &[u8]| {
    let _ = JwkSet::parse(data, Algorithms::default());
});
