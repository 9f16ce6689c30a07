//! Where the backend of a definition is.

use serde_json::Map;
use serde_json::Value;

/// URLs of its servers that can be called, in their order; `{variable}` has its usual value, and nothing that has
/// none can be called. What is relative is so to wherever the definition was found, which nobody knows.
pub(super) fn urls(members: &Map<String, Value>) -> Vec<String> {
    let servers = members.get("servers").and_then(Value::as_array);
    let can_be_called = |url: &String| is_absolute(url) && !url.contains(['{', '}']);
    servers.into_iter().flatten().filter_map(url).filter(can_be_called).collect()
}

fn is_absolute(url: &str) -> bool {
    url.split_once("://").is_some_and(|(scheme, _)| {
        ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}

fn url(server: &Value) -> Option<String> {
    let mut rest = server.get("url")?.as_str()?;
    let usual = |name: &str| match server.get("variables")?.get(name)?.get("default")? {
        Value::String(text) => Some(text.clone()),
        // A port, without quotation marks.
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut url = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('{') {
        url.push_str(before);
        match after.split_once('}').and_then(|(name, after)| Some((usual(name)?, after))) {
            Some((value, after)) => {
                url.push_str(&value);
                rest = after;
            }
            None => {
                url.push('{');
                rest = after;
            }
        }
    }
    url.push_str(rest);
    Some(url)
}
