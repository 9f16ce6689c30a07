//! One run in a directory at a time: another would write over its certificates and logs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// A directory of this run's, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) path: PathBuf,
    _lock: File,
}

impl Held {
    /// Makes it where it is not there.
    pub(crate) fn of(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
        let path = directory.canonicalize()?;
        let lock = File::create(path.join("lock"))?;
        let shown = directory.display();
        ensure!(
            lock.try_lock().is_ok(),
            "another run measures in {shown}: wait for its end, or give --directory another"
        );
        Ok(Self { path, _lock: lock })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_have_two_directories() {
        let place = std::env::temp_dir().join(format!("phantom-bench-{}", std::process::id()));
        let first = Held::of(&place).unwrap();
        let refused = Held::of(&place).unwrap_err().to_string();
        assert!(refused.starts_with("another run measures in "), "{refused}");
        drop(first);
        Held::of(&place).unwrap();
        fs::remove_dir_all(&place).unwrap();
    }
}
