//! Where gateways serve an API.

use phantom_access::plane::Settings;
use phantom_definition::Transport;
use phantom_manage::apis::Api;
use phantom_manage::apis::rules;

/// One path of an API, by the transports that it is served over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    pub http: Option<String>,
    pub https: Option<String>,
}

impl Addresses {
    /// With the version.
    #[must_use]
    pub fn of_version(settings: &Settings, api: &Api) -> Self {
        Self::of(settings, api, &api.path())
    }

    /// Without the version, where this one is the default.
    #[must_use]
    pub fn of_default(settings: &Settings, api: &Api) -> Self {
        match rules::default_path(&api.row.context) {
            Some(path) if api.document.is_default_version => Self::of(settings, api, &path),
            _ => Self::default(),
        }
    }

    pub(super) fn of(settings: &Settings, api: &Api, path: &str) -> Self {
        let at = |transport: Transport, base: Option<&String>| {
            let base = base.filter(|_| api.document.transport.contains(&transport))?;
            Some(format!("{base}{path}"))
        };
        Self {
            http: at(Transport::Http, settings.gateway_http_url.as_ref()),
            https: at(Transport::Https, Some(&settings.gateway_https_url)),
        }
    }
}
