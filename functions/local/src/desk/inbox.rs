//! `sando approvals`, `approve`, `reject`, `delegate`, `tasks`, `task done`: what waits for a human, and deciding it (L13).

use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;
use sando_core::approval::ApprovalState;
use sando_core::ids::{ApprovalId, PersonId, TaskId};
use sando_core::task::TaskState;
use serde_json::{Value, json};

use super::apply::{amount, text};
use super::deed::{Because, Deed, Listing, done, list};
use super::words::{around, array, effect, joined, person, texts};

/// No state in particular.
const EVERY: &str = "all";

/// Flags of `sando approvals`.
#[derive(Args)]
pub(crate) struct ApprovalsFlags {
    /// In this state
    #[arg(long, default_value = "waiting", value_parser = states(ApprovalState::ALL.map(ApprovalState::as_str)))]
    state: String,
    /// For this person (per_…)
    #[arg(long, value_name = "ID")]
    person: Option<PersonId>,
    #[command(flatten)]
    listing: Listing,
}

/// Flags of `sando tasks`.
#[derive(Args)]
pub(crate) struct TasksFlags {
    /// In this state
    #[arg(long, default_value = "open", value_parser = states(TaskState::ALL.map(TaskState::as_str)))]
    state: String,
    /// Of this owner: an address or role:…
    #[arg(long)]
    owner: Option<String>,
    #[command(flatten)]
    listing: Listing,
}

/// Flags of `sando approve` and `sando reject`.
#[derive(Args)]
pub(crate) struct DecideFlags {
    /// The approval, as `sando approvals` lists it (apr_…)
    id: ApprovalId,
    #[command(flatten)]
    because: Because,
}

/// Flags of `sando delegate`.
#[derive(Args)]
pub(crate) struct DelegateFlags {
    /// The approval, as `sando approvals` lists it (apr_…)
    id: ApprovalId,
    /// Who decides as well: an address, role:… or group:…
    #[arg(long, value_name = "WHO")]
    to: String,
    /// Until when, such as 2027-01-31T16:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Timestamp,
    #[command(flatten)]
    because: Because,
}

/// Flags of `sando task done`.
#[derive(Args)]
pub(crate) struct TaskFlags {
    /// The task, as `sando tasks` lists it (tsk_…)
    id: TaskId,
    #[command(flatten)]
    because: Because,
}

fn states<const N: usize>(words: [&'static str; N]) -> PossibleValuesParser {
    PossibleValuesParser::new(words.into_iter().chain([EVERY]))
}

/// A time, as people write it on a command line.
pub(super) fn moment(given: &str) -> Result<Timestamp, String> {
    given
        .parse()
        .map_err(|_| "write a time as 2027-01-31T16:00:00Z".to_owned())
}

fn in_state(state: &str) -> Option<(&str, &str)> {
    (state != EVERY).then_some(("state", state))
}

/// Lists approvals.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn approvals(flags: &ApprovalsFlags) -> anyhow::Result<ExitCode> {
    let person = flags.person.as_ref().map(|id| ("person", id.as_str()));
    let filters: Vec<_> = in_state(&flags.state).into_iter().chain(person).collect();
    list(&flags.listing, "/v1/approvals", &filters, approval).await
}

/// Lists tasks.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn tasks(flags: &TasksFlags) -> anyhow::Result<ExitCode> {
    let owner = flags.owner.as_deref().map(|owner| ("owner", owner));
    let filters: Vec<_> = in_state(&flags.state).into_iter().chain(owner).collect();
    list(&flags.listing, "/v1/tasks", &filters, task).await
}

/// What an approver does.
#[derive(Clone, Copy)]
pub(crate) enum Verdict {
    /// Says yes.
    Approve,
    /// Says no.
    Reject,
}

/// Says yes or no.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn decide(flags: &DecideFlags, verdict: Verdict) -> anyhow::Result<ExitCode> {
    let verb = match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
    };
    let deed = Deed {
        path: format!("/v1/approvals/{}:{verb}", flags.id),
        body: json!({ "reason": flags.because.reason }),
        told: |answer| vec![approval(answer)],
    };
    done(&flags.because.at, &deed).await
}

/// Lets somebody else decide for a time.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn delegate(flags: &DelegateFlags) -> anyhow::Result<ExitCode> {
    let reason = &flags.because.reason;
    let deed = Deed {
        path: format!("/v1/approvals/{}:delegate", flags.id),
        body: json!({ "to": flags.to, "until": flags.until, "reason": reason }),
        told: |answer| vec![approval(answer)],
    };
    done(&flags.because.at, &deed).await
}

/// Says that a task is done.
///
/// # Errors
/// If Sando cannot be asked.
pub(crate) async fn task_done(flags: &TaskFlags) -> anyhow::Result<ExitCode> {
    let deed = Deed {
        path: format!("/v1/tasks/{}:complete", flags.id),
        body: json!({ "reason": flags.because.reason }),
        told: |answer| vec![task(answer)],
    };
    done(&flags.because.at, &deed).await
}

/// `apr_1 waiting: give figma pro for Ada Park (per_1), 15.00 USD a month; asked: role:it-admin; until …`.
fn approval(one: &Value) -> String {
    let effects: Vec<String> = array(one, "effects").iter().map(effect).collect();
    let about = one.get("about").map_or("", |about| text(about, "name"));
    let cost = one.get("cost").and_then(|cost| {
        let per = text(cost, "per");
        amount(cost).map(|amount| format!(", {amount} a {per}"))
    });
    let mut line = format!(
        "{} {}: {} for {}{}",
        text(one, "id"),
        text(one, "state"),
        effects.join(", "),
        person(about, text(one, "person")),
        cost.unwrap_or_default(),
    );
    if text(one, "state") == "waiting" {
        line.push_str(&around(
            "; asked: ",
            &texts(one, "approvers").join(", "),
            "",
        ));
        line.push_str(&around("; until ", text(one, "expires_at"), ""));
    }
    line
}

/// `tsk_1 open: Give access to Figma (figma) for per_1: plan pro; owner: it@contoso.example; due …`.
fn task(one: &Value) -> String {
    let about = joined(&[
        text(one, "title"),
        &around("(", text(one, "app"), ")"),
        &around("for ", text(one, "person"), ""),
    ]);
    let detail = around(": ", text(one, "detail"), "");
    let proof = match one.get("awaits_roster").and_then(Value::as_bool) {
        Some(true) => "; the next roster shows whether it was",
        _ => "",
    };
    let due = around("; due ", text(one, "due"), "");
    let owner = text(one, "owner");
    let (id, state) = (text(one, "id"), text(one, "state"));
    format!("{id} {state}: {about}{detail}; owner: {owner}{due}{proof}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_reads_as_one_line() {
        let mut one = json!({ "id": "apr_1", "state": "waiting", "person": "per_1", "approvers": ["role:it-admin"],
            "effects": [{ "action": "give", "app": "figma", "plan": "pro", "role": null, "groups": [] }],
            "cost": { "amount_minor": 1500, "currency": "USD", "per": "month" }, "expires_at": null });
        assert_eq!(
            approval(&one),
            "apr_1 waiting: give figma pro for per_1, 15.00 USD a month; asked: role:it-admin"
        );
        one["state"] = json!("approved");
        one["about"] = json!({ "name": "Ada Park" });
        assert_eq!(
            approval(&one),
            "apr_1 approved: give figma pro for Ada Park (per_1), 15.00 USD a month"
        );
    }

    #[test]
    fn a_task_reads_as_one_line() {
        let one = json!({ "id": "tsk_1", "state": "done", "title": "Make an account", "app": "desk",
            "person": "per_1", "detail": "plan pro", "owner": "role:admin", "due": null, "awaits_roster": true });
        assert_eq!(
            task(&one),
            "tsk_1 done: Make an account (desk) for per_1: plan pro; owner: role:admin; the next roster shows whether it was"
        );
    }
}
