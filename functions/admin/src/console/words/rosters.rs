//! Sentences about what the rosters make of a plan.

use sando_core::impact::{Impact, Shown, Turn, UserThere};

use crate::console::format::{many, number, sums};

pub(in crate::console) const ROSTER: &str = "Roster";

/// What the rosters make of the sums, in sentences; none where there is nothing to say.
pub(in crate::console) fn by_rosters(impact: &Impact) -> Option<String> {
    let rosters = &impact.by_rosters;
    let seats = [rosters.new, rosters.there, rosters.freed, rosters.gone];
    let monthly = impact.monthly_by_rosters();
    let left = match rosters.looked_up {
        0 => 0,
        _ => impact.not_looked_up(),
    };
    let sentences = [
        (seats != [0; 4]).then(|| {
            format!(
                "By the rosters: {}, {} there already; {} freed, {} gone already.",
                many(rosters.new, "new seat", "new seats"),
                number(rosters.there),
                number(rosters.freed),
                number(rosters.gone)
            )
        }),
        (rosters.unclear > 0).then(|| {
            format!(
                "Of {} the rosters do not tell.",
                many(rosters.unclear, "access", "accesses")
            )
        }),
        (monthly != impact.monthly).then(|| format!("That is {} a month.", sums(&monthly))),
        (left > 0).then(|| {
            format!(
                "{} not looked up, and count as planned.",
                many(left, "more was", "more were")
            )
        }),
    ];
    let sentences: Vec<String> = sentences.into_iter().flatten().collect();
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What the roster shows of one person.
pub(in crate::console) fn shown(turn: Turn, shown: &Shown) -> String {
    let user = match (shown.user, turn) {
        (UserThere::Active, Turn::Gains) => "there already",
        (UserThere::Active, _) => "there",
        (UserThere::Inactive, _) => "there, not active",
        (UserThere::Unexplained, _) => "there, and nobody here gave it: look first",
        (UserThere::OtherAddress, _) => "there, under another address",
        (UserThere::Absent, Turn::Gains) => "new",
        (UserThere::Absent, _) => "nobody there",
    };
    match &shown.plan {
        Some(plan) => format!("{user}: {plan}"),
        None => user.to_owned(),
    }
}
