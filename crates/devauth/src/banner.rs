//! What the server says about itself at start.

/// A few lines for a terminal. They warn, and they hold a command to paste.
pub(crate) fn banner(issuer: &str, token_endpoint: &str) -> String {
    let metadata = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    format!(
        "Development authorization server. DEVELOPMENT ONLY: its passwords are public, its keys \
         and tokens live in memory.\n\
         Issuer: {issuer}\n\
         Well-known URL: {metadata}\n\
         Clients: test-client, client-one, public-client; introspection-client, \
         api-gateway-client (introspection). Users: demouser, alice. Every secret and password \
         of the default set-up is Password1.\n\
         Get a token:\n  \
         curl -k -u 'test-client:Password1' -X POST {token_endpoint} \
         -d grant_type=client_credentials -d scope=read\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_warns_and_shows_the_tutorials_command() {
        let text =
            banner("https://localhost:8443/i", "https://localhost:8443/oauth/v2/oauth-token");
        assert!(text.contains("DEVELOPMENT ONLY"));
        assert!(text.contains(
            "curl -k -u 'test-client:Password1' -X POST \
             https://localhost:8443/oauth/v2/oauth-token \
             -d grant_type=client_credentials -d scope=read\n"
        ));
    }
}
