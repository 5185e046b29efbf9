//! Sentences about decisions and tasks.

use sando_core::admin::peers::Share;
use sando_core::approval::{Approval, ApprovalState};
use sando_core::effect::Goal;
use sando_core::task::TaskKind;

use crate::console::format::{Count, number};

pub(in crate::console) const APPROVE: &str = "Approve";
pub(in crate::console) const APPROVED: &str =
    "Approved. The application is asked now; you will see it verified on the person's page.";
pub(in crate::console) const REJECT: &str = "Reject";
pub(in crate::console) const DELEGATE: &str = "Delegate";
pub(in crate::console) const COMPLETE_TASK: &str = "Mark as done";
pub(in crate::console) const TWO_PEOPLE: &str = "They are two people";
pub(in crate::console) const PERHAPS: &str = "Perhaps";
pub(in crate::console) const REASSIGN: &str = "Give it to somebody else";
pub(in crate::console) const REASSIGN_TO: &str = "To whom";
pub(in crate::console) const REASSIGN_HINT: &str = "An address or role:…";
pub(in crate::console) const NOTHING_WAITS: &str = "Nothing waits for you.";
pub(in crate::console) const INBOX_MEANS: &str =
    "Here is what somebody has to decide before access is given, and what only a human can do.";
pub(in crate::console) const DECIDED_NOTHING: &str = "Nothing was decided yet.";
pub(in crate::console) const ASKED_BY_ME: &str = "Asked by me";
pub(in crate::console) const ASKED_NOTHING: &str = "You asked for nothing that somebody decides.";
pub(in crate::console) const ASKED_BY_YOU: &str =
    "What you started by hand and others decide, newest first.";
pub(in crate::console) const MORE_TASKS: &str = "Older tasks";
pub(in crate::console) const DECIDE: &str = "Your decision";
pub(in crate::console) const NOT_YOURS: &str =
    "You can read this, but not decide it. Those who are asked can, and a mail has told them.";

/// How many seats of those that were bought are taken before the decision.
pub(in crate::console) fn seats(held: u64, bought: u64) -> String {
    format!("{} of {} seats are taken", number(held), number(bought))
}

/// How many are after it; more than were bought say how many are missing.
pub(in crate::console) fn seats_after(after: u64, bought: u64) -> String {
    let taken = format!("{} of {} afterwards", number(after), number(bought));
    match after.saturating_sub(bought) {
        0 => taken,
        missing => format!("{taken}, {} short", number(missing)),
    }
}

pub(in crate::console) const PEERS: &str = "Peers";

/// How many of somebody's department have what is asked.
pub(in crate::console) fn peers(share: Share, department: &str) -> String {
    let Share { have, all } = share;
    match (have, all) {
        (_, 0) => format!("There is nobody else in {department} to compare with."),
        (0, 1) => format!("The one other in {department} does not have it."),
        (_, 1) => format!("The one other in {department} has it."),
        _ => format!("{have} of {all} others in {department} have it."),
    }
}

/// How many of them with the same title.
pub(in crate::console) fn peers_as(share: Share, title: &str) -> String {
    format!("{} of {} as {title}.", share.have, share.all)
}

/// Who of them is not counted.
pub(in crate::console) fn peers_left_out(count: usize) -> String {
    match count {
        1 => "1 who was here before Sando is not counted.".to_owned(),
        count => format!("{count} who were here before Sando are not counted."),
    }
}

/// There are more of them.
pub(in crate::console) fn peers_cut(most: usize) -> String {
    format!("Of the {most} who became known last.")
}

/// The inbox.
pub(in crate::console) fn inbox(approvals: Count, tasks: Count) -> String {
    let asked = approvals.many("decision waits", "decisions wait");
    let open = tasks.many("task is", "tasks are");
    match (approvals.found, tasks.found) {
        (0, 0) => NOTHING_WAITS.to_owned(),
        (_, 0) => format!("{asked} for you."),
        (0, _) => format!("{open} open."),
        _ => format!("{asked} for you, and {open} open."),
    }
}

/// What anybody is asked.
pub(in crate::console) fn inbox_of_all(approvals: Count, tasks: Count) -> String {
    let asked = approvals.many("decision waits", "decisions wait");
    let open = tasks.many("task is", "tasks are");
    match (approvals.found, tasks.found) {
        (0, 0) => "Nothing waits for anybody.".to_owned(),
        (_, 0) => format!("{asked} for somebody."),
        (0, _) => format!("{open} open."),
        _ => format!("{asked} for somebody, and {open} open."),
    }
}

/// The heading of the tasks.
pub(in crate::console) fn tasks(tasks: Count) -> String {
    let more = if tasks.is_more { "+" } else { "" };
    format!("Tasks {}{more}", tasks.found)
}

/// What somebody is asked.
pub(in crate::console) fn question(approval: &Approval, app: &str, person: &str) -> String {
    let what = approval.effects.first();
    let plan = what.and_then(|effect| effect.entitlement.plan.as_deref());
    let plan = plan.map_or_else(String::new, |plan| format!(", plan {plan}"));
    let verb = match what.map(|effect| effect.goal) {
        Some(Goal::Give) | None => "Give",
        Some(Goal::Suspend | Goal::Remove) => "Take from",
        Some(Goal::Sent) => "Send for",
    };
    match approval.state {
        ApprovalState::Waiting => format!("{verb} {person} {app}{plan}?"),
        ApprovalState::Approved => format!("{app} for {person} was approved."),
        ApprovalState::Rejected => format!("{app} for {person} was rejected."),
        ApprovalState::Expired => format!("{app} for {person} was denied: nobody decided in time."),
        ApprovalState::Void => {
            format!("{app} for {person} changed; another decision is asked for.")
        }
        ApprovalState::Gone => format!("{app} for {person} is not needed any more."),
    }
}

/// What a task is about.
pub(in crate::console) fn task_kind(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Step => "Step of a workflow",
        TaskKind::Manual => "By hand in an application",
        TaskKind::Failed => "An effect failed",
        TaskKind::Missing => "Attributes are missing",
        TaskKind::Judge => "Somebody has to judge",
    }
}
