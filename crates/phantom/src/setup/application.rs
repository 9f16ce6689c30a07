//! The application with its consumer key and its subscription.

use serde_json::json;

use super::DEVPORTAL;
use super::Environment;
use super::Steps;
use super::entries;
use super::listed;
use super::rest;
use super::text;

impl Steps<'_> {
    /// Its id: of the one of that name, else of the one that has the consumer key, which was renamed.
    pub(super) async fn application(&mut self) -> anyhow::Result<String> {
        let name = &self.environment.application;
        let path = format!("{DEVPORTAL}/applications?limit=100&query={}", rest::encoded(name));
        let found = self.rest.get(&path).await?;
        if let Some(application) = listed(&found, "name", name) {
            let id = text(application, "applicationId");
            self.tell(&format!("application {name}: there already"));
            return id;
        }
        if let Some((id, now)) = self.application_of_the_key().await? {
            self.tell(&format!("application {name}: there already as {now}"));
            return Ok(id);
        }
        let body = json!({
            "name": name, "throttlingPolicy": "Unlimited", "description": "Made by set-up",
            "tokenType": "JWT",
        });
        let made = self.rest.post(&format!("{DEVPORTAL}/applications"), &body).await?;
        self.tell(&format!("application {name}: made"));
        text(&made, "applicationId")
    }

    async fn application_of_the_key(&self) -> anyhow::Result<Option<(String, String)>> {
        let all = self.rest.get(&format!("{DEVPORTAL}/applications?limit=100")).await?;
        for application in entries(&all) {
            let id = text(application, "applicationId")?;
            let keys = self.rest.get(&format!("{DEVPORTAL}/applications/{id}/oauth-keys")).await?;
            if listed(&keys, "consumerKey", &self.environment.consumer_key).is_some() {
                return Ok(Some((id, text(application, "name")?)));
            }
        }
        Ok(None)
    }

    pub(super) async fn mapping(
        &mut self,
        application: &str,
        key_manager: &str,
    ) -> anyhow::Result<()> {
        let key = &self.environment.consumer_key;
        let path = format!("{DEVPORTAL}/applications/{application}");
        let keys = self.rest.get(&format!("{path}/oauth-keys")).await?;
        if listed(&keys, "consumerKey", key).is_some() {
            self.tell(&format!("consumer key {key}: mapped already"));
            return Ok(());
        }
        let body = json!({
            "consumerKey": key, "consumerSecret": "not-used",
            "keyManager": key_manager, "keyType": "PRODUCTION",
        });
        self.rest.post(&format!("{path}/map-keys"), &body).await?;
        self.tell(&format!("consumer key {key}: mapped"));
        Ok(())
    }

    pub(super) async fn subscription(
        &mut self,
        application: &str,
        api: &str,
    ) -> anyhow::Result<()> {
        let Environment { application: app, api_name: name, .. } = self.environment;
        let path = format!("{DEVPORTAL}/subscriptions?limit=100&applicationId={application}");
        let there = self.rest.get(&path).await?;
        if listed(&there, "apiId", api).is_some() {
            self.tell(&format!("subscription of {app} to {name}: there already"));
            return Ok(());
        }
        let body =
            json!({"applicationId": application, "apiId": api, "throttlingPolicy": "Unlimited"});
        self.rest.post(&format!("{DEVPORTAL}/subscriptions"), &body).await?;
        self.tell(&format!("subscription of {app} to {name}: made"));
        Ok(())
    }
}
