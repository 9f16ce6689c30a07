//! Where gateways serve an API.

use phantom_manage::Settings;
use phantom_manage::apis::Api;
use phantom_manage::apis::document::Transport;
use phantom_manage::apis::rules;
use phantom_manage::revisions::DeploymentRow;
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
        urls: urls(settings, api, &api.path()),
        default_version_urls: match rules::default_path(&api.row.context) {
            Some(path) if api.document.is_default_version => urls(settings, api, &path),
            _ => Urls::default(),
        },
    };
    shown.map(at).collect()
}

fn urls(settings: &Settings, api: &Api, path: &str) -> Urls {
    let at = |transport: Transport, base: Option<&String>| {
        let base = base.filter(|_| api.document.transport.contains(&transport))?;
        Some(format!("{base}{path}"))
    };
    Urls {
        http: at(Transport::Http, settings.gateway_http_url.as_ref()),
        https: at(Transport::Https, Some(&settings.gateway_https_url)),
        ws: None,
        wss: None,
    }
}
