//! `sando audit export`: the whole trail into a file, part by part.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::Where;
use crate::print;

/// Flags of `sando audit export`.
#[derive(Args)]
pub(crate) struct ExportFlags {
    /// Where it goes: a file that does not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    at: Where,
}

/// Writes the trail as JSON Lines.
///
/// # Errors
/// If Sando cannot be asked, or the file not be written; what the file holds then is not the whole trail.
pub(crate) async fn export(flags: &ExportFlags) -> anyhow::Result<ExitCode> {
    let desk = flags.at.open().await?;
    let cannot = || format!("{} cannot be written", flags.file.display());
    let mut file = File::create_new(&flags.file).with_context(cannot)?;
    let mut next = Some("/v1/audit:export?limit=10000".to_owned());
    let mut records = 0_usize;
    while let Some(path) = next {
        let (text, then) = desk.client.part(&path).await?;
        file.write_all(text.as_bytes()).with_context(cannot)?;
        records = records.saturating_add(text.lines().count());
        next = then;
    }
    print(&format!("{records} records in {}", flags.file.display()));
    Ok(ExitCode::SUCCESS)
}
