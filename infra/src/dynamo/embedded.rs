//! The engine for one machine: DynamoDB's operations over SQLite, in this process.
//!
//! Costs: every write is one SQLite transaction in WAL mode with `synchronous=FULL`, so one fsync of the log, whatever it
//! holds, plus about 0.3 ms of computing for each item (with three indexes; measured 2026-11 on two busy cores, release
//! build; a read takes 0.2 ms). The engine has one connection: writes follow one
//! another, and reads wait for the write before them.

use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::{Database, DynoxideError};

use super::durable::{self, NotDurable};
use super::engine::Engine;
use super::store::retries;
use crate::private;

/// Why the engine did not do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file is not there, is none of ours, or cannot be written.
    #[error("the database {doing}")]
    Database {
        /// What failed: `cannot be opened`.
        doing: &'static str,
        /// The engine's own words.
        source: DynoxideError,
    },
    /// A file cannot be made, written or renamed.
    #[error("the database file {doing}")]
    File {
        /// What failed: `cannot be created`.
        doing: &'static str,
        /// The system's own words.
        source: std::io::Error,
    },
    /// Commits would not be safe here.
    #[error(transparent)]
    NotDurable(#[from] NotDurable),
    /// The path is not UTF-8.
    #[error("the path of the database is not UTF-8")]
    Path,
    /// The task was cut off: the program is stopping.
    #[error("the database was stopped")]
    Stopped,
}

/// The embedded engine. Cheap to clone; the last clone closes the database.
#[derive(Clone, Debug)]
pub struct Embedded {
    engine: Engine,
    client: Client,
}

impl Embedded {
    /// Opens or creates the database in a file that only its owner may read, after proving that commits are synced.
    /// Blocks; meant for the start.
    ///
    /// # Errors
    /// [`EngineError::NotDurable`] if commits would not survive a power cut.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let text = path.to_str().ok_or(EngineError::Path)?;
        durable::check(path)?;
        if !path.exists() {
            let made = private::create(path).and_then(|_| private::sync_folder_of(path));
            made.map_err(|source| file("cannot be created", source))?;
        }
        let opened = Database::new(text);
        Ok(Self::over(
            opened.map_err(|e| database("cannot be opened", e))?,
        ))
    }

    /// A database in memory: for tests, and for looking around.
    ///
    /// # Errors
    /// [`EngineError::Database`] if there is no memory for it.
    pub fn memory() -> Result<Self, EngineError> {
        let opened = Database::memory();
        Ok(Self::over(
            opened.map_err(|e| database("cannot be opened", e))?,
        ))
    }

    fn over(database: Database) -> Self {
        let engine = Engine(database);
        // The endpoint is never reached: the engine is the HTTP client.
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "embedded"))
            .endpoint_url("http://embedded.invalid")
            .retry_config(retries())
            .http_client(engine.clone())
            .build();
        Self {
            engine,
            client: Client::from_conf(config),
        }
    }

    /// The SDK's client over this engine.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Writes a copy of everything, as of one moment, to a new file. While it runs, commits wait.
    ///
    /// # Errors
    /// [`EngineError::File`] if `to` is there already or cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), EngineError> {
        let (engine, to) = (self.engine.clone(), to.to_owned());
        blocking(move || copy_to(&engine.0, &to)).await
    }

    /// Replaces everything with what a backup holds. The backup is checked first: if it is none, nothing changes.
    ///
    /// # Errors
    /// [`EngineError::Database`] if it is no backup of this engine.
    pub async fn restore(&self, from: &Path) -> Result<(), EngineError> {
        let (engine, from) = (self.engine.clone(), from.to_owned());
        let work = move || {
            let text = from.to_str().ok_or(EngineError::Path)?;
            let restored = engine.0.restore_from(text);
            restored.map_err(|e| database("cannot be restored", e))
        };
        blocking(work).await
    }

    /// Deletes what may be forgotten by now, in every table; answers how many items. On AWS the tables do it themselves.
    ///
    /// # Errors
    /// [`EngineError::Database`] if it cannot be written.
    pub async fn forget_expired(&self) -> Result<usize, EngineError> {
        let engine = self.engine.clone();
        let work = move || {
            let swept = engine.0.sweep_ttl();
            swept.map_err(|e| database("cannot be swept", e))
        };
        blocking(work).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| EngineError::Stopped)?
}

/// Writes beside `to`, syncs, and renames: what stands under that name is always whole.
fn copy_to(database_: &Database, to: &Path) -> Result<(), EngineError> {
    if to.exists() {
        let there = std::io::ErrorKind::AlreadyExists.into();
        return Err(file("is there already", there));
    }
    let mut name = to.to_owned().into_os_string();
    name.push(".part");
    let part = std::path::PathBuf::from(name);
    let text = part.to_str().ok_or(EngineError::Path)?;
    // An empty file is what SQLite wants to copy into; making it here makes it private.
    let _ = std::fs::remove_file(&part);
    let made = private::create(&part).map_err(|source| file("cannot be created", source))?;
    let copied = database_.vacuum_into(text);
    let copied = copied.map_err(|e| database("cannot be copied", e));
    let kept = copied.and_then(|()| {
        let kept = made.sync_all().and_then(|()| std::fs::rename(&part, to));
        let kept = kept.and_then(|()| private::sync_folder_of(to));
        kept.map_err(|source| file("cannot be written", source))
    });
    if kept.is_err() {
        // The error that is told is the one above.
        let _ = std::fs::remove_file(&part);
    }
    kept
}

fn database(doing: &'static str, source: DynoxideError) -> EngineError {
    EngineError::Database { doing, source }
}

fn file(doing: &'static str, source: std::io::Error) -> EngineError {
    EngineError::File { doing, source }
}
