//! Secrets in one file, replaced as a whole: `{"format": 1, "owners": {"<owner>": "<nonce and ciphertext, base64>"}}`.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sando_core::ports::{KeyWrap, RemoteError, SecretValues, Secrets, Sent};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::key::{KeyFileError, SecretKey};
use crate::private;

const REMOTE: &str = "the secrets file";
const FORMAT: u16 = 1;
/// What a wrapped key is bound to; no owner's values are bound to the same.
const WRAPPED: &str = "sando wrapped key v1";

/// Keeps secrets in a file, and wraps keys, both with the key of the key file. Reads the file each time, so that a
/// change from outside is seen; `fresh` therefore changes nothing.
#[derive(Clone)]
pub struct FileSecrets {
    key: SecretKey,
    path: PathBuf,
    writing: Arc<Mutex<()>>,
}

impl fmt::Debug for FileSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileSecrets")
    }
}

#[derive(Serialize, Deserialize)]
struct SecretsFile {
    format: u16,
    owners: BTreeMap<String, String>,
}

impl FileSecrets {
    /// Reads the key file, or creates it if there is none and there are no secrets yet. Blocks; meant for the start.
    ///
    /// # Errors
    /// [`KeyFileError::OpenToOthers`] if others than its owner may read the key file.
    pub fn open(key_file: &Path, secrets_file: &Path) -> Result<Self, KeyFileError> {
        let key = SecretKey::open(key_file, secrets_file.exists())?;
        Ok(Self {
            key,
            path: secrets_file.to_owned(),
            writing: Arc::new(Mutex::new(())),
        })
    }

    /// Reads the file, changes it, and replaces it; one change at a time.
    async fn change(
        &self,
        change: impl FnOnce(&mut BTreeMap<String, String>) + Send + 'static,
    ) -> Result<(), RemoteError> {
        let _one_at_a_time = self.writing.lock().await;
        let path = self.path.clone();
        let work = move || {
            let mut owners = load(&path)?;
            change(&mut owners);
            store(&path, owners)
        };
        blocking(work).await
    }
}

#[async_trait]
impl Secrets for FileSecrets {
    async fn read(&self, owner: &str, _fresh: bool) -> Result<Option<SecretValues>, RemoteError> {
        let path = self.path.clone();
        let mut owners = blocking(move || load(&path)).await?;
        let Some(text) = owners.remove(owner) else {
            return Ok(None);
        };
        let sealed = STANDARD.decode(text);
        let sealed = sealed.map_err(|_| unreadable("it is damaged"))?;
        let plain = self.key.open_sealed(&sealed, &bound_to(owner));
        let plain =
            plain.map_err(|_| unreadable("the key file is not the one it was made with"))?;
        let values = serde_json::from_slice(&plain);
        values
            .map(Some)
            .map_err(|_| unreadable("it is of another release"))
    }

    async fn write(&self, owner: &str, values: &SecretValues) -> Result<(), RemoteError> {
        let plain = serde_json::to_vec(values);
        let plain = plain.map_err(|_| unreadable("the values cannot be written as JSON"))?;
        let sealed = self.key.seal(&plain, &bound_to(owner));
        let sealed = sealed.map_err(|_| unreadable("it cannot be encrypted"))?;
        let (owner, text) = (owner.to_owned(), STANDARD.encode(sealed));
        self.change(move |owners| {
            owners.insert(owner, text);
        })
        .await
    }

    async fn remove(&self, owner: &str) -> Result<(), RemoteError> {
        let owner = owner.to_owned();
        self.change(move |owners| {
            owners.remove(&owner);
        })
        .await
    }
}

#[async_trait]
impl KeyWrap for FileSecrets {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        let sealed = self.key.seal(key, WRAPPED);
        sealed.map_err(|_| unreadable("a key cannot be wrapped"))
    }

    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        let plain = self.key.open_sealed(wrapped, WRAPPED);
        plain.map_err(|_| RemoteError::Refused {
            remote: "the key file".to_owned(),
            status: 400,
            message: "the key was not wrapped with it".to_owned(),
        })
    }
}

/// Values moved to another owner in the file cannot be decrypted.
fn bound_to(owner: &str) -> String {
    format!("sando secrets v1 {owner}")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RemoteError> + Send + 'static,
) -> Result<T, RemoteError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| no_answer(&io::ErrorKind::Interrupted.into()))?
}

fn load(path: &Path) -> Result<BTreeMap<String, String>, RemoteError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(no_answer(&error)),
    };
    let file: SecretsFile =
        serde_json::from_slice(&bytes).map_err(|_| unreadable("it is damaged"))?;
    if file.format != FORMAT {
        return Err(unreadable("it is of another release"));
    }
    Ok(file.owners)
}

fn store(path: &Path, owners: BTreeMap<String, String>) -> Result<(), RemoteError> {
    let file = SecretsFile {
        format: FORMAT,
        owners,
    };
    let bytes = serde_json::to_vec_pretty(&file);
    let bytes = bytes.map_err(|_| unreadable("it cannot be written as JSON"))?;
    private::replace(path, &bytes).map_err(|e| no_answer(&e))
}

fn no_answer(error: &io::Error) -> RemoteError {
    RemoteError::NoAnswer {
        remote: REMOTE.to_owned(),
        why: error.kind().to_string(),
        sent: Sent::Perhaps,
    }
}

fn unreadable(why: &str) -> RemoteError {
    RemoteError::Unreadable {
        remote: REMOTE.to_owned(),
        why: why.to_owned(),
    }
}
