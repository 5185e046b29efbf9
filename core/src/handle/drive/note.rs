//! What the note in Lever says: what was given, what waits, what failed. Never an address or a credential.

use crate::ids::{EffectKey, LeverId};
use crate::ports::{Ports, RemoteError};
use crate::run::{Step, StepState, WaitsFor};

use super::Hand;

/// The line by which a retry finds its own note.
pub(super) fn marker(key: &EffectKey) -> String {
    format!("[sando {key}]")
}

/// The note of a run as it stands.
pub(super) fn text(hand: &Hand, key: &EffectKey) -> String {
    let run = &hand.run.entity;
    let mut lines = vec![format!("Sando: {}", title(run.workflow.as_str()))];
    lines.extend(
        run.steps
            .iter()
            .filter(|step| step.is_work())
            .map(|step| line(hand, step)),
    );
    lines.extend(hand.residue.iter().cloned());
    if lines.len() == 1 {
        lines.push("Nothing had to be done.".to_owned());
    }
    lines.push(marker(key));
    lines.join("\n")
}

/// Writes the note; its tag first, which may be given twice: whoever finds the note finds the tag as well.
pub(super) async fn write(
    ports: &Ports,
    opportunity: &LeverId,
    text: &str,
    tag: Option<&str>,
) -> Result<(), RemoteError> {
    if let Some(tag) = tag {
        ports.lever.add_tag(opportunity, tag).await?;
    }
    ports.lever.add_note(opportunity, text).await
}

fn title(workflow: &str) -> String {
    match workflow {
        "onboard" => "access for the new colleague".to_owned(),
        "offboard" => "access taken away".to_owned(),
        "withdraw" => "the hire was withdrawn".to_owned(),
        "change" => "access changed".to_owned(),
        other => format!("workflow {other}"),
    }
}

fn line(hand: &Hand, step: &Step) -> String {
    let name = match step.app() {
        Some(app) => hand
            .company
            .apps
            .get(app)
            .map_or(app.as_str(), |app| app.label())
            .to_owned(),
        None => step.id.to_string(),
    };
    format!("- {name}: {}", said(step))
}

/// How a step stands, in a few words.
pub(in crate::handle) fn said(step: &Step) -> &'static str {
    match (step.state, step.waits_for) {
        (StepState::Verified | StepState::Done, _) if step.is_taking() => "taken away",
        (StepState::Verified | StepState::Done, _) => "done",
        (StepState::Failed, _) => "failed, a human has it",
        (StepState::Skipped, _) => "skipped",
        (StepState::Cancelled, _) => "cancelled",
        (StepState::Planned, _) => "on trial, nothing was done",
        (_, Some(WaitsFor::Human)) => "waits for a human",
        (_, Some(WaitsFor::Approval)) => "waits for approval",
        (_, Some(WaitsFor::Time)) => "waits for its time",
        (_, Some(WaitsFor::Attributes)) => "waits for missing data",
        (_, Some(WaitsFor::Retry)) => "not yet, it is tried again",
        (_, Some(WaitsFor::Pause)) => "not yet, it is paused",
        _ => "in progress",
    }
}
