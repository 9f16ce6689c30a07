//! What a request costs, measured: the load generator, the peers on either side of the gateway,
//! and the run that compares the gateway with nginx. `docs/performance.md` says how to read it.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod authorization_server;
mod backend;
mod check;
mod faults;
mod held;
mod http1;
mod jwt;
mod load;
mod measures;
mod process;
mod run;
mod serve;
mod stats;
mod tls;

#[derive(Debug, Parser)]
#[command(name = "phantom-bench", about = "Measures phantom against nginx on two cores")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer every request with the same small JSON body; prints the port.
    Backend,
    /// Introspect every token as active, with a signed JWT; prints the port.
    As,
    /// Check signatures as the gateway does, and print what one costs.
    Check(check::Options),
    /// Send requests to one server and print what was measured, `name value` a line.
    Load(load::Options),
    /// Compare phantom with nginx and write the summary.
    Run(run::Options),
    /// Run the table of faults against phantom and write the summary.
    Faults(faults::Options),
    /// The authorization server of the faults; prints its port and the port where it is told.
    FaultyAs,
    /// Print the pinned nginx configuration `run` would use, for a look by eye.
    NginxConfig {
        /// Directory nginx may write into.
        #[arg(long, default_value = "target/bench/nginx")]
        prefix: PathBuf,
    },
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Backend => backend::run(),
        Command::As => authorization_server::run(),
        Command::Check(options) => check::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::FaultyAs => faults::peer::run(),
        Command::NginxConfig { prefix } => run::print_nginx_config(&prefix),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_scripts_know_every_option() {
        for (command, script) in
            [("run", include_str!("../run.sh")), ("faults", include_str!("../faults.sh"))]
        {
            let cli = Cli::command();
            let command = cli.find_subcommand(command).unwrap();
            let (_, kinds) = script.split_once("\nkind() {").unwrap();
            let kinds = kinds.split_once("\n}\n").unwrap().0;
            for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
                let told = script.matches(&format!("\n--{option} ")).count();
                assert_eq!(told, 1, "{option}: in the help of the script");
                let known = [" ", ")"].map(|end| kinds.contains(&format!("--{option}{end}")));
                assert!(known.contains(&true), "{option}: among what the script takes");
            }
        }
    }
}
