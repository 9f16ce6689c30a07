//! The store of this node: opened, and made at the first start.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use phantom_config::ControlConfig;
use phantom_config::DatabaseChoice;
use phantom_config::minting::MintingError;
use phantom_core::Clock;
use phantom_manage::seed;
use phantom_oauth::Minter;
use phantom_publish::ResidentEndpoint;
use phantom_store::Database;
use phantom_store::SealingKey;
use phantom_store::Store;
use phantom_store::StoreError;
use phantom_store::StoreSettings;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::compose::StartError;

/// File of the sealing key in the data directory.
pub(crate) const SEALING_KEY: &str = "sealing.key";

/// How the store is opened, as often as it takes.
#[derive(Clone, Debug)]
pub(in crate::compose) struct Opener {
    config: ControlConfig,
    sealing: Sealing,
    clock: Arc<dyn Clock>,
}

/// What secrets in the store are sealed with.
#[derive(Clone, Debug)]
struct Sealing {
    key: SealingKey,
    /// Where it lies, unless the configuration names it.
    file: Option<PathBuf>,
    /// The file was made by this process.
    is_new: bool,
}

/// What a node has of its store, and what it shows of its first start.
#[derive(Debug)]
pub(in crate::compose) struct Opened {
    pub(in crate::compose) store: Store,
    pub(in crate::compose) resident: ResidentEndpoint,
    /// Of phantom tokens for tokens of our own.
    pub(in crate::compose) signing_key: Zeroizing<Vec<u8>>,
    pub(in crate::compose) minter: Arc<Minter>,
    /// Of `admin`, where it was made up now. To be shown once.
    pub(in crate::compose) password: Option<SecretString>,
}

impl Opener {
    pub(in crate::compose) fn new(
        config: &ControlConfig,
        data_dir: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        make_directory(data_dir)?;
        let (sealing, clock) = (Sealing::read(config, data_dir)?, Arc::clone(clock));
        Ok(Self { config: config.clone(), sealing, clock })
    }

    pub(in crate::compose) const fn sealing(&self) -> &SealingKey {
        &self.sealing.key
    }

    pub(in crate::compose) async fn open(&self) -> Result<Opened, StartError> {
        let Self { config, sealing, clock } = self;
        let store = sealing.open(config).await?;
        let signing_key = phantom_access::resident::signing_key(&store, clock.now().wall).await;
        let signing_key = signing_key.map_err(StartError::first_start)?;
        let minter = minter(&signing_key, &config.public_url)?;
        let admin = match &config.admin_password {
            Some(source) => seed::Admin::Chosen(source.read()?),
            None => seed::Admin::Generated,
        };
        let password = seed::first_start(&store, admin, clock.now().wall).await;
        let password = password.map_err(StartError::first_start)?;
        let resident = phantom_publish::resident(&store, &config.public_url).await?;
        Ok(Opened { store, resident, signing_key, minter, password })
    }
}

/// Opens the store, and makes it at the first start. Blocks.
pub fn open_store(
    config: &ControlConfig,
    data_dir: &Path,
    runtime: &Handle,
) -> Result<Store, StartError> {
    runtime.block_on(opened_store(config, data_dir))
}

/// The same without blocking.
pub(in crate::compose) async fn opened_store(
    config: &ControlConfig,
    data_dir: &Path,
) -> Result<Store, StartError> {
    make_directory(data_dir)?;
    Sealing::read(config, data_dir)?.open(config).await
}

/// Whether the key that the configuration names is one; the one of the data directory is not looked at.
pub fn check_sealing_key(config: &ControlConfig) -> Result<(), StartError> {
    Sealing::configured(config).map(drop)
}

/// Whether the address of the database can be read: nobody is called.
pub fn check_database(config: &ControlConfig) -> Result<(), StoreError> {
    match &config.database {
        DatabaseChoice::Sqlite(_) => Ok(()),
        DatabaseChoice::Postgres(url) => Database::check_url(url),
    }
}

impl Sealing {
    fn configured(config: &ControlConfig) -> Result<Option<SealingKey>, StartError> {
        let Some(source) = &config.sealing_key else { return Ok(None) };
        Ok(Some(SealingKey::from_text(source.read()?.expose_secret())?))
    }

    /// The key of the configuration, else that of the data directory, which is made at the first start.
    fn read(config: &ControlConfig, data_dir: &Path) -> Result<Self, StartError> {
        if let Some(key) = Self::configured(config)? {
            return Ok(Self { key, file: None, is_new: false });
        }
        let path = data_dir.join(SEALING_KEY);
        let (key, is_new) = SealingKey::from_file_or_create(&path)?;
        Ok(Self { key, file: Some(path), is_new })
    }

    /// A key that was made for a store which has its own is taken back: what stands in its place must
    /// be restored, and would otherwise have to replace a file that looks right.
    async fn open(&self, config: &ControlConfig) -> Result<Store, StartError> {
        let error = match Store::open(&settings(config, self.key.clone())).await {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        Err(match (error, &self.file) {
            (StoreError::WrongSealingKey, Some(path)) if self.is_new => {
                let removed = std::fs::remove_file(path);
                if let Err(error) = removed.as_ref()
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    tracing::warn!(path = %path.display(), %error, "a useless key is left");
                }
                StartError::SealingKeyMissing { path: path.clone() }
            }
            (StoreError::WrongSealingKey, Some(path)) => {
                StartError::SealingKeyWrong { path: path.clone() }
            }
            (StoreError::Corrupt { what }, _) => match &config.database {
                DatabaseChoice::Sqlite(path) => {
                    StartError::StoreDamaged { path: path.clone(), what }
                }
                DatabaseChoice::Postgres(_) => StoreError::Corrupt { what }.into(),
            },
            (error, _) => error.into(),
        })
    }
}

/// Makes phantom tokens for tokens of our own.
pub(in crate::compose) fn minter(key: &[u8], public_url: &str) -> Result<Arc<Minter>, StartError> {
    let minter = Minter::new(key, &phantom_publish::issuer(public_url));
    Ok(Arc::new(minter.map_err(MintingError::from)?))
}

pub(super) fn make_directory(path: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(path)
        .map_err(|source| StartError::DataDir { path: path.to_owned(), source })
}

fn settings(config: &ControlConfig, sealing: SealingKey) -> StoreSettings {
    let database = match &config.database {
        DatabaseChoice::Sqlite(path) => Database::Sqlite { path: path.clone() },
        DatabaseChoice::Postgres(url) => Database::Postgres { url: url.clone() },
    };
    StoreSettings { database, sealing }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
