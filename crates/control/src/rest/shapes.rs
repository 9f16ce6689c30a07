//! What types do not name one by one, written into the OpenAPI document.

use phantom_manage::json::shape::SHAPES;
use phantom_manage::json::shape::Verbatim;
use serde_json::Value;
use serde_json::json;
use utoipa::openapi::Components;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::RefOr;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::schema::SchemaType;

pub(super) fn describe(components: &mut Components) {
    for shape in SHAPES {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue).build();
        let ours = shape.ours.split_whitespace().map(|name| (name, Some(any.clone().into())));
        let kept = shape.kept().map(|(name, verbatim)| (name, read(schema(verbatim))));
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(shape.schema) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            for (name, member) in ours.chain(kept) {
                object.properties.extend(member.map(|schema| (name.to_owned(), schema)));
            }
        }
        for (_, verbatim) in shape.kept() {
            if let Verbatim::OneOf(name, texts) = verbatim {
                let named = read(json!({"type": "string", "enum": texts}));
                components.schemas.extend(named.map(|schema| (name.to_owned(), schema)));
            }
        }
    }
}

fn schema(verbatim: Verbatim) -> Value {
    match verbatim {
        Verbatim::Flag => json!({"type": ["boolean", "null"]}),
        Verbatim::Number => json!({"type": ["integer", "null"], "format": "int64"}),
        Verbatim::Text => json!({"type": ["string", "null"]}),
        Verbatim::Texts => json!({"type": ["array", "null"], "items": {"type": "string"}}),
        Verbatim::Object => json!({"type": ["object", "null"]}),
        Verbatim::Objects => json!({"type": ["array", "null"], "items": {"type": "object"}}),
        Verbatim::OneOf(name, _) => json!({"oneOf": [
            {"$ref": format!("#/components/schemas/{name}")}, {"type": "null"},
        ]}),
    }
}

fn read(schema: Value) -> Option<RefOr<Schema>> {
    serde_json::from_value(schema).ok()
}
