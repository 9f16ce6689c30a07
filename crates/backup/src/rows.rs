//! All entries, section by section.

use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::ClientRow;
use phantom_store::DenyPolicyRow;
use phantom_store::DeploymentRow;
use phantom_store::KeyManagerRow;
use phantom_store::KeyMappingRow;
use phantom_store::PlanRow;
use phantom_store::RevisionRow;
use phantom_store::RevocationRow;
use phantom_store::ScopeRow;
use phantom_store::SubscriptionRow;
use phantom_store::UserRow;
use serde::Serialize;

use super::entry::Entry;
use super::sealed::Sealed;

/// Looks at one section after the other, of the file and of the store.
pub(crate) trait Visitor<'r> {
    fn section<E: Entry>(&mut self, file: &'r [Sealed<E>], stored: &'r [Sealed<E>]);
}

/// Gives the entries of one section after the other.
pub(crate) trait Sections {
    fn read<E: Entry>(&mut self) -> Vec<Sealed<E>>;
}

macro_rules! rows {
    ($($section:ident: $row:ty),* $(,)?) => {
        #[derive(Default, Serialize)]
        pub(crate) struct Rows {
            $(pub(crate) $section: Vec<Sealed<$row>>),*
        }

        impl Rows {
            pub(crate) fn visit<'r>(&'r self, stored: &'r Self, visitor: &mut impl Visitor<'r>) {
                $(visitor.section(&self.$section, &stored.$section);)*
            }

            pub(crate) fn read(sections: &mut impl Sections) -> Self {
                Self { $($section: sections.read()),* }
            }
        }
    };
}

// In the order of `Kind::ALL`.
rows! {
    users: UserRow,
    clients: ClientRow,
    key_managers: KeyManagerRow,
    plans: PlanRow,
    deny_policies: DenyPolicyRow,
    scopes: ScopeRow,
    apis: ApiRow,
    revisions: RevisionRow,
    deployments: DeploymentRow,
    applications: ApplicationRow,
    key_mappings: KeyMappingRow,
    subscriptions: SubscriptionRow,
    revocations: RevocationRow,
}
