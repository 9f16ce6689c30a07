//! The form in which a definition comes: as a file, as text, or as the place where it is.

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Multipart;
use axum::extract::Request;
use axum::extract::multipart::MultipartError;
use phantom_observe::definition;
use phantom_rest::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;

/// What a form may hold; one of the first four has to be there.
#[derive(Debug, Default)]
pub struct Form {
    file: Option<Bytes>,
    url: Option<String>,
    inline: Option<Bytes>,
    api_definition: Option<Bytes>,
    pub additional_properties: Option<String>,
}

/// A definition: one of these members. OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML, at most 1 MiB.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::DefinitionForm)]
#[allow(dead_code, reason = "describes what `Form` reads")]
pub struct DefinitionForm {
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<String>,
    /// Public addresses only, unless private ones are allowed.
    url: Option<String>,
    #[serde(rename = "inlineAPIDefinition")]
    inline_api_definition: Option<String>,
    api_definition: Option<String>,
}

/// The same, with settings of the API that is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = publisher::ImportForm)]
#[allow(dead_code, reason = "describes what `Form` reads")]
pub struct ImportForm {
    #[schema(value_type = Option<String>, format = Binary)]
    file: Option<String>,
    url: Option<String>,
    #[serde(rename = "inlineAPIDefinition")]
    inline_api_definition: Option<String>,
    /// Members of an API object as JSON: `{"name":"HttpBin","version":"v1","context":"/httpbin"}`.
    additional_properties: Option<String>,
}

impl Form {
    /// The text of the definition, fetched where only its place is named.
    pub async fn definition(self, control: &Control) -> Answer<Bytes> {
        let texts = [self.file, self.inline, self.api_definition];
        let is_given = texts.iter().any(Option::is_some);
        let mut texts = texts.into_iter().flatten().filter(|text| !text.is_empty());
        let url = self.url.filter(|url| !url.is_empty());
        match (texts.next(), texts.next(), url) {
            (Some(text), None, None) => Ok(text),
            (None, None, Some(url)) => Ok(definition::fetch(control, &url).await?.into()),
            (None, None, None) if is_given => Err(Problem::bad_request("The definition is empty")),
            (None, None, None) => {
                Err(Problem::bad_request("One of file, url and inlineAPIDefinition is needed"))
            }
            _ => Err(Problem::bad_request("Only one of file, url and inlineAPIDefinition")),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let is_form = media_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
        if !is_form {
            return Err(Problem::not_of_type("multipart/form-data"));
        }
        let unreadable = |_| Problem::bad_request("The form cannot be read.");
        let mut parts = Multipart::from_request(request, state).await.map_err(unreadable)?;
        let mut form = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|error| refused(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            let content = part.bytes().await.map_err(|error| refused(&error))?;
            form.take(&name, content)?;
        }
        Ok(form)
    }
}

impl Form {
    /// Parts of other names are passed over.
    fn take(&mut self, name: &str, content: Bytes) -> Answer<()> {
        let twice = match name {
            "file" => self.file.replace(content).is_some(),
            "inlineAPIDefinition" => self.inline.replace(content).is_some(),
            "apiDefinition" => self.api_definition.replace(content).is_some(),
            "url" => self.url.replace(utf8(name, &content)?).is_some(),
            "additionalProperties" => {
                self.additional_properties.replace(utf8(name, &content)?).is_some()
            }
            _ => false,
        };
        if twice {
            return Err(Problem::bad_request(format!("{name}: stands twice")));
        }
        Ok(())
    }
}

fn utf8(name: &str, content: &[u8]) -> Answer<String> {
    let text = std::str::from_utf8(content).map(str::to_owned);
    text.map_err(|_| Problem::bad_request(format!("{name}: not UTF-8")))
}

fn refused(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::too_large();
    }
    Problem::bad_request("The form cannot be read.")
}
