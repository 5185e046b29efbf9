//! `sando replay` and `sando sync`: an event run again on today's rules (L14), an application read again.

use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use sando_core::ids::{EventId, Slug};
use serde_json::{Value, json};

use super::apply::{PATIENCE, number, text};
use super::deed::{Consent, Deed, Shown, not_dry, shown_first, write};
use super::words::{around, array, effects};
use super::{Desk, Where};
use crate::say;

/// A sync waits for somebody to look at it.
const HELD: u8 = 3;

/// Flags of `sando replay`.
#[derive(Args)]
pub(crate) struct ReplayFlags {
    /// The event (evt_…)
    id: EventId,
    /// Only show what it would do
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    at: Where,
}

/// Shows what a replay would do, asks, and does it.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn replay(flags: &ReplayFlags) -> anyhow::Result<ExitCode> {
    let shown = Shown {
        deed: Deed {
            path: format!("/v1/events/{}:replay", flags.id),
            body: json!({ "dry_run": true }),
            told: |answer| started(answer, "began"),
        },
        plan: |seen| {
            let mut lines = started(seen, "would begin");
            lines.extend(effects(array(seen, "plan"), "no effects"));
            lines
        },
        go: not_dry,
        consent: match flags.dry_run {
            true => Consent::OnlyShow,
            false => Consent::of(flags.yes),
        },
    };
    shown_first(&flags.at, &shown).await
}

/// `evt_1 candidate.hired: onboard would begin for per_1`, a line a run.
fn started(answer: &Value, does: &str) -> Vec<String> {
    let event = answer.get("event").cloned().unwrap_or_default();
    let head = format!("{} {}", text(&event, "id"), text(&event, "kind"));
    let line = |run: &Value| {
        let (workflow, person) = (text(run, "workflow"), text(run, "person"));
        format!("{head}: {workflow} {does} for {person}")
    };
    let runs = array(answer, "runs");
    if runs.is_empty() {
        return vec![format!("{head}: nothing {does}")];
    }
    runs.iter().map(line).collect()
}

/// An account of an application: `hubspot/prod`.
#[derive(Clone)]
struct AccountName {
    definition: Slug,
    name: Slug,
}

impl FromStr for AccountName {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let parts = given.split_once('/');
        let (definition, name) = parts.ok_or("write DEFINITION/NAME, such as hubspot/prod")?;
        let slug = |part: &str| Slug::parse(part).map_err(|error| error.to_string());
        Ok(Self {
            definition: slug(definition)?,
            name: slug(name)?,
        })
    }
}

/// Flags of `sando sync`.
#[derive(Args)]
pub(crate) struct SyncFlags {
    /// The account, such as hubspot/prod
    #[arg(value_name = "DEFINITION/NAME")]
    account: AccountName,
    #[command(flatten)]
    at: Where,
}

/// Reads an account now, and waits for what comes of it. 0: it counts; 1: it failed; 3: it is held.
///
/// # Errors
/// If Sando cannot be asked, or it takes longer than one waits.
pub(crate) async fn sync(flags: &SyncFlags) -> anyhow::Result<ExitCode> {
    let desk = flags.at.open().await?;
    let AccountName { definition, name } = &flags.account;
    let account = format!("/v1/accounts/{definition}/{name}");
    let begun = match desk.post(&format!("{account}:sync"), &json!({})).await? {
        Ok(begun) => begun,
        Err(code) => return Ok(code),
    };
    let id = text(&begun, "sync");
    if desk.is_asleep {
        say(&format!("{id} is done as soon as `sando serve` runs"));
        return Ok(ExitCode::SUCCESS);
    }
    let sync = ended(&desk, &format!("{account}/syncs/{id}")).await?;
    write(&came(&sync));
    Ok(match text(&sync, "state") {
        "done" => ExitCode::SUCCESS,
        "held" => ExitCode::from(HELD),
        _ => ExitCode::FAILURE,
    })
}

async fn ended(desk: &Desk, path: &str) -> anyhow::Result<Value> {
    for _ in 0..PATIENCE {
        let sync = desk.read(path).await?;
        if text(&sync, "state") != "running" {
            return Ok(sync);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bail!("it goes on without us: look at GET {path}")
}

/// How a sync ended.
fn came(sync: &Value) -> Vec<String> {
    let counts = sync.get("counts").cloned().unwrap_or_default();
    let count = |name: &str| number(&counts, name);
    let sums = format!(
        "{} new, {} changed, {} vanished; {} users, {} of them active",
        count("new"),
        count("changed"),
        count("vanished"),
        count("users"),
        count("active"),
    );
    let (id, state) = (text(sync, "id"), text(sync, "state"));
    match (state, sync.get("failure").filter(|one| !one.is_null())) {
        (_, Some(failure)) => {
            let remote = around("; it says: ", text(failure, "remote"), "");
            let (request, message) = (text(failure, "request"), text(failure, "message"));
            vec![format!("{id} {state}: {request}: {message}{remote}")]
        }
        ("held", None) => vec![
            format!("{id} held: {}", text(sync, "held")),
            format!("  {sums}: look at it in the console, and release or drop it there"),
        ],
        _ => vec![format!("{id} {state}: {sums}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_by_definition_and_name() {
        let account: AccountName = "hubspot/prod".parse().unwrap();
        assert_eq!(account.definition.as_str(), "hubspot");
        assert_eq!(account.name.as_str(), "prod");
        for wrong in ["hubspot", "hubspot/", "Hub/prod", "a/b/c"] {
            assert!(wrong.parse::<AccountName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_replay_and_a_sync_read_as_lines() {
        let run = json!({ "workflow": "onboard", "person": "per_1" });
        let event = json!({ "id": "evt_1", "kind": "candidate.hired" });
        let answer = json!({ "event": event, "runs": [run] });
        assert_eq!(
            started(&answer, "would begin"),
            ["evt_1 candidate.hired: onboard would begin for per_1"]
        );
        let none = json!({ "event": event, "runs": [] });
        assert_eq!(
            started(&none, "began"),
            ["evt_1 candidate.hired: nothing began"]
        );
        let counts = json!({ "new": 1, "changed": 2, "vanished": 3, "users": 4, "active": 4 });
        let mut sync = json!({ "id": "syn_2", "state": "done", "counts": counts, "failure": null });
        let sums = "1 new, 2 changed, 3 vanished; 4 users, 4 of them active";
        assert_eq!(came(&sync), [format!("syn_2 done: {sums}")]);
        sync["state"] = json!("failed");
        sync["failure"] = json!({ "request": "GET /users", "message": "401", "remote": "no" });
        assert_eq!(came(&sync), ["syn_2 failed: GET /users: 401; it says: no"]);
    }
}
