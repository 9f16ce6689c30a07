//! Where managed APIs answer otherwise than routes in WSO2's format: the statuses are WSO2's too, and
//! some descriptions tell more.

use std::time::Duration;
use std::time::UNIX_EPOCH;

use phantom_core::DenyReason;
use phantom_core::UnixTime;

use super::body::Particulars;
use super::said;
use super::said::Said;
use super::said::Wso2;
use crate::matched::Matched;

pub(super) const fn said_of_deny(reason: DenyReason) -> Said {
    let said = said::said_of_deny(reason);
    match reason {
        DenyReason::AuthorizationServerMisbehaved | DenyReason::AuthorizationServerUnavailable => {
            Said { status: 500, title: "Internal Server Error", ..said }
        }
        // RFC 6750 §3.1 has `invalid_request` and 400; WSO2's gateway knows one error, with 401 and 900901.
        DenyReason::CredentialMalformed | DenyReason::CredentialRepeated => {
            Said { message: said.message, ..said::said_of_deny(DenyReason::TokenInactive) }
        }
        // WSO2's gateway verifies the JWT of an introspection as if the client had brought it.
        DenyReason::StatementRefused => said::said_of_deny(DenyReason::TokenUnverified),
        DenyReason::HttpNotEnabled => Said {
            wso2: Wso2::Report(
                "403",
                "Forbidden",
                "Unsupported Transport [ http ]. The requested resource is not available.",
            ),
            ..said
        },
        DenyReason::HttpsNotEnabled => Said {
            wso2: Wso2::Report(
                "403",
                "Forbidden",
                "Unsupported Transport [ https ]. The requested resource is not available.",
            ),
            ..said
        },
        DenyReason::CredentialMissing => Said {
            wso2: Wso2::Fault(
                "900902",
                "Missing Credentials",
                "Invalid Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN' or 'Authorization : Basic ACCESS_TOKEN' or 'ApiKey : API_KEY'",
            ),
            ..said
        },
        _ => said,
    }
}

/// A missing scope is told with the resource: as the API's owner wrote it, never as the client did.
pub(super) fn particulars(reason: DenyReason, matched: Option<&Matched>) -> Particulars {
    let operation = matched.and_then(Matched::operation);
    let Some(operation) = operation.filter(|_| reason == DenyReason::InsufficientScope) else {
        return Particulars::default();
    };
    let template = &operation.template;
    let description = format!(
        "User is NOT authorized to access the Resource: {template}. Scope validation failed."
    );
    Particulars { description: Some(description), next_access: None }
}

/// An HTTP date, of the next whole second: at that time the request will be let through.
pub(super) fn whole_second(at: UnixTime) -> String {
    let at = UNIX_EPOCH + Duration::from_secs(at.as_millis().div_ceil(1000));
    httpdate::fmt_http_date(at)
}

/// `until` as an HTTP date: `Sat, 22 Aug 2026 15:45:00 GMT`.
pub(super) fn until(until: &str) -> Particulars {
    let mut parts = until.split(' ').skip(1);
    let mut next = || parts.next().unwrap_or_default();
    let (day, month, year, time) = (next(), next(), next(), next());
    let at = format!("{year}-{month}-{day} {time}+0000 UTC");
    let description = format!("You have exceeded your quota .You can access API after {at}");
    Particulars { description: Some(description), next_access: Some(at) }
}
