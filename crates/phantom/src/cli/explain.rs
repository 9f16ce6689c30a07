//! `phantom explain`: step by step what the gateway decides on a request, and why.

use std::fmt;
use std::io;
use std::io::Read;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use anyhow::bail;
use phantom_access::explain::Answered;
use phantom_access::explain::Explained;
use phantom_access::explain::Forwarded;
use phantom_access::explain::Verdict;
use phantom_config::Purpose;
use phantom_config::Source;
use phantom_core::Clock;
use phantom_core::DenyReason;
use zeroize::Zeroizing;

use crate::cli::FAILED;
use crate::cli::output;
use crate::clock::SystemClock;
use crate::compose;
use crate::compose::explain::AskedRequest;
use crate::compose::explain::Explainer;
use crate::compose::explain::Laid;
use crate::compose::explain::Origin;

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
    #[arg(long, allow_hyphen_values = true)]
    token: Option<String>,
    /// A header field of the request
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The address that the request comes from, for deny policies on addresses
    #[arg(long, value_name = "ADDRESS")]
    peer: Option<IpAddr>,
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
        args.headers.iter().map(|field| named(field)).collect::<anyhow::Result<Vec<_>>>()?,
        token.as_ref().map(|token| token.as_str()),
    )?
    .sent_from(args.peer);
    match explain(&source, &asked)? {
        Ok(explained) if args.json => {
            output::line(&format!("{:#}", serde_json::to_value(&explained)?));
        }
        Ok(explained) => output::print(&Text(&explained).to_string()),
        Err(report) => {
            output::error(report.trim_end());
            return Ok(ExitCode::from(FAILED));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A header field, `Name: value`.
fn named(field: &str) -> anyhow::Result<(&str, &str)> {
    let named = field.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
    named.context("a header is written \"Name: value\"")
}

/// Decides as the gateway would. The inner error is the report on a wrong configuration.
fn explain(source: &Source, asked: &AskedRequest) -> anyhow::Result<Result<Explained, String>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (config, report) = source.compile(Purpose::Check, &clock);
    let Some(config) = config else { return Ok(Err(report.to_string())) };
    let runtime = compose::background_runtime().context("the system gives no threads")?;
    let explainer = Explainer::new(Laid::of(&config), Origin::Files, clock);
    let explained = runtime.block_on(async {
        let explained = explainer.explain(asked).await;
        explainer.end().await;
        explained
    });
    Ok(Ok(explained?))
}

/// A decision as a terminal shows it.
struct Text<'e>(&'e Explained);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explained { request, asks, steps, outcome } = self.0;
        writeln!(f, "{request}")?;
        for step in steps {
            writeln!(f, "  {:<12} {}", step.hop, step.outcome)?;
            if matches!(&*step.hop, "resource" | "route") {
                for asked in asks {
                    writeln!(f, "  {:<12} - {asked}", "")?;
                }
            }
        }
        match outcome {
            Verdict::Answer(Answered { status, reason, fields }) => {
                match reason {
                    Some(reason) => writeln!(f, "answer {status} ({reason})")?,
                    None => writeln!(f, "answer {status}")?,
                }
                for field in fields {
                    writeln!(f, "  {}: {}", field.name, field.value)?;
                }
                match reason.as_deref().and_then(DenyReason::from_name) {
                    Some(reason) => writeln!(f, "what to do: {}", reason.remedy()),
                    None => Ok(()),
                }
            }
            Verdict::Forward(Forwarded { to, edits }) => {
                writeln!(f, "forward to {to}")?;
                edits.iter().try_for_each(|edit| writeln!(f, "  {edit}"))
            }
            Verdict::Unheard(_) => {
                writeln!(f, "no answer: this gateway does not listen there")
            }
        }
    }
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
