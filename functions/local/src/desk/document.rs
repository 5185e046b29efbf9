//! `sando document`: what is configured, in plain words, as Markdown (L29).

use std::process::ExitCode;

use clap::Args;

use super::Where;
use crate::print;

/// Flags of `sando document`.
#[derive(Args)]
pub(crate) struct DocumentFlags {
    #[command(flatten)]
    at: Where,
}

/// Prints the document.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn document(flags: &DocumentFlags) -> anyhow::Result<ExitCode> {
    let desk = flags.at.open().await?;
    print(desk.client.text("/v1/document").await?.trim_end());
    Ok(ExitCode::SUCCESS)
}
