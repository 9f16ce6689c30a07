//! Whether a backend answers. It is asked from here, by the one guarded client; what gateways reach may
//! differ.

use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_core::causes::causes;
use phantom_manage::apis::rules::Reach;
use phantom_oauth::egress::EgressError;
use phantom_oauth::egress::FetchError;
use phantom_terms::refusal::Outcome;
use phantom_terms::text;

/// More than that of an answer is not read.
const MAX_ANSWER: usize = 16 * 1024;

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// With that status; `None` where the answer is one that is not read.
    Answered(Option<u16>),
    /// Why not, in words.
    Not(String),
}

/// Asks for the place itself, by GET. Refused for what cannot be an endpoint at all.
pub async fn check(control: &Control, url: &str) -> Outcome<Reached> {
    Reach::of(&control.settings).check("url", url)?;
    let place = text::url("url", url)?;
    Ok(match control.egress().fetch(&place, "*/*", MAX_ANSWER).await {
        Ok(_) => Reached::Answered(Some(200)),
        Err(FetchError::Status(status)) => Reached::Answered(Some(status.as_u16())),
        Err(FetchError::NoAnswer(EgressError::TooLong { .. } | EgressError::Encoded)) => {
            Reached::Answered(None)
        }
        Err(FetchError::NoAnswer(EgressError::ForbiddenAddress)) => Reached::Not(
            "its address is not a public one, and the control plane asks those alone unless \
             control.allow_private is set; gateways may reach it"
                .to_owned(),
        ),
        Err(FetchError::NoAnswer(error)) => Reached::Not(in_words(&error)),
    })
}

/// What failed, and the cause at the bottom of it: what lies between is how we are made.
fn in_words(error: &EgressError) -> String {
    let said = error.to_string();
    match causes(error).last().map(ToString::to_string) {
        Some(cause) if cause != said => format!("{said}: {cause}"),
        _ => said,
    }
}
