//! The commands, one file each.

mod check;
mod completions;
mod control;
mod demo;
mod devauth;
mod explain;
mod export;
mod import;
mod introspect;
mod output;
mod run;
mod secret;
mod setup;
mod token;
mod user;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;
use phantom_config::DEFAULT_NAME as DEFAULT_CONFIG;
use phantom_telemetry::own_log;

use crate::compose;
use crate::compose::Planes;

/// A configuration that is wrong, or a start that failed. Usage errors are 2, by clap.
const FAILED: u8 = 1;

const EXIT_CODES: &str = "Exit codes: 0 success; 1 wrong configuration or failed; 2 wrong usage.";

/// Phantom token gateway: clients hold opaque tokens, backends get JWTs.
///
/// Sits between OAuth clients and APIs. For each opaque access token it asks the authorization
/// server once (RFC 7662), verifies and remembers the JWT it gets, decides whether the token may
/// call the route, and forwards the request with the JWT.
///
/// Begin with `phantom demo`.
#[derive(Debug, Parser)]
#[command(name = "phantom", version = env!("PHANTOM_VERSION"), after_help = EXIT_CODES)]
struct Cli {
    /// What to log, as `info` or `phantom_oauth=debug,warn`; default: RUST_LOG, else info
    ///
    /// The log goes to standard error: text on a terminal, else JSON. The access log is set in
    /// the configuration.
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(run::Args),
    Gateway(run::GatewayArgs),
    Control(control::Args),
    Setup(setup::Args),
    User(user::Args),
    Export(export::Args),
    Import(import::Args),
    Devauth(devauth::DevAuthArgs),
    SampleApi(devauth::SampleApiArgs),
    Check(check::Args),
    Token(token::Args),
    Introspect(introspect::Args),
    Explain(explain::Args),
    Completions(completions::Args),
}

/// Runs a command line and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" of code 0.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            output::note(error.print());
            return ended(ExitCode::from(code));
        }
    };
    compose::install_crypto();
    // Commands that answer a question are quiet unless asked otherwise.
    let default = match cli.command {
        Command::Demo(_) | Command::Run(_) | Command::Gateway(_) | Command::Control(_) => "info",
        _ => "error",
    };
    let outcome = match own_log::install(cli.log.as_deref(), default) {
        Err(error) => Err(error.into()),
        Ok(()) => match cli.command {
            Command::Demo(args) => demo::run(&args),
            Command::Run(args) => run::run(&args.config, Planes::DataAndControl),
            Command::Gateway(args) => run::run(&args.config, Planes::Data),
            Command::Control(args) => control::run(&args),
            Command::Setup(args) => setup::run(&args),
            Command::User(args) => user::run(&args),
            Command::Export(args) => export::run(&args),
            Command::Import(args) => import::run(&args),
            Command::Devauth(args) => devauth::run_devauth(&args),
            Command::SampleApi(args) => devauth::run_sample_api(&args),
            Command::Check(args) => check::run(&args),
            Command::Token(args) => token::run(&args),
            Command::Introspect(args) => introspect::run(&args),
            Command::Explain(args) => explain::run(&args),
            Command::Completions(args) => completions::run(&args),
        },
    };
    // What was said before comes before.
    own_log::flush();
    match outcome {
        Ok(code) => ended(code),
        Err(error) => {
            output::error(&format!("phantom: {}", sentence(&error)));
            ExitCode::from(FAILED)
        }
    }
}

/// The end of a command that did its work, if what it had to say was written.
fn ended(code: ExitCode) -> ExitCode {
    match output::failure() {
        None => code,
        Some(error) => {
            // A reader that has gone away knows why, and needs no line of ours.
            if error.kind() != io::ErrorKind::BrokenPipe {
                output::error(&format!("phantom: cannot write the output: {error}"));
            }
            ExitCode::from(FAILED)
        }
    }
}

/// The error and its causes, each once: some messages quote theirs.
fn sentence(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_examples() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Example"), "{help}");
        }
    }

    #[test]
    fn wrong_usage_exits_with_2_and_help_with_0() {
        let run = |args: &[&str]| {
            let args = ["phantom"].iter().chain(args).map(|arg| OsString::from(*arg));
            format!("{:?}", super::run(args))
        };
        assert_eq!(run(&["nonsense"]), format!("{:?}", ExitCode::from(2)));
        assert_eq!(run(&["explain"]), format!("{:?}", ExitCode::from(2)));
        assert_eq!(run(&["run", "--help"]), format!("{:?}", ExitCode::from(0)));
    }
}
