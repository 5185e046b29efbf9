//! `sando backup`, `sando restore` and `sando audit verify`: a data folder that nobody works on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use sando_core::audit::{Head, Verifier};
use sando_core::store::{Group, Loaded, Store};
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};

use crate::data_dir::DataDir;
use crate::{print, say};

/// Flags of `sando backup`.
#[derive(clap::Args)]
pub struct BackupFlags {
    /// The data folder.
    #[arg(long, default_value = "sando-data", value_name = "FOLDER")]
    data: PathBuf,
    /// A folder that does not exist yet; it will hold the key, so keep it as safe as the data folder.
    to: PathBuf,
}

/// Flags of `sando restore`.
#[derive(clap::Args)]
pub struct RestoreFlags {
    /// The data folder to be made; it must not hold anything yet.
    #[arg(long, default_value = "sando-data", value_name = "FOLDER")]
    data: PathBuf,
    /// A folder that `sando backup` made.
    from: PathBuf,
}

/// Flags of `sando audit verify`.
#[derive(clap::Args)]
pub struct VerifyFlags {
    /// The data folder.
    #[arg(long, default_value = "sando-data", value_name = "FOLDER")]
    data: PathBuf,
    /// One JSON object instead of words.
    #[arg(long)]
    json: bool,
}

/// What lies beside the database and belongs to it.
const FILES: [&str; 3] = ["key", "secrets", "admin-token"];

fn must_exist(folder: &Path) -> anyhow::Result<()> {
    if folder.join("sando.db").exists() {
        return Ok(());
    }
    bail!(
        "{} is no data folder of Sando: there is no sando.db in it",
        folder.display()
    )
}

/// Copies a data folder.
///
/// # Errors
/// If it is in use, or cannot be copied.
pub async fn backup(flags: &BackupFlags) -> anyhow::Result<ExitCode> {
    must_exist(&flags.data)?;
    let data = DataDir::open(&flags.data)?;
    std::fs::create_dir(&flags.to)
        .with_context(|| format!("{} must not exist yet", flags.to.display()))?;
    private(&flags.to)?;
    Embedded::open(&data.database())?
        .backup(&flags.to.join("sando.db"))
        .await?;
    copy(&flags.data, &flags.to)?;
    say(&format!(
        "{} is backed up in {}",
        flags.data.display(),
        flags.to.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Brings a backup back.
///
/// # Errors
/// If there is something already, or it cannot be copied.
pub async fn restore(flags: &RestoreFlags) -> anyhow::Result<ExitCode> {
    must_exist(&flags.from)?;
    if flags.data.join("sando.db").exists() {
        bail!(
            "{} holds a Sando already; move it away first",
            flags.data.display()
        );
    }
    let data = DataDir::open(&flags.data)?;
    std::fs::copy(flags.from.join("sando.db"), data.database())?;
    copy(&flags.from, &flags.data)?;
    say(&format!(
        "{} is restored into {}",
        flags.from.display(),
        flags.data.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in FILES.iter().filter(|file| from.join(file).exists()) {
        // The permissions come along: the key stays readable by its owner only.
        std::fs::copy(from.join(file), to.join(file))
            .with_context(|| format!("`{file}` cannot be copied"))?;
    }
    Ok(())
}

fn private(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(
        folder,
        std::fs::Permissions::from_mode(0o700),
    )?)
}

/// Verifies every chain.
///
/// # Errors
/// If the folder is in use or cannot be read.
pub async fn verify(flags: &VerifyFlags) -> anyhow::Result<ExitCode> {
    must_exist(&flags.data)?;
    let data = DataDir::open(&flags.data)?;
    let database = Embedded::open(&data.database())?;
    let store = DynamoStore::new(database.client(), Tables::local());
    let store: &dyn Store = &store;
    let heads: Vec<Loaded<Head>> = store.all(&Group::Heads).await?;
    let mut records = 0;
    for head in &heads {
        match walk(store, &head.entity).await? {
            Ok(count) => records += count,
            Err(broken) => {
                let first = serde_json::json!({ "ok": false, "first_broken": broken });
                let words = format!(
                    "broken: {} record {}: {}",
                    broken.stream, broken.seq, broken.why
                );
                print(&if flags.json { first.to_string() } else { words });
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let streams = heads.len();
    let all = serde_json::json!({ "ok": true, "records": records, "streams": streams, "first_broken": null });
    print(&if flags.json {
        all.to_string()
    } else {
        format!("{records} records in {streams} streams: all intact")
    });
    Ok(ExitCode::SUCCESS)
}

async fn walk(
    store: &dyn Store,
    head: &Head,
) -> anyhow::Result<Result<u64, sando_core::audit::Broken>> {
    let mut verifier = Verifier::new(head.stream.clone());
    let mut from = 1;
    loop {
        let page = store.records(&head.stream, from, 500).await?;
        let Some(last) = page.last() else {
            return Ok(verifier.finish(head));
        };
        from = last.seq.saturating_add(1);
        for record in &page {
            if let Err(broken) = verifier.next(record) {
                return Ok(Err(broken));
            }
        }
    }
}
