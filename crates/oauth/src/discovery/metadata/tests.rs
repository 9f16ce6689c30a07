use serde_json::json;

use super::*;

const ISSUER: &str = "https://as.example.com/tenant";

fn rules() -> DocumentRules {
    DocumentRules { issuer: ISSUER.into(), allowed_hosts: vec!["keys.example.net".into()] }
}

fn parse(document: &Value) -> Result<Metadata, InvalidMetadata> {
    let well_known = WellKnown::OpenId.address(ISSUER).unwrap();
    Metadata::parse(document.to_string().as_bytes(), &well_known, &rules())
}

/// Rows: DSC-1
#[test]
fn the_document_stands_where_each_standard_says() {
    for (issuer, openid, oauth) in [
        (
            "https://as.example.com",
            "https://as.example.com/.well-known/openid-configuration",
            "https://as.example.com/.well-known/oauth-authorization-server",
        ),
        (
            "https://as.example.com/tenant",
            "https://as.example.com/tenant/.well-known/openid-configuration",
            "https://as.example.com/.well-known/oauth-authorization-server/tenant",
        ),
        (
            "https://as.example.com/tenant/",
            "https://as.example.com/tenant/.well-known/openid-configuration",
            "https://as.example.com/.well-known/oauth-authorization-server/tenant",
        ),
    ] {
        assert_eq!(WellKnown::OpenId.address(issuer).unwrap().as_str(), openid);
        assert_eq!(WellKnown::OAuth.address(issuer).unwrap().as_str(), oauth);
    }
}

/// Rows: DSC-2
#[test]
fn the_issuer_follows_from_a_configured_address() {
    for (well_known, issuer) in [
        ("https://a.b/t/.well-known/openid-configuration", Some("https://a.b/t")),
        ("https://a.b/.well-known/oauth-authorization-server/t", Some("https://a.b/t")),
        ("https://a.b/.well-known/oauth-authorization-server", Some("https://a.b")),
        ("https://A.b:443/.well-known/openid-configuration", Some("https://A.b:443")),
        ("https://a.b/.well-known/oauth-authorization-serverx", None),
        ("https://a.b/metadata.json", None),
    ] {
        assert_eq!(WellKnown::issuer_of(well_known).as_deref(), issuer, "{well_known}");
    }
}

/// Rows: DSC-2
#[test]
fn a_document_of_another_issuer_is_discarded() {
    assert!(parse(&json!({"issuer": ISSUER})).is_ok());
    for issuer in [
        json!("https://as.example.com/tenant/"),
        json!("https://AS.example.com/tenant"),
        json!("https://as.example.com"),
        json!(""),
        json!(null),
        json!([ISSUER]),
    ] {
        let parsed = parse(&json!({"issuer": issuer}));
        assert!(matches!(parsed, Err(InvalidMetadata::Issuer { .. })), "{issuer}");
    }
    assert!(matches!(parse(&json!({})), Err(InvalidMetadata::Issuer { .. })));
}

/// Rows: DSC-4
#[test]
fn endpoints_are_https_and_on_a_known_host() {
    let of = |uri: &str| parse(&json!({"issuer": ISSUER, "jwks_uri": uri})).unwrap().jwks_uri;
    let own = of("https://as.example.com:9443/jwks").unwrap().unwrap();
    assert!(!own.guarded);
    let listed = of("https://keys.example.net/jwks").unwrap().unwrap();
    assert!(listed.guarded, "a listed host is watched when we connect");
    let plain = of("http://as.example.com/jwks");
    assert!(matches!(plain, Some(Err(InvalidEndpoint::NotHttps { .. }))));
    for uri in [
        "https://evil.example/jwks",
        "https://as.example.com.evil.example/jwks",
        "https://xkeys.example.net/jwks",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/jwks",
    ] {
        assert!(matches!(of(uri), Some(Err(InvalidEndpoint::OtherHost { .. }))), "{uri}");
    }
    for uri in ["", "jwks", "https://", "https://u:p@as.example.com/jwks"] {
        assert!(matches!(of(uri), Some(Err(InvalidEndpoint::NotAUrl { .. }))), "{uri}");
    }
    let file = of("file:///etc/passwd");
    assert!(matches!(file, Some(Err(InvalidEndpoint::NotHttps { .. }))));
}

/// Rows: PITFALL-7
#[test]
fn metadata_cannot_send_introspection_elsewhere() {
    let endpoint = json!("https://evil.example/introspect");
    let direct = json!({"issuer": ISSUER, "introspection_endpoint": endpoint});
    let parsed = parse(&direct).unwrap().introspection_endpoint;
    assert!(matches!(parsed, Some(Err(InvalidEndpoint::OtherHost { .. }))));
    let alias = json!({
        "issuer": ISSUER, "mtls_endpoint_aliases": {"introspection_endpoint": endpoint}
    });
    let parsed = parse(&alias).unwrap().mtls_introspection_endpoint;
    assert!(matches!(parsed, Some(Err(InvalidEndpoint::OtherHost { .. }))));
}

/// Rows: DSC-2
#[test]
fn of_a_document_only_what_is_needed_has_to_be_valid() {
    let introspection = "https://as.example.com/introspect";
    let odd = json!({
        "issuer": ISSUER,
        "introspection_endpoint": introspection,
        "jwks_uri": "https://elsewhere.example/jwks",
        "mtls_endpoint_aliases": {"introspection_endpoint": 7},
        "introspection_endpoint_auth_signing_alg_values_supported": null,
        "userinfo_endpoint": null,
        "registration_endpoint": ["ftp://x"],
    });
    let metadata = parse(&odd).unwrap();
    assert_eq!(metadata.introspection_endpoint.unwrap().unwrap().url.as_str(), introspection);
    assert!(matches!(metadata.jwks_uri, Some(Err(_))));
    let empty = parse(&json!({
        "issuer": ISSUER, "introspection_endpoint": null, "jwks_uri": null,
        "mtls_endpoint_aliases": null,
    }))
    .unwrap();
    assert_eq!(empty.introspection_endpoint, None, "null is as if absent");
    assert_eq!((empty.jwks_uri, empty.mtls_introspection_endpoint), (None, None));
}

#[test]
fn documents_that_are_none_are_refused() {
    let well_known = WellKnown::OpenId.address(ISSUER).unwrap();
    for document in ["", "[]", "<html>", r#"{"issuer":"a","issuer":"a"}"#] {
        let parsed = Metadata::parse(document.as_bytes(), &well_known, &rules());
        assert!(matches!(parsed, Err(InvalidMetadata::Json(_))), "{document}");
    }
}
