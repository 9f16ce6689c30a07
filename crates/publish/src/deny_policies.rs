//! Deny policies as gateways enforce them.

use phantom_core::catalog::DenyPolicy;
use phantom_manage::deny_policies::Address;
use phantom_manage::deny_policies::AddressRange;
use phantom_manage::deny_policies::ConditionType;
use phantom_manage::deny_policies::owner_and_name;
use phantom_store::DenyPolicyRow;
use serde::Deserialize;
use serde_json::Value;

/// Those that are switched on.
#[must_use]
pub fn published(rows: &[DenyPolicyRow]) -> Vec<DenyPolicy> {
    let enabled = rows.iter().filter(|row| row.enabled);
    let readable = enabled.filter_map(|row| {
        let policy = policy(row);
        if policy.is_none() {
            let (id, kind) = (row.id.to_string(), row.kind.as_str());
            tracing::error!(id, kind, "a stored deny policy cannot be read: it denies nobody");
        }
        policy
    });
    readable.collect()
}

fn policy(row: &DenyPolicyRow) -> Option<DenyPolicy> {
    let text = row.document.as_str();
    Some(match row.kind {
        ConditionType::Api => DenyPolicy::Api(text?.into()),
        ConditionType::Application => {
            let (owner, name) = owner_and_name(text?)?;
            DenyPolicy::Application { owner: owner.into(), name: name.into() }
        }
        ConditionType::Ip => {
            let Address { fixed_ip, invert } = read(&row.document)?;
            DenyPolicy::Addresses { first: fixed_ip, last: fixed_ip, invert }
        }
        ConditionType::IpRange => {
            let AddressRange { starting_ip, ending_ip, invert } = read(&row.document)?;
            DenyPolicy::Addresses { first: starting_ip, last: ending_ip, invert }
        }
        ConditionType::User => DenyPolicy::User(text?.into()),
    })
}

fn read<'v, T: Deserialize<'v>>(value: &'v Value) -> Option<T> {
    T::deserialize(value).ok()
}
