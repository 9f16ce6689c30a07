//! The form in which a definition comes: as a file, as text, or as the place where it is.

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Multipart;
use axum::extract::Request;
use axum::extract::multipart::MultipartError;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use crate::app::definition::MAX_DEFINITION;
use crate::app::text;
use crate::plane::Control;
use crate::problem::Outcome;
use crate::problem::Problem;

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
    pub async fn definition(self, control: &Control) -> Outcome<Bytes> {
        let texts = [self.file, self.inline, self.api_definition];
        let mut texts = texts.into_iter().flatten().filter(|text| !text.is_empty());
        let url = self.url.filter(|url| !url.is_empty());
        match (texts.next(), texts.next(), url) {
            (Some(text), None, None) => Ok(text),
            (None, None, Some(url)) => fetched(control, &url).await,
            (None, None, None) => {
                Err(Problem::bad_request("One of file, url and inlineAPIDefinition is needed"))
            }
            _ => Err(Problem::bad_request("Only one of file, url and inlineAPIDefinition")),
        }
    }
}

async fn fetched(control: &Control, url: &str) -> Outcome<Bytes> {
    const ACCEPT: &str = "application/json, application/yaml;q=0.9, */*;q=0.5";
    let place: Url = text::url("url", url)?;
    let fetched = control.egress.fetch(&place, ACCEPT, MAX_DEFINITION).await;
    fetched.map(Bytes::from).map_err(|error| {
        let host = place.host_str().unwrap_or_default();
        tracing::warn!(host, %error, "a definition could not be fetched");
        Problem::bad_request("url: the definition could not be fetched")
    })
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let is_form = media_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
        if !is_form {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            let description = "The body has to be multipart/form-data.";
            return Err(Problem::new(status, "Unsupported Media Type", description));
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
    fn take(&mut self, name: &str, content: Bytes) -> Outcome<()> {
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

fn utf8(name: &str, content: &[u8]) -> Outcome<String> {
    let text = std::str::from_utf8(content).map(str::to_owned);
    text.map_err(|_| Problem::bad_request(format!("{name}: not UTF-8")))
}

fn refused(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        return Problem::new(status, "Payload Too Large", "The body is longer than 1 MiB.");
    }
    Problem::bad_request("The form cannot be read.")
}
