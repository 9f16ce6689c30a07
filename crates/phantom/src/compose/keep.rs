//! The catalog in force is kept on the disk, for a start without the store: soon after each change,
//! beside everything else, and at the end.

use std::time::Duration;
use std::time::Instant;

use phantom_core::HeldBack;
use phantom_core::UnixTime;
use phantom_core::catalog::Catalog;
use phantom_core::catalog::Change;
use phantom_publish::kept::CatalogFile;
use phantom_publish::kept::Kept;
use phantom_publish::kept::KeptError;
use phantom_publish::kept::SigningKey;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// Between two savings at least; more where one takes long.
const AFTER_A_CHANGE: Duration = Duration::from_secs(2);
/// Saving takes no more than this part of the time.
const SHARE: u32 = 20;
/// Nothing has changed, but how old it is.
const WITHOUT_CHANGE: Duration = Duration::from_secs(600);
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// Keeps what it is told. Entities are shared with what serves.
pub(super) struct Keeper {
    file: CatalogFile,
    /// The newest; `None` before the first.
    kept: Option<Kept>,
    control: String,
    signing_key: SigningKey,
    changed: bool,
    saved: Option<Instant>,
    pause: Duration,
    saving: Option<JoinHandle<(Duration, Result<(), KeptError>)>>,
    complaints: HeldBack,
}

impl Keeper {
    pub(super) fn new(file: CatalogFile, control: String, key: Zeroizing<Vec<u8>>) -> Self {
        Self {
            file,
            kept: None,
            control,
            signing_key: SigningKey(key),
            changed: false,
            saved: None,
            pause: AFTER_A_CHANGE,
            saving: None,
            complaints: HeldBack::new(COMPLAIN_EVERY),
        }
    }

    pub(super) fn replace(&mut self, mut catalog: Catalog) {
        catalog.sort();
        self.kept = Some(Kept {
            control: self.control.clone(),
            as_of: UnixTime::default(),
            signing_key: self.signing_key.clone(),
            catalog,
        });
        self.changed = true;
    }

    /// Up to that number.
    pub(super) fn apply(&mut self, changes: &[Change], sequence: u64) {
        let Some(kept) = &mut self.kept else { return };
        for change in changes {
            kept.catalog.apply(change);
        }
        kept.catalog.sequence = sequence;
        self.changed = true;
    }

    /// The store holds nothing newer.
    pub(super) fn confirm(&mut self, now: UnixTime) {
        if let Some(kept) = &mut self.kept {
            kept.as_of = now;
        }
    }

    pub(super) async fn save_when_due(&mut self, now: Instant) {
        if self.saving.as_ref().is_some_and(JoinHandle::is_finished) {
            self.finish().await;
        }
        let pause = if self.changed { self.pause } else { WITHOUT_CHANGE };
        let rests = self.saved.is_some_and(|saved| now.saturating_duration_since(saved) < pause);
        if self.saving.is_none() && !rests {
            self.save(now);
        }
    }

    pub(super) async fn save_at_the_end(&mut self) {
        self.finish().await;
        self.save(Instant::now());
        self.finish().await;
    }

    /// Where blocking is no harm.
    fn save(&mut self, now: Instant) {
        let Some(kept) = &mut self.kept else { return };
        kept.catalog.forget_ended(kept.as_of);
        let (file, kept) = (self.file.clone(), kept.clone());
        (self.saved, self.changed) = (Some(now), false);
        self.saving = Some(tokio::task::spawn_blocking(move || {
            let begun = Instant::now();
            let saved = file.save(&kept);
            (begun.elapsed(), saved)
        }));
    }

    async fn finish(&mut self) {
        let Some(saving) = self.saving.take() else { return };
        let Ok((took, saved)) = saving.await else { return };
        self.pause = AFTER_A_CHANGE.max(took * SHARE);
        if let Err(error) = saved {
            self.changed = true;
            if let Some(held_back) = self.complaints.turn(Instant::now()) {
                let path = self.file.path().display();
                tracing::warn!(
                    %path, held_back, %error,
                    "the catalog cannot be kept: a start without the store would serve an older one"
                );
            }
        }
    }
}
