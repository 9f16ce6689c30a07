//! Files of the demo in the data directory: its configuration and its page, for all to read.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::demo::DemoError;
use crate::demo::Ports;

const CONFIGURATION: &str = include_str!("../../assets/demo/phantom.toml");
const PAGE: &str = include_str!("../../assets/demo/index.html");
/// How its managed API is called, where there is one.
const MANAGED_CALL: &str = include_str!("../../assets/demo/managed.html");
const STYLE: &str = include_str!("../../assets/demo/page.css");
const SCRIPT: &str = include_str!("../../assets/demo/page.js");
const ICON: &str = include_str!("../../assets/demo/icon.svg");

/// Held as long as the demo runs.
const LOCK: &str = "demo.lock";
/// The ports of the last start.
const PORTS: &str = "ports.json";
/// All that a demo leaves in its directory, which `--reset` takes away. What else is there is not ours.
const OURS: [&str; 14] = [
    PORTS,
    "phantom.toml",
    "html/index.html",
    "html/style.css",
    "html/page.js",
    "html/icon.svg",
    "localhost.pem",
    "localhost-key.pem",
    "sealing.key",
    "signing-key.der",
    "catalog.sealed",
    "phantom.db",
    "phantom.db-wal",
    "phantom.db-shm",
];

/// How long a demo may take to end, and how often it is looked whether it has.
const PATIENCE: Duration = Duration::from_secs(8);
const STEP: Duration = Duration::from_millis(100);

/// What the page says of the control plane's APIs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Managed {
    /// As the demo sets them up.
    AsMade,
    /// Somebody changed what the demo had set up, and that stays.
    Changed,
    /// Not set up, or not to the end.
    ByHand,
}

impl Managed {
    fn text(self) -> String {
        let (before, call) = match self {
            Self::AsMade => ("", MANAGED_CALL),
            Self::Changed => (
                "<p>What was changed there stays, and nothing was made anew. As the demo makes it:</p>\n",
                MANAGED_CALL,
            ),
            Self::ByHand => (
                "<p>The demo was started without a whole set-up: the console, or the commands of the WSO2 API \
                 Manager tutorial, make key manager, API and application.</p>\n",
                "",
            ),
        };
        format!("{before}{call}")
    }
}

/// The directory of the demo, which can be written to and is nobody else's while this is held.
#[derive(Debug)]
pub(super) struct Files {
    directory: PathBuf,
    _lock: Option<File>,
}

impl Files {
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, DemoError> {
        let directory = data_dir.join("demo");
        let html = directory.join("html");
        fs::create_dir_all(&html).map_err(DemoError::data_dir("create", &html))?;
        let path = directory.join(LOCK);
        let lock = File::create(&path).map_err(DemoError::data_dir("write", &path))?;
        Ok(Self { _lock: locked(lock, &directory)?, directory })
    }

    /// Takes away what earlier starts left, so that this one is the first.
    pub(super) fn reset(&self) -> Result<(), DemoError> {
        for name in OURS {
            let path = self.directory.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(DemoError::data_dir("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Those of the last start; `None` before the first.
    pub(super) fn ports_before(&self) -> Option<Ports> {
        let text = fs::read(self.directory.join(PORTS)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(super) fn keep_ports(&self, ports: Ports) -> Result<(), DemoError> {
        let path = self.directory.join(PORTS);
        let text = serde_json::to_string(&ports).unwrap_or_default();
        fs::write(&path, text).map_err(DemoError::data_dir("write", &path))
    }

    /// Written anew at each start, as the page is: they may be of another version or with other ports.
    pub(super) fn write_configuration(&self, ports: Ports) -> Result<PathBuf, DemoError> {
        self.write("phantom.toml", &ports.rewrite(CONFIGURATION))
    }

    /// The page, with this program's commands as they are typed here.
    pub(super) fn write_page(
        &self,
        ports: Ports,
        command: &str,
        managed: Managed,
    ) -> Result<PathBuf, DemoError> {
        let configuration = self.directory.join("phantom.toml").display().to_string();
        let place = std::env::current_dir().unwrap_or_default().display().to_string();
        let mut page = ports.rewrite(&PAGE.replace("{{managed}}", &managed.text()));
        for (name, text) in [
            ("{{phantom}}", command),
            ("{{configuration}}", &*configuration),
            ("{{place}}", &*place),
        ] {
            page = page.replace(name, &escaped(text));
        }
        let style = format!("{}{STYLE}", phantom_devauth::STYLE_TOKENS);
        self.write("html/style.css", &style)?;
        self.write("html/page.js", SCRIPT)?;
        self.write("html/icon.svg", ICON)?;
        self.write("html/index.html", &page)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, DemoError> {
        let path = self.directory.join(name);
        fs::write(&path, text).map_err(DemoError::data_dir("write", &path))?;
        Ok(path)
    }
}

/// One demo at a time: one that was just told to stop is waited for.
fn locked(file: File, directory: &Path) -> Result<Option<File>, DemoError> {
    for tries in 0_u32.. {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            // A file system without locks keeps nobody from trying the demo.
            Err(TryLockError::Error(_)) => return Ok(None),
            Err(TryLockError::WouldBlock) if tries * STEP >= PATIENCE => break,
            Err(TryLockError::WouldBlock) => {}
        }
        if tries == 5 {
            tracing::info!("another demo runs from {}: waiting for its end", directory.display());
        }
        std::thread::sleep(STEP);
    }
    Err(DemoError::InUse { path: directory.to_owned() })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
