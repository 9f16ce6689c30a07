//! Deny policies of a snapshot, compiled: each request asks four sets at most, and none that is empty.

use std::net::IpAddr;

use phantom_core::catalog::Application;
use phantom_core::catalog::DenyPolicy;

use crate::config_hash::ConfigMap;
use crate::managed::api::Api;

/// WSO2's clients may write users with the name of the one tenant there is.
const TENANT: &str = "@carbon.super";

type Names = ConfigMap<Box<str>, ()>;

/// Who gets through to no managed API.
#[derive(Debug, Default)]
pub(crate) struct Denied {
    apis: Names,
    v4: Addresses,
    v6: Addresses,
    /// Names by owner.
    applications: ConfigMap<Box<str>, Names>,
    users: Names,
}

impl Denied {
    pub(super) fn new(policies: &[DenyPolicy]) -> Self {
        let mut denied = Self::default();
        for policy in policies {
            match policy {
                DenyPolicy::Api(path) => drop(denied.apis.insert(path.clone(), ())),
                DenyPolicy::Application { owner, name } => {
                    denied.applications.entry(owner.clone()).or_default().insert(name.clone(), ());
                }
                DenyPolicy::Addresses { first, last, invert } => {
                    denied.deny_addresses(*first, *last, *invert);
                }
                DenyPolicy::User(name) => drop(denied.users.insert(plain(name).into(), ())),
            }
        }
        denied.v4.order();
        denied.v6.order();
        denied
    }

    fn deny_addresses(&mut self, first: IpAddr, last: IpAddr, invert: bool) {
        let (family, first) = place(first);
        let (_, last) = place(last);
        let (own, other) = match family {
            Family::V4 => (&mut self.v4, &mut self.v6),
            Family::V6 => (&mut self.v6, &mut self.v4),
        };
        if invert {
            own.0.extend(first.checked_sub(1).map(|end| (0, end)));
            own.0.extend(last.checked_add(1).map(|start| (start, u128::MAX)));
            other.0.push((0, u128::MAX));
        } else {
            own.0.push((first, last));
        }
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        let Self { apis, v4, v6, applications, users } = self;
        let no_address = v4.0.is_empty() && v6.0.is_empty();
        apis.is_empty() && no_address && applications.is_empty() && users.is_empty()
    }

    /// The refusals that can be told before a token is read.
    #[must_use]
    pub(crate) fn api_or_address(&self, api: &Api, peer: IpAddr) -> bool {
        has(&self.apis, &api.published.path) || self.address(peer)
    }

    /// Whether there is anything to hold an address against.
    #[must_use]
    pub(crate) fn has_addresses(&self) -> bool {
        !(self.v4.0.is_empty() && self.v6.0.is_empty())
    }

    fn address(&self, peer: IpAddr) -> bool {
        if !self.has_addresses() {
            return false;
        }
        let (family, at) = place(peer);
        match family {
            Family::V4 => self.v4.hold(at),
            Family::V6 => self.v6.hold(at),
        }
    }

    #[must_use]
    pub(crate) fn caller(&self, application: &Application, user: Option<&str>) -> bool {
        user.is_some_and(|user| !self.users.is_empty() && has(&self.users, plain(user)))
            || (!self.applications.is_empty()
                && self
                    .applications
                    .get(&application.owner)
                    .is_some_and(|names| has(names, &application.name)))
    }
}

/// Hashing costs something, looking into nothing does not.
fn has(names: &Names, name: &str) -> bool {
    !names.is_empty() && names.contains_key(name)
}

fn plain(user: &str) -> &str {
    user.strip_suffix(TENANT).unwrap_or(user)
}

enum Family {
    V4,
    V6,
}

/// A mapped IPv4 address (RFC 4291 §2.5.5.2) is the IPv4 address.
fn place(address: IpAddr) -> (Family, u128) {
    match address.to_canonical() {
        IpAddr::V4(address) => (Family::V4, address.to_bits().into()),
        IpAddr::V6(address) => (Family::V6, address.to_bits()),
    }
}

/// Ranges of one family, both ends included.
#[derive(Debug, Default)]
struct Addresses(Vec<(u128, u128)>);

impl Addresses {
    /// In order and apart, so that one search finds whether any holds an address.
    fn order(&mut self) {
        self.0.sort_unstable();
        let mut apart: Vec<(u128, u128)> = Vec::with_capacity(self.0.len());
        for (first, last) in std::mem::take(&mut self.0) {
            match apart.last_mut().filter(|before| first <= before.1) {
                Some(before) => before.1 = before.1.max(last),
                None => apart.push((first, last)),
            }
        }
        self.0 = apart;
    }

    fn hold(&self, at: u128) -> bool {
        let begun = self.0.partition_point(|(first, _)| *first <= at);
        let range = begun.checked_sub(1).and_then(|last| self.0.get(last));
        range.is_some_and(|(_, last)| at <= *last)
    }
}

#[cfg(test)]
mod tests;
