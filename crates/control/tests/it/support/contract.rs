//! The descriptions that answers are held against: WSO2's files, and our own document.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use jsonschema::Validator;
use serde_json::Value;
use serde_json::json;

use super::Answer;

/// One description and its base path.
struct Description {
    name: &'static str,
    base: &'static str,
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
    /// Whether each answer has to be described.
    complete: bool,
}

pub(crate) struct Contract(Vec<Description>);

/// Where WSO2's description is not what its server sends (section 12 of the behaviour document), or
/// our deviation is in the behaviour document. Method, path, status.
const EXEMPT: &[(&str, &str, u16)] = &[
    // Described as one plan and as a text; sent are a list and the definition itself.
    ("GET", "/api/am/devportal/v3/apis/{apiId}/subscription-policies", 200),
    ("GET", "/api/am/devportal/v3/apis/{apiId}/swagger", 200),
    ("GET", "/api/am/publisher/v4/apis/{apiId}/deployments", 200),
    ("GET", "/api/am/publisher/v4/apis/{apiId}/revisions/{revisionId}", 200),
    // A text that is a definition: the definition itself is sent.
    ("GET", "/api/am/publisher/v4/apis/{apiId}/swagger", 200),
    ("PUT", "/api/am/publisher/v4/apis/{apiId}/swagger", 200),
    // What was discovered has no name yet.
    ("POST", "/api/am/admin/v4/key-managers/discover", 200),
];

impl Contract {
    pub(crate) fn all() -> &'static Self {
        static ALL: OnceLock<Contract> = OnceLock::new();
        ALL.get_or_init(|| {
            let ours = serde_json::to_value(phantom_control::rest::openapi()).unwrap();
            Self(vec![
                Description::new("our OpenAPI", "", ours, true),
                Description::of_wso2("admin-api.yaml", "/api/am/admin/v4"),
                Description::of_wso2("publisher-api.yaml", "/api/am/publisher/v4"),
                Description::of_wso2("devportal-api.yaml", "/api/am/devportal/v3"),
            ])
        })
    }

    /// Fails where the answer is not as described.
    #[track_caller]
    pub(crate) fn check(&self, method: &str, path: &str, answer: &Answer) {
        let path = path.split('?').next().unwrap();
        for description in &self.0 {
            if let Err(why) = description.check(method, path, answer) {
                panic!(
                    "{method} {path} → {}, against {}: {why}\n{}",
                    answer.status, description.name, answer.text
                );
            }
        }
    }
}

impl Description {
    fn new(name: &'static str, base: &'static str, document: Value, complete: bool) -> Self {
        Self { name, base, document, compiled: Mutex::default(), complete }
    }

    fn of_wso2(file: &'static str, base: &'static str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/wso2").join(file);
        let text = std::fs::read_to_string(&root).unwrap_or_else(|e| panic!("{root:?}: {e}"));
        let options = serde_saphyr::options! { budget: None };
        let mut document: Value = serde_saphyr::from_str_with_options(&indented(&text), options)
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        allow_null(&mut document);
        Self::new(file, base, document, false)
    }

    fn check(&self, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
        let Some(path) = path.strip_prefix(self.base) else { return Ok(()) };
        let paths = self.document["paths"].as_object().unwrap();
        let fitting = paths.iter().filter(|(template, _)| fits(template, path));
        // Literal segments before parameters.
        let Some((template, item)) = fitting.min_by_key(|(t, _)| t.matches('{').count()) else {
            return if self.complete { Err("the path is not described".into()) } else { Ok(()) };
        };
        let operation = &item[method.to_ascii_lowercase()];
        if operation.is_null() {
            // 405 says that the method is not there, and so does the description.
            let told = answer.status.as_u16() == 405;
            return if self.complete && !told { Err("not described".into()) } else { Ok(()) };
        }
        let status = answer.status.as_u16();
        let full = format!("{}{template}", self.base);
        let exempt = |(m, p, s): &(&str, &str, u16)| *m == method && *p == full && *s == status;
        if !self.complete && EXEMPT.iter().any(exempt) {
            return Ok(());
        }
        let responses = &operation["responses"];
        let response = &responses[status.to_string()];
        if response.is_null() {
            return if self.complete { Err("the status is not described".into()) } else { Ok(()) };
        }
        let response = self.resolved(response);
        let schema = &response["content"]["application/json"]["schema"];
        if schema.is_null() || answer.json.is_null() {
            let described = !schema.is_null() && self.complete && method != "HEAD";
            return if described {
                Err("a body is described, none is there".into())
            } else {
                Ok(())
            };
        }
        let errors: Vec<String> = self
            .validator(&format!("{method} {template} {status}"), schema)
            .iter_errors(&answer.json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
    }

    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    fn validator(&self, key: &str, schema: &Value) -> Arc<Validator> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let schema = json!({"components": self.document["components"], "allOf": [schema]});
            let draft = match self.complete {
                true => jsonschema::Draft::Draft202012,
                false => jsonschema::Draft::Draft4,
            };
            let validator = jsonschema::options().with_draft(draft).build(&schema);
            Arc::new(validator.unwrap_or_else(|error| panic!("{key}: {error}")))
        };
        compiled.entry(key.to_owned()).or_insert_with(make).clone()
    }
}

/// WSO2 breaks quoted texts without indenting what follows, as YAML 1.2 §7.3.2 asks for: indented.
fn indented(text: &str) -> String {
    let mut is_open = false;
    let mut lines = String::with_capacity(text.len());
    for line in text.lines() {
        if is_open {
            lines.push_str(&" ".repeat(40));
        }
        lines.push_str(line);
        lines.push('\n');
        let quoted = match is_open {
            true => Some(line),
            false => line.find(": '").and_then(|at| line.get(at..)),
        };
        if quoted.is_some_and(|quoted| quoted.matches('\'').count() % 2 == 1) {
            is_open = !is_open;
        }
    }
    lines
}

/// Whether a path is one of the template's.
fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(t), Some(p)) if t == p || (t.starts_with('{') && !p.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Members without a value are written as null, whatever the description says of their type.
fn allow_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // An object without members is how WSO2 writes what may be any value.
            if members.get("properties") == Some(&json!({})) {
                members.remove("type");
            }
            let required: Vec<String> = members
                .get("required")
                .and_then(Value::as_array)
                .map(|names| names.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect())
                .unwrap_or_default();
            if let Some(Value::Object(properties)) = members.get_mut("properties") {
                for (name, schema) in properties {
                    allow_null(schema);
                    if !required.contains(name) {
                        *schema = json!({"anyOf": [{"enum": [null]}, schema.clone()]});
                    }
                }
            }
            for (name, member) in members {
                if name != "properties" && name != "example" && name != "examples" {
                    allow_null(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        _ => {}
    }
}
