//! One suite for both databases, and for one behind a pooler of connections.

#[path = "support/bed.rs"]
mod bed;

/// Makes of each named function a test on SQLite, one on PostgreSQL and one through pgbouncer, which
/// hands the connections of few servers out by the transaction. Those that are large are not pooled.
macro_rules! on_both {
    ($($test:ident),* $(,)? $(; unpooled: $($large:ident),*)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::bed::Bed::sqlite().await).await;
            })*
            $($(#[tokio::test]
            async fn $large() {
                super::$large($crate::bed::Bed::sqlite().await).await;
            })*)?
        }
        mod postgresql {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::bed::Bed::postgres().await).await;
            })*
            $($(#[tokio::test]
            async fn $large() {
                super::$large($crate::bed::Bed::postgres().await).await;
            })*)?
        }
        mod pooled {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::bed::Bed::pooled().await).await;
            })*
        }
    };
}

#[path = "suite/api_scopes.rs"]
mod api_scopes;
#[path = "suite/api_words.rs"]
mod api_words;
#[path = "suite/audit.rs"]
mod audit;
#[path = "suite/changes.rs"]
mod changes;
#[path = "suite/crash.rs"]
mod crash;
#[path = "suite/entities.rs"]
mod entities;
#[path = "suite/gateways.rs"]
mod gateways;
#[path = "suite/listings.rs"]
mod listings;
#[path = "suite/publication.rs"]
mod publication;
#[path = "suite/references.rs"]
mod references;
#[path = "suite/secrets.rs"]
mod secrets;
#[path = "suite/text.rs"]
mod text;
#[path = "suite/transactions.rs"]
mod transactions;
#[path = "suite/trouble.rs"]
mod trouble;
#[path = "suite/uniqueness.rs"]
mod uniqueness;
