//! What answers are held against: the facts of WSO2's descriptions, and our own document.

mod facts;
mod schema;

use std::collections::HashMap;
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

const ADMIN: &str = include_str!("../../wso2/admin.yaml");
const PUBLISHER: &str = include_str!("../../wso2/publisher.yaml");
const DEVPORTAL: &str = include_str!("../../wso2/devportal.yaml");

/// Where WSO2's description is not what its server sends, or we differ on purpose (rows 12 and 11 of
/// `tests/e2e/rows/wso2.txt`). Method, path, status.
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
                Description::of_wso2("WSO2's admin", "/api/am/admin/v4", ADMIN),
                Description::of_wso2("WSO2's publisher", "/api/am/publisher/v4", PUBLISHER),
                Description::of_wso2("WSO2's devportal", "/api/am/devportal/v3", DEVPORTAL),
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

    fn of_wso2(name: &'static str, base: &'static str, text: &str) -> Self {
        let options = serde_saphyr::options! { budget: None };
        let facts: Value = serde_saphyr::from_str_with_options(text, options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut document = facts::document(&facts);
        allow_null(&mut document);
        Self::new(name, base, document, false)
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
                if name != "properties" {
                    allow_null(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        _ => {}
    }
}

#[test]
fn the_facts_of_wso2_are_all_there() {
    for (text, operations, schemas) in
        [(ADMIN, 120, 105), (PUBLISHER, 265, 158), (DEVPORTAL, 108, 79)]
    {
        let document = Description::of_wso2("WSO2's", "", text).document;
        let paths = document["paths"].as_object().unwrap();
        let count: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
        let named = document["components"]["schemas"].as_object().unwrap().len();
        assert_eq!((count, named), (operations, schemas));
    }
}

#[test]
fn an_answer_that_is_not_as_wso2_says_is_found() {
    let devportal = Description::of_wso2("WSO2's", "/api", DEVPORTAL);
    let application = json!({"name": "A", "throttlingPolicy": "Unlimited", "tokenType": "JWT"});
    let with = |member: &str, value: Value| {
        let mut changed = application.clone();
        changed[member] = value;
        changed
    };
    let mut nameless = application.clone();
    nameless.as_object_mut().unwrap().remove("name");
    for (found, status, body) in [
        (false, 200, application.clone()),
        (false, 200, with("description", Value::Null)),
        (true, 200, with("description", json!(1))),
        (true, 200, with("subscriptionCount", json!("1"))),
        (true, 200, with("tokenType", json!("NONE"))),
        (true, 200, with("name", json!("n".repeat(101)))),
        (true, 200, with("groups", json!("all"))),
        (true, 200, nameless),
        (false, 404, json!({"code": 404, "message": "Not Found"})),
        (true, 404, json!({"code": "404", "message": "Not Found"})),
        (true, 404, json!({"message": "Not Found"})),
    ] {
        let answer = Answer::made(status, body);
        let told = devportal.check("GET", "/api/applications/1", &answer);
        assert_eq!(told.is_err(), found, "{told:?}: {answer:?}");
    }
}

#[test]
fn a_fact_is_read_as_the_schema_it_stands_for() {
    for (fact, expected) in [
        (json!("any"), json!({})),
        (json!("string"), json!({"type": "string"})),
        (json!("API"), json!({"$ref": "#/components/schemas/API"})),
        (json!(["API"]), json!({"type": "array", "items": {"$ref": "#/components/schemas/API"}})),
        (
            json!({"a!": "string", "b": ["integer"], "$maxProperties": 2}),
            json!({
                "type": "object",
                "required": ["a"],
                "properties": {
                    "a": {"type": "string"},
                    "b": {"type": "array", "items": {"type": "integer"}},
                },
                "maxProperties": 2,
            }),
        ),
        (
            json!({"$type": "string", "$enum": ["A", "B"]}),
            json!({"type": "string", "enum": ["A", "B"]}),
        ),
        (
            json!({"$type": "object", "$additionalProperties": "string", "$required": ["c"]}),
            json!({"type": "object", "additionalProperties": {"type": "string"}, "required": ["c"]}),
        ),
        (json!({"a": "any", "$type": null}), json!({"properties": {"a": {}}})),
        (
            json!({"$allOf": ["A", {"b": "string"}]}),
            json!({"allOf": [
                {"$ref": "#/components/schemas/A"},
                {"type": "object", "properties": {"b": {"type": "string"}}},
            ]}),
        ),
    ] {
        assert_eq!(schema::schema(&fact), expected, "{fact}");
    }
}
