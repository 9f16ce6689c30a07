//! `[control]`.

use crate::place::At;
use crate::place::Place;
use crate::raw::RawSecret;
use crate::raw::RawTls;
use crate::section::Section;

#[derive(Debug)]
pub(crate) struct RawControl {
    pub(crate) place: Place,
    pub(crate) bind: Option<At<String>>,
    pub(crate) tls: Option<RawTls>,
    pub(crate) public_url: Option<At<String>>,
    pub(crate) gateway_https_url: Option<At<String>>,
    pub(crate) gateway_http_url: Option<At<String>>,
    pub(crate) database: Option<At<RawSecret>>,
    pub(crate) sealing_key: Option<At<RawSecret>>,
    pub(crate) admin_password: Option<At<RawSecret>>,
    pub(crate) ca_file: Option<At<String>>,
    pub(crate) allow_private: Option<At<bool>>,
    pub(crate) allow_local_endpoints: Option<At<bool>>,
}

impl RawControl {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            bind: section.take("bind"),
            tls: section.section("tls").map(RawTls::read),
            public_url: section.take("public_url"),
            gateway_https_url: section.take("gateway_https_url"),
            gateway_http_url: section.take("gateway_http_url"),
            database: RawSecret::take(&mut section, "database"),
            sealing_key: RawSecret::take(&mut section, "sealing_key"),
            admin_password: RawSecret::take(&mut section, "admin_password"),
            ca_file: section.take("ca_file"),
            allow_private: section.take("allow_private"),
            allow_local_endpoints: section.take("allow_local_endpoints"),
        };
        section.finish();
        raw
    }
}
