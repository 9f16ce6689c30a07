//! A gateway's side: announces itself, and tells what it did. Each row is a statement of its own.

use phantom_access::random;
use phantom_core::UnixTime;
use phantom_store::GatewayRow;
use phantom_store::ReportRow;
use phantom_store::Store;
use phantom_store::StoreError;
use uuid::Uuid;

use super::spans::Due;

/// What a gateway says of itself.
#[derive(Clone, Debug)]
pub struct Announced {
    pub name: String,
    pub version: String,
    pub started_at: UnixTime,
}

#[derive(Debug)]
pub struct Reporting {
    store: Store,
    row: GatewayRow,
    announced: bool,
}

impl Reporting {
    #[must_use]
    pub fn new(store: Store, announced: Announced) -> Self {
        let Announced { name, version, started_at } = announced;
        let stopped_at = UnixTime::default();
        let row = GatewayRow { id: random::id(), name, version, started_at, stopped_at };
        Self { store, row, announced: false }
    }

    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.row.id
    }

    /// Writes what is due. After an error the gateway announces itself again: it may have been forgotten.
    pub async fn tell(
        &mut self,
        due: &[Due],
        change: u64,
        now: UnixTime,
        stopped: bool,
    ) -> Result<(), StoreError> {
        let told = self.tell_all(due, change, now, stopped).await;
        self.announced = told.is_ok();
        told
    }

    async fn tell_all(
        &mut self,
        due: &[Due],
        change: u64,
        now: UnixTime,
        stopped: bool,
    ) -> Result<(), StoreError> {
        if !self.announced {
            self.store.announce_gateway(&self.row).await?;
        }
        for due in due {
            let Due { span, begun, report, decided } = due;
            let row = ReportRow {
                gateway: self.row.id,
                span: span.seconds,
                slot: span.slot(*begun),
                begun_at: *begun,
                at: now,
                change,
                document: text(report)?,
                decisions: text(decided)?,
            };
            self.store.report(&row).await?;
        }
        if stopped {
            self.row.stopped_at = now;
            self.store.announce_gateway(&self.row).await?;
        }
        Ok(())
    }
}

fn text(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal { source: error.into() })
}
