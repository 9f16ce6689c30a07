//! Files of the demo in the data directory: its configuration and its page, for all to read.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::demo::DemoError;
use crate::demo::Ports;

const CONFIGURATION: &str = include_str!("../../assets/demo/phantom.toml");
const PAGE: &str = include_str!("../../assets/demo/index.html");

/// The directory of the demo, which can be written to.
#[derive(Debug)]
pub(super) struct Files {
    directory: PathBuf,
}

impl Files {
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, DemoError> {
        let directory = data_dir.join("demo");
        let html = directory.join("html");
        fs::create_dir_all(&html).map_err(DemoError::data_dir("create", &html))?;
        Ok(Self { directory })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Both are written anew at each start, as they may be of another version or with other ports.
    pub(super) fn write_configuration(&self, ports: Ports) -> Result<PathBuf, DemoError> {
        self.write("phantom.toml", CONFIGURATION, ports)
    }

    pub(super) fn write_page(&self, ports: Ports) -> Result<PathBuf, DemoError> {
        self.write("html/index.html", PAGE, ports)
    }

    fn write(&self, name: &str, text: &str, ports: Ports) -> Result<PathBuf, DemoError> {
        let path = self.directory.join(name);
        fs::write(&path, ports.rewrite(text)).map_err(DemoError::data_dir("write", &path))?;
        Ok(path)
    }
}
