//! `phantom`.

use std::process::ExitCode;

fn main() -> ExitCode {
    phantom::cli::run(std::env::args_os())
}
