//! `phantom token`: an opaque access token, to try things with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::bail;
use serde_json::Value;
use url::Url;

use crate::cli::output;
use crate::cli::secret;
use crate::demo::DEMO_SECRET;
use crate::outgoing;
use crate::outgoing::Showing;
use crate::outgoing::Trust;

const DEMO_ENDPOINT: &str = "https://localhost:8443/oauth/v2/oauth-token";
const DEMO_CLIENT: &str = "test-client";
/// Clients of the demo, whose secret everybody knows.
const DEMO_CLIENTS: [&str; 2] = [DEMO_CLIENT, "client-one"];
/// Where the client's secret comes from.
const PLACES: (&str, &str) = ("PHANTOM_CLIENT_SECRET", "--secret-file");

const EXAMPLES: &str = "\
Examples:
  phantom token -k                           # from the running `phantom demo`
  curl -H \"Authorization: Bearer $(phantom token -k)\" http://localhost:8080/api
  PHANTOM_CLIENT_SECRET=… phantom token \\
      --endpoint https://login.example.com/oauth/v2/oauth-token \\
      --client-id client-one --scope 'read write'

Exit codes: 0 a token was printed; 1 there was none; 2 wrong usage.";

/// Get an access token by client_credentials and print it, alone
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The token endpoint
    #[arg(long, value_name = "URL", default_value = DEMO_ENDPOINT)]
    endpoint: Url,
    #[arg(long, value_name = "ID", default_value = DEMO_CLIENT, allow_hyphen_values = true)]
    client_id: String,
    /// File with the client's secret; default: PHANTOM_CLIENT_SECRET, or the demo's
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    #[arg(long, value_name = "SCOPE", default_value = "read")]
    scope: String,
    #[command(flatten)]
    shown: Showing,
    #[command(flatten)]
    trust: Trust,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let is_demo =
        secret::is_the_demos(&args.endpoint) && DEMO_CLIENTS.contains(&args.client_id.as_str());
    let demo = is_demo.then_some(DEMO_SECRET);
    let secret = secret::read("client secret", args.secret_file.as_ref(), PLACES, demo)?;
    let form = [("grant_type", "client_credentials"), ("scope", args.scope.as_str())];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let caller = outgoing::Caller { id: &args.client_id, secret: &secret, shown: args.shown.how() };
    let answer = runtime.block_on(outgoing::post(
        &args.endpoint,
        &caller,
        "application/json",
        &form,
        &args.trust,
    ))?;
    let members: Value = serde_json::from_slice(&answer.body)
        .with_context(|| format!("the server answered {} without JSON", answer.status))?;
    match members.get("access_token").and_then(Value::as_str) {
        Some(token) if answer.status.is_success() => {
            output::line(token);
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            let error = members.get("error").and_then(Value::as_str).unwrap_or("no access_token");
            bail!("the server answered {}: {error:?}", answer.status)
        }
    }
}
