//! What somebody should look at, as far as the store knows it; and how far a new instance has come.

mod next;
mod strained;

use phantom_access::caller::Caller;
use phantom_access::plane::Control;
use phantom_access::plane::Means;
use phantom_access::rights;
use phantom_core::UnixTime;
use phantom_manage::apis::Api;
use phantom_manage::connector::Connector;
use phantom_manage::revisions;
use phantom_store::ApiRow;
use phantom_store::LifecycleState;
use phantom_terms::refusal::Outcome;

pub use next::Next;
pub use next::next;
pub use strained::Strained;

use crate::gateways;
use crate::gateways::GatewayInfo;
use crate::gateways::GatewayState;
use crate::key_managers;

/// Of all APIs, those changed last are looked at: a bound, whatever their number.
const LOOKED_AT: u64 = 20;

/// What the caller may see of it, and could mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// Key managers that gave no verdict lately: to all questions, or to some of them.
    pub failing: Vec<Failing>,
    /// Gateways that reported and do so no more, or that do not have what is published.
    pub gateways: Vec<Lagging>,
    /// Applications that nearly used up their plans, or did.
    pub strained: Vec<Strained>,
    /// Key managers whose tokens are refused.
    pub disabled: Vec<Named>,
    /// Key managers that take any opaque token, where there are several of them.
    pub ambiguous: Vec<Named>,
    /// APIs that subscribers see, and no gateway serves.
    pub undeployed: Vec<Named>,
    /// APIs whose working copy is not what gateways serve.
    pub changed: Vec<Named>,
}

/// A key manager, with its questions of the last five minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub named: Named,
    pub asked: u64,
    pub failed: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lagging {
    pub named: Named,
    /// When it reported last, where it does so no more.
    pub silent_since: Option<UnixTime>,
    /// Changes that are not in force there.
    pub behind: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: String,
    pub name: String,
}

/// The steps to the first answer of an API, each taken or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstSteps {
    /// There is a key manager besides our own.
    pub key_manager: bool,
    pub api: bool,
    /// An application has a mapped consumer key.
    pub mapped_key: bool,
    pub subscription: bool,
}

impl Attention {
    /// How many things there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.failing.len()
            + self.gateways.len()
            + self.strained.len()
            + self.disabled.len()
            + self.ambiguous.len()
            + self.undeployed.len()
            + self.changed.len()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FirstSteps {
    #[must_use]
    pub const fn are_taken(self) -> bool {
        self.key_manager && self.api && self.mapped_key && self.subscription
    }
}

pub async fn of(control: &Control, caller: &Caller) -> Outcome<Attention> {
    let mut attention = Attention::default();
    if caller.holds_any(rights::admin::KEY_MANAGERS) {
        for one in key_managers::overview(control).await? {
            let named = Named { id: one.info.id, name: one.info.name };
            let (asked, failed) = (one.health.calls.total(), one.health.calls.failed());
            if failed > 0 {
                attention.failing.push(Failing { named: named.clone(), asked, failed });
            }
            if one.takes_any {
                attention.ambiguous.push(named);
            } else if !one.info.enabled {
                attention.disabled.push(named);
            }
        }
        if attention.ambiguous.len() < 2 {
            attention.ambiguous.clear();
        }
    }
    if caller.holds_any(rights::admin::TRAFFIC) {
        let all = gateways::list(control).await?;
        attention.gateways = all.into_iter().filter_map(lagging).collect();
    }
    attention.strained = strained::strained(control, caller).await?;
    if caller.holds_any(rights::publisher::REVISERS) {
        for row in control.store().apis_changed_last(&SERVED, LOOKED_AT).await? {
            look_at(control, row, &mut attention).await?;
        }
    }
    Ok(attention)
}

fn lagging(gateway: GatewayInfo) -> Option<Lagging> {
    let silent = gateway.state == GatewayState::Silent;
    let lags = silent || (gateway.state != GatewayState::Stopped && !gateway.is_up_to_date());
    lags.then(|| Lagging {
        silent_since: silent.then_some(gateway.reported_at),
        behind: gateway.behind,
        named: Named { id: gateway.gateway_id, name: gateway.name },
    })
}

/// In which gateways serve an API, if it is deployed.
const SERVED: [LifecycleState; 3] =
    [LifecycleState::Published, LifecycleState::Prototyped, LifecycleState::Deprecated];

async fn look_at(control: &Control, row: ApiRow, attention: &mut Attention) -> Outcome<()> {
    let named =
        Named { id: row.id.to_string(), name: format!("{} {}", row.name, row.version_name) };
    let standing = revisions::standing(control, &Api::of(row)?).await?;
    if standing.deployed.is_none() {
        attention.undeployed.push(named);
    } else if standing.is_changed {
        attention.changed.push(named);
    }
    Ok(())
}

pub async fn first_steps(control: &Control) -> Outcome<FirstSteps> {
    let store = &control.store();
    let resident = Connector::Resident.kind();
    let key_managers = store.key_managers().await?;
    Ok(FirstSteps {
        key_manager: key_managers.iter().any(|row| row.kind != resident),
        api: store.any_api().await? > 0,
        mapped_key: store.any_mapped_key().await? > 0,
        subscription: store.any_subscription().await? > 0,
    })
}
