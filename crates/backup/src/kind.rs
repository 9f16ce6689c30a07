//! The kinds of entries, in the order of the file.

/// A section of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    User,
    Client,
    KeyManager,
    Plan,
    DenyPolicy,
    Scope,
    Api,
    Revision,
    Deployment,
    Application,
    KeyMapping,
    Subscription,
    Revocation,
}

impl Kind {
    pub const ALL: [Self; 13] = [
        Self::User,
        Self::Client,
        Self::KeyManager,
        Self::Plan,
        Self::DenyPolicy,
        Self::Scope,
        Self::Api,
        Self::Revision,
        Self::Deployment,
        Self::Application,
        Self::KeyMapping,
        Self::Subscription,
        Self::Revocation,
    ];

    /// The name of the section. It is bound into sealed secrets, so it never changes.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Client => "clients",
            Self::KeyManager => "key_managers",
            Self::Plan => "plans",
            Self::DenyPolicy => "deny_policies",
            Self::Scope => "scopes",
            Self::Api => "apis",
            Self::Revision => "revisions",
            Self::Deployment => "deployments",
            Self::Application => "applications",
            Self::KeyMapping => "key_mappings",
            Self::Subscription => "subscriptions",
            Self::Revocation => "revocations",
        }
    }

    /// One of them, in people's words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Client => "client",
            Self::KeyManager => "key manager",
            Self::Plan => "plan",
            Self::DenyPolicy => "deny policy",
            Self::Scope => "scope",
            Self::Api => "API",
            Self::Revision => "revision",
            Self::Deployment => "deployment",
            Self::Application => "application",
            Self::KeyMapping => "key mapping",
            Self::Subscription => "subscription",
            Self::Revocation => "revocation",
        }
    }
}
