//! `sando demo`: a company at work. Lever and ten applications are real HTTP servers, simulated; Sando is the real one.

mod company;
mod files;
mod first_hour;
mod lodge;
mod scenes;
mod story;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use sando_infra::http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::config::Config;
use crate::say;
use crate::serve::Running;

use company::Town;
use story::Story;

/// Flags of `sando demo`.
#[derive(clap::Args)]
pub struct Flags {
    /// Stops after so many hires; runs until Ctrl-C if absent. Six tell the whole story.
    #[arg(long, value_name = "NUMBER")]
    hires: Option<u32>,
    /// Seconds to read what happened, before the next thing happens.
    #[arg(long, default_value_t = 2, value_name = "SECONDS")]
    every: u64,
    /// Where Sando listens while the demo runs.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
    /// Nothing is configured and nobody comes: everything is there for an administrator's first hour, by hand.
    #[arg(long, conflicts_with_all = ["hires", "every"])]
    first_hour: bool,
}

/// Tells the story until everybody was hired, or Ctrl-C.
///
/// # Errors
/// If something cannot start; the message says what to do.
pub async fn command(flags: &Flags) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("a folder for the demo cannot be made")?;
    if flags.first_hour {
        return Box::pin(first_hour::command(folder.path(), &flags.listen)).await;
    }
    let mut town = Town::start(&folder.path().join("examples")).await?;
    let vars = town.vars(&folder.path().join("data"));
    let config = config_of(vars, &flags.listen)?;
    let running = Running::start(&config).await?;
    let client = Client::new(running.address, &running.admin_token)?;
    town.configure(&client).await?;
    town.connect_webhooks(running.address);
    introduce(&town, &running);

    let approver = approver(&client, &running).await?;
    let mut story = Story::new(client, approver, &town, flags.hires);
    let every = Duration::from_secs(flags.every);
    let told = tokio::select! {
        told = Box::pin(story.tell(&mut town, every)) => told,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    story.sum_up(&town).await?;
    running.stop().await;
    told?;
    Ok(ExitCode::SUCCESS)
}

fn config_of(vars: Vec<(String, String)>, listen: &str) -> anyhow::Result<Config> {
    let flags = crate::config::Flags {
        listen: Some(listen.to_owned()),
        data: None,
    };
    let config = Config::from_vars(vars, &flags);
    config.map_err(|mistakes| anyhow::anyhow!(mistakes.join("; ")))
}

/// Who says yes in the demo: nobody decides with the administrator's token what others are asked for.
async fn approver(client: &Client, running: &Running) -> anyhow::Result<Client> {
    let key = json!({ "name": "finance lead, played by the demo", "scopes": ["approve"], "roles": ["finance-lead"] });
    let made = client.call(Method::POST, "/v1/keys", &key).await?;
    let secret = made.get("secret").and_then(Value::as_str);
    Client::new(
        running.address,
        secret.context("the new key has no secret")?,
    )
}

fn introduce(town: &Town, running: &Running) {
    say(
        "Contoso, the company of examples/: 200 people and 12 applications. Eight have SCIM, two an API of their own, in two a human does it.",
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
    say("Every hire reaches Sando by two webhooks. Ctrl-C ends the demo.\n");
}
