//! `phantom`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// An exchange allocates several dozen times: in glibc's allocator that is a tenth of what it costs beside the
/// signature.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    phantom::cli::run(std::env::args_os())
}
