//! What answers of several APIs have in common: places, times, and the errors that operations
//! describe.

use std::collections::BTreeMap;

use http::HeaderValue;
use http::StatusCode;
use phantom_access::Control;
use phantom_core::UnixTime;
use phantom_terms::refusal::Refusal;
use utoipa::IntoResponses;
use utoipa::openapi::ContentBuilder;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Response;
use utoipa::openapi::ResponseBuilder;

use crate::problem::Answer;

/// Where something that was made is read: a path of the API with that base.
pub fn location(control: &Control, base: &str, path: &str) -> Answer<HeaderValue> {
    let url = format!("{}{base}{path}", control.settings.public_url);
    let location = HeaderValue::try_from(url);
    Ok(location.map_err(Refusal::because("a location is no header"))?)
}

/// Times as the portals write most of them.
pub fn millis(time: UnixTime) -> String {
    time.as_millis().to_string()
}

macro_rules! errors {
    ($( $(#[$doc:meta])* $name:ident: $($status:literal)*; )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$(($status.to_string(), error($status))),*])
            }
        }
    )* };
}

errors! {
    /// Of lists.
    ListErrors: 400 401 429 503;
    /// Of reads of one thing that everybody may see.
    ReadErrors: 400 401 404 429 503;
    /// Of reads of one's own.
    OwnReadErrors: 400 401 403 404 429 503;
    /// Of writes that make something.
    CreateErrors: 400 401 403 404 409 413 415 429 503;
    /// Of writes that cannot meet anything that is there already.
    ActErrors: 400 401 413 415 429 503;
    /// Of writes that change something.
    UpdateErrors: 400 401 403 404 409 412 413 415 429 503;
    /// Of writes that take no body.
    DeleteErrors: 400 401 403 404 409 412 429 503;
    /// Of the Admin API, where nothing is anybody's own.
    AdminCreateErrors: 400 401 409 413 415 429 503;
    AdminUpdateErrors: 400 401 404 409 412 413 415 429 503;
    AdminDeleteErrors: 400 401 404 409 412 429 503;
}

fn error(status: u16) -> RefOr<Response> {
    let schema = Ref::from_schema_name("Error");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    ResponseBuilder::new()
        .description(reason.unwrap_or_default())
        .content("application/json", content)
        .build()
        .into()
}
