//! The data folder: one process at a time, and what lies where.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A data folder that this process has alone, for as long as this value lives.
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Opens the folder, making it if it is not there, and keeps every other process out.
    ///
    /// # Errors
    /// If another process has it, or it cannot be written.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(path)
            .with_context(|| format!("the data folder {} cannot be made", path.display()))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .with_context(|| format!("the data folder {} cannot be written", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(std::fs::TryLockError::WouldBlock) => bail!(
                "another Sando is working on {}: stop it first, or choose another folder with --data",
                path.display()
            ),
            Err(std::fs::TryLockError::Error(error)) => Err(error)
                .with_context(|| format!("the data folder {} cannot be locked", path.display())),
        }
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.path.join("sando.db")
    }

    /// The key that secrets and keys of persons are encrypted under.
    pub fn key_file(&self) -> PathBuf {
        self.path.join("key")
    }

    /// The encrypted secrets.
    pub fn secrets_file(&self) -> PathBuf {
        self.path.join("secrets")
    }

    /// Where notifications are written.
    pub fn notifications(&self) -> PathBuf {
        self.path.join("notifications")
    }

    /// The administrator's token if none was given: made once, readable by the owner only.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn admin_token(&self, fill: impl FnOnce(&mut [u8])) -> anyhow::Result<String> {
        let path = self.path.join("admin-token");
        if let Ok(token) = std::fs::read_to_string(&path) {
            return Ok(token.trim().to_owned());
        }
        let mut bytes = [0_u8; 24];
        fill(&mut bytes);
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        writeln!(file, "{token}")?;
        Ok(token)
    }

    /// The file that the administrator's token is kept in.
    pub fn admin_token_file(&self) -> PathBuf {
        self.path.join("admin-token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_process_on_the_same_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();

        let second = DataDir::open(folder.path()).err().unwrap().to_string();

        assert!(second.contains("another Sando is working on"), "{second}");
        drop(first);
        assert!(DataDir::open(folder.path()).is_ok());
    }

    #[test]
    fn the_admin_token_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();

        let first = data.admin_token(|bytes| bytes.fill(7)).unwrap();
        let second = data.admin_token(|bytes| bytes.fill(8)).unwrap();

        assert_eq!(first, second);
        assert_eq!(first.len(), 48);
    }
}
