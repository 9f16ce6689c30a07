//! A configuration from anywhere: compiled or refused with places in the text, never a panic. What
//! compiles has no route that is neither public nor protected.
#![no_main]

use std::path::PathBuf;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use phantom_config::Purpose;
use phantom_config::Source;
use phantom_core::Clock;
use phantom_core::Now;
use phantom_core::Tick;
use phantom_core::UnixTime;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Now {
        Now { wall: UnixTime::from_secs(1_800_000_000), tick: Tick::from_millis(1) }
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Files named in the text are looked for where there are none.
    let source = Source { path: PathBuf::from("/nonexistent/phantom.toml"), text: text.to_owned() };
    let clock: Arc<dyn Clock> = Arc::new(Noon);
    let (config, report) = source.compile(Purpose::Check, &clock);
    assert_eq!(config.is_some(), report.errors() == 0);
    let _ = report.to_string();
    let _ = report.to_json();
});
