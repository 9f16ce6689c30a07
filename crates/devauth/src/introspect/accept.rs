//! Which format the caller prefers (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// RFC 7662.
    Json,
    /// The access token itself, as JWT.
    PhantomToken,
    /// RFC 9701.
    SignedStatement,
}

impl Format {
    /// The highest quality wins, then the more specific range, then the one named first. Where
    /// nothing fits, JSON: RFC 7662 §2.2 makes it the format of the answer.
    pub(super) fn preferred(headers: &HeaderMap) -> Self {
        let mut best = (0, 0, Self::Json);
        let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        for range in ranges.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (specificity, format) = match name.as_str() {
                "application/jwt" => (3, Self::PhantomToken),
                "application/token-introspection+jwt" => (3, Self::SignedStatement),
                "application/json" => (3, Self::Json),
                "application/*" => (2, Self::Json),
                "*/*" => (1, Self::Json),
                _ => continue,
            };
            let quality = parts.find_map(quality).unwrap_or(1000);
            if (quality, specificity) > (best.0, best.1) && quality > 0 {
                best = (quality, specificity, format);
            }
        }
        best.2
    }
}

/// `q=0.5` as 500; anything that is no weight counts as none given.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let weight: f32 = value.trim().parse().ok()?;
    let valid = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
    valid.then_some((weight * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(accept: &str) -> Format {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Format::preferred(&headers)
    }

    #[test]
    fn the_format_with_the_highest_quality_wins() {
        let cases = [
            ("application/jwt", Format::PhantomToken),
            ("APPLICATION/JWT", Format::PhantomToken),
            ("application/json, application/jwt", Format::Json),
            ("application/json;q=0.5, application/jwt", Format::PhantomToken),
            ("application/jwt;q=0.2, application/json;q=0.1", Format::PhantomToken),
            ("*/*, application/jwt", Format::PhantomToken),
            ("application/*, application/token-introspection+jwt", Format::SignedStatement),
            ("application/jwt;q=0, */*;q=0.1", Format::Json),
            ("application/jwt;q=0", Format::Json),
            ("application/jwt; q=NaN", Format::PhantomToken),
            ("text/html", Format::Json),
            ("application/jwtx", Format::Json),
            ("", Format::Json),
        ];
        for (accept, expected) in cases {
            assert_eq!(preferred(accept), expected, "{accept}");
        }
        assert_eq!(Format::preferred(&HeaderMap::new()), Format::Json);
    }
}
