//! Parameters: those that stay some, and those that are a body.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Object;
use super::parameter;
use crate::parse::InvalidDefinition;

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";
/// What says of a parameter what it is; the rest says what its value is.
const OF_THE_PARAMETER: [&str; 5] = ["name", "in", "description", "required", "allowEmptyValue"];

/// Parameters of an operation or of all of a path.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) plain: Vec<Value>,
    body: Option<Value>,
    form: Vec<Value>,
}

impl Parameters {
    pub(super) fn read(
        list: Option<&Value>,
        path: &str,
        old: &Object,
    ) -> Result<Self, InvalidDefinition> {
        let list = match list {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(InvalidDefinition::Member("parameters")),
        };
        let mut read = Self::default();
        for each in list {
            let meant = parameter(old, each, path)?;
            match meant.get("in").and_then(Value::as_str) {
                Some("body") => read.body = Some(meant.clone()),
                Some("formData") => read.form.push(meant.clone()),
                // What is referred to is converted where it stands.
                _ if each.get("$ref").is_some() => read.plain.push(each.clone()),
                _ => read.plain.push(converted(each)),
            }
        }
        Ok(read)
    }

    /// An operation without a body of its own has that of its path.
    pub(super) fn inherit_body(&mut self, shared: &Self) {
        if self.body.is_none() && self.form.is_empty() {
            self.body.clone_from(&shared.body);
            self.form.clone_from(&shared.form);
        }
    }

    pub(super) fn request_body(&self, consumes: &[String]) -> Option<Value> {
        if let Some(body) = &self.body {
            let schema = body.get("schema").cloned().unwrap_or_else(|| json!({}));
            let content: Object = consumes
                .iter()
                .map(|media_type| (media_type.clone(), json!({"schema": schema})))
                .collect();
            let mut request_body = Object::new();
            for (name, value) in body.as_object().into_iter().flatten() {
                if ["description", "required"].contains(&name.as_str()) || name.starts_with("x-") {
                    request_body.insert(name.clone(), value.clone());
                }
            }
            request_body.insert("content".to_owned(), Value::Object(content));
            return Some(Value::Object(request_body));
        }
        (!self.form.is_empty()).then(|| self.form_body(consumes))
    }

    fn form_body(&self, consumes: &[String]) -> Value {
        let name = |field: &Value| field.get("name")?.as_str().map(str::to_owned);
        let required = |field: &&Value| field.get("required") == Some(&Value::Bool(true));
        let properties: Object = self
            .form
            .iter()
            .filter_map(|field| Some((name(field)?, Value::Object(schema(field, true)))))
            .collect();
        let needed: Vec<String> = self.form.iter().filter(required).filter_map(name).collect();
        let mut form = json!({"type": "object", "properties": properties});
        if let (false, Value::Object(form)) = (needed.is_empty(), &mut form) {
            form.insert("required".to_owned(), json!(needed));
        }
        let has_file = self.form.iter().any(|field| field.get("type") == Some(&json!("file")));
        let mut kinds: Vec<&str> = consumes.iter().map(String::as_str).collect();
        kinds.retain(|kind| [FORM, MULTIPART].contains(kind));
        if kinds.is_empty() {
            kinds = vec![if has_file { MULTIPART } else { FORM }];
        }
        let content: Map<String, Value> =
            kinds.into_iter().map(|kind| (kind.to_owned(), json!({"schema": form}))).collect();
        json!({"content": content})
    }
}

pub(super) fn is_of_body(parameter: &Value) -> bool {
    matches!(parameter.get("in").and_then(Value::as_str), Some("body" | "formData"))
}

/// A parameter that stays one.
pub(super) fn converted(parameter: &Value) -> Value {
    let mut new = Object::new();
    for (name, value) in parameter.as_object().into_iter().flatten() {
        if OF_THE_PARAMETER.contains(&name.as_str()) || name.starts_with("x-") {
            new.insert(name.clone(), value.clone());
        }
    }
    let in_query = parameter.get("in") == Some(&json!("query"));
    let format = parameter.get("collectionFormat").and_then(Value::as_str);
    let style = match (parameter.get("type").and_then(Value::as_str), format) {
        (Some("array"), Some("multi")) => Some(("form", true)),
        (Some("array"), Some("ssv" | "tsv")) if in_query => Some(("spaceDelimited", false)),
        (Some("array"), Some("pipes")) if in_query => Some(("pipeDelimited", false)),
        (Some("array"), _) if in_query => Some(("form", false)),
        _ => None,
    };
    if let Some((style, explode)) = style {
        new.insert("style".to_owned(), json!(style));
        new.insert("explode".to_owned(), json!(explode));
    }
    new.insert("schema".to_owned(), Value::Object(schema(parameter, false)));
    Value::Object(new)
}

/// What the value of a parameter or of a field of a form is.
pub(super) fn schema(parameter: &Value, described: bool) -> Object {
    let members = parameter.as_object().into_iter().flatten();
    let of_the_value = members.filter(|(name, _)| {
        let name = name.as_str();
        let is_of_it = !OF_THE_PARAMETER.contains(&name) || (described && name == "description");
        is_of_it && name != "collectionFormat" && !name.starts_with("x-")
    });
    of_the_value.map(|(name, value)| (name.clone(), value.clone())).collect()
}
