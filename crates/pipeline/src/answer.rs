//! The answers of the gateway itself: status, fields and body of every refusal and fault.

mod body;
mod challenge;
mod managed;
mod said;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::UnixTime;

use crate::error_format::ErrorFormat;
use crate::matched::Matched;
use crate::route::Route;
use body::Particulars;
use said::Said;
use said::said_of_deny;
use said::said_of_fault;

/// An answer made here, in the terms of no transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// HTTP's: 200 for gRPC, whose own status is a field (PRB-4).
    pub status: u16,
    /// Lower-case names. Challenges are among them, one field line each (CHL-4).
    pub fields: Vec<(&'static str, String)>,
    /// Empty for gRPC, whose message is a field.
    pub body: Cow<'static, str>,
    /// Close the connection afterwards: what follows on it cannot be trusted.
    pub close: bool,
}

/// Failures that are nobody's refusal: broken requests, broken backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The backend's answer is none that can be passed on; the text says why, from a fixed set.
    BadAnswer(&'static str),
    /// The backend refused the connection, broke off or answered nonsense.
    BadGateway,
    /// The request is ambiguous or malformed; the text says how, from a fixed set.
    BadRequest(&'static str),
    /// 504: the backend did not answer in time.
    GatewayTimeout,
    /// 431: the head is larger than the listener takes.
    HeaderTooLarge,
    /// 413: the body is larger than the route takes.
    LengthTooLarge,
    /// The request has been here before: its route leads back to this gateway.
    LoopDetected,
    /// `Expect` asks for something other than `100-continue`.
    ExpectationFailed,
    /// A file takes `GET` and `HEAD` only.
    MethodNotAllowed,
    /// 501: `TRACE` and `CONNECT`.
    MethodNotImplemented,
    /// 404: there is no such file.
    NotFound,
    /// 503: as many requests are served as may be.
    Overloaded,
    /// A file is not in the state that the client goes by.
    PreconditionFailed,
    /// A file has nothing of the range.
    RangeNotSatisfiable,
    /// 408: the request did not arrive in time.
    RequestTimeout,
    /// 414: the request target is longer than the listener takes.
    TargetTooLong,
    /// 505: no version of HTTP that is served here.
    VersionNotSupported,
}

impl Fault {
    /// What the client is told of it, from a fixed set.
    #[must_use]
    pub const fn words(self) -> &'static str {
        said_of_fault(self).message
    }
}

impl Answer {
    /// The answer to a refusal, of whatever the request matched.
    #[must_use]
    pub fn deny(deny: &Deny, matched: Option<&Matched>, format: ErrorFormat, grpc: bool) -> Self {
        let said = match format {
            ErrorFormat::Managed => managed::said_of_deny(deny.reason),
            _ => said_of_deny(deny.reason),
        };
        let particulars = managed::particulars(deny.reason, matched);
        let mut answer = Self::said(&said, format, grpc, &particulars);
        if let Some(challenge) = challenge::challenge(said.challenged, matched, format) {
            answer.fields.push(("www-authenticate", challenge));
        }
        let wait = match deny.reason {
            DenyReason::AuthorizationServerUnavailable
            | DenyReason::PeerBudget
            | DenyReason::RateLimited => Some(deny.retry_after.unwrap_or_default()),
            _ => None,
        };
        if let Some(wait) = wait {
            answer.fields.push(("retry-after", whole_seconds(wait).to_string()));
        }
        answer
    }

    /// The answer to a request beyond a quota of a managed API.
    #[must_use]
    pub fn over_quota(deny: &Deny, now: UnixTime, grpc: bool) -> Self {
        let until = managed::whole_second(now.plus(deny.retry_after.unwrap_or_default()));
        let particulars = managed::until(&until);
        let said = managed::said_of_deny(deny.reason);
        let mut answer = Self::said(&said, ErrorFormat::Managed, grpc, &particulars);
        answer.fields.push(("retry-after", until));
        answer
    }

    /// The answer to a fault.
    #[must_use]
    pub fn fault(fault: Fault, format: ErrorFormat, grpc: bool) -> Self {
        let mut answer = Self::said(&said_of_fault(fault), format, grpc, &Particulars::default());
        answer.close = !matches!(
            fault,
            Fault::BadAnswer(_)
                | Fault::BadGateway
                | Fault::GatewayTimeout
                | Fault::LoopDetected
                | Fault::MethodNotAllowed
                | Fault::NotFound
                | Fault::PreconditionFailed
                | Fault::RangeNotSatisfiable
        );
        match fault {
            Fault::MethodNotAllowed => answer.fields.push(("allow", "GET, HEAD".to_owned())),
            Fault::Overloaded => answer.fields.push(("retry-after", "1".to_owned())),
            _ => {}
        }
        answer
    }

    /// 405 with the methods that would do (RFC 9110 §15.5.6).
    #[must_use]
    pub fn method_not_allowed(routes: &[Arc<Route>], format: ErrorFormat, grpc: bool) -> Self {
        let mut methods: Vec<&str> = routes
            .iter()
            .flat_map(|route| route.matcher.methods.iter().map(|method| &**method))
            .collect();
        if methods.contains(&"GET") && !methods.contains(&"HEAD") {
            methods.push("HEAD");
        }
        Self::other_method(&methods, format, grpc)
    }

    /// As [`Answer::method_not_allowed`], from the methods themselves.
    #[must_use]
    pub fn other_method(methods: &[&str], format: ErrorFormat, grpc: bool) -> Self {
        let said = said_of_deny(DenyReason::MethodNotAllowed);
        let mut answer = Self::said(&said, format, grpc, &Particulars::default());
        answer.fields.push(("allow", methods.join(", ")));
        answer
    }

    /// JSON that is not an error, and the same for everybody.
    #[must_use]
    pub fn json(body: Box<str>) -> Self {
        let fields = vec![
            ("content-type", "application/json".to_owned()),
            ("cache-control", "public, max-age=300".to_owned()),
        ];
        Self { status: 200, fields, body: Cow::Owned(body.into()), close: false }
    }

    /// Fields without a body.
    #[must_use]
    pub const fn empty(status: u16, fields: Vec<(&'static str, String)>) -> Self {
        Self { status, fields, body: Cow::Borrowed(""), close: false }
    }

    fn said(said: &Said, format: ErrorFormat, grpc: bool, particulars: &Particulars) -> Self {
        // 401, 403 and 503 are about this client and this moment (CHL-6); so are the others.
        let no_store = ("cache-control", "no-store".to_owned());
        if grpc {
            // A trailers-only answer: the trailers are the header section (PRB-4).
            let fields = vec![
                ("content-type", "application/grpc".to_owned()),
                ("grpc-status", said.grpc.to_string()),
                ("grpc-message", said.message.to_owned()),
                no_store,
            ];
            return Self::empty(200, fields);
        }
        let (media_type, body) = body::body(said, format, particulars);
        let fields = vec![("content-type", media_type.to_owned()), no_store];
        Self { status: said.status, fields, body: Cow::Owned(body), close: false }
    }
}

/// `Retry-After` counts whole seconds, and never says "now" to somebody who was refused.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;
