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

use super::entry::Entry;
use super::file::Sections;

/// Looks at one section after the other, of the file and of the store.
pub(super) trait Visitor<'r> {
    fn section<E: Entry>(&mut self, file: &'r [E], stored: &'r [E]);
}

macro_rules! rows {
    ($($section:ident: $row:ty),* $(,)?) => {
        #[derive(Default)]
        pub(super) struct Rows {
            $(pub(super) $section: Vec<$row>),*
        }

        impl Rows {
            pub(super) fn visit<'r>(&'r self, stored: &'r Self, visitor: &mut impl Visitor<'r>) {
                $(visitor.section(&self.$section, &stored.$section);)*
            }

            pub(super) fn read(sections: &mut Sections<'_>) -> Self {
                Self { $($section: sections.read()),* }
            }

            /// By name and id, which does not depend on how a database collates.
            pub(super) fn sort(&mut self) {
                $(self.$section.sort_by_cached_key(|row| (row.order(), row.id()));)*
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
