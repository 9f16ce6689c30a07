//! The one table from refusal to status, code and words. Nothing else chooses a status for what a use
//! case refuses.

use http::StatusCode;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Refusal;

/// One line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) status: StatusCode,
    /// The status again, or a six-digit code of WSO2's.
    pub(super) code: u32,
    pub(super) message: Words,
    pub(super) description: Words,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    These(&'static str),
    /// What the refusal says of itself.
    Its,
}

const BAD_REQUEST: Said = plain(StatusCode::BAD_REQUEST, "Bad Request");
const FORBIDDEN: Said = plain(StatusCode::FORBIDDEN, "Forbidden");
const NOT_FOUND: Said = plain(StatusCode::NOT_FOUND, "Not Found");
const CONFLICT: Said = plain(StatusCode::CONFLICT, "Conflict");
const EXISTS: Said = plain(StatusCode::CONFLICT, "Resource Already Exists");
const PRECONDITION: Said = plain(StatusCode::PRECONDITION_FAILED, "Precondition Failed");
const UNAVAILABLE: Said = plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
const INTERNAL: Said = plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error");

pub(super) const fn said(refusal: &Refusal) -> Said {
    use Refusal as R;
    match refusal {
        R::Invalid(_) => BAD_REQUEST,
        R::Unauthenticated => plain(StatusCode::UNAUTHORIZED, ""),
        R::Forbidden(_) => FORBIDDEN,
        R::NotFound { kind, .. } => match kind {
            Kind::Api => NOT_FOUND.code(900_308),
            Kind::Key => NOT_FOUND.wso2(900_331, "Key Mapping not found"),
            Kind::KeyManager => NOT_FOUND.wso2(901_411, "Key Manager not Found"),
            Kind::Revision => NOT_FOUND.code(900_347),
            // Those for which WSO2 has no code of its own.
            _ => NOT_FOUND,
        },
        R::Exists(_) => EXISTS,
        R::Conflict(_) => CONFLICT,
        R::OtherVersion => PRECONDITION,
        R::TooManyGuesses { wait } => plain(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
            .retried_after(wait.as_secs().saturating_add(1)),
        R::Busy | R::Crowded(_) => UNAVAILABLE.retried_after(1),

        R::ApiExists { .. } => EXISTS.code(900_300),
        R::ApiNameInOtherCase(_) => EXISTS.code(900_250),
        R::ContextExists(_) | R::PathOfAnotherApi { .. } => EXISTS.code(900_251),
        R::Context(_) => BAD_REQUEST.code(900_346),
        R::NoOperation(_) => NOT_FOUND.code(900_763),
        R::Definition(_) => BAD_REQUEST.code(900_754),
        R::ScopeOfAnotherApi { .. } => BAD_REQUEST.code(900_988),
        R::ScopeExists(_) | R::ScopeOfApi { .. } => EXISTS.code(900_984),
        R::ScopeInUse { .. } => CONFLICT.code(900_985),
        R::ScopeName => BAD_REQUEST.code(901_004),
        R::UnknownRole(_) => NOT_FOUND.wso2(903_250, "Role Not Found"),
        R::UnknownPlan(_) | R::PlanNotOffered(_) => BAD_REQUEST.code(900_305),

        R::UnknownAction(_) => BAD_REQUEST.code(900_381),
        R::NoSuchTransition { .. } => BAD_REQUEST.code(903_234),
        R::NoEndpoint => BAD_REQUEST.code(903_223),
        R::NoBusinessPlan => BAD_REQUEST.code(903_224),

        R::TooManyRevisions(_) => BAD_REQUEST.code(900_351),
        R::RevisionDeployed => BAD_REQUEST.code(900_348),
        R::ApiRetired => BAD_REQUEST.code(903_227),
        R::UnknownEnvironment(_) => BAD_REQUEST.code(900_504),
        R::UnknownHost { .. } => BAD_REQUEST.code(900_511),

        R::LimitType => BAD_REQUEST.wso2(900_960, "Throttle Limit type is not supported"),
        R::DeniedApiUnknown => BAD_REQUEST.wso2(900_977, "Block Condition Error"),
        R::DeniedApplicationUnknown => BAD_REQUEST.wso2(900_978, "Block Condition Error"),

        R::KeyManagerList => BAD_REQUEST.code(903_203),
        R::UnknownKeyManager(_) | R::KeyManagerAway => {
            BAD_REQUEST.wso2(901_403, "Key Manager not Registered")
        }
        R::KeyManagerDisabled => {
            BAD_REQUEST.wso2(901_406, "Key Manager is not enabled in the system")
        }
        R::KeyManagerRestricted(_) => FORBIDDEN.wso2(902_013, "Key Manager is restricted"),
        R::CreatesNoClients => {
            BAD_REQUEST.wso2(901_405, "Key Manager doesn't support generating OAuth applications")
        }
        R::KeyManagerName => BAD_REQUEST.wso2(901_404, "Key Manager name cannot be empty"),
        R::KeyManagerType => BAD_REQUEST.wso2(901_400, "Key Manager Type not configured"),
        R::KeyManagerExists(_) => CONFLICT.wso2(901_402, "Key Manager Already Exists"),
        R::KeyManagerField(_) => {
            BAD_REQUEST.wso2(901_401, "Required Key Manager configuration missing")
        }
        R::ResidentKeyManager(_) => BAD_REQUEST.wso2(901_412, "Key Manager Update restricted"),
        R::KeyManagerNotDeleted(_) => PRECONDITION.wso2(902_015, "Key Manager Delete error"),

        R::KeyTypeExists => CONFLICT.wso2(901_408, "Key Mappings already exists"),
        R::KeyTaken | R::OtherKeyExists => CONFLICT.wso2(901_409, "Key Mappings already exists"),
        R::NotSubscribable(_) => NOT_FOUND,
        R::SubscriptionlessPlan(_) => {
            BAD_REQUEST.wso2(902_019, "Subscriptionless plan cannot be subscribed to")
        }
        R::PlanNotAllowed(_) => FORBIDDEN.wso2(902_002, "Subscription tier not allowed"),

        R::NoOwner => BAD_REQUEST.in_one(),
        R::UnknownOwner(_) => FORBIDDEN.in_one(),

        R::Unavailable(_) => UNAVAILABLE
            .retried_after(5)
            .described("The store cannot be used now; nothing was changed. Try again later."),
        R::Internal { .. } => INTERNAL
            .described("The server encountered an internal error. Please contact administrator."),
    }
}

const fn plain(status: StatusCode, message: &'static str) -> Said {
    Said {
        status,
        code: status.as_u16() as u32,
        message: Words::These(message),
        description: Words::Its,
        retry_after: None,
    }
}

impl Said {
    const fn code(self, code: u32) -> Self {
        Self { code, ..self }
    }

    const fn wso2(self, code: u32, message: &'static str) -> Self {
        Self { code, message: Words::These(message), ..self }
    }

    const fn described(self, description: &'static str) -> Self {
        Self { description: Words::These(description), ..self }
    }

    /// All that is to be said stands in the message.
    const fn in_one(self) -> Self {
        Self { message: Words::Its, description: Words::These(""), ..self }
    }

    const fn retried_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}
