//! How a request can fail that was understood or permitted, and what its client is told of each cause.

use phantom_core::DenyReason;
use phantom_pipeline::Fault;
use phantom_telemetry::Cause;

use crate::exchange::BodyError;

/// Why a request did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// The client's answer, as long as it has nothing of another one.
    pub(crate) told: Told,
    /// Nobody has acted on the request: it may be sent once more, over a fresh connection.
    pub(crate) may_be_retried: bool,
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self { cause, told: told_of(cause), may_be_retried: false }
    }
}

impl Failure {
    pub(crate) const fn told(cause: Cause, fault: Fault) -> Self {
        Self { cause, told: Told::Fault(fault), may_be_retried: false }
    }
}

/// The client's answer to a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Fault(Fault),
    /// It is a refusal, which counts as the decision on the request.
    Refusal(DenyReason),
}

const BAD_GATEWAY: Told = Told::Fault(Fault::BadGateway);
const GATEWAY_TIMEOUT: Told = Told::Fault(Fault::GatewayTimeout);
const REQUEST_TIMEOUT: Told = Told::Fault(Fault::RequestTimeout);

const fn bad_answer(text: &'static str) -> Told {
    Told::Fault(Fault::BadAnswer(text))
}

/// The client's answer where no better one is known.
const fn told_of(cause: Cause) -> Told {
    match cause {
        Cause::ConnectDns
        | Cause::ConnectRefused
        | Cause::ConnectUnreachable
        | Cause::ConnectReset
        | Cause::ConnectLocal
        | Cause::ConnectTls
        | Cause::ConnectFailed
        | Cause::UpstreamClosed
        | Cause::UpstreamReset
        | Cause::UpstreamFailed
        | Cause::UpstreamBrokeOff => BAD_GATEWAY,
        Cause::ConnectTimeout | Cause::Timeout => GATEWAY_TIMEOUT,
        Cause::UpstreamMalformed => bad_answer("The backend's answer is not valid HTTP/1.1"),
        Cause::UpstreamInterim => bad_answer("The backend sent too many interim responses"),
        Cause::UpstreamTooManyFields => {
            bad_answer("The backend's answer has more header fields than this gateway takes")
        }
        Cause::UpstreamHeadTooLarge => {
            bad_answer("The backend's answer has a larger head than this gateway takes")
        }
        Cause::ClientGone => Told::Fault(BodyError::Broken.fault()),
        Cause::ClientTimeout | Cause::ClientSlow => REQUEST_TIMEOUT,
        Cause::BodyTooLarge => Told::Fault(BodyError::TooLarge.fault()),
        Cause::BadRequest => Told::Fault(Fault::BadRequest("the request is malformed")),
        Cause::NotCollected => Told::Fault(Fault::LengthTooLarge),
        Cause::Loop => Told::Fault(Fault::LoopDetected),
        Cause::FileCut => Told::Fault(Fault::NotFound),
        Cause::TokenExpired => Told::Refusal(DenyReason::TokenExpired),
        Cause::TokenRevoked => Told::Refusal(DenyReason::TokenRevoked),
        Cause::Blocked => Told::Refusal(DenyReason::Blocked),
        Cause::Stopped => Told::Fault(Fault::Overloaded),
    }
}
