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

/// Whether `.` or `..` stands between the slashes of the URL's path, in any spelling. Whoever parses it takes them
/// away, and nothing else of it: what is sent then is another path.
pub fn has_dot_segments(url: &str) -> bool {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let is_dots =
        |segment: &str| matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..");
    path.split('/').skip(1).any(is_dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_segments_are_found_in_any_spelling_and_in_the_path_alone() {
        for (path, has) in [
            ("/a/../b", true),
            ("/a/..", true),
            ("/./b?c", true),
            ("/a/%2E./b", true),
            ("/a/%2e%2e#c", true),
            ("", false),
            ("/a/.b/c../...", false),
            ("/a?b=/../c", false),
        ] {
            let url = format!("https://gateway.example:8243{path}");
            assert_eq!(has_dot_segments(&url), has, "{url}");
        }
    }
}
