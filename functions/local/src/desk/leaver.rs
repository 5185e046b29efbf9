//! `sando people terminate` and `sando people reinstate`: somebody is let go, or was not meant to be.

use std::process::ExitCode;

use clap::Args;
use sando_core::ids::PersonId;
use serde_json::{Value, json};

use super::apply::text;
use super::deed::{Because, Consent, Deed, Shown, not_dry, shown_first};
use super::inbox::moment;
use super::words::{around, array, effects, person, texts};

/// Flags of `sando people terminate`.
#[derive(Args)]
pub(crate) struct TerminateFlags {
    /// The person (per_…)
    id: PersonId,
    /// When: now, or a time such as 2027-01-31T16:00:00Z; one that is over is now
    #[arg(long, value_name = "now|TIME", value_parser = when)]
    at: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    because: Because,
}

/// Flags of `sando people reinstate`.
#[derive(Args)]
pub(crate) struct ReinstateFlags {
    /// The person (per_…)
    id: PersonId,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    because: Because,
}

fn when(given: &str) -> Result<String, String> {
    if given == "now" {
        return Ok(given.to_owned());
    }
    let time = moment(given).map_err(|wrong| format!("{wrong}, or now"))?;
    Ok(time.to_string())
}

/// Shows what would be taken away, asks, and lets the person leave.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn terminate(flags: &TerminateFlags) -> anyhow::Result<ExitCode> {
    let reason = &flags.because.reason;
    let shown = Shown {
        deed: Deed {
            path: format!("/v1/people/{}:terminate", flags.id),
            body: json!({ "at": flags.at, "reason": reason, "dry_run": true }),
            told,
        },
        plan: |seen| planned(seen, "leaving takes away:"),
        go: not_dry,
        consent: Consent::of(flags.yes),
    };
    shown_first(&flags.because.at, &shown).await
}

/// Shows what would be given again, asks, and takes the person back.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn reinstate(flags: &ReinstateFlags) -> anyhow::Result<ExitCode> {
    let reason = &flags.because.reason;
    let shown = Shown {
        deed: Deed {
            path: format!("/v1/people/{}:reinstate", flags.id),
            body: json!({ "reason": reason, "dry_run": true }),
            told,
        },
        plan: |seen| planned(seen, "coming back gives again:"),
        go: not_dry,
        consent: Consent::of(flags.yes),
    };
    shown_first(&flags.because.at, &shown).await
}

fn planned(seen: &Value, means: &str) -> Vec<String> {
    let mut lines = vec![format!("{}; {means}", stands(seen))];
    lines.extend(effects(array(seen, "plan"), "nothing"));
    lines
}

fn told(answer: &Value) -> Vec<String> {
    let runs = around("; began: ", &texts(answer, "runs").join(", "), "");
    vec![format!("{}{runs}", stands(answer))]
}

/// `Ada Park (per_1) is leaving, at 2027-01-31T16:00:00Z`.
fn stands(one: &Value) -> String {
    let leaves = around(", at ", text(one, "leaves_at"), "");
    let state = text(one, "state");
    format!(
        "{} is {state}{leaves}",
        person(text(one, "name"), text(one, "id"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaver_reads_as_lines() {
        let mut ada = json!({ "id": "per_1", "name": "Ada Park", "state": "active", "leaves_at": null, "plan": [] });
        let lines = planned(&ada, "leaving takes away:");
        assert_eq!(
            lines,
            [
                "Ada Park (per_1) is active; leaving takes away:",
                "  nothing"
            ]
        );
        ada["state"] = json!("leaving");
        ada["leaves_at"] = json!("2027-01-31T16:00:00Z");
        ada["runs"] = json!(["run_1"]);
        let line = "Ada Park (per_1) is leaving, at 2027-01-31T16:00:00Z; began: run_1";
        assert_eq!(told(&ada), [line]);
    }

    #[test]
    fn a_moment_is_now_or_a_time() {
        assert_eq!(when("now").unwrap(), "now");
        assert_eq!(
            when("2027-01-31T17:00:00+01:00").unwrap(),
            "2027-01-31T16:00:00Z"
        );
        assert!(when("soon").is_err());
    }
}
