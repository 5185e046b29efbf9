//! What time does to an approval: it is reminded of, others are asked, it expires; and whoever waits for it is told
//! how it ended.

use jiff::SignedDuration;
use serde_json::json;

use crate::approval::{Approval, ApprovalState};
use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::letter::{About, Letter};
use crate::person::Person;
use crate::ports::Ports;
use crate::run::{Run, RunState};
use crate::store::{Key, Loaded};

use super::{HandleError, ledger, load, post, wake};

/// When reminders that are held by the brake are tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// A moment of an approval has come.
///
/// # Errors
/// If the store did not do it; the approval stays due.
pub async fn moment(ports: &Ports, mut approval: Loaded<Approval>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let id = approval.entity.id.clone();
    let origin = Origin::sando(Cause::of("approval", &id), &id, now);
    if approval.entity.state == ApprovalState::Waiting {
        let mut changes = Changes::new(origin.clone());
        live(ports, &mut approval.entity, &mut changes).await?;
        changes.update(&approval);
        return ledger::commit(ports, changes).await;
    }
    // Told first, noted then: whoever is told twice looks twice.
    wake::wake(ports, &approval.entity.run, &origin).await?;
    wake::runs_of(ports, &approval.entity.person, &origin).await?;
    approval.entity.tell_at = None;
    let mut changes = Changes::new(origin);
    changes.update(&approval);
    ledger::commit(ports, changes).await
}

/// One that waits: is it still needed, and what does time do to it?
async fn live(
    ports: &Ports,
    approval: &mut Approval,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let now = changes.origin.at;
    if !is_needed(ports, approval).await? {
        approval.end(ApprovalState::Gone, now);
        say(approval, "approval gone", changes);
        return Ok(());
    }
    let passed = approval.come_due(now);
    if passed.expired {
        say(approval, "approval expired", changes);
    }
    if passed.escalated {
        say(approval, "approval escalated", changes);
    }
    if passed.remind {
        remind(ports, approval, passed.escalated, changes).await?;
    }
    Ok(())
}

fn say(approval: &Approval, action: &str, changes: &mut Changes) {
    let stream = StreamId::Person(approval.person.clone());
    let line = Line::new(stream, action, format!("approval/{}", approval.id));
    let after =
        json!({ "step": approval.step, "app": approval.app, "plan_hash": approval.plan_hash });
    changes.say(line.after(after));
}

/// Does a step still wait for it?
///
/// # Errors
/// If the store cannot be read.
pub async fn is_needed(ports: &Ports, approval: &Approval) -> Result<bool, HandleError> {
    let waits = |run: &Run| {
        run.state == RunState::Running
            && run
                .steps
                .iter()
                .any(|step| !step.has_ended() && step.approval() == Some(&approval.id))
    };
    let key = Key::Run(approval.run.clone());
    let asked = ports.store.find::<Run>(&key).await?;
    if asked.is_some_and(|run| waits(&run.entity)) {
        return Ok(true);
    }
    let others = wake::running(ports, &approval.person).await?;
    Ok(others.iter().any(|run| waits(&run.entity)))
}

async fn remind(
    ports: &Ports,
    approval: &mut Approval,
    escalated: bool,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let now = changes.origin.at;
    let company = load::company(ports).await?;
    if company.pause.holds(None, false).is_some() {
        approval.remind_at = now.saturating_add(AGAIN).ok();
        return Ok(());
    }
    for who in approval.to_tell(now) {
        let about = About::Approval(approval.id.clone());
        changes.tell(Letter::new(approval.reminder_key(who), who, about, now));
    }
    let is_news = approval.reminders == 0 || escalated || approval.was_just_passed_on();
    let action = if is_news {
        "approval told"
    } else {
        "approval reminded of"
    };
    approval.reminded(now);
    say(approval, action, changes);
    Ok(())
}

/// What an approver reads: what is asked for, for whom, at what price, until when, and where to decide.
pub(super) fn text(
    approval: &Approval,
    to: &str,
    person: Option<&Person>,
    company: &Company,
) -> String {
    let app = company
        .apps
        .get(&approval.app)
        .map_or(approval.app.as_str(), |app| app.label());
    let name = person
        .and_then(|person| person.text("name"))
        .unwrap_or_else(|| approval.person.as_str());
    let headline = approval.headline(to);
    let mut lines = vec![format!("{headline}: access to {app} for {name}")];
    for effect in &approval.effects {
        let wanted = &effect.entitlement;
        lines.extend(wanted.plan.iter().map(|plan| format!("Plan: {plan}")));
        lines.extend(wanted.role.iter().map(|role| format!("Role: {role}")));
        if !wanted.groups.is_empty() {
            let groups: Vec<&str> = wanted.groups.iter().map(String::as_str).collect();
            lines.push(format!("Groups: {}", groups.join(", ")));
        }
    }
    if let Some(end) = approval.expires_at {
        lines.push(format!("Without a decision it is denied at {end}"));
    }
    lines.push(format!("Decide: {}", place(approval, company)));
    lines.join("\n")
}

/// Where to decide: the page that asks, or what to look for.
pub(super) fn place(approval: &Approval, company: &Company) -> String {
    let page = post::page(company, &format!("/approvals/{}", approval.id));
    page.unwrap_or_else(|| approval.id.to_string())
}
