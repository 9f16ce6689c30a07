//! Connector types: what a key manager of each type has to be told. Forms are drawn from these
//! tables, and requests are checked against them.

pub mod field;

pub use field::Field;
use phantom_store::KeyManagerRow;

/// The type of a key manager. A closed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    /// Opaque tokens become JWTs by introspection with `Accept: application/jwt`.
    CurityPhantomToken,
    /// Validates JWTs of an issuer at which clients are made by other means.
    Custom,
    /// Our own token endpoint.
    Resident,
}

/// An endpoint of an authorization server, as forms and `endpoints[]` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    ClientRegistration,
    Introspection,
    Token,
    Revoke,
    UserInfo,
    Authorize,
    DisplayToken,
    DisplayRevoke,
}

/// Fields of the phantom token connector, by name.
pub const CLIENT_ID: &str = "client_id";
pub const CLIENT_SECRET: &str = "client_secret";
pub const EXPECTED_AUDIENCE: &str = "expected_audience";
pub const CLOCK_SKEW: &str = "clock_skew";
pub const CACHE_MAX_ENTRIES: &str = "cache_max_entries";

/// What a key manager's document says in such a field.
pub fn property<'r>(row: &'r KeyManagerRow, name: &str) -> Option<&'r str> {
    row.document.get("additionalProperties")?.get(name)?.as_str()
}

impl Connector {
    pub const ALL: [Self; 3] = [Self::CurityPhantomToken, Self::Custom, Self::Resident];

    /// The type of that name, for key managers that are there already.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|connector| connector.kind() == kind)
    }

    /// The type of that name, for a key manager to be made: there is one resident one, for ever.
    #[must_use]
    pub fn for_new(kind: &str) -> Option<Self> {
        Self::of_kind(kind).filter(|connector| *connector != Self::Resident)
    }

    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::CurityPhantomToken => "CurityPhantomToken",
            Self::Custom => "CustomKeyManager",
            Self::Resident => "default",
        }
    }

    #[must_use]
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::CurityPhantomToken => "Curity Phantom Token",
            Self::Custom => "Custom Key Manager (Out-of-Band Provisioning)",
            Self::Resident => "default",
        }
    }

    #[must_use]
    pub const fn consumer_key_claim(self) -> &'static str {
        match self {
            Self::CurityPhantomToken => "aud",
            Self::Custom | Self::Resident => "azp",
        }
    }

    #[must_use]
    pub const fn scopes_claim(self) -> &'static str {
        "scope"
    }

    /// What stands in `additionalProperties`, in the order of the form.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::CurityPhantomToken => PHANTOM_TOKEN_FIELDS,
            Self::Custom | Self::Resident => &[],
        }
    }

    /// The endpoints of the form, and whether each has to be there.
    #[must_use]
    pub const fn endpoints(self) -> &'static [(Endpoint, bool)] {
        use Endpoint::*;
        match self {
            // Only what is called has to be known.
            Self::CurityPhantomToken => &[
                (ClientRegistration, false),
                (Introspection, true),
                (Token, false),
                (Revoke, false),
                (UserInfo, false),
                (Authorize, false),
                (DisplayToken, false),
                (DisplayRevoke, false),
            ],
            Self::Custom => &[
                (Token, true),
                (Revoke, true),
                (UserInfo, false),
                (Authorize, false),
                (DisplayToken, false),
                (DisplayRevoke, false),
            ],
            Self::Resident => &[],
        }
    }

    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// Whether a property of that name is sealed and shown as a mask. WSO2 keeps properties that no
    /// connector describes, so the names of secrets that its other connectors use count as well.
    #[must_use]
    pub fn masks(self, name: &str) -> bool {
        match self.field(name) {
            Some(field) => field.mask,
            None => {
                let name = name.to_ascii_lowercase();
                ["secret", "password", "apikey", "api_key", "token", "private", "credential"]
                    .iter()
                    .any(|part| name.contains(part))
            }
        }
    }
}

impl Endpoint {
    pub const ALL: [Self; 8] = [
        Self::ClientRegistration,
        Self::Introspection,
        Self::Token,
        Self::Revoke,
        Self::UserInfo,
        Self::Authorize,
        Self::DisplayToken,
        Self::DisplayRevoke,
    ];

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientRegistration => "client_registration_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::Token => "token_endpoint",
            Self::Revoke => "revoke_endpoint",
            Self::UserInfo => "userinfo_endpoint",
            Self::Authorize => "authorize_endpoint",
            Self::DisplayToken => "display_token_endpoint",
            Self::DisplayRevoke => "display_revoke_endpoint",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ClientRegistration => "Client Registration Endpoint",
            Self::Introspection => "Introspection Endpoint",
            Self::Token => "Token Endpoint",
            Self::Revoke => "Revoke Endpoint",
            Self::UserInfo => "UserInfo Endpoint",
            Self::Authorize => "Authorize Endpoint",
            Self::DisplayToken => "Display Token Endpoint",
            Self::DisplayRevoke => "Display Revoke Endpoint",
        }
    }
}

const PHANTOM_TOKEN_FIELDS: &[Field] = &[
    Field {
        tooltip: "The client that the gateway introspects tokens as",
        ..Field::required(CLIENT_ID, "Client ID")
    },
    Field { tooltip: "Its secret", mask: true, ..Field::required(CLIENT_SECRET, "Client Secret") },
    Field {
        tooltip: "What the audience of each JWT has to contain",
        ..Field::required(EXPECTED_AUDIENCE, "Expected Audience")
    },
    Field {
        tooltip: "Seconds by which the clocks may differ, at most 60",
        ..Field::number(CLOCK_SKEW, "Clock Skew", "60", 0, 60)
    },
    Field {
        tooltip: "Tokens whose JWT is remembered, at most 10000000",
        ..Field::number(CACHE_MAX_ENTRIES, "Cache Max Entries", "50000", 1, 10_000_000)
    },
];

#[cfg(test)]
mod tests;
