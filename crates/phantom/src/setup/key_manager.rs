//! The key manager of the authorization server.

use anyhow::bail;
use serde_json::Value;
use serde_json::json;

use super::ADMIN;
use super::Environment;
use super::STAYS;
use super::Steps;
use super::differing;
use super::entries;
use super::id_of;
use super::listed;
use super::rest::Rest;
use super::text;

impl Steps<'_> {
    /// Its name, which may have been changed since.
    pub(super) async fn key_manager(&mut self) -> anyhow::Result<String> {
        let wanted = self.environment.key_manager.clone();
        let Some(there) = self.key_manager_there().await? else {
            let made = described(&self.rest, self.environment).await?;
            self.rest.post(&format!("{ADMIN}/key-managers"), &made).await?;
            self.tell(&format!("key manager {wanted}: made"));
            return Ok(wanted);
        };
        let name = text(&there, "name")?;
        match name == wanted {
            true => self.tell(&format!("key manager {name}: there already{}", self.other(&there))),
            false => self.tell(&format!("key manager {wanted}: there already as {name}")),
        }
        if let Some(led_on) = self.led_on(&there) {
            let path = format!("{ADMIN}/key-managers/{}", id_of(&there)?);
            self.rest.put(&path, &led_on).await?;
            self.tell(&format!("key manager {name}: led to where the server is now"));
        }
        Ok(name)
    }

    /// What is not as it was asked for now: what is there is not changed, since APIs rest on it.
    fn other(&self, there: &Value) -> String {
        let here = self.led_on(there);
        let here = here.as_ref().unwrap_or(there);
        let environment = self.environment;
        let differing = differing(
            here,
            &[
                ("IDSVR_WELL_KNOWN", "/wellKnownEndpoint", &environment.well_known),
                (
                    "INTROSPECTION_CLIENT_ID",
                    "/additionalProperties/client_id",
                    &environment.introspection_client_id,
                ),
                (
                    "EXPECTED_AUDIENCE",
                    "/additionalProperties/expected_audience",
                    &environment.expected_audience,
                ),
                ("CLOCK_SKEW", "/additionalProperties/clock_skew", &environment.clock_skew),
                (
                    "CACHE_MAX_ENTRIES",
                    "/additionalProperties/cache_max_entries",
                    &environment.cache_max_entries,
                ),
            ],
        );
        match differing.is_empty() {
            true => String::new(),
            false => {
                format!("{differing}: {STAYS}; change it there, or choose another KEY_MANAGER_NAME")
            }
        }
    }

    /// The one of that name, else the one of the same authorization server: two would be asked about the
    /// same tokens.
    async fn key_manager_there(&self) -> anyhow::Result<Option<Value>> {
        let rest = &self.rest;
        let all = rest.get(&format!("{ADMIN}/key-managers")).await?;
        let whole =
            |id: String| async move { rest.get(&format!("{ADMIN}/key-managers/{id}")).await };
        if let Some(named) = listed(&all, "name", &self.environment.key_manager) {
            return Ok(Some(whole(id_of(named)?).await?));
        }
        let well_known = &self.environment.well_known;
        for entry in entries(&all) {
            let document = whole(id_of(entry)?).await?;
            let here = self.led_on(&document);
            let here = here.as_ref().unwrap_or(&document);
            if here.get("wellKnownEndpoint").is_some_and(|url| url == well_known) {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }
}

async fn described(rest: &Rest, environment: &Environment) -> anyhow::Result<Value> {
    let discovered = discover(rest, environment).await?;
    let body = json!({
        "name": environment.key_manager,
        "type": "CurityPhantomToken",
        "enabled": true,
        "enableTokenGeneration": false,
        "enableMapOAuthConsumerApps": false,
        "enableOAuthAppCreation": false,
        "enableSelfValidationJWT": true,
        "consumerKeyClaim": "aud",
        "scopesClaim": "scope",
        "tokenType": "DIRECT",
        "permissions": {"permissionType": "PUBLIC", "roles": []},
        "additionalProperties": {
            "client_id": environment.introspection_client_id,
            "client_secret": environment.introspection_client_secret.expose(),
            "expected_audience": environment.expected_audience,
            "clock_skew": environment.clock_skew,
            "cache_max_entries": environment.cache_max_entries,
        },
    });
    let taken = [
        "issuer",
        "introspectionEndpoint",
        "tokenEndpoint",
        "revokeEndpoint",
        "authorizeEndpoint",
        "userInfoEndpoint",
        "certificates",
        "wellKnownEndpoint",
    ];
    let mut members = body.as_object().cloned().unwrap_or_default();
    for member in taken {
        if let Some(value) = discovered.get(member).filter(|value| !value.is_null()) {
            members.insert(member.to_owned(), value.clone());
        }
    }
    Ok(Value::Object(members))
}

/// What the server's metadata says, as the Import button does.
async fn discover(rest: &Rest, environment: &Environment) -> anyhow::Result<Value> {
    let parts = [("url", environment.well_known.as_str()), ("type", "CurityPhantomToken")];
    let found = rest.multipart(&format!("{ADMIN}/key-managers/discover"), &parts).await?;
    let value = found.get("value").filter(|value| value.is_object());
    let Some(value) = value else {
        bail!(
            "no metadata could be read from {}: is the authorization server running, and does the \
             control plane believe its certificate ([control] ca_file)? Its log has the reason",
            environment.well_known
        );
    };
    Ok(value.clone())
}
