//! `sando demo --first-hour`: a Sando that knows nothing yet, and around it what an administrator connects in the first hour.

use std::path::Path;
use std::process::ExitCode;

use sando_world::SaasApp;

use super::company::Town;
use super::{config_of, lodge};
use crate::say;
use crate::serve::Running;

/// What the administrator says in the console.
const TO_BE_SAID: [&str; 2] = ["SANDO_LEVER_API_KEY", "SANDO_LEVER_SIGNING_TOKEN"];
const DAY_MS: i64 = 86_400_000;

/// Says what there is, and leaves everything else to whoever sits there, until Ctrl-C.
///
/// # Errors
/// If something cannot start; the message says what to do.
pub async fn command(folder: &Path, listen: &str) -> anyhow::Result<ExitCode> {
    let town = Town::start(&folder.join("examples")).await?;
    let lodge = lodge::start().await?;
    let mut vars = town.vars(&folder.join("data"));
    vars.retain(|(name, _)| !TO_BE_SAID.contains(&name.as_str()));
    let running = Running::start(&config_of(vars, listen)?).await?;
    introduce(&town, &lodge, &running);
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn introduce(town: &Town, lodge: &SaasApp, running: &Running) {
    let sando = format!("http://{}", running.address);
    say("An empty Sando; a Lever and applications around it are simulated, for you to connect.\n");
    say(&format!("Sando: {sando}"));
    say(&format!(
        "Its administrator's token: {}",
        running.admin_token
    ));
    say(&format!(
        "The console, once and within an hour: {}\n",
        running.console
    ));
    let tomorrow = town.lever.clock().now_ms() + DAY_MS;
    say(&lever(&town.lever.control_url(), &sando, tomorrow));
    say("\nApplications with SCIM, where they are, and the token of each:");
    for (name, url, token) in town.scim_apps() {
        say(&format!("  {name} {url} {token}"));
    }
    say(&lodge_told(&lodge.base_url()));
    say("\nCtrl-C ends it.");
}

/// Lever has pages for this; the simulated one takes it from a shell.
fn lever(control: &str, sando: &str, first_day: i64) -> String {
    format!(
        r#"Lever: the API key is lever-key. What people do in its own pages is done from a shell here; each call answers what the next one needs:
  lever() {{ curl -sS -H 'Content-Type: application/json' {control}/$1 -d "$2"; echo; }}
  lever webhooks '{{"event":"candidateHired","url":"{sando}/webhooks/lever/hires","signing_token":"a-signing-token"}}'
  lever ping '{{"registration":"…"}}'
  lever candidates '{{"name":"Ada Park","emails":["ada.park@mail.example"],"department":"Engineering","title":"Product Designer","start_date_ms":{first_day}}}'
  lever hire '{{"opportunity":"…"}}'"#
    )
}

fn lodge_told(url: &str) -> String {
    let (login, token, people, invite) = (lodge::LOGIN, lodge::TOKEN, lodge::PEOPLE, lodge::INVITE);
    let (id, secret) = lodge::CLIENT;
    format!(
        r#"
Lodge, which no catalogue knows, lists its people at {people} to whoever was let in at its login page:
  Base URL: {url}
  Authorization URL: {url}{login}
  Token URL: {url}{token}
  Client ID: {id}
  Client secret: {secret}
  Somebody gets a seat there that Sando did not give: curl -sS {url}{invite} -d '{{"displayName":"Ada Park","mail":"ada.park@contoso.example"}}'"#
    )
}
