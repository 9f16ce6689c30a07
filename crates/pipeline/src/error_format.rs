//! Which shape the body of an error has.

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
    /// As [`ErrorFormat::Wso2`], with the statuses of WSO2's gateway as well: for managed APIs.
    Managed,
}
