use http::HeaderValue;

use super::*;

#[test]
fn a_request_is_one_head_and_one_form() {
    let mut headers = HeaderMap::new();
    headers.insert("accept", HeaderValue::from_static("application/jwt"));
    headers.insert("authorization", HeaderValue::from_static("Basic eDp5"));
    let agent = USER_AGENT;
    for (url, target, host) in [
        ("https://as.example/introspect", "/introspect", "as.example"),
        ("https://as.example:443/a?b=c#d", "/a?b=c", "as.example"),
        ("http://[::1]:8080", "/", "[::1]:8080"),
        ("https://äs.example/ä b", "/%C3%A4%20b", "xn--s-zfa.example"),
    ] {
        let request = post(&Url::parse(url).unwrap(), &headers, "token=a");
        let expected = format!(
            "POST {target} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\n\
             accept-encoding: identity\r\naccept: application/jwt\r\nauthorization: Basic eDp5\r\n\
             content-length: 7\r\n\r\ntoken=a"
        );
        assert_eq!(String::from_utf8(request).unwrap(), expected);
    }
}

#[test]
fn no_url_can_add_to_the_head() {
    for url in ["http://a.example/\r\nx: y", "http://a.example/?\r\nx: y", "http://a.example/#\nx"]
    {
        let request = post(&Url::parse(url).unwrap(), &HeaderMap::new(), "");
        let head = String::from_utf8(request).unwrap();
        assert_eq!(head.matches('\n').count(), 6, "{head}");
    }
}
