//! Notifications as files in a folder: what one machine without a mail server has.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::ids::EffectKey;
use sando_core::ports::{Notification, Notifier, RemoteError, Sent};

/// Writes every notification as a JSON file named by its effect's key, so that none is written twice.
#[derive(Clone, Debug)]
pub struct FolderNotifier {
    folder: PathBuf,
}

impl FolderNotifier {
    /// Notifications go into this folder; it is made when the first one comes.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Deletes what was written before this moment; answers how many files that were.
    ///
    /// # Errors
    /// If the folder cannot be read, or a file cannot be deleted.
    pub async fn forget_before(&self, moment: Timestamp) -> std::io::Result<usize> {
        let folder = self.folder.clone();
        let forgotten = tokio::task::spawn_blocking(move || forget(&folder, moment)).await;
        forgotten.map_err(|_| std::io::Error::other("it was stopped"))?
    }

    fn file(&self, key: &EffectKey) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

fn failed(error: &std::io::Error) -> RemoteError {
    RemoteError::NoAnswer {
        remote: "the notification folder".to_owned(),
        why: error.kind().to_string(),
        sent: Sent::Never,
    }
}

fn forget(folder: &Path, moment: Timestamp) -> std::io::Result<usize> {
    let files = match std::fs::read_dir(folder) {
        // Nobody was told anything yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        files => files?,
    };
    let moment = std::time::SystemTime::from(moment);
    let mut forgotten = 0;
    for file in files {
        let file = file?;
        let found = file.metadata()?;
        if found.is_file() && found.modified()? < moment {
            std::fs::remove_file(file.path())?;
            forgotten += 1;
        }
    }
    Ok(forgotten)
}

/// The whole file appears at once, or not at all.
fn write(folder: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(file)?;
    Ok(())
}

#[async_trait]
impl Notifier for FolderNotifier {
    async fn was_sent(&self, key: &EffectKey) -> Result<bool, RemoteError> {
        tokio::fs::try_exists(self.file(key))
            .await
            .map_err(|error| failed(&error))
    }

    async fn send(&self, notification: &Notification) -> Result<(), RemoteError> {
        let text = serde_json::to_string_pretty(notification);
        let text = text.map_err(|error| failed(&error.into()))?;
        let (folder, file) = (self.folder.clone(), self.file(&notification.key));
        let written = tokio::task::spawn_blocking(move || write(&folder, &file, &text)).await;
        match written {
            Ok(done) => done.map_err(|error| failed(&error)),
            Err(_) => Err(failed(&std::io::Error::other("the writer stopped"))),
        }
    }
}
