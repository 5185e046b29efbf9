//! demo
use std::process::ExitCode;
/// x
#[derive(clap::Args)]
pub struct Flags {}
/// x
pub async fn command(_: &Flags) -> anyhow::Result<ExitCode> { Ok(ExitCode::SUCCESS) }
