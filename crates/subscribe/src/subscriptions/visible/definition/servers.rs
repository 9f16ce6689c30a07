//! Servers that a definition names beside those of the whole: of paths, operations and links (OpenAPI 3.1
//! §4.8.9, §4.8.10, §4.8.20). They are backends, or anybody whom clients would send their tokens.

use serde_json::Map;
use serde_json::Value;

/// Callbacks have operations, which have callbacks.
const DEEPEST: usize = 8;

/// Leaves those of the whole alone.
pub(super) fn remove(document: &mut Value) {
    let Some(members) = document.as_object_mut() else { return };
    for name in ["paths", "webhooks"] {
        each(members, name, |item| of_path(item, DEEPEST));
    }
    let Some(components) = members.get_mut("components").and_then(Value::as_object_mut) else {
        return;
    };
    each(components, "pathItems", |item| of_path(item, DEEPEST));
    each(components, "callbacks", |callback| of_callback(callback, DEEPEST));
    each(components, "responses", of_response);
    each(components, "links", of_link);
}

fn of_path(item: &mut Value, left: usize) {
    let Some(members) = item.as_object_mut() else { return };
    members.remove("servers");
    // Whatever else is an object there is an operation, or of an extension.
    for operation in members.values_mut().filter_map(Value::as_object_mut) {
        operation.remove("servers");
        each(operation, "responses", of_response);
        if left == 0 {
            operation.remove("callbacks");
        }
        each(operation, "callbacks", |callback| of_callback(callback, left - 1));
    }
}

fn of_callback(callback: &mut Value, left: usize) {
    let items = callback.as_object_mut().into_iter().flat_map(Map::values_mut);
    items.for_each(|item| of_path(item, left));
}

fn of_response(response: &mut Value) {
    if let Some(members) = response.as_object_mut() {
        each(members, "links", of_link);
    }
}

fn of_link(link: &mut Value) {
    if let Some(members) = link.as_object_mut() {
        members.remove("server");
    }
}

fn each(members: &mut Map<String, Value>, name: &str, change: impl FnMut(&mut Value)) {
    let found = members.get_mut(name).and_then(Value::as_object_mut);
    found.into_iter().flat_map(Map::values_mut).for_each(change);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_server_but_those_of_the_whole_is_left_and_nothing_that_is_only_called_so() {
        let secret = json!([{"url": "http://10.1.2.3"}]);
        let links = json!({"next": {"server": {"url": "http://10.1.2.3"}, "operationId": "x"}});
        let operation = json!({"servers": secret, "responses": {"200": {"links": links}}});
        let item = json!({"servers": secret, "get": {
            "servers": secret,
            "callbacks": {"done": {"{$url}": {"servers": secret, "post": operation}}},
        }, "post": operation});
        let schema = json!({"properties": {"servers": {"type": "array"}, "server": {}}});
        let mut document = json!({
            "servers": [{"url": "https://gateway"}],
            "paths": {"/a": item}, "webhooks": {"b": item},
            "components": {
                "pathItems": {"c": item}, "callbacks": {"d": {"{$url}": item}},
                "links": links, "responses": {"e": {"links": links}}, "schemas": {"f": schema},
            },
        });
        remove(&mut document);
        let text = document.to_string();
        assert!(!text.contains("10.1.2.3"), "{text}");
        assert_eq!(document["servers"][0]["url"], "https://gateway");
        assert_eq!(document["components"]["schemas"]["f"], schema);
        assert_eq!(
            document["paths"]["/a"]["post"]["responses"]["200"]["links"]["next"]["operationId"],
            "x"
        );
    }

    #[test]
    fn callbacks_of_callbacks_without_end_are_cut() {
        let mut item = json!({"post": {"servers": [{"url": "http://10.1.2.3"}]}});
        for _ in 0..12 {
            item = json!({"post": {"callbacks": {"x": {"y": item}}}});
        }
        let mut document = json!({"paths": {"/a": item}});
        remove(&mut document);
        assert!(!document.to_string().contains("10.1.2.3"));
    }
}
