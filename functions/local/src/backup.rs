//! `sando backup` and `sando restore`: a data folder that nobody works on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use sando_infra::dynamo::Embedded;

use crate::data_dir::DataDir;
use crate::say;

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

/// What lies beside the database and belongs to it.
const FILES: &[&str] = &["key", "secrets", "admin-token"];

/// Is there a database in it?
///
/// # Errors
/// If not, with what to look for.
pub fn must_exist(folder: &Path) -> anyhow::Result<()> {
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
