//! The life cycle of an API: its states, and which action leads from one to which.

mod change;

pub use change::ChecklistItem;
pub use change::Transition;
pub use change::change;
pub use change::history;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

use crate::refusal::Outcome;
use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum LifecycleState {
    Created,
    Prototyped,
    Published,
    Blocked,
    Deprecated,
    Retired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum LifecycleAction {
    Publish,
    #[serde(rename = "Deploy as a Prototype")]
    DeployAsAPrototype,
    #[serde(rename = "Demote to Created")]
    DemoteToCreated,
    Block,
    Deprecate,
    #[serde(rename = "Re-Publish")]
    RePublish,
    Retire,
}

impl LifecycleState {
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Prototyped,
        Self::Published,
        Self::Blocked,
        Self::Deprecated,
        Self::Retired,
    ];

    /// As stored and as `lifeCycleStatus` shows it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Prototyped => "PROTOTYPED",
            Self::Published => "PUBLISHED",
            Self::Blocked => "BLOCKED",
            Self::Deprecated => "DEPRECATED",
            Self::Retired => "RETIRED",
        }
    }

    /// As the life cycle itself speaks of it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Prototyped => "Prototyped",
            Self::Published => "Published",
            Self::Blocked => "Blocked",
            Self::Deprecated => "Deprecated",
            Self::Retired => "Retired",
        }
    }

    /// The state of a row.
    pub fn stored(name: &str) -> Outcome<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or(Refusal::internal("an API is in a state that there is not"))
    }

    /// What can be done, and where that leads.
    #[must_use]
    pub const fn transitions(self) -> &'static [(LifecycleAction, Self)] {
        use LifecycleAction as Action;
        const PROTOTYPE: (LifecycleAction, LifecycleState) =
            (LifecycleAction::DeployAsAPrototype, LifecycleState::Prototyped);
        match self {
            Self::Created => &[(Action::Publish, Self::Published), PROTOTYPE],
            Self::Prototyped => &[
                (Action::Publish, Self::Published),
                (Action::DemoteToCreated, Self::Created),
                PROTOTYPE,
            ],
            Self::Published => &[
                (Action::Block, Self::Blocked),
                PROTOTYPE,
                (Action::DemoteToCreated, Self::Created),
                (Action::Deprecate, Self::Deprecated),
                (Action::Publish, Self::Published),
            ],
            Self::Blocked => {
                &[(Action::Deprecate, Self::Deprecated), (Action::RePublish, Self::Published)]
            }
            Self::Deprecated => &[(Action::Retire, Self::Retired)],
            Self::Retired => &[],
        }
    }

    #[must_use]
    pub fn after(self, action: LifecycleAction) -> Option<Self> {
        self.transitions().iter().find(|(each, _)| *each == action).map(|(_, state)| *state)
    }
}

impl LifecycleAction {
    pub const ALL: [Self; 7] = [
        Self::Publish,
        Self::DeployAsAPrototype,
        Self::DemoteToCreated,
        Self::Block,
        Self::Deprecate,
        Self::RePublish,
        Self::Retire,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "Publish",
            Self::DeployAsAPrototype => "Deploy as a Prototype",
            Self::DemoteToCreated => "Demote to Created",
            Self::Block => "Block",
            Self::Deprecate => "Deprecate",
            Self::RePublish => "Re-Publish",
            Self::Retire => "Retire",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}
