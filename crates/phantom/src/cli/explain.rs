//! `phantom explain`: step by step what the gateway decides on a request, and why.

mod entrance;
mod request;
mod view;

use std::io;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use anyhow::bail;
use phantom_cache::CacheSecret;
use phantom_core::Clock;
use phantom_pipeline::Decision;
use phantom_pipeline::Fault;
use phantom_pipeline::Pipeline;
use phantom_pipeline::Snapshot;
use phantom_pipeline::trace::Step;
use phantom_pipeline::trace::Steps;
use zeroize::Zeroizing;

use crate::cli::FAILED;
use crate::cli::explain::entrance::Found;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::compose;
use crate::compose::peek;
use crate::config::Purpose;
use crate::config::Source;

pub(crate) use request::AskedRequest;
pub(crate) use view::View;

const EXAMPLES: &str = "\
Examples:
  phantom explain /api
  phantom token -k --client-id client-one | \\
      phantom explain -c phantom-data/demo/phantom.toml --token - \\
      https://localhost:8243/httpbin/v1/get
  phantom token -k | \\
      phantom explain -c phantom-data/demo/phantom.toml --token - \\
      http://localhost:8080/api
  phantom explain -c phantom.toml --method OPTIONS \\
      -H 'Origin: https://app.example.com' \\
      -H 'Access-Control-Request-Method: PUT' /orders

The authorization server is asked for real; no backend is called. Tokens and claim values are
never printed.

Exit codes: 0 explained, whatever was decided; 1 wrong configuration; 2 wrong usage.";

/// Longest token or file of one that is read.
const MAX_TOKEN: u64 = 64 * 1024;

/// Show step by step what the gateway decides on a request, without sending it anywhere
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(short, long, value_name = "FILE", default_value = super::DEFAULT_CONFIG)]
    config: PathBuf,
    /// The URL or path asked for; a URL names the listener by its scheme and port
    #[arg(value_name = "URL-OR-PATH")]
    url: String,
    #[arg(short = 'X', long, default_value = "GET")]
    method: String,
    /// The host asked for, when only a path is given
    #[arg(long)]
    host: Option<String>,
    /// A token to send as `Authorization: Bearer`; `-` reads it from standard input
    #[arg(long)]
    token: Option<String>,
    /// A header field of the request
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let source = Source::read(&args.config)?;
    let token = args.token.as_deref().map(token_argument).transpose()?;
    let asked = AskedRequest::new(
        &args.method,
        &args.url,
        args.host.as_deref(),
        &args.headers,
        token.as_ref().map(|token| token.as_str()),
    )?;
    match explain(&source, &asked)? {
        Ok(view) if args.json => output::line(&format!("{:#}", view.to_json())),
        Ok(view) => output::print(&view.to_string()),
        Err(report) => {
            output::error(report.trim_end());
            return Ok(ExitCode::from(FAILED));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Decides as the gateway would. The inner error is the report on a wrong configuration.
fn explain(source: &Source, asked: &AskedRequest) -> anyhow::Result<Result<View, String>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, report) = source.compile(Purpose::Check, &clock);
    let Some(config) = config else { return Ok(Err(report.to_string())) };
    let mut steps = Steps::default();
    let found = match entrance::find(asked, &config) {
        Ok(found) => found,
        Err(why) => {
            steps.0.push(Step { hop: "listener", outcome: why });
            return Ok(Ok(View::unheard(asked, steps)));
        }
    };
    steps.0.push(Step { hop: "listener", outcome: found.said.clone() });
    let runtime = compose::background_runtime().context("the system gives no threads")?;
    let secret = CacheSecret::random();
    let handles = compose::key_managers::handles(config.key_managers, &secret, &clock, None);
    let keys = config.minter.as_ref().map(|minter| minter.jwks_json().into());
    let snapshot = compose::snapshot::bind(config.routes, &handles, config.error_format, keys)?;
    let snapshot = match config.control.filter(|_| found.entry.serves_apis()) {
        None => snapshot,
        Some(control) => {
            let (of_the_file, data_dir) = (snapshot.clone(), &config.data_dir);
            let in_force =
                peek::in_force(&control, data_dir, of_the_file, secret, &clock, &runtime);
            let (outcome, snapshot) = match in_force {
                Ok(Some(in_force)) => {
                    let peek::InForce { snapshot, change, apis } = in_force;
                    let apis = if apis == 1 { "1 API".to_owned() } else { format!("{apis} APIs") };
                    (format!("{apis}, as of change {change} of the store"), snapshot)
                }
                Ok(None) => ("no store yet, so no managed APIs".to_owned(), snapshot),
                Err(error) => (format!("cannot be read, so no managed APIs: {error}"), snapshot),
            };
            steps.0.push(Step { hop: "catalog", outcome });
            snapshot
        }
    };
    Ok(Ok(runtime.block_on(decide(&snapshot, clock, asked, &found, steps))))
}

async fn decide(
    snapshot: &Snapshot,
    clock: Arc<dyn Clock>,
    asked: &AskedRequest,
    found: &Found,
    mut steps: Steps,
) -> View {
    if let Err(fault) = phantom_proxy::normalize::check_path(&asked.path) {
        let outcome = match fault {
            Fault::BadRequest(why) => format!("refused before any decision: {why}"),
            fault => format!("refused before any decision: {fault:?}"),
        };
        steps.0.push(Step { hop: "normalize", outcome });
        let answer = phantom_pipeline::Answer::fault(fault, snapshot.error_format, false);
        let decision = Decision::Answer {
            answer,
            matched: None,
            reason: None,
            known: phantom_pipeline::Known::default(),
        };
        return View::new(asked, steps, &decision);
    }
    steps.0.push(Step { hop: "normalize", outcome: "passed".to_owned() });
    let facts = asked.facts(found.entry, found.tls);
    let decision = Pipeline::new(clock).decide(snapshot, &facts, &mut steps).await;
    View::new(asked, steps, &decision)
}

/// A token given as an argument, or `-` for standard input.
pub(super) fn token_argument(argument: &str) -> anyhow::Result<Zeroizing<String>> {
    let mut token = Zeroizing::new(String::new());
    if argument == "-" {
        let read = io::stdin().take(MAX_TOKEN).read_to_string(&mut token);
        read.context("cannot read the token from standard input")?;
    } else {
        token.push_str(argument);
    }
    let trimmed = Zeroizing::new(token.trim().to_owned());
    if trimmed.is_empty() {
        bail!("there is no token: the argument or standard input is empty");
    }
    Ok(trimmed)
}

#[cfg(test)]
mod tests;
