//! One path from an id in a URL to what it names, for reads and inside of a change.

use phantom_store::ApiFilter;
use phantom_store::ApiRow;
use phantom_store::ApplicationRow;
use phantom_store::KeyManagerRow;
use phantom_store::KeyMappingRow;
use phantom_store::Page;
use phantom_store::PlanRow;
use phantom_store::ScopeRow;
use phantom_store::ScopeUse;
use phantom_store::Store;
use phantom_store::StoreError;
use phantom_store::SubscriptionRow;
use phantom_store::Write;
use phantom_terms::refusal::Kind;
use phantom_terms::refusal::Outcome;
use phantom_terms::refusal::Refusal;
use uuid::Uuid;

macro_rules! source {
    ($( fn $read:ident($($argument:ident: $type:ty)?) -> $answer:ty; )*) => {
        /// Where rows are read: in the store, or within a change, whose they stay until it ends.
        pub trait Source: Send {
            fn row<E: Entity>(
                &mut self,
                id: Uuid,
            ) -> impl Future<Output = Result<Option<E>, StoreError>> + Send;

            $( fn $read(
                &mut self,
                $($argument: $type)?
            ) -> impl Future<Output = Result<$answer, StoreError>> + Send; )*
        }

        impl Source for &Store {
            async fn row<E: Entity>(&mut self, id: Uuid) -> Result<Option<E>, StoreError> {
                E::stored(self, id).await
            }

            $( async fn $read(&mut self, $($argument: $type)?) -> Result<$answer, StoreError> {
                Store::$read(self, $($argument)?).await
            } )*
        }

        impl Source for Write {
            async fn row<E: Entity>(&mut self, id: Uuid) -> Result<Option<E>, StoreError> {
                E::within(self, id).await
            }

            $( async fn $read(&mut self, $($argument: $type)?) -> Result<$answer, StoreError> {
                Write::$read(self, $($argument)?).await
            } )*
        }
    };
}

source! {
    fn apis(filter: &ApiFilter) -> Page<ApiRow>;
    fn key_managers() -> Vec<KeyManagerRow>;
    fn plans() -> Vec<PlanRow>;
    fn scope_by_name(name: &str) -> Option<ScopeRow>;
    fn scope_uses(name: &str) -> Vec<ScopeUse>;
    fn scopes() -> Vec<ScopeRow>;
}

/// A row that has an id.
pub trait Entity: Sized + Send {
    const KIND: Kind;

    fn stored(
        store: &Store,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    fn within(
        write: &mut Write,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;
}

/// The row of that id. An id that cannot be one is that of nothing.
pub async fn find<E: Entity>(source: &mut impl Source, id: &str) -> Outcome<E> {
    find_as(source, E::KIND, id).await
}

/// The same, under the name by which the caller knows it.
pub async fn find_as<E: Entity>(source: &mut impl Source, kind: Kind, id: &str) -> Outcome<E> {
    let not_found = || Refusal::not_found(kind, id);
    let parsed = Uuid::try_parse(id).map_err(|_| not_found())?;
    source.row(parsed).await?.ok_or_else(not_found)
}

/// Makes the ids of rows found; stands with the rules of the resource. `entity!(ScopeRow, KIND, scope);` names
/// the row, what is said where there is none, and the read of the store.
macro_rules! entity {
    ($row:ty, $kind:expr, $read:ident) => {
        impl $crate::lookup::Entity for $row {
            const KIND: phantom_terms::refusal::Kind = $kind;

            async fn stored(
                store: &phantom_store::Store,
                id: uuid::Uuid,
            ) -> Result<Option<Self>, phantom_store::StoreError> {
                store.$read(id).await
            }

            async fn within(
                write: &mut phantom_store::Write,
                id: uuid::Uuid,
            ) -> Result<Option<Self>, phantom_store::StoreError> {
                write.$read(id).await
            }
        }
    };
}
pub(crate) use entity;

// Of subscribers. Their rules stand in a crate above, where another crate's trait cannot be had.
entity!(ApplicationRow, Kind::Other("application"), application);
entity!(KeyMappingRow, Kind::Key, key_mapping);
entity!(SubscriptionRow, Kind::Other("subscription"), subscription);
