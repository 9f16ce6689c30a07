//! What became of a request, in words.

use phantom_core::DenyReason;
use phantom_pages::words;

/// What was found wrong, as a whole sentence.
pub(crate) fn meaning(reason: DenyReason) -> String {
    format!("{}.", words::sentence(reason.meaning()))
}

/// What else can go wrong, by its name in the log.
pub(crate) fn failure(name: &str) -> &'static str {
    match name {
        "timeout" | "connect_timeout" => "The backend did not answer in time",
        "body_too_large" | "bad_request" | "not_collected" => {
            "The gateway cannot take what the client sent"
        }
        "loop" => "The request had been here before",
        "file_cut" => "The file became shorter while it was sent",
        "token_expired" | "token_revoked" | "blocked" => {
            "The right to the answer ended while it was under way"
        }
        "stopped" => "The gateway was stopped",
        name if name.starts_with("client_") => "The client broke off, or was too slow",
        name if name.starts_with("connect_") => "The backend cannot be reached",
        name if name.starts_with("upstream_") => {
            "The backend broke off, or its answer cannot be understood"
        }
        _ => "It could not be answered as it should",
    }
}
