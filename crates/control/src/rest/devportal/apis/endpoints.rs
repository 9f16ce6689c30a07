//! Where gateways serve an API.

use phantom_access::Settings;
use phantom_manage::apis::Api;
use phantom_manage::revisions::DeploymentRow;
use phantom_subscribe::subscriptions::visible::Addresses;
use serde::Serialize;
use utoipa::ToSchema;

/// The API at one environment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = devportal::EndpointUrls)]
pub struct EndpointUrls {
    environment_name: String,
    environment_display_name: String,
    environment_type: &'static str,
    #[serde(rename = "URLs")]
    urls: Urls,
    /// Without the version, which is another's or this one.
    #[serde(rename = "defaultVersionURLs")]
    default_version_urls: Urls,
}

#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = devportal::Urls)]
pub(super) struct Urls {
    http: Option<String>,
    https: Option<String>,
    ws: Option<String>,
    wss: Option<String>,
}

impl EndpointUrls {
    pub fn environment(&self) -> String {
        self.environment_name.clone()
    }
}

/// Of each environment that serves the API and shows it here.
pub(super) fn of(
    settings: &Settings,
    api: &Api,
    deployments: &[DeploymentRow],
) -> Vec<EndpointUrls> {
    let shown = deployments.iter().filter(|deployment| deployment.display_on_devportal);
    let at = |deployment: &DeploymentRow| EndpointUrls {
        environment_name: deployment.environment.clone(),
        environment_display_name: deployment.environment.clone(),
        environment_type: "hybrid",
        urls: Addresses::of_version(settings, api).into(),
        default_version_urls: Addresses::of_default(settings, api).into(),
    };
    shown.map(at).collect()
}

impl From<Addresses> for Urls {
    fn from(Addresses { http, https }: Addresses) -> Self {
        Self { http, https, ws: None, wss: None }
    }
}
