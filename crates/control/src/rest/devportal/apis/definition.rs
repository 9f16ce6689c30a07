//! The definition of an API as subscribers get it.

use phantom_manage::Settings;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::Transport;
use phantom_manage::definition;
use serde_json::Value;
use serde_json::json;

/// Extensions of this prefix are for gateways; backends' URLs are among them.
const OF_GATEWAYS: &str = "x-wso2-";

pub(super) fn of(settings: &Settings, api: &Api) -> Value {
    let authorization_url = format!("{}/oauth2/authorize", settings.public_url);
    let mut document = definition::write(api, &authorization_url);
    conceal(&mut document);
    let path = api.path();
    let at = |transport: Transport, base: Option<&String>| {
        let base = base.filter(|_| api.document.transport.contains(&transport))?;
        Some(json!({"url": format!("{base}{path}")}))
    };
    let https = at(Transport::Https, Some(&settings.gateway_https_url));
    let http = at(Transport::Http, settings.gateway_http_url.as_ref());
    if let Value::Object(members) = &mut document {
        members.insert("servers".to_owned(), https.into_iter().chain(http).collect());
    }
    document
}

fn conceal(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with(OF_GATEWAYS));
            members.values_mut().for_each(conceal);
        }
        Value::Array(items) => items.iter_mut().for_each(conceal),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
