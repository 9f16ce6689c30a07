//! `[gateway]`.

use std::time::Duration;

use crate::place::At;
use crate::section::Section;

#[derive(Debug, Default)]
pub(crate) struct RawGateway {
    pub(crate) workers: Option<At<u64>>,
    pub(crate) request_header_timeout: Option<At<Duration>>,
    pub(crate) drain_delay: Option<At<Duration>>,
    pub(crate) drain_timeout: Option<At<Duration>>,
    pub(crate) error_format: Option<At<String>>,
    pub(crate) data_dir: Option<At<String>>,
    pub(crate) issuer: Option<At<String>>,
    pub(crate) trusted_proxies: Option<At<Vec<At<String>>>>,
    pub(crate) via: Option<At<String>>,
    pub(crate) request_id: Option<At<bool>>,
    pub(crate) access_log: Option<At<String>>,
    pub(crate) access_log_file: Option<At<String>>,
    pub(crate) upstream_ca_file: Option<At<String>>,
    pub(crate) limits: RawLimits,
}

#[derive(Debug, Default)]
pub(crate) struct RawLimits {
    pub(crate) max_header_bytes: Option<At<u64>>,
    pub(crate) max_fields: Option<At<u64>>,
    pub(crate) max_target_bytes: Option<At<u64>>,
    pub(crate) max_response_header_bytes: Option<At<u64>>,
    pub(crate) max_response_fields: Option<At<u64>>,
    pub(crate) keep_alive_timeout: Option<At<Duration>>,
    pub(crate) body_idle_timeout: Option<At<Duration>>,
    pub(crate) connect_timeout: Option<At<Duration>>,
    pub(crate) upstream_idle_timeout: Option<At<Duration>>,
    pub(crate) max_connections: Option<At<u64>>,
    pub(crate) max_connections_per_source: Option<At<u64>>,
    pub(crate) max_concurrent_streams: Option<At<u64>>,
    pub(crate) max_idle_upstream: Option<At<u64>>,
    pub(crate) upstream_keep_alive: Option<At<Duration>>,
    pub(crate) max_form_bytes: Option<At<u64>>,
    pub(crate) max_drain_bytes: Option<At<u64>>,
}

impl RawGateway {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            workers: section.take("workers"),
            request_header_timeout: section.take("request_header_timeout"),
            drain_delay: section.take("drain_delay"),
            drain_timeout: section.take("drain_timeout"),
            error_format: section.take("error_format"),
            data_dir: section.take("data_dir"),
            issuer: section.take("issuer"),
            trusted_proxies: section.list("trusted_proxies"),
            via: section.take("via"),
            request_id: section.take("request_id"),
            access_log: section.take_like("access_log", "\"json\", \"text\" or \"off\""),
            access_log_file: section.take("access_log_file"),
            upstream_ca_file: section.take("upstream_ca_file"),
            limits: section.section("limits").map(RawLimits::read).unwrap_or_default(),
        };
        section.finish();
        raw
    }
}

impl RawLimits {
    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            max_header_bytes: section.take("max_header_bytes"),
            max_fields: section.take("max_fields"),
            max_target_bytes: section.take("max_target_bytes"),
            max_response_header_bytes: section.take("max_response_header_bytes"),
            max_response_fields: section.take("max_response_fields"),
            keep_alive_timeout: section.take("keep_alive_timeout"),
            body_idle_timeout: section.take("body_idle_timeout"),
            connect_timeout: section.take("connect_timeout"),
            upstream_idle_timeout: section.take("upstream_idle_timeout"),
            max_connections: section.take("max_connections"),
            max_connections_per_source: section.take("max_connections_per_source"),
            max_concurrent_streams: section.take("max_concurrent_streams"),
            max_idle_upstream: section.take("max_idle_upstream"),
            upstream_keep_alive: section.take("upstream_keep_alive"),
            max_form_bytes: section.take("max_form_bytes"),
            max_drain_bytes: section.take("max_drain_bytes"),
        };
        section.finish();
        raw
    }
}
