//! An error, and what is behind it.

use std::error::Error;

/// The causes of an error, from the nearest on; the error itself is none of them.
pub fn causes<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// The error and its causes in one line: for the log, never for a client.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        // Some say what is behind them themselves.
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn every_cause_is_told_once_and_in_order() {
        let inner = Layer("refused", None);
        let error = Layer("cannot ask", Some(Layer("cannot connect", Some(inner.into())).into()));
        assert_eq!(with_causes(&error), "cannot ask: cannot connect: refused");
        assert_eq!(causes(&error).count(), 2);
    }
}
