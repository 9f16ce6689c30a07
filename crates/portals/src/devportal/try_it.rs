//! **Try it**: Swagger UI in a frame of its own, with a policy of its own. What it sends goes to us, and
//! from here to the gateway: no request of the page leaves the origin.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use askama::Template;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use phantom_observe::workbench;
use phantom_observe::workbench::CallRequest;
use phantom_observe::workbench::NoAnswer;
use phantom_pages::answer;
use phantom_pages::answer::Answer;
use phantom_pages::answer::Failure;
use phantom_pages::assets;
use phantom_pages::components::Csrf;
use phantom_pages::components::drawn;
use phantom_pages::form::Form;
use phantom_pages::list::encoded;
use phantom_pages::visit::Visit;
use phantom_subscribe::subscriptions::visible;
use phantom_subscribe::subscriptions::visible::Addresses;
use phantom_terms::refusal::Refusal;
use phantom_traffic::has_dot_segments;
use serde_json::Value;
use serde_json::json;
use utoipa_swagger_ui::Config;
use utoipa_swagger_ui::SwaggerFile;

use super::api::stack;
use super::apis::HERE;
use super::subscriptions::APIS;

/// Of the page around the frame.
const FRAMING: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src \
                       'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri \
                       'none'";
/// Of the frame: Swagger UI sets styles on elements, and has its pictures in them.
const FRAMED: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' \
                      data:; connect-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'";

/// The header field with those of the gateway's answer: an object in JSON, percent-encoded.
const TOLD: HeaderName = HeaderName::from_static("x-phantom-headers");

/// In bytes. With more the page shows those of our own answer.
const MOST_TOLD: usize = 32 * 1024;

/// The parameter in the place of an asterisk.
const PLACE: &str = "path";

#[derive(Template)]
#[template(
    source = r#"<iframe class="tool" src="{{ self.0 }}" title="Resources of the API, to be tried"></iframe>"#,
    ext = "html"
)]
struct Frame(String);

drawn!(Frame);

pub(super) async fn page(visit: Visit, Path(id): Path<String>) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let text = "Authorize with a token of an application that is subscribed, then try a resource. The \
                calls go through the gateway. Without script, use the workbench instead.";
    let frame = Frame(format!("{HERE}/{}/try/frame", api.row.id));
    let page = stack(&visit, &api).text("", text.to_owned()).part(&frame);
    let mut response = visit.show(APIS, &api.row.name, &page);
    let policy = HeaderValue::from_static(FRAMING);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

#[derive(Template)]
#[template(path = "devportal/try_it.html")]
struct Document {
    style: String,
    script: String,
    base: String,
    csrf: Csrf,
}

pub(super) async fn frame(visit: Visit, Path(id): Path<String>) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let document = Document {
        style: assets::address("try_it.css"),
        script: assets::address("try_it.js"),
        base: format!("{HERE}/{}/try", api.row.id),
        csrf: visit.csrf.clone(),
    };
    let mut response = answer::html(StatusCode::OK, &document);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAMED));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    Ok(response)
}

/// The API's definition, where a token is all there is to authorize with.
pub(super) async fn definition(visit: Visit, Path(id): Path<String>) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let document = visible::definition::of(&visit.control.settings, &api);
    let document = with_places(with_token(document));
    Ok(([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response())
}

fn with_token(mut document: Value) -> Value {
    let scheme = json!({"token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of an application that is subscribed to the API.",
    }});
    if let Value::Object(members) = &mut document {
        let mut components = match members.remove("components") {
            Some(Value::Object(components)) => components,
            _ => serde_json::Map::new(),
        };
        components.insert("securitySchemes".to_owned(), scheme);
        members.insert("components".to_owned(), Value::Object(components));
        members.insert("security".to_owned(), json!([{"token": []}]));
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for operations in paths.into_iter().flat_map(|paths| paths.values_mut()) {
        for operation in operations.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            // One that names none is open, and stays so.
            let is_open = operation.get("security").is_some_and(|all| *all == json!([]));
            if let Some(members) = operation.as_object_mut().filter(|_| !is_open) {
                members.remove("security");
            }
        }
    }
    document
}

/// A path that stands for all below it is shown with a place for what is to be there: `/*` itself is no address.
fn with_places(mut document: Value) -> Value {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return document;
    };
    // By its style the page tells it from what is one segment (`;path=a%2Fb`), and leaves it its slashes.
    let place = |name: &str| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "style": "matrix",
            "description": "What stands at the gateway in the place of the asterisk, with slashes where there \
                            are several segments.",
            "schema": {"type": "string"},
        })
    };
    let all: Vec<String> = paths.keys().filter(|path| path.ends_with("/*")).cloned().collect();
    for path in all {
        let mut name = PLACE.to_owned();
        let mut shown = format!("{}{{{name}}}", path.trim_end_matches('*'));
        while paths.contains_key(&shown) || path.contains(&format!("{{{name}}}")) {
            name.push('_');
            shown = format!("{}{{{name}}}", path.trim_end_matches('*'));
        }
        let place = place(&name);
        let Some(Value::Object(mut item)) = paths.remove(&path) else { continue };
        match item.entry("parameters").or_insert_with(|| json!([])) {
            Value::Array(parameters) => parameters.push(place),
            other => *other = json!([place]),
        }
        paths.insert(shown, Value::Object(item));
    }
    document
}

/// What Swagger UI would have sent to the gateway, sent from here.
pub(super) async fn call(visit: Visit, Path(id): Path<String>, form: Form) -> Answer {
    let api = visible::find(&visit.control, &visit.caller, &id).await?;
    let Addresses { https, http } = Addresses::of_version(&visit.control.settings, &api);
    let url = form.get("url").to_owned();
    let mut bases = [https, http].into_iter().flatten();
    let is_of_api = bases.any(|base| workbench::is_below(&base, &url));
    if !is_of_api {
        return Err(Failure::Refused(Refusal::invalid("The address is none of this API.")));
    }
    if has_dot_segments(&url) {
        let words = "With . or .. between slashes, what would be sent is another path.";
        return Err(Failure::Refused(Refusal::invalid(words)));
    }
    let request = CallRequest {
        method: form.get("method").to_owned(),
        url,
        token: None,
        headers: form.get("secret.headers").to_owned().into(),
        body: form.raw("secret.body").to_owned().into(),
    };
    let step = workbench::call(&visit.control, &visit.caller, request).await?.step;
    Ok(match step.answer {
        Ok(answer) => passed_on(answer),
        Err(NoAnswer { why, .. }) => {
            (StatusCode::BAD_GATEWAY, format!("There is no answer: {why}\n")).into_response()
        }
    })
}

/// The gateway's header fields for the page to show, which sees those of our answer alone.
fn told(headers: &[(String, String)]) -> String {
    let mut all: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        let values = all.entry(name).or_default();
        if !values.is_empty() {
            values.push_str(", ");
        }
        values.push_str(value);
    }
    encoded(&json!(all).to_string())
}

/// The gateway's answer. It is somebody else's: it sets nothing here and runs nowhere.
fn passed_on(answer: workbench::Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in &answer.headers {
        let is_shown = matches!(
            name.as_str(),
            "content-type" | "etag" | "last-modified" | "retry-after" | "www-authenticate"
        );
        // The browser would ask for a password, in our name and with the backend's words.
        let name = if name == "www-authenticate" { "x-www-authenticate" } else { name };
        let value = HeaderValue::from_str(value);
        if let (true, Ok(name), Ok(value)) = (is_shown, HeaderName::try_from(name), value) {
            headers.append(name, value);
        }
    }
    let told = told(&answer.headers);
    if told.len() <= MOST_TOLD
        && let Ok(told) = HeaderValue::from_str(&told)
    {
        headers.insert(TOLD, told);
    }
    // As an attachment it would run nowhere, too, but Swagger UI would not show it.
    let policy = HeaderValue::from_static("default-src 'none'; sandbox; frame-ancestors 'none'");
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Read once: a copy each would be held for as long as somebody does not take it.
static SWAGGER_UI: LazyLock<BTreeMap<&str, (Bytes, SwaggerFile<'_>)>> = LazyLock::new(|| {
    let config = Arc::new(Config::from("/"));
    let files = ["swagger-ui.css", "swagger-ui-bundle.js"].into_iter().filter_map(|name| {
        let mut file = utoipa_swagger_ui::serve(name, Arc::clone(&config)).ok().flatten()?;
        let bytes = std::mem::take(&mut file.bytes).into_owned();
        Some((name, (bytes.into(), file)))
    });
    files.collect()
});

/// A file of Swagger UI.
pub(super) async fn asset(Path(file): Path<String>) -> Answer {
    let (bytes, file) = SWAGGER_UI.get(file.as_str()).ok_or(Failure::NoSuchPage)?;
    let mut response = bytes.clone().into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if file.gzpipped {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let kept = HeaderValue::from_static("private, max-age=86400");
    headers.insert(header::CACHE_CONTROL, kept);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_all_there_is_to_authorize_with_and_open_resources_stay_open() {
        let document = with_token(json!({
            "components": {"securitySchemes": {"default": {"type": "oauth2"}}},
            "security": [{"default": []}],
            "paths": {"/a": {
                "get": {"security": [{"default": ["read"]}]},
                "post": {"security": []},
                "parameters": [],
            }},
        }));
        assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
        assert_eq!(document["components"]["securitySchemes"].get("default"), None);
        assert_eq!(document["paths"]["/a"]["get"], json!({}));
        assert_eq!(document["paths"]["/a"]["post"], json!({"security": []}));
        // What a publisher wrote may be of any form.
        for components in [json!(null), json!([]), json!({"securitySchemes": []})] {
            let document = with_token(json!({"components": components, "paths": [[]]}));
            assert_eq!(document["security"], json!([{"token": []}]));
        }
    }
    #[test]
    fn a_path_for_all_has_a_place_to_be_filled_in() {
        let document = with_places(json!({"paths": {
            "/*": {"get": {"summary": "all"}},
            "/a/*": {"get": {}, "parameters": [{"name": "x", "in": "query"}]},
            "/b/*": {"get": {}}, "/b/{path}": {"get": {"summary": "there already"}},
            "/e/{path}/*": {"get": {}},
            "/c": {"get": {}},
            "/d/*": "no path",
        }}));
        let paths = &document["paths"];
        assert_eq!(paths["/{path}"]["get"], json!({"summary": "all"}));
        assert_eq!(paths["/{path}"]["parameters"][0]["in"], "path");
        // What is filled in there has slashes.
        assert_eq!(paths["/{path}"]["parameters"][0]["style"], "matrix");
        assert_eq!(paths["/a/{path}"]["parameters"][1]["name"], "path");
        assert_eq!(paths["/b/{path}"]["get"]["summary"], "there already");
        assert_eq!(paths["/b/{path_}"]["parameters"][0]["name"], "path_");
        assert_eq!(paths["/e/{path}/{path_}"]["parameters"][0]["name"], "path_");
        assert_eq!(paths.get("/*"), None);
        assert_eq!(paths["/c"], json!({"get": {}}));
        assert_eq!(with_places(json!({"paths": []})), json!({"paths": []}));
    }
}
