//! `[[listener]]`.

use crate::place::At;
use crate::place::Place;
use crate::section::Section;

#[derive(Debug)]
pub(crate) struct RawListener {
    pub(crate) place: Place,
    pub(crate) bind: Option<At<String>>,
    pub(crate) tls: Option<RawTls>,
    pub(crate) self_signed: Option<At<bool>>,
    pub(crate) http2: Option<At<bool>>,
    pub(crate) proxy_protocol: Option<At<bool>>,
    pub(crate) behind_tls: Option<At<bool>>,
    pub(crate) serve: Option<At<String>>,
}

#[derive(Debug)]
pub(crate) struct RawTls {
    pub(crate) place: Place,
    pub(crate) cert: Option<At<String>>,
    pub(crate) key: Option<At<String>>,
    pub(crate) client_ca: Option<At<String>>,
}

impl RawListener {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            bind: section.take_like("bind", "an address and a port, as \"127.0.0.1:8080\""),
            tls: section.section("tls").map(RawTls::read),
            self_signed: section.take("self_signed"),
            http2: section.take("http2"),
            proxy_protocol: section.take("proxy_protocol"),
            behind_tls: section.take("behind_tls"),
            serve: section.take("serve"),
        };
        section.finish();
        raw
    }
}

impl RawTls {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            cert: section.take("cert"),
            key: section.take("key"),
            client_ca: section.take("client_ca"),
        };
        section.finish();
        raw
    }
}
