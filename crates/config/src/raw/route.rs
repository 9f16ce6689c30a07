//! `[[route]]`.

use std::time::Duration;

use serde_json::Value;

use crate::place::At;
use crate::place::Place;
use crate::section::Section;

#[derive(Debug)]
pub(crate) struct RawRoute {
    pub(crate) place: Place,
    pub(crate) name: Option<At<String>>,
    pub(crate) host: Option<At<String>>,
    pub(crate) path: Option<At<String>>,
    pub(crate) methods: Option<At<Vec<At<String>>>>,
    pub(crate) upstream: Option<At<String>>,
    pub(crate) static_dir: Option<At<String>>,
    pub(crate) collect_body_bytes: Option<At<u64>>,
    pub(crate) max_body_bytes: Option<At<u64>>,
    pub(crate) body_idle_timeout: Option<At<Duration>>,
    pub(crate) connect_timeout: Option<At<Duration>>,
    pub(crate) upstream_idle_timeout: Option<At<Duration>>,
    pub(crate) public: Option<At<bool>>,
    pub(crate) key_manager: Option<At<Vec<At<String>>>>,
    pub(crate) scope: Option<At<String>>,
    pub(crate) scope_any: Option<At<String>>,
    pub(crate) claims: Vec<RawClaimRule>,
    pub(crate) jwt: Option<At<String>>,
    pub(crate) realm: Option<At<String>>,
    pub(crate) error_format: Option<At<String>>,
    pub(crate) token_in_query: Option<At<bool>>,
    pub(crate) token_in_form: Option<At<bool>>,
    pub(crate) token_cookie: Option<RawCookie>,
    pub(crate) cors: Option<RawCors>,
    pub(crate) rate_limit: Option<RawRateLimit>,
}

#[derive(Debug)]
pub(crate) struct RawClaimRule {
    pub(crate) place: Place,
    pub(crate) claim: Option<At<String>>,
    pub(crate) equals: Option<At<Value>>,
    pub(crate) one_of: Option<At<Vec<Value>>>,
    pub(crate) contains: Option<At<Value>>,
    pub(crate) exists: Option<At<bool>>,
}

#[derive(Debug)]
pub(crate) struct RawCookie {
    pub(crate) place: Place,
    pub(crate) name: Option<At<String>>,
    pub(crate) trusted_origins: Option<At<Vec<At<String>>>>,
}

#[derive(Debug)]
pub(crate) struct RawCors {
    pub(crate) place: Place,
    pub(crate) origins: Option<At<Vec<At<String>>>>,
    pub(crate) methods: Option<At<Vec<At<String>>>>,
    pub(crate) headers: Option<At<Vec<At<String>>>>,
    pub(crate) expose: Option<At<Vec<At<String>>>>,
    pub(crate) credentials: Option<At<bool>>,
    pub(crate) max_age_seconds: Option<At<u64>>,
}

#[derive(Debug)]
pub(crate) struct RawRateLimit {
    pub(crate) place: Place,
    pub(crate) requests: Option<At<u64>>,
    pub(crate) window: Option<At<Duration>>,
    pub(crate) by: Option<At<String>>,
}

impl RawRoute {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            name: section.take("name"),
            host: section.take("host"),
            path: section.take("path"),
            methods: section.list("methods"),
            upstream: section.take("upstream"),
            static_dir: section.take("static_dir"),
            collect_body_bytes: section.take("collect_body_bytes"),
            max_body_bytes: section.take("max_body_bytes"),
            body_idle_timeout: section.take("body_idle_timeout"),
            connect_timeout: section.take("connect_timeout"),
            upstream_idle_timeout: section.take("upstream_idle_timeout"),
            public: section.take("public"),
            key_manager: section.one_or_many("key_manager"),
            scope: section.take("scope"),
            scope_any: section.take("scope_any"),
            claims: section.sections("claims").into_iter().map(RawClaimRule::read).collect(),
            jwt: section.take("jwt"),
            realm: section.take("realm"),
            error_format: section.take("error_format"),
            token_in_query: section.take("token_in_query"),
            token_in_form: section.take("token_in_form"),
            token_cookie: section.section("token_cookie").map(RawCookie::read),
            cors: section.section("cors").map(RawCors::read),
            rate_limit: section.section("rate_limit").map(RawRateLimit::read),
        };
        section.finish();
        raw
    }
}

impl RawClaimRule {
    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            claim: section.take("claim"),
            equals: section.take("equals"),
            one_of: section.values("one_of"),
            contains: section.take("contains"),
            exists: section.take("exists"),
        };
        section.finish();
        raw
    }
}

impl RawCookie {
    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            name: section.take("name"),
            trusted_origins: section.list("trusted_origins"),
        };
        section.finish();
        raw
    }
}

impl RawCors {
    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            origins: section.list("origins"),
            methods: section.list("methods"),
            headers: section.list("headers"),
            expose: section.list("expose"),
            credentials: section.take("credentials"),
            max_age_seconds: section.take("max_age_seconds"),
        };
        section.finish();
        raw
    }
}

impl RawRateLimit {
    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            place: section.place().clone(),
            requests: section.take("requests"),
            window: section.take("window"),
            by: section.take("by"),
        };
        section.finish();
        raw
    }
}
