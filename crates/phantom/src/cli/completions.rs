//! `phantom completions`: for shells, so that they know our commands and options.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::cli::output;

const EXAMPLES: &str = "\
Examples:
  phantom completions bash > ~/.local/share/bash-completion/completions/phantom
  phantom completions zsh > ~/.zfunc/_phantom
  phantom completions fish > ~/.config/fish/completions/phantom.fish

Exit codes: 0 printed; 1 not written; 2 wrong usage.";

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "phantom", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
