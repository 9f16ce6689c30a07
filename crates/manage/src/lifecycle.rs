//! The life cycle of an API: its states, and which action leads from one to which.

mod change;

pub use change::ChecklistItem;
pub use change::Transition;
pub use change::change;
pub use change::checklist;
pub use change::history;
pub use phantom_store::LifecycleState;

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

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

/// As the life cycle itself speaks of it.
#[must_use]
pub const fn title(state: LifecycleState) -> &'static str {
    match state {
        LifecycleState::Created => "Created",
        LifecycleState::Prototyped => "Prototyped",
        LifecycleState::Published => "Published",
        LifecycleState::Blocked => "Blocked",
        LifecycleState::Deprecated => "Deprecated",
        LifecycleState::Retired => "Retired",
    }
}

/// What can be done, and where that leads.
#[must_use]
pub const fn transitions(state: LifecycleState) -> &'static [(LifecycleAction, LifecycleState)] {
    use LifecycleAction as Action;
    use LifecycleState as State;
    const PROTOTYPE: (Action, State) = (Action::DeployAsAPrototype, State::Prototyped);
    match state {
        State::Created => &[(Action::Publish, State::Published), PROTOTYPE],
        State::Prototyped => &[
            (Action::Publish, State::Published),
            (Action::DemoteToCreated, State::Created),
            PROTOTYPE,
        ],
        State::Published => &[
            (Action::Block, State::Blocked),
            PROTOTYPE,
            (Action::DemoteToCreated, State::Created),
            (Action::Deprecate, State::Deprecated),
            (Action::Publish, State::Published),
        ],
        State::Blocked => {
            &[(Action::Deprecate, State::Deprecated), (Action::RePublish, State::Published)]
        }
        State::Deprecated => &[(Action::Retire, State::Retired)],
        State::Retired => &[],
    }
}

#[must_use]
pub fn after(state: LifecycleState, action: LifecycleAction) -> Option<LifecycleState> {
    transitions(state).iter().find(|(each, _)| *each == action).map(|(_, state)| *state)
}

/// Whether actions lead from one state to another, however many they are.
#[must_use]
pub fn leads_to(from: LifecycleState, to: LifecycleState) -> bool {
    let (mut seen, mut next) = (vec![from], 0);
    while let Some(state) = seen.get(next) {
        for (_, after) in transitions(*state) {
            if !seen.contains(after) {
                seen.push(*after);
            }
        }
        next += 1;
    }
    seen.contains(&to)
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
