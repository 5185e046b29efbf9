//! `sando demo`: a company at work. Lever and three applications are real HTTP servers, simulated; Sando is the real one.

mod company;
mod story;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use crate::client::Client;
use crate::config::Config;
use crate::say;
use crate::serve::Running;

use company::Town;
use story::Story;

/// Flags of `sando demo`.
#[derive(clap::Args)]
pub struct Flags {
    /// Stops after so many hires; runs until Ctrl-C if absent.
    #[arg(long, value_name = "NUMBER")]
    hires: Option<u32>,
    /// Seconds between two hires.
    #[arg(long, default_value_t = 4, value_name = "SECONDS")]
    every: u64,
    /// Where Sando listens while the demo runs.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
}

/// Tells the story until everybody was hired, or Ctrl-C.
///
/// # Errors
/// If something cannot start; the message says what to do.
pub async fn command(flags: &Flags) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("a folder for the demo cannot be made")?;
    let mut town = Town::start().await?;
    let config = Config::from_vars(
        town.vars(folder.path()),
        &crate::config::Flags {
            listen: Some(flags.listen.clone()),
            data: None,
        },
    );
    let config = config.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))?;
    let running = Running::start(&config).await?;
    let client = Client::new(running.address, &running.admin_token)?;
    town.configure(&client).await?;
    town.connect_webhooks(running.address);
    introduce(&town, &running);

    let mut story = Story::new(client, flags.hires);
    let told = tokio::select! {
        told = story.tell(&mut town, Duration::from_secs(flags.every)) => told,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    story.sum_up(&town).await?;
    running.stop().await;
    told?;
    Ok(ExitCode::SUCCESS)
}

fn introduce(town: &Town, running: &Running) {
    say("A company with Lever, two SCIM applications (Mail, Design) and one without SCIM (Wiki).");
    say(
        "Policies: everybody gets Mail and Wiki; Engineering and Design get Design, with a professional seat.",
    );
    say(&format!(
        "Lever {} · Sando http://{} (token {})",
        town.lever_url(),
        running.address,
        running.admin_token
    ));
    say(&format!(
        "Console, once and within an hour: {}",
        running.console
    ));
    say(
        "Every hire reaches Sando by two webhooks; some come twice, some answers are lost. Ctrl-C ends the demo.\n",
    );
}
