//! Sentences about licences and what they cost.

use sando_core::report::{Licences, Line, Money, Residue};

use crate::console::format::{many, number, size, total};

pub(in crate::console) const SPEND: &str = "Spend";
pub(in crate::console) const LICENCES: &str = "Licences";
pub(in crate::console) const CHARGEBACK: &str = "What is spent a month";
pub(in crate::console) const RECLAIM: &str = "What people who left still hold";
pub(in crate::console) const CSV: &str = "CSV";
pub(in crate::console) const NO_SPEND: &str = "Connect an account, and give the application file its plans with their prices: then it shows here who \
     holds what, and what it costs.";
pub(in crate::console) const SEE_PLAN: &str = "See what would be taken away";
pub(in crate::console) const CLEARING_NEEDS: &str = "Taking it away takes the role administrator.";
pub(in crate::console) const IN_HAND: &str = "What is in hand already is not taken away twice. A seat leaves this list when the next sync shows that it is free.";
pub(in crate::console) const TYPE_PEOPLE: &str = "Type how many people";
pub(in crate::console) const NO_HOLDERS: &str = "Nobody holds it, as far as rosters show.";
pub(in crate::console) const NO_DEPARTMENT: &str = "No department";
pub(in crate::console) const NOBODY: &str = "Nobody who is known";
pub(in crate::console) const MOST_PEOPLE: &str =
    "One call clears at most 100 people; send it again for the rest.";

/// How many of the seats are in use, and of how many: those that were bought, or else those that are held.
pub(in crate::console) fn in_use(licences: &Licences) -> (u64, u64) {
    let all = licences.by_license.values().flat_map(|app| app.values());
    all.fold((0_u64, 0_u64), |(used, seats), one| {
        let of = one.bought.unwrap_or(one.held).max(one.held);
        (used.saturating_add(one.used), seats.saturating_add(of))
    })
}

/// Spend.
pub(in crate::console) fn spend(spent: &Money, licences: &Licences, percent: u64) -> String {
    let (_, seats) = in_use(licences);
    if seats == 0 {
        return "No licence is known yet, so nobody can tell what is spent.".to_owned();
    }
    let back = if licences.reclaimable == 0 {
        String::new()
    } else {
        format!(
            " {} could go back: {}.",
            many(licences.reclaimable, "seat", "seats"),
            total(&licences.saving)
        )
    };
    let spent = match spent.0.is_empty() {
        true => "What is held has no price yet.".to_owned(),
        false => format!("{} a month.", total(spent)),
    };
    format!(
        "{spent}{back} {percent} % of {} in use.",
        many(seats, "seat is", "seats are")
    )
}

/// What leavers hold.
pub(in crate::console) fn residue(people: usize, held: &Line) -> String {
    if held.seats == 0 {
        return "Nobody who left holds anything, as far as rosters show.".to_owned();
    }
    let cost = match held.monthly.0.is_empty() {
        true => String::new(),
        false => format!(": {} a month", total(&held.monthly)),
    };
    format!(
        "{} who left still {} {}{cost}.",
        many(size(people), "person", "people"),
        if people == 1 { "holds" } else { "hold" },
        many(held.seats, "seat", "seats"),
    )
}

pub(in crate::console) const SEEN_LATELY: &str = "their holder was seen within 30 days";
pub(in crate::console) const DATA: &str = "Data";

/// How times are spread.
pub(in crate::console) fn spread(within: &str, count: u64) -> String {
    format!(
        "half of {}; nine in ten within {within}",
        many(count, "access", "accesses")
    )
}

/// What a line over time shows.
pub(in crate::console) fn by_week(value: &str, more: &str) -> String {
    format!("By week over 90 days; over all of them {value}, {more}. The numbers are under Data.")
}

/// The button that clears it.
pub(in crate::console) fn clear(residue: &Residue) -> String {
    format!(
        "Take {} away from {}",
        many(residue.total.seats, "seat", "seats"),
        many(size(residue.people), "person", "people")
    )
}

/// One licence.
pub(in crate::console) fn licence(app: &str, license: &str, held: u64, noticed: usize) -> String {
    match (held, size(noticed)) {
        (0, _) => format!("Nobody holds {app} {license}."),
        (held, 0) => format!(
            "{} {app} {license}, and nothing about that is odd.",
            many(held, "person holds", "people hold")
        ),
        (held, noticed) => format!(
            "{} {app} {license}; {} worth a look.",
            many(held, "user holds", "users hold"),
            many(noticed, "seat is", "seats are")
        ),
    }
}

/// Why a seat is noticed.
pub(in crate::console) fn noticed(flag: &str) -> &'static str {
    match flag {
        "orphaned" => "nobody is known by this address",
        "holder_left" => "left",
        "unused" => "unused",
        "duplicate" => "has another seat",
        _ => "odd",
    }
}

/// Rosters that are old, so that what is shown may differ from what is.
pub(in crate::console) fn stale(stale: usize, all: usize) -> String {
    format!(
        "{} of {} older than a day: access and spend may be different today.",
        number(size(stale)),
        many(size(all), "roster is", "rosters are")
    )
}

pub(in crate::console) const REVIEW: &str = "Access review";
pub(in crate::console) const REVIEW_MEANS: &str = "Confirm what is right. What is not becomes a task of the application's owner, who takes it away; the \
     next sync shows whether it is gone. A decision counts for a quarter.";
pub(in crate::console) const CONFIRM_ACCESS: &str = "Confirm the selected";
pub(in crate::console) const REVOKE_ACCESS: &str = "Have the selected taken away";
pub(in crate::console) const REVIEW_NEEDS: &str = "Deciding here takes the role operator.";
pub(in crate::console) const NOTHING_ODD: &str = "Nothing here waits for a decision.";

/// The review.
pub(in crate::console) fn review(shown: usize, is_odd_only: bool, has_more: bool) -> String {
    let more = if has_more {
        " here, and more follow"
    } else {
        ""
    };
    match (shown, is_odd_only) {
        (0, true) => "No access that is known is odd and undecided.".to_owned(),
        (0, false) => "No access that is known waits for a look.".to_owned(),
        (some, true) => format!(
            "{} odd and undecided{more}.",
            many(size(some), "access is", "accesses are")
        ),
        (some, false) => format!(
            "{} shown{more}.",
            many(size(some), "access is", "accesses are")
        ),
    }
}
pub(in crate::console) const NEVER_MATCHED: &str = "Licence rules that match nobody";
