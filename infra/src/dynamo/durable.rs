//! Proves at start that what the engine commits is on disk: that SQLite runs with `synchronous=FULL`.
//!
//! The engine sets WAL mode and leaves `synchronous` to SQLite's default, which is FULL unless the library was built
//! otherwise; it shows neither its connection nor the setting. So the effect is looked at: a probe database is opened the
//! very same way, beside the real one, except that the file system is said not to write sectors safely (`psow=0`). Then,
//! and only with FULL, SQLite fills the rest of the sector after a commit before it syncs, by writing the last frame
//! again. No such frame: commits are not synced.
//!
//! Source: <https://www.sqlite.org/psow.html> and `walFrames` (`sqlite3WalFrames`) in SQLite 3.49.

use std::path::{Path, PathBuf};

use dynoxide::Database;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::engine;

/// In the path of an SQLite URI these have a meaning of their own.
const RESERVED: &AsciiSet = &CONTROLS.add(b'?').add(b'#').add(b'%');
const WAL_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

const TABLE: &str = r#"{"TableName":"probe","BillingMode":"PAY_PER_REQUEST",
    "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}"#;
const ITEM: &str = r#"{"TableName":"probe","Item":{"pk":{"S":"probe"}}}"#;

/// Why the engine may not keep anything here.
#[derive(Debug, thiserror::Error)]
pub enum NotDurable {
    /// A committed write could be lost with the machine's power.
    #[error("the database library does not sync its commits to disk (`synchronous` is not FULL)")]
    NotSynced,
    /// The probe could not be made or read.
    #[error("cannot prove in this folder that commits are synced to disk: {0}")]
    NoProof(&'static str),
}

/// Opens a probe beside `database`, commits, and looks.
pub(super) fn check(database: &Path) -> Result<(), NotDurable> {
    let probe = Probe::beside(database);
    let text = probe.0.to_str();
    let text = text.ok_or(NotDurable::NoProof("its name is not UTF-8"))?;
    let uri = format!("file:{}?psow=0", utf8_percent_encode(text, RESERVED));
    let opened = Database::new(&uri).map_err(|_| NotDurable::NoProof("it cannot be opened"))?;
    prove(&opened, &probe.file("-wal"))
}

fn prove(probe: &Database, wal: &Path) -> Result<(), NotDurable> {
    for (operation, request) in [("CreateTable", TABLE), ("PutItem", ITEM)] {
        engine::run(probe, operation, request.as_bytes())
            .map_err(|_| NotDurable::NoProof("it cannot be written"))?;
    }
    let wal = std::fs::read(wal).map_err(|_| NotDurable::NoProof("it has no write-ahead log"))?;
    match last_frame_is_repeated(&wal) {
        Some(true) => Ok(()),
        Some(false) => Err(NotDurable::NotSynced),
        None => Err(NotDurable::NoProof("its write-ahead log cannot be read")),
    }
}

/// Does the log end with a commit frame and the same frame again?
/// Layout: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.
fn last_frame_is_repeated(wal: &[u8]) -> Option<bool> {
    let number = |bytes: &[u8]| Some(u32::from_be_bytes(bytes.try_into().ok()?));
    let page_size = usize::try_from(number(wal.get(8..12)?)?).ok()?;
    let frame_size = page_size.checked_add(FRAME_HEADER)?;
    let mut from_the_end = wal.get(WAL_HEADER..)?.rchunks_exact(frame_size);
    let (last, before) = (from_the_end.next()?, from_the_end.next()?);
    let (last_header, last_page) = last.split_at_checked(FRAME_HEADER)?;
    let (before_header, before_page) = before.split_at_checked(FRAME_HEADER)?;
    // Page number, and the size of the database: not 0 in a frame that commits.
    let same = last_header.get(..8)? == before_header.get(..8)? && last_page == before_page;
    Some(same && number(last_header.get(4..8)?)? != 0)
}

/// The probe's file; dropping it removes it and what SQLite put beside it.
struct Probe(PathBuf);

impl Probe {
    fn beside(database: &Path) -> Self {
        let name = format!("probe-{:016x}.db", rand::random::<u64>());
        Self(database.with_file_name(name))
    }

    fn file(&self, suffix: &str) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            // Nothing depends on it: a probe left behind is an empty database under another name.
            let _ = std::fs::remove_file(self.file(suffix));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_syncs_every_commit() {
        let folder = tempfile::tempdir().unwrap();

        let proof = check(&folder.path().join("a ?#%.db"));

        assert!(proof.is_ok(), "{proof:?}");
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn an_engine_that_does_not_sync_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("normal.db");
        let uri = format!("file:{}?psow=0", path.display());
        let database = Database::new(&uri).unwrap();

        // Leaves the connection with `synchronous=NORMAL`.
        database.enable_bulk_loading().unwrap();
        database.disable_bulk_loading().unwrap();

        let proof = prove(&database, &folder.path().join("normal.db-wal"));
        assert!(matches!(proof, Err(NotDurable::NotSynced)), "{proof:?}");
    }
}
