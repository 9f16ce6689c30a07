//! `phantom introspect`: what an authorization server says of a token.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use anyhow::bail;
use base64::Engine;
use clap::ValueEnum;
use phantom_core::jwt;
use serde_json::Value;
use url::Url;

use crate::cli::FAILED;
use crate::cli::explain::token_argument;
use crate::cli::output;
use crate::cli::secret;
use crate::demo::DEMO_SECRET;
use crate::outgoing;
use crate::outgoing::Answer;
use crate::outgoing::Showing;
use crate::outgoing::Trust;

const DEMO_ENDPOINT: &str = "https://localhost:8443/oauth/v2/oauth-introspect";
const DEMO_CLIENT: &str = "introspection-client";
/// Where the client's secret comes from.
const PLACES: (&str, &str) = ("PHANTOM_INTROSPECTION_SECRET", "--secret-file");

const EXAMPLES: &str = "\
Examples:
  phantom token -k | phantom introspect -k -
  phantom introspect -k --accept json 7c1e6a18…
  PHANTOM_INTROSPECTION_SECRET=… phantom introspect --client-id gateway \\
      --endpoint https://login.example.com/oauth/v2/oauth-introspect \\
      - < token.txt

The claims of a JWT are shown without a look at its signature: `phantom explain` verifies.

Exit codes: 0 active; 1 not active, or no verdict; 2 wrong usage.";

/// Ask an authorization server about a token and print the verdict and the claims
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The token; `-` reads it from standard input, which keeps it out of the shell's history. One that begins
    /// with `-` comes so, or after `--`
    token: String,
    /// The introspection endpoint
    #[arg(long, value_name = "URL", default_value = DEMO_ENDPOINT)]
    endpoint: Url,
    #[arg(long, value_name = "ID", default_value = DEMO_CLIENT, allow_hyphen_values = true)]
    client_id: String,
    /// File with the client's secret; default: PHANTOM_INTROSPECTION_SECRET, or the demo's
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// What to ask for
    #[arg(long, value_enum, default_value = "jwt")]
    accept: Accept,
    #[command(flatten)]
    shown: Showing,
    #[command(flatten)]
    trust: Trust,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Accept {
    /// application/jwt: the phantom token
    Jwt,
    /// application/json: plain RFC 7662
    Json,
    /// application/token-introspection+jwt: a signed statement (RFC 9701)
    Signed,
}

impl Accept {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Jwt => "application/jwt",
            Self::Json => "application/json",
            Self::Signed => "application/token-introspection+jwt",
        }
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let token = token_argument(&args.token)?;
    let demo = (secret::is_the_demos(&args.endpoint) && args.client_id == DEMO_CLIENT)
        .then_some(DEMO_SECRET);
    let secret = secret::read("client secret", args.secret_file.as_ref(), PLACES, demo)?;
    let form = [("token", token.as_str()), ("token_type_hint", "access_token")];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let accept = args.accept.media_type();
    let caller = outgoing::Caller { id: &args.client_id, secret: &secret, shown: args.shown.how() };
    let answer =
        runtime.block_on(outgoing::post(&args.endpoint, &caller, accept, &form, &args.trust))?;
    output::line(&format!("status: {}", answer.status));
    output::line(&format!("content-type: {}", answer.content_type));
    let (verdict, claims) = read(&answer)?;
    output::line(&format!("verdict: {}", if verdict { "active" } else { "not active" }));
    if let Some(claims) = claims {
        output::line(&format!("{claims:#}"));
    }
    let is_json = answer.content_type.starts_with("application/json");
    if verdict && is_json && matches!(args.accept, Accept::Jwt) {
        output::error(
            "no JWT came, which a gateway wants of this answer: its key manager needs response = \"json\", or \
             \"json_claim\" where the JWT is a member of it",
        );
    }
    if verdict && is_json && matches!(args.accept, Accept::Signed) {
        output::error(
            "the answer is not signed, which a gateway wants of response = \"rfc9701\": switch signed introspection \
             answers on at the server, and for this client, or use response = \"json\"",
        );
    }
    Ok(if verdict { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Whether the token is active, and what is said of it.
fn read(answer: &Answer) -> anyhow::Result<(bool, Option<Value>)> {
    match answer.status.as_u16() {
        200 => {}
        204 => return Ok((false, None)),
        400 => bail!(refusal(answer)),
        401 | 403 => bail!(
            "the server refused our client: {}: see --client-id and the secret; one with other characters than \
             letters, digits and -._~ needs --basic-unencoded or --post at some servers",
            answer.status
        ),
        404 | 405 => {
            bail!("the server gave no verdict: {}; is --endpoint right?", answer.status)
        }
        300..=399 => {
            bail!("the server gave no verdict: {}; redirects are not followed", answer.status)
        }
        _ => bail!("the server gave no verdict: {}", answer.status),
    }
    let text = std::str::from_utf8(&answer.body).context("the answer is not text")?.trim();
    if answer.content_type.starts_with("application/json") {
        let members: Value = serde_json::from_str(text).context("the answer is not JSON")?;
        let active = members.get("active").and_then(Value::as_bool);
        let active = active.context("the answer has no boolean \"active\"")?;
        return Ok((active, Some(members)));
    }
    let claims = claims(text).context("the answer is not a JWT")?;
    let active = match claims.get("token_introspection") {
        // JIR-8: never true by default.
        Some(statement) => statement.get("active").and_then(Value::as_bool).unwrap_or(false),
        // A phantom token is its own verdict; a flat statement says it.
        None => claims.get("active").is_none_or(|active| active == true),
    };
    Ok((active, Some(claims)))
}

/// Of a 400: by its code (RFC 6749 §5.2), where it has one.
fn refusal(answer: &Answer) -> String {
    let members: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |member: &str| {
        let text = members.get(member).and_then(Value::as_str).unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(200).collect::<String>()
    };
    let (code, description) = (text("error"), text("error_description"));
    match &*code {
        "" => "the server answered 400: the token is malformed, or the request; where the port speaks TLS, the \
               address begins with https"
            .to_owned(),
        "unsupported_grant_type" => format!(
            "the server answered 400 {code}, as a token endpoint does: is --endpoint right?"
        ),
        _ if description.is_empty() => format!("the server answered 400 {code}"),
        _ => format!("the server answered 400 {code}: {description}"),
    }
}

fn claims(text: &str) -> Option<Value> {
    let jws = jwt::CompactJws::parse(text).ok()?;
    let payload = jwt::BASE64URL.decode(jws.payload).ok()?;
    serde_json::from_slice(&payload).ok()
}
