//! Why a use case does not do what it is asked. What a refusal is called over HTTP is for `rest` to say.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use phantom_store::LifecycleState;
use phantom_store::StoreError;
use phantom_store::password::PasswordError;
use thiserror::Error;

/// What a use case gives.
pub type Outcome<T> = Result<T, Refusal>;

type Cause = Box<dyn Error + Send + Sync>;

/// Told to whoever asked, in these words; but for what is our own trouble.
#[derive(Debug, Error)]
pub enum Refusal {
    /// A value that cannot be: the member's name, and the rule it breaks.
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    /// No credential, a bad one, or one that does not suffice: WSO2 tells no difference.
    #[error("Unauthenticated request")]
    Unauthenticated,
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    #[error("{}", kind.not_found(id))]
    NotFound { kind: Kind, id: String },
    /// Another is what this one would be.
    #[error("{0}")]
    Exists(Cow<'static, str>),
    /// What is there is in the way.
    #[error("{0}")]
    Conflict(Cow<'static, str>),
    #[error("The resource has another version than If-Match names.")]
    OtherVersion,
    #[error("Too many attempts. Wait as long as Retry-After says.")]
    TooManyGuesses { wait: Duration },
    /// So many passwords are being checked that this one was not looked at.
    #[error("Too many sign-ins at once; nothing was checked. Try again later.")]
    Busy,
    /// So much of one kind is being done that this was not begun.
    #[error("{0}")]
    Crowded(&'static str),

    #[error("The API {name}-{version} already exists")]
    ApiExists { name: String, version: String },
    #[error("An API name {0} already exists in another case")]
    ApiNameInOtherCase(String),
    #[error("The API context {0} already exists")]
    ContextExists(String),
    /// The context is free, what would be served below it is not.
    #[error(
        "The API context {context} leads to the path {path}, which is one of the API {name}, version \
         {version}"
    )]
    PathOfAnotherApi { context: String, path: String, name: String, version: String },
    #[error("context: {0}")]
    Context(&'static str),
    #[error("{0}")]
    NoOperation(&'static str),
    #[error("{0}")]
    Definition(String),
    #[error(
        "The scope '{scope}' is already used by another API, {api}: take another name, or share it: remove \
         it there, make it a shared scope, and name it in both"
    )]
    ScopeOfAnotherApi { scope: String, api: String },
    #[error("The shared scope '{0}' already exists")]
    ScopeExists(String),
    #[error(
        "The scope '{scope}' already exists as the own of an API: {api} has to give it up before it can be \
         shared"
    )]
    ScopeOfApi { scope: String, api: String },
    #[error("The shared scope '{scope}' is used by APIs: {apis}")]
    ScopeInUse { scope: String, apis: String },
    #[error("A scope name holds no blanks, control characters, quotes or backslashes")]
    ScopeName,
    #[error("The role '{0}' does not exist")]
    UnknownRole(String),
    #[error("The throttling policy '{0}' does not exist")]
    UnknownPlan(String),
    #[error("The API does not offer the business plan '{0}'")]
    PlanNotOffered(String),

    #[error("Invalid action '{0}'")]
    UnknownAction(String),
    #[error("'{action}' cannot be done to an API that is {state}")]
    NoSuchTransition { action: &'static str, state: &'static str },
    #[error("The API has no endpoint")]
    NoEndpoint,
    #[error("The API has no business plan: it needs one in its policies")]
    NoBusinessPlan,

    #[error("An API has at most {0} revisions: delete one first")]
    TooManyRevisions(usize),
    #[error("The revision is deployed: undeploy it first")]
    RevisionDeployed,
    #[error("The API is retired")]
    ApiRetired,
    #[error("There is no environment '{0}'")]
    UnknownEnvironment(String),
    #[error("vhost: there is no virtual host '{asked}' in this environment, which has '{known}'")]
    UnknownHost { asked: String, known: String },

    #[error("Throttle Limit type is not supported")]
    LimitType,
    #[error(
        "conditionValue: API Context does not exist: context and version of an API, as /orders/v1"
    )]
    DeniedApiUnknown,
    #[error(
        "conditionValue: Application ID or Name does not exist: owner and name, as admin:Orders"
    )]
    DeniedApplicationUnknown,

    #[error("keyManagers has to be a list of names, at least one")]
    KeyManagerList,
    #[error("The key manager '{0}' is not registered")]
    UnknownKeyManager(String),
    #[error("The key manager is not there, or is disabled.")]
    KeyManagerAway,
    #[error("Key Manager is not enabled in the system")]
    KeyManagerDisabled,
    #[error("The key manager {0} is not open to the user.")]
    KeyManagerRestricted(String),
    #[error("Register the client at the key manager itself and map its keys.")]
    CreatesNoClients,
    #[error("Key Manager name cannot be empty")]
    KeyManagerName,
    #[error("Key Manager Type not configured")]
    KeyManagerType,
    #[error("A Key Manager named {0} exists already.")]
    KeyManagerExists(String),
    /// A field that has to be there, or a value it cannot have.
    #[error("{0}")]
    KeyManagerField(String),
    #[error("{0} of the Resident Key Manager cannot be changed.")]
    ResidentKeyManager(&'static str),
    #[error("{0}")]
    KeyManagerNotDeleted(&'static str),

    #[error("The application has a key of this type at this key manager already.")]
    KeyTypeExists,
    #[error("An application has this consumer key of this key manager already.")]
    KeyTaken,
    #[error("The application has another key of this type at this key manager already.")]
    OtherKeyExists,
    #[error("Subscriptions not allowed on APIs/API Products in the state: {}", .0.as_str())]
    NotSubscribable(LifecycleState),
    #[error("The plan {0} is for APIs without subscriptions.")]
    SubscriptionlessPlan(String),
    #[error("Tier {0} is not allowed for the API or the user")]
    PlanNotAllowed(String),

    #[error("Application owner cannot be empty")]
    NoOwner,
    #[error("User: {0} does not exist for application registration")]
    UnknownOwner(String),

    /// The store cannot be written or read now; nothing was changed.
    #[error("the store cannot be used")]
    Unavailable(#[source] StoreError),
    /// Trouble of our own.
    #[error("{what}")]
    Internal { what: &'static str, source: Option<Cause> },
}

/// What an id can be of. Those with a name of their own have a code or a sentence of WSO2's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Api,
    /// A key of an application.
    Key,
    KeyManager,
    Revision,
    User,
    /// As it is called in sentences.
    Other(&'static str),
}

impl Kind {
    fn not_found(self, id: &str) -> String {
        match self {
            Self::Api => format!("Requested API with id '{id}' not found"),
            Self::Revision => format!("Requested revision with id '{id}' not found"),
            Self::KeyManager => format!("Key Manager with Id {id} does not exist."),
            Self::User => format!("There is no user {id:?}"),
            Self::Key => format!("Requested key mapping with Id '{id}' not found"),
            Self::Other(kind) => format!("Requested {kind} with Id '{id}' not found"),
        }
    }
}

impl Refusal {
    pub fn invalid(rule: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(rule.into())
    }

    pub fn forbidden(rule: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(rule.into())
    }

    pub fn exists(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Exists(what.into())
    }

    pub fn conflict(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(what.into())
    }

    /// Ids are anybody's text: no more is said of one than an id has room for.
    #[must_use]
    pub fn not_found(kind: Kind, id: &str) -> Self {
        Self::NotFound { kind, id: id.chars().take(255).collect() }
    }

    #[must_use]
    pub const fn internal(what: &'static str) -> Self {
        Self::Internal { what, source: None }
    }

    /// For errors that are ours: the cause goes along to the one place that logs.
    pub fn because<E: Into<Cause>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |cause| Self::Internal { what, source: Some(cause.into()) }
    }

    /// What a store says that was asked to keep what another has already.
    pub fn if_duplicate(duplicate: impl FnOnce() -> Self) -> impl FnOnce(StoreError) -> Self {
        move |error| match error {
            StoreError::Duplicate { .. } => duplicate(),
            error => error.into(),
        }
    }
}

/// What a use case does not expect of the store. What it expects (a duplicate, a stale version) it
/// looks at before.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            error if error.is_unavailable() => Self::Unavailable(error),
            StoreError::Duplicate { what } => {
                Self::exists(format!("Another has the same {what} already"))
            }
            StoreError::VersionMismatch => Self::conflict(
                "The resource was changed by another request. Read it again and retry.",
            ),
            StoreError::InUse { what } => Self::conflict(format!("It is in use by {what}")),
            StoreError::Refused { reason } => Self::invalid(reason),
            error => Self::because("the store failed")(error),
        }
    }
}

impl From<PasswordError> for Refusal {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => Self::invalid("A password has 1 to 1024 bytes."),
            PasswordError::Busy => Self::Busy,
            PasswordError::Failed => Self::because("a password was not hashed")(error),
        }
    }
}
