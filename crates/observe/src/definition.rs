//! Definitions that are named by their place alone.

use phantom_access::plane::Control;
use phantom_access::plane::Outgoing;
use phantom_definition::MAX_DEFINITION;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use phantom_terms::text;

/// The text that is there.
pub async fn fetch(control: &Control, url: &str) -> Outcome<Vec<u8>> {
    const ACCEPT: &str = "application/json, application/yaml;q=0.9, */*;q=0.5";
    let place = text::url("url", url)?;
    let fetched = control.egress().fetch(&place, ACCEPT, MAX_DEFINITION).await;
    fetched.map_err(|error| {
        let host = place.host_str().unwrap_or_default();
        tracing::warn!(host, %error, "a definition could not be fetched");
        Refusal::invalid(format!("url: the definition could not be fetched: {error}"))
    })
}
