//! How a request can fail that was understood or permitted: a closed set. The access log, the metrics and
//! `docs/operations.md` have its names from here.

use phantom_core::DenyReason;
use phantom_pipeline::Fault;

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
        Self { cause, told: cause.told(), may_be_retried: false }
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

/// Who has to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Backend,
    Client,
    Gateway,
    /// Nobody: the authorization server or an administrator wanted it so.
    Token,
}

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident $name:literal, $side:ident, $told:expr;)*) => {
        /// Each cause, its name and side, and the client's answer where no better one is known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Cause {
            $($(#[$doc])* $cause,)*
        }

        impl Cause {
            pub(crate) const ALL: &[Self] = &[$(Self::$cause),*];

            /// Stable, for the access log and metrics.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$cause => $name,)* }
            }

            pub(crate) const fn side(self) -> Side {
                match self { $(Self::$cause => Side::$side,)* }
            }

            const fn told(self) -> Told {
                match self { $(Self::$cause => $told,)* }
            }
        }
    };
}

const BAD_GATEWAY: Told = Told::Fault(Fault::BadGateway);
const GATEWAY_TIMEOUT: Told = Told::Fault(Fault::GatewayTimeout);
const REQUEST_TIMEOUT: Told = Told::Fault(Fault::RequestTimeout);

const fn bad_answer(text: &'static str) -> Told {
    Told::Fault(Fault::BadAnswer(text))
}

causes! {
    ConnectDns "connect_dns", Backend, BAD_GATEWAY;
    ConnectRefused "connect_refused", Backend, BAD_GATEWAY;
    ConnectUnreachable "connect_unreachable", Backend, BAD_GATEWAY;
    ConnectReset "connect_reset", Backend, BAD_GATEWAY;
    ConnectLocal "connect_local", Gateway, BAD_GATEWAY;
    ConnectTls "connect_tls", Backend, BAD_GATEWAY;
    ConnectTimeout "connect_timeout", Backend, GATEWAY_TIMEOUT;
    ConnectFailed "connect_failed", Backend, BAD_GATEWAY;
    Timeout "timeout", Backend, GATEWAY_TIMEOUT;
    UpstreamClosed "upstream_closed", Backend, BAD_GATEWAY;
    UpstreamReset "upstream_reset", Backend, BAD_GATEWAY;
    UpstreamFailed "upstream_failed", Backend, BAD_GATEWAY;
    UpstreamBrokeOff "upstream_broke_off", Backend, BAD_GATEWAY;
    UpstreamMalformed "upstream_malformed", Backend,
        bad_answer("The backend's answer is not valid HTTP/1.1");
    UpstreamInterim "upstream_interim", Backend,
        bad_answer("The backend sent too many interim responses");
    UpstreamTooManyFields "upstream_too_many_fields", Backend,
        bad_answer("The backend's answer has more header fields than this gateway takes");
    UpstreamHeadTooLarge "upstream_head_too_large", Backend,
        bad_answer("The backend's answer has a larger head than this gateway takes");
    /// It closed, reset, or broke its body off.
    ClientGone "client_gone", Client,
        Told::Fault(BodyError::Broken.fault());
    ClientTimeout "client_timeout", Client, REQUEST_TIMEOUT;
    /// Its place was needed.
    ClientSlow "client_slow", Client, REQUEST_TIMEOUT;
    BodyTooLarge "body_too_large", Client, Told::Fault(BodyError::TooLarge.fault());
    BadRequest "bad_request", Client, Told::Fault(Fault::BadRequest("the request is malformed"));
    NotCollected "not_collected", Client, Told::Fault(Fault::LengthTooLarge);
    Loop "loop", Gateway, Told::Fault(Fault::LoopDetected);
    FileCut "file_cut", Gateway, Told::Fault(Fault::NotFound);
    TokenExpired "token_expired", Token, Told::Refusal(DenyReason::TokenExpired);
    TokenRevoked "token_revoked", Token, Told::Refusal(DenyReason::TokenRevoked);
    Blocked "blocked", Token, Told::Refusal(DenyReason::Blocked);
    Stopped "stopped", Gateway, Told::Fault(Fault::Overloaded);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_docs_name_every_cause_and_no_other() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let rows = docs.lines().skip_while(|line| !line.starts_with("| `error` |")).skip(2);
        let first_cells = rows.map_while(|line| line.strip_prefix('|')?.split('|').next());
        let documented: BTreeSet<&str> = first_cells
            .flat_map(|cell| cell.split(','))
            .map(|name| name.trim().trim_matches('`'))
            .collect();
        let known: BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(documented, known);
    }
}
