//! The body of an error in each format.

use serde::Serialize;

use super::said::Said;
use super::said::Wso2;
use crate::error_format::ErrorFormat;

/// The members that only the case at hand can tell, in WSO2's format.
#[derive(Default)]
pub(super) struct Particulars {
    /// In the place of the table's.
    pub(super) description: Option<String>,
    pub(super) next_access: Option<String>,
}

/// Media type and text. Members stand in the order in which the formats' originals write them.
pub(super) fn body(
    said: &Said,
    format: ErrorFormat,
    particulars: &Particulars,
) -> (&'static str, String) {
    match format {
        ErrorFormat::Curity => {
            let body = Curity { code: said.code, message: said.message };
            ("application/json", line(&body))
        }
        ErrorFormat::Problem => {
            let body = Problem {
                kind: "about:blank",
                title: said.title,
                status: said.status,
                detail: said.message,
            };
            ("application/problem+json", line(&body))
        }
        ErrorFormat::Wso2 => ("application/json", text(&wso2(said, &Particulars::default()))),
        ErrorFormat::Managed => ("application/json", text(&wso2(said, particulars))),
    }
}

#[derive(Serialize)]
struct Curity {
    code: &'static str,
    message: &'static str,
}

/// RFC 9457 §3.1.
#[derive(Serialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
}

/// `code` is a string here, also where it is a status.
#[derive(Serialize)]
struct Wso2Fault<'a> {
    code: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    message: &'static str,
    description: &'a str,
    #[serde(rename = "nextAccessTime", skip_serializing_if = "Option::is_none")]
    next_access_time: Option<&'a str>,
}

fn wso2<'a>(said: &Said, particulars: &'a Particulars) -> Wso2Fault<'a> {
    let report = Some("Status report");
    let (code, kind, message, description) = match said.wso2 {
        Wso2::Blocked(code, message, description) => {
            (code.to_owned(), Some(message), message, description)
        }
        Wso2::Fault(code, message, description) => (code.to_owned(), None, message, description),
        Wso2::Report(code, message, description) => (code.to_owned(), report, message, description),
        Wso2::Status => (said.status.to_string(), report, said.title, said.message),
    };
    Wso2Fault {
        code,
        kind,
        message,
        description: particulars.description.as_deref().unwrap_or(description),
        next_access_time: particulars.next_access.as_deref(),
    }
}

/// Ends as texts at a terminal do. WSO2's formats are as WSO2 writes them.
fn line(body: &impl Serialize) -> String {
    text(body) + "\n"
}

fn text(body: &impl Serialize) -> String {
    // Strings and numbers in a struct: there is nothing in it that could fail.
    serde_json::to_string(body).unwrap_or_default()
}
