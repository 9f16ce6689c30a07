//! What made a request fail that was understood or permitted: a closed set. The access log, the metrics and
//! `docs/operations.md` have its names from here.

/// Where a failure comes from, and so who has to look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever runs the backend.
    Backend,
    /// The client, or nobody: clients come and go.
    Client,
    /// Whoever runs the gateway.
    Gateway,
    /// Nobody: the authorization server or an administrator wanted it so.
    Token,
}

macro_rules! causes {
    ($($(#[$doc:meta])* $cause:ident $name:literal, $side:ident;)*) => {
        /// Each cause, its name and side.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause {
            $(
                #[doc = concat!("`", $name, "`")]
                ///
                $(#[$doc])*
                $cause,
            )*
        }

        impl Cause {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$cause),*];

            /// Stable, for the access log and metrics.
            #[inline]
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$cause => $name,)* }
            }

            /// Who has to look for it.
            #[inline]
            #[must_use]
            pub const fn side(self) -> Side {
                match self { $(Self::$cause => Side::$side,)* }
            }
        }
    };
}

causes! {
    ConnectDns "connect_dns", Backend;
    ConnectRefused "connect_refused", Backend;
    ConnectUnreachable "connect_unreachable", Backend;
    ConnectReset "connect_reset", Backend;
    ConnectLocal "connect_local", Gateway;
    ConnectTls "connect_tls", Backend;
    ConnectTimeout "connect_timeout", Backend;
    ConnectFailed "connect_failed", Backend;
    Timeout "timeout", Backend;
    UpstreamClosed "upstream_closed", Backend;
    UpstreamReset "upstream_reset", Backend;
    UpstreamFailed "upstream_failed", Backend;
    UpstreamBrokeOff "upstream_broke_off", Backend;
    UpstreamMalformed "upstream_malformed", Backend;
    UpstreamInterim "upstream_interim", Backend;
    UpstreamTooManyFields "upstream_too_many_fields", Backend;
    UpstreamHeadTooLarge "upstream_head_too_large", Backend;
    /// It closed, reset, or broke its body off.
    ClientGone "client_gone", Client;
    ClientTimeout "client_timeout", Client;
    /// Its place was needed.
    ClientSlow "client_slow", Client;
    BodyTooLarge "body_too_large", Client;
    BadRequest "bad_request", Client;
    NotCollected "not_collected", Client;
    Loop "loop", Gateway;
    FileCut "file_cut", Gateway;
    TokenExpired "token_expired", Token;
    TokenRevoked "token_revoked", Token;
    Blocked "blocked", Token;
    Stopped "stopped", Gateway;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_docs_name_every_cause_and_no_other() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let rows = docs.lines().skip_while(|line| !line.starts_with("| `error` |")).skip(2);
        let first_cells = rows.map_while(|line| line.strip_prefix('|')?.split('|').next());
        let documented: BTreeSet<&str> = first_cells
            .flat_map(|cell| cell.split(','))
            .map(|name| name.trim().trim_matches('`'))
            .collect();
        let known: BTreeSet<&str> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(documented, known);
    }
}
