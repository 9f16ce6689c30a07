//! Addresses that ask something.

/// An address with those of the questions that ask something.
pub(crate) fn address(path: &str, questions: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let asked = questions.iter().filter(|(_, value)| !value.is_empty());
    query.extend_pairs(asked);
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
