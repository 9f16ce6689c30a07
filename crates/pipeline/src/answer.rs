//! What the gateway itself answers: the one table from refusal or fault to status, challenge, body.

use std::borrow::Cow;
use std::time::Duration;

use phantom_core::Access;
use phantom_core::Deny;
use phantom_core::DenyReason;
use phantom_core::Scope;
use serde_json::json;

use crate::route::Route;

/// An answer made here, in the terms of no transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Lower-case names. Challenges are among them, one field line each (CHL-4).
    pub fields: Vec<(&'static str, String)>,
    pub body: Cow<'static, str>,
    /// Close the connection afterwards: what follows on it cannot be trusted.
    pub close: bool,
}

/// The shape of error bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{"code","message"}`, as the phantom token plugins answer.
    #[default]
    Curity,
    /// RFC 9457.
    Problem,
    /// WSO2 API Manager's fault bodies.
    Wso2,
}

/// Failures that are nobody's refusal: broken requests, broken backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The backend refused the connection, broke off or answered nonsense.
    BadGateway,
    /// The request is ambiguous or malformed; the text says how, from a fixed set.
    BadRequest(&'static str),
    GatewayTimeout,
    HeaderTooLarge,
    LengthTooLarge,
    /// `Expect` asks for something other than `100-continue`.
    ExpectationFailed,
    MethodNotImplemented,
    NotFound,
    Overloaded,
    RequestTimeout,
    TargetTooLong,
    VersionNotSupported,
}

/// One line of the table: what to say about a status in each format.
struct Said {
    status: u16,
    code: &'static str,
    title: &'static str,
    message: &'static str,
    wso2: (&'static str, &'static str, &'static str),
    grpc: u8,
}

impl Answer {
    /// The answer to a refusal. `route` is absent where none matched.
    #[must_use]
    pub fn deny(deny: &Deny, route: Option<&Route>, format: ErrorFormat, grpc: bool) -> Self {
        let said = said_of_deny(deny.reason);
        let mut answer = said.answer(format, grpc);
        if let Some(challenge) = challenge(deny.reason, route) {
            answer.fields.push(("www-authenticate", challenge));
        }
        let wait = match deny.reason {
            DenyReason::AuthorizationServerUnavailable => {
                Some(deny.retry_after.unwrap_or(Duration::from_secs(1)))
            }
            DenyReason::RateLimited => Some(deny.retry_after.unwrap_or_default()),
            _ => None,
        };
        if let Some(wait) = wait {
            answer.fields.push(("retry-after", whole_seconds(wait).to_string()));
        }
        answer
    }

    /// The answer to a fault.
    #[must_use]
    pub fn fault(fault: Fault, format: ErrorFormat, grpc: bool) -> Self {
        let mut answer = said_of_fault(fault).answer(format, grpc);
        answer.close =
            !matches!(fault, Fault::BadGateway | Fault::GatewayTimeout | Fault::NotFound);
        if fault == Fault::Overloaded {
            answer.fields.push(("retry-after", "1".to_owned()));
        }
        answer
    }

    /// 405 with the methods that would do (RFC 9110 §15.5.6).
    #[must_use]
    pub fn method_not_allowed(
        routes: &[std::sync::Arc<Route>],
        format: ErrorFormat,
        grpc: bool,
    ) -> Self {
        let mut answer = said_of_deny(DenyReason::MethodNotAllowed).answer(format, grpc);
        let methods: Vec<&str> = routes
            .iter()
            .flat_map(|route| route.matcher.methods.iter().map(|method| &**method))
            .collect();
        answer.fields.push(("allow", methods.join(", ")));
        answer
    }

    /// JSON that is not an error.
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
}

impl Said {
    fn answer(&self, format: ErrorFormat, grpc: bool) -> Answer {
        // 401, 403 and 503 are about this client and this moment (CHL-6); so are the others.
        let no_store = ("cache-control", "no-store".to_owned());
        if grpc {
            // A trailers-only answer: the trailers are the header section (PRB-4).
            let fields = vec![
                ("content-type", "application/grpc".to_owned()),
                ("grpc-status", self.grpc.to_string()),
                ("grpc-message", self.message.to_owned()),
                no_store,
            ];
            return Answer { status: 200, fields, body: Cow::Borrowed(""), close: false };
        }
        let (media_type, body) = match format {
            ErrorFormat::Curity => {
                ("application/json", json!({"code": self.code, "message": self.message}))
            }
            ErrorFormat::Problem => (
                "application/problem+json",
                json!({
                    "type": "about:blank",
                    "title": self.title,
                    "status": self.status,
                    "detail": self.message,
                }),
            ),
            ErrorFormat::Wso2 => {
                let (code, message, description) = self.wso2;
                (
                    "application/json",
                    json!({"code": code, "message": message, "description": description}),
                )
            }
        };
        let fields = vec![("content-type", media_type.to_owned()), no_store];
        Answer { status: self.status, fields, body: Cow::Owned(body.to_string()), close: false }
    }
}

/// The challenge that goes with a refusal (RSP-1 to RSP-5). All parts come from the configuration
/// or from fixed texts (CHL-5), and from a grammar that needs no escapes (CHL-3).
fn challenge(reason: DenyReason, route: Option<&Route>) -> Option<String> {
    let realm = route.map_or("api", |route| &route.realm);
    let scope = route.and_then(|route| match &route.access {
        Access::Protected(protection) => protection.scope.needed(),
        Access::Public => None,
    });
    let with_scope = |mut challenge: String, scope: Option<&Scope>| {
        if let Some(scope) = scope {
            challenge.push_str(", scope=\"");
            challenge.push_str(scope.as_str());
            challenge.push('"');
        }
        challenge
    };
    let bearer = format!("Bearer realm=\"{}\"", quotable(realm));
    match reason {
        DenyReason::CredentialMissing => Some(with_scope(bearer, scope)),
        DenyReason::CredentialMalformed | DenyReason::CredentialRepeated => {
            Some(format!("{bearer}, error=\"invalid_request\""))
        }
        DenyReason::AudienceMismatch
        | DenyReason::ConfirmationUnenforced
        | DenyReason::IssuerMismatch
        | DenyReason::TokenExpired
        | DenyReason::TokenInactive
        | DenyReason::TokenNotYetValid
        | DenyReason::TokenRevoked
        | DenyReason::TokenUnverified => Some(format!("{bearer}, error=\"invalid_token\"")),
        DenyReason::InsufficientScope => {
            Some(with_scope(format!("{bearer}, error=\"insufficient_scope\""), scope))
        }
        DenyReason::AuthorizationServerMisbehaved
        | DenyReason::AuthorizationServerUnavailable
        | DenyReason::ClaimRuleUnmet
        | DenyReason::MethodNotAllowed
        | DenyReason::NoRoute
        | DenyReason::OriginUntrusted
        | DenyReason::RateLimited => None,
    }
}

/// What may stand in a quoted string without escapes: the rest is left out (CHL-3).
fn quotable(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e'))
        .collect()
}

/// `Retry-After` counts whole seconds, and never says "now" to somebody who was refused.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

const WSO2_FAULT: &str = "The server encountered an error while processing the request.";

const fn said_of_deny(reason: DenyReason) -> Said {
    let unauthorized = Said {
        status: 401,
        code: "unauthorized",
        title: "Unauthorized",
        message: "Missing, invalid or expired access token",
        wso2: (
            "900901",
            "Invalid Credentials",
            "Invalid Credentials. Make sure you have provided the correct security credentials",
        ),
        grpc: 16,
    };
    let invalid_request = Said {
        status: 400,
        code: "invalid_request",
        title: "Bad Request",
        message: "The access token must be sent once, in one Authorization header field of the form: Bearer token",
        ..unauthorized
    };
    let forbidden = Said {
        status: 403,
        code: "forbidden",
        title: "Forbidden",
        message: "The token does not grant access to this resource",
        wso2: (
            "900910",
            "The access token does not allow you to access the requested resource",
            "User is NOT authorized to access the Resource. Scope validation failed.",
        ),
        grpc: 7,
    };
    let server_error = Said {
        status: 503,
        code: "server_error",
        title: "Service Unavailable",
        message: "Problem encountered authorizing the HTTP request",
        wso2: ("900900", "Unclassified Authentication Failure", WSO2_FAULT),
        grpc: 14,
    };
    match reason {
        DenyReason::CredentialMissing => Said {
            wso2: (
                "900902",
                "Missing Credentials",
                "Invalid Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN'",
            ),
            ..unauthorized
        },
        DenyReason::CredentialMalformed | DenyReason::CredentialRepeated => invalid_request,
        DenyReason::AudienceMismatch
        | DenyReason::ConfirmationUnenforced
        | DenyReason::IssuerMismatch
        | DenyReason::TokenExpired
        | DenyReason::TokenInactive
        | DenyReason::TokenNotYetValid
        | DenyReason::TokenRevoked
        | DenyReason::TokenUnverified => unauthorized,
        DenyReason::InsufficientScope => {
            Said { message: "The token does not contain the required scope", ..forbidden }
        }
        DenyReason::ClaimRuleUnmet => Said {
            wso2: (
                "900912",
                "Claim Mismatch",
                "A claim of the token does not have the value required.",
            ),
            ..forbidden
        },
        DenyReason::OriginUntrusted => Said {
            message: "This origin may not use a cookie as credential",
            wso2: ("900914", "Access Denied", "This origin may not use a cookie as credential"),
            ..forbidden
        },
        DenyReason::AuthorizationServerUnavailable => server_error,
        DenyReason::AuthorizationServerMisbehaved => {
            Said { status: 502, title: "Bad Gateway", ..server_error }
        }
        DenyReason::RateLimited => Said {
            status: 429,
            code: "too_many_requests",
            title: "Too Many Requests",
            message: "The rate limit of this client is used up",
            wso2: ("900800", "Message throttled out", "You have exceeded your quota"),
            grpc: 14,
        },
        DenyReason::NoRoute => Said {
            status: 404,
            code: "not_found",
            title: "Not Found",
            message: "No route matches this host and path",
            wso2: ("404", "Not Found", "The requested resource is not available."),
            grpc: 12,
        },
        DenyReason::MethodNotAllowed => Said {
            status: 405,
            code: "method_not_allowed",
            title: "Method Not Allowed",
            message: "The route does not serve this method",
            wso2: ("405", "Runtime Error", "Method not allowed for given API resource"),
            grpc: 12,
        },
    }
}

const fn said_of_fault(fault: Fault) -> Said {
    let bad = Said {
        status: 400,
        code: "bad_request",
        title: "Bad Request",
        message: "",
        wso2: ("400", "Bad Request", "The request is malformed."),
        grpc: 13,
    };
    match fault {
        Fault::BadRequest(message) => Said { message, ..bad },
        Fault::ExpectationFailed => Said {
            status: 417,
            code: "expectation_failed",
            title: "Expectation Failed",
            message: "The only expectation served is 100-continue",
            ..bad
        },
        Fault::HeaderTooLarge => Said {
            status: 431,
            code: "header_too_large",
            title: "Request Header Fields Too Large",
            message: "The request's header section is larger than this gateway takes",
            ..bad
        },
        Fault::LengthTooLarge => Said {
            status: 413,
            code: "content_too_large",
            title: "Content Too Large",
            message: "The request's content is larger than this route takes",
            ..bad
        },
        Fault::MethodNotImplemented => Said {
            status: 501,
            code: "not_implemented",
            title: "Not Implemented",
            message: "TRACE and CONNECT are not served",
            ..bad
        },
        Fault::RequestTimeout => Said {
            status: 408,
            code: "request_timeout",
            title: "Request Timeout",
            message: "The request did not arrive in time",
            ..bad
        },
        Fault::TargetTooLong => Said {
            status: 414,
            code: "uri_too_long",
            title: "URI Too Long",
            message: "The request target is longer than this gateway takes",
            ..bad
        },
        Fault::VersionNotSupported => Said {
            status: 505,
            code: "http_version_not_supported",
            title: "HTTP Version Not Supported",
            message: "This listener serves HTTP/1.0, HTTP/1.1 and HTTP/2",
            ..bad
        },
        Fault::NotFound => Said {
            status: 404,
            code: "not_found",
            title: "Not Found",
            message: "There is no such file",
            wso2: ("404", "Not Found", "The requested resource is not available."),
            grpc: 12,
        },
        Fault::Overloaded => Said {
            status: 503,
            code: "overloaded",
            title: "Service Unavailable",
            message: "The gateway serves as many requests as it may",
            wso2: ("303001", "Service Unavailable", WSO2_FAULT),
            grpc: 14,
        },
        Fault::BadGateway => Said {
            status: 502,
            code: "bad_gateway",
            title: "Bad Gateway",
            message: "The backend could not be reached or gave no usable answer",
            wso2: ("101503", "Runtime Error", "Error connecting to the back end"),
            grpc: 14,
        },
        Fault::GatewayTimeout => Said {
            status: 504,
            code: "gateway_timeout",
            title: "Gateway Timeout",
            message: "The backend did not answer in time",
            wso2: ("101504", "Runtime Error", "Connection timed out"),
            grpc: 14,
        },
    }
}

#[cfg(test)]
mod tests;
