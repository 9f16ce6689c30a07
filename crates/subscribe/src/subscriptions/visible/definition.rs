//! The definition of an API as subscribers get it.

mod servers;

use phantom_access::plane::Settings;
use phantom_manage::apis::Api;
use phantom_manage::definition;
use serde_json::Value;
use serde_json::json;

use super::addresses::Addresses;

/// Extensions of this prefix are for gateways; backends' URLs are among them.
const OF_GATEWAYS: &str = "x-wso2-";

#[must_use]
pub fn of(settings: &Settings, api: &Api) -> Value {
    let authorization_url = format!("{}/oauth2/authorize", settings.public_url);
    let mut document = definition::write(api, &authorization_url);
    conceal(&mut document);
    servers::remove(&mut document);
    let Addresses { https, http } = Addresses::of(settings, api, &api.path());
    let servers = https.into_iter().chain(http).map(|url| json!({"url": url})).collect();
    if let Value::Object(members) = &mut document {
        members.insert("servers".to_owned(), servers);
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
