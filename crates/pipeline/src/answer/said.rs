//! The one table from refusal or fault to status and words. Nothing else chooses a status.

use phantom_core::DenyReason;

use super::Fault;
use super::challenge::Challenged;

/// One line of the table: what to say of a case, in each format.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) title: &'static str,
    pub(super) message: &'static str,
    pub(super) wso2: Wso2,
    /// gRPC's status code (PRB-4).
    pub(super) grpc: u8,
    pub(super) challenged: Challenged,
}

/// The words of WSO2's gateway: code, message, description.
#[derive(Clone, Copy)]
pub(super) enum Wso2 {
    /// A report whose `type` says the same as its message.
    Blocked(&'static str, &'static str, &'static str),
    /// As its authentication and throttling handlers put it.
    Fault(&'static str, &'static str, &'static str),
    /// As everything else of it does, with a `type`.
    Report(&'static str, &'static str, &'static str),
    /// A report in our own words: the case is unknown there.
    Status,
}

const WSO2_FAULT: &str = "The server encountered an error while processing the request.";

pub(super) const fn said_of_deny(reason: DenyReason) -> Said {
    let unauthorized = Said {
        status: 401,
        code: "unauthorized",
        title: "Unauthorized",
        message: "Missing, invalid or expired access token",
        wso2: Wso2::Fault(
            "900901",
            "Invalid Credentials",
            "Invalid Credentials. Make sure you have provided the correct security credentials",
        ),
        grpc: 16,
        challenged: Challenged::InvalidToken,
    };
    let invalid_request = Said {
        status: 400,
        code: "invalid_request",
        title: "Bad Request",
        message: "The access token must be sent once, in one Authorization header field of the form: Bearer token",
        challenged: Challenged::InvalidRequest,
        ..unauthorized
    };
    let forbidden = Said {
        status: 403,
        code: "forbidden",
        title: "Forbidden",
        message: "The token does not grant access to this resource",
        wso2: Wso2::Fault(
            "900910",
            "The access token does not allow you to access the requested resource",
            "User is NOT authorized to access the Resource. Scope validation failed.",
        ),
        grpc: 7,
        challenged: Challenged::No,
    };
    let not_found = Said {
        status: 404,
        code: "not_found",
        title: "Not Found",
        message: "No route matches this host and path",
        wso2: Wso2::Report("404", "Not Found", "The requested resource is not available."),
        grpc: 12,
        challenged: Challenged::No,
    };
    let too_many = Said {
        status: 429,
        code: "too_many_requests",
        title: "Too Many Requests",
        message: "The rate limit of this client is used up",
        wso2: Wso2::Fault("900800", "Message throttled out", "You have exceeded your quota"),
        grpc: 14,
        challenged: Challenged::No,
    };
    let server_error = Said {
        status: 503,
        code: "server_error",
        title: "Service Unavailable",
        message: "Problem encountered authorizing the HTTP request",
        wso2: Wso2::Fault("900900", "Unclassified Authentication Failure", WSO2_FAULT),
        grpc: 14,
        challenged: Challenged::No,
    };
    match reason {
        DenyReason::CredentialMissing => Said {
            wso2: Wso2::Fault(
                "900902",
                "Missing Credentials",
                "Invalid Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN'",
            ),
            challenged: Challenged::ToAuthenticate,
            ..unauthorized
        },
        DenyReason::CredentialMalformed | DenyReason::CredentialRepeated => invalid_request,
        DenyReason::AudienceMismatch
        | DenyReason::ConfirmationUnenforced
        | DenyReason::IssuerMismatch
        | DenyReason::RefreshToken
        | DenyReason::TokenExpired
        | DenyReason::TokenInactive
        | DenyReason::TokenNotYetValid
        | DenyReason::TokenRevoked
        | DenyReason::TokenUnverified => unauthorized,
        DenyReason::InsufficientScope => Said {
            message: "The token does not contain the required scope",
            challenged: Challenged::InsufficientScope,
            ..forbidden
        },
        DenyReason::Blocked => Said {
            message: "This request is blocked",
            wso2: Wso2::Fault(
                "900805",
                "Message blocked",
                "You have been blocked from accessing the resource",
            ),
            ..forbidden
        },
        DenyReason::ClaimRuleUnmet => Said {
            wso2: Wso2::Fault(
                "900912",
                "Claim Mismatch",
                "A claim of the token does not have the value required.",
            ),
            ..forbidden
        },
        DenyReason::OriginUntrusted => Said {
            message: "This origin may not use a cookie as credential",
            wso2: Wso2::Fault(
                "900914",
                "Access Denied",
                "This origin may not use a cookie as credential",
            ),
            ..forbidden
        },
        DenyReason::AuthorizationServerUnavailable => server_error,
        DenyReason::AuthorizationServerMisbehaved | DenyReason::StatementRefused => {
            Said { status: 502, title: "Bad Gateway", ..server_error }
        }
        DenyReason::PeerBudget | DenyReason::RateLimited => too_many,
        DenyReason::NoRoute => not_found,
        DenyReason::NoResource => Said {
            wso2: Wso2::Report(
                "404",
                "Runtime Error",
                "No matching resource found for given API Request",
            ),
            ..not_found
        },
        DenyReason::KeyManagerNotAllowed => unauthorized,
        DenyReason::SubscriptionBlocked => Said {
            wso2: Wso2::Fault(
                "900907",
                "The requested API is temporarily blocked",
                "The requested API is temporarily blocked",
            ),
            ..unauthorized
        },
        DenyReason::SubscriptionInactive => Said {
            wso2: Wso2::Fault(
                "900909",
                "The subscription to the API is inactive",
                "The subscription to the API is inactive",
            ),
            ..unauthorized
        },
        DenyReason::NoSubscription => Said {
            wso2: Wso2::Fault(
                "900908",
                // Ends in a blank, as theirs does.
                "Resource forbidden ",
                "User is NOT authorized to access the Resource. API Subscription validation failed.",
            ),
            ..forbidden
        },
        DenyReason::AudienceNotAccepted => Said {
            wso2: Wso2::Fault(
                "900914",
                "Access Denied",
                "User is NOT authorized to access the Resource. Audience validation failed.",
            ),
            ..forbidden
        },
        DenyReason::HttpNotEnabled | DenyReason::HttpsNotEnabled => Said {
            message: "The API is not served over this transport",
            wso2: Wso2::Report("403", "Forbidden", "The requested resource is not available."),
            ..forbidden
        },
        DenyReason::NoProductionEndpoint => Said {
            wso2: Wso2::Report(
                "900901",
                "Runtime Error",
                "Production key offered to the API with no production endpoint",
            ),
            ..forbidden
        },
        DenyReason::NoSandboxEndpoint => Said {
            wso2: Wso2::Report(
                "900901",
                "Runtime Error",
                "Sandbox key offered to the API with no sandbox endpoint",
            ),
            ..forbidden
        },
        DenyReason::ApiBlocked => Said {
            wso2: Wso2::Blocked(
                "700700",
                "API blocked",
                "This API has been blocked temporarily. Please try again later or contact the system administrators.",
            ),
            ..server_error
        },
        DenyReason::ApiMisconfigured => {
            Said { status: 500, title: "Internal Server Error", ..server_error }
        }
        DenyReason::ApiQuota => too_many,
        DenyReason::OperationQuota => throttled(too_many, "900802"),
        DenyReason::ApplicationQuota => throttled(too_many, "900803"),
        DenyReason::SubscriptionQuota => throttled(too_many, "900804"),
        DenyReason::SubscriptionBurst => throttled(too_many, "900807"),
        DenyReason::ApplicationBurst => throttled(too_many, "900809"),
        DenyReason::MethodNotAllowed => Said {
            status: 405,
            code: "method_not_allowed",
            title: "Method Not Allowed",
            message: "The route does not serve this method",
            wso2: Wso2::Report("405", "Runtime Error", "Method not allowed for given API resource"),
            grpc: 12,
            challenged: Challenged::No,
        },
    }
}

const fn throttled(said: Said, code: &'static str) -> Said {
    let wso2 = Wso2::Fault(code, "Message throttled out", "You have exceeded your quota");
    Said { wso2, ..said }
}

pub(super) const fn said_of_fault(fault: Fault) -> Said {
    let bad = Said {
        status: 400,
        code: "bad_request",
        title: "Bad Request",
        message: "",
        wso2: Wso2::Status,
        grpc: 13,
        challenged: Challenged::No,
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
        Fault::LoopDetected => Said {
            status: 508,
            code: "loop_detected",
            title: "Loop Detected",
            message: "This gateway has passed this request on before: an upstream or endpoint leads back to it",
            wso2: Wso2::Report("508", "Loop Detected", WSO2_FAULT),
            ..bad
        },
        Fault::MethodNotImplemented => Said {
            status: 501,
            code: "not_implemented",
            title: "Not Implemented",
            message: "TRACE and CONNECT are not served",
            ..bad
        },
        Fault::PreconditionFailed => Said {
            status: 412,
            code: "precondition_failed",
            title: "Precondition Failed",
            message: "The file is not in the state that the request goes by",
            ..bad
        },
        Fault::RangeNotSatisfiable => Said {
            status: 416,
            code: "range_not_satisfiable",
            title: "Range Not Satisfiable",
            message: "The file has nothing of this range",
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
        Fault::MethodNotAllowed => said_of_deny(DenyReason::MethodNotAllowed),
        Fault::NotFound => Said {
            status: 404,
            code: "not_found",
            title: "Not Found",
            message: "There is no such file",
            wso2: Wso2::Report("404", "Not Found", "The requested resource is not available."),
            grpc: 12,
            ..bad
        },
        Fault::Overloaded => Said {
            status: 503,
            code: "overloaded",
            title: "Service Unavailable",
            message: "The gateway serves as many requests as it may",
            wso2: Wso2::Report("303001", "Service Unavailable", WSO2_FAULT),
            grpc: 14,
            ..bad
        },
        Fault::BadAnswer(message) => Said { message, ..said_of_fault(Fault::BadGateway) },
        Fault::BadGateway => Said {
            status: 502,
            code: "bad_gateway",
            title: "Bad Gateway",
            message: "The backend could not be reached or gave no usable answer",
            wso2: Wso2::Report("101503", "Runtime Error", "Error connecting to the back end"),
            grpc: 14,
            ..bad
        },
        Fault::GatewayTimeout => Said {
            status: 504,
            code: "gateway_timeout",
            title: "Gateway Timeout",
            message: "The backend did not answer in time",
            wso2: Wso2::Report("101504", "Runtime Error", "Connection timed out"),
            grpc: 14,
            ..bad
        },
    }
}
