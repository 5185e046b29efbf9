//! Tokens of one reading: in memory, but a rotated refresh token goes back to the file it came from before it is used.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use sando_core::auth::{Held, TokenState, Tokens};
use sando_core::ports::{RemoteError, Sent};
use sando_core::store::Version;
use sando_infra::auth::MemoryTokens;

use super::inputs::Secret;
use crate::say;

/// Tokens of one reading.
pub(super) struct FileTokens {
    memory: MemoryTokens,
    /// The refresh token that was given.
    given: Option<(Mutex<String>, Option<PathBuf>)>,
}

impl FileTokens {
    pub(super) fn new(given: Option<&Secret>) -> Self {
        let given = given.map(|secret| (Mutex::new(secret.value.clone()), secret.file.clone()));
        Self {
            memory: MemoryTokens::default(),
            given,
        }
    }

    /// Keeps a new refresh token where the old one was.
    fn keep(&self, token: &str) -> Result<(), RemoteError> {
        let Some((known, file)) = &self.given else {
            return Ok(());
        };
        let mut known = known
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if *known == token {
            return Ok(());
        }
        match file {
            Some(file) => {
                replace(file, token).map_err(|error| RemoteError::NoAnswer {
                    remote: file.display().to_string(),
                    why: format!("the new refresh token cannot be written: {error}"),
                    sent: Sent::Never,
                })?;
                say(&format!(
                    "there is a new refresh token: {} was updated",
                    file.display()
                ));
            }
            None => say(
                "there is a new refresh token, and the one in the environment may not work again: give it as a file \
                 (`--secret refresh_token=@file`), which is then updated",
            ),
        }
        token.clone_into(&mut known);
        Ok(())
    }
}

/// Written beside and renamed, readable for its owner only.
fn replace(file: &Path, token: &str) -> std::io::Result<()> {
    let file = file.canonicalize()?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(beside, "{token}")?;
    beside.as_file().sync_all()?;
    beside.persist(&file)?;
    Ok(())
}

#[async_trait]
impl Tokens for FileTokens {
    async fn read(&self) -> Result<Held, RemoteError> {
        self.memory.read().await
    }

    async fn lease(&self, seen: &Held, until: Timestamp) -> Result<Option<Version>, RemoteError> {
        self.memory.lease(seen, until).await
    }

    async fn write(&self, leased: Version, state: &TokenState) -> Result<bool, RemoteError> {
        if let Some(token) = &state.refresh_token {
            self.keep(token)?;
        }
        self.memory.write(leased, state).await
    }

    async fn release(&self, leased: Version) {
        self.memory.release(leased).await;
    }
}
