//! Sentences about licences and what they cost.

use sando_core::report::{Forecast, Licence, Licences, Line, Money, Outlook, Residue, Week};

use crate::console::chart::percent;
use crate::console::format::{day, many, number, size, total};

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
pub(in crate::console) const EVERYBODY_ELSE: &str = "Everybody else";
pub(in crate::console) const MOST_PEOPLE: &str =
    "One call clears at most 100 people; send it again for the rest.";

pub(in crate::console) const COUNTED: &str = "Counted";
pub(in crate::console) const COUNT_NOW: &str = "Count now";
pub(in crate::console) const LOOK_NOW: &str = "Look at everything now";
pub(in crate::console) const COUNT_TAKES: &str = "That takes some seconds.";

/// An application with more users than can be looked at for a page.
pub(in crate::console) fn many_users(app: &str) -> String {
    format!("{app} has many users: looking at each of them takes some seconds.")
}

/// How much of what is paid for is in use, as far as anybody can tell.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::console) struct InUse {
    /// Seats in use.
    pub(in crate::console) used: u64,
    /// Of so many: those that were bought, or else those that are held.
    pub(in crate::console) seats: u64,
    /// Seats of whose users the application tells when they were there last.
    pub(in crate::console) told: u64,
}

impl InUse {
    /// Of one licence; none while no roster of its application is read.
    pub(in crate::console) fn of(licence: &Licence, is_read: bool) -> Option<Self> {
        is_read.then(|| Self {
            used: licence.used,
            seats: licence.bought.unwrap_or(licence.held).max(licence.held),
            told: licence.told,
        })
    }

    /// Together with another.
    pub(in crate::console) fn with(self, other: Self) -> Self {
        Self {
            used: self.used.saturating_add(other.used),
            seats: self.seats.saturating_add(other.seats),
            told: self.told.saturating_add(other.told),
        }
    }

    /// Does anybody know it?
    pub(in crate::console) fn is_known(&self) -> bool {
        self.told > 0
    }
}

/// A licence by the name of its application and its own, which often has the first in it.
pub(in crate::console) fn license_name(app: &str, license: &str) -> String {
    let (of, own) = (app.to_lowercase(), license.to_lowercase());
    let rest = own.strip_prefix(&of);
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
        license.to_owned()
    } else {
        format!("{app} {license}")
    }
}

/// Spend.
pub(in crate::console) fn spend(spent: &Money, licences: &Licences, in_use: &InUse) -> String {
    if licences.by_license.is_empty() {
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
    let seats = many(in_use.seats, "seat is", "seats are");
    let used = match (in_use.seats, in_use.is_known()) {
        (0, _) => "No roster is read yet, so nobody can tell what is in use.".to_owned(),
        (_, false) => {
            format!("Whether {seats} in use is unknown: no application tells of a last visit.")
        }
        (_, true) => format!(
            "{} % of {seats} in use.",
            percent(in_use.used, in_use.seats)
        ),
    };
    format!("{spent}{back} {used}")
}

/// How many seats of a licence are in use.
pub(in crate::console) fn used(licence: &Licence, in_use: Option<&InUse>) -> String {
    let of = match licence.bought {
        Some(bought) => format!("{} bought", number(bought.max(licence.held))),
        None => number(licence.held),
    };
    match in_use.filter(|one| one.is_known()) {
        Some(one) => format!("{} of {of}", number(one.used)),
        None => format!("unknown, of {of}"),
    }
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

pub(in crate::console) const FORECAST_MEANS: &str = "What rosters show, and what policies give to those who arrive, less what those give back \
     who leave. A week needs as many seats as at its busiest moment.";
pub(in crate::console) const PLAN_SEATS: &str = "Plan…";
pub(in crate::console) const GIVE_BACK_MEANS: &str = "Each seat that is selected becomes a task of the application's owner, who takes it away; the next sync shows \
     whether it is gone. A seat that a policy gives is given again: change the policy.";
pub(in crate::console) const TYPE_SEATS: &str = "Type how many seats";
pub(in crate::console) const TYPE_SEATS_HINT: &str =
    "How many you selected, where it is more than 5. A number that differs takes nothing away.";
pub(in crate::console) const GIVEN_BY: &str = "Given by the policy";

/// What lies ahead.
pub(in crate::console) fn forecast_of(weeks: usize) -> String {
    format!("Seats in the next {weeks} weeks")
}

/// How many seats will be missing, since when, and what they cost.
pub(in crate::console) fn forecast(forecast: &Forecast) -> String {
    let all = || {
        forecast
            .by_license
            .values()
            .flat_map(|plans| plans.values())
    };
    let (mut seats, mut monthly) = (0_u64, Money::default());
    for plan in all() {
        let missing = plan.weeks.iter().filter_map(|week| week.missing.as_ref());
        if let Some(most) = missing
            .max_by_key(|line| line.seats)
            .filter(|line| line.seats > 0)
        {
            seats = seats.saturating_add(most.seats);
            monthly.join(&most.monthly);
        }
    }
    let short = |week: &&Week| {
        let missing = week.missing.as_ref();
        missing.is_some_and(|line| line.seats > 0)
    };
    let first = all().filter_map(|plan| plan.weeks.iter().find(short));
    match first.map(|week| week.from).min() {
        None => "No seat will be missing, as far as anybody can tell.".to_owned(),
        Some(from) => format!(
            "{} missing at the most, the first in the week of {}: {} a month.",
            many(seats, "seat will be", "seats will be"),
            day(from),
            total(&monthly)
        ),
    }
}

/// What lies ahead of one plan.
pub(in crate::console) fn ahead(outlook: &Outlook) -> String {
    let most = outlook.weeks.iter().map(|week| week.need.seats).max();
    let bought = match (outlook.held, outlook.bought) {
        (None, _) => "its roster is not known".to_owned(),
        (_, None) => "nobody said how many were bought".to_owned(),
        (_, Some(bought)) => match outlook.most_missing() {
            0 => format!("{} bought, enough", number(bought)),
            short => format!("{} bought, {} short", number(bought), number(short)),
        },
    };
    let undated = match outlook.undated {
        0 => String::new(),
        some => format!("; {} without a first day", many(some, "person", "people")),
    };
    format!("{} needed, {bought}{undated}", number(most.unwrap_or(0)))
}

/// For whom nobody can tell.
pub(in crate::console) fn undecided(count: u64) -> String {
    format!(
        "Not counted: {} that nobody can tell yet, since an attribute is missing or unmapped.",
        many(count, "access", "accesses")
    )
}

pub(in crate::console) const SEEN_LATELY: &str = "their holder was seen within 30 days";
pub(in crate::console) const DATA: &str = "Data";

/// How times are spread.
pub(in crate::console) fn spread(within: &str, count: u64) -> String {
    let within = within.strip_prefix("under ").unwrap_or(within);
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
    let name = license_name(app, license);
    match (held, size(noticed)) {
        (0, _) => format!("Nobody holds {name}."),
        (held, 0) => format!(
            "{} {name}, and nothing about that is odd.",
            many(held, "person holds", "people hold")
        ),
        (held, noticed) => format!(
            "{} {name}; {} worth a look.",
            many(held, "user holds", "users hold"),
            many(noticed, "seat is", "seats are")
        ),
    }
}

/// Not all of what there is is shown.
pub(in crate::console) fn first_shown(shown: u64, all: u64) -> String {
    let (shown, all) = (number(shown), number(all));
    format!("{shown} of {all} are shown; the file below has all of them.")
}

/// Why a seat is noticed.
pub(in crate::console) fn noticed(flag: &str) -> &'static str {
    match flag {
        "orphaned" => "nobody is known by this address",
        "holder_left" => "left",
        "unused" => "unused",
        "duplicate" => "has another seat",
        "inactive" => "not active there",
        _ => "odd",
    }
}

/// Why so many seats are noticed.
pub(in crate::console) fn noticed_many(flag: &str, count: u64) -> String {
    let count = number(count);
    match flag {
        "orphaned" => format!("{count} of nobody who is known"),
        "holder_left" => format!("{count} of people who left"),
        "duplicate" => format!("{count} beside another seat"),
        other => format!("{count} {}", noticed(other)),
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
pub(in crate::console) const REVIEWS: &str = "Access reviews";
pub(in crate::console) const REVIEW_DAYS: &str =
    "Days until another one is due; empty for no reminder";
pub(in crate::console) const REVIEW_DAYS_HINT: &str = "After so many days without a decision in the access review, role:it-admin is told, once: 91 is a quarter.";
pub(in crate::console) const REVIEW_DAYS_SAVE: &str = "Save how often";
pub(in crate::console) const CONFIRM_ACCESS: &str = "Confirm the selected";
pub(in crate::console) const REVOKE_ACCESS: &str = "Have the selected taken away";
pub(in crate::console) const TYPE_ACCESSES: &str = "Type how many accesses";
pub(in crate::console) const TYPE_ACCESSES_HINT: &str = "How many you selected, where more than 5 are to be taken away. A number that differs takes nothing away.";
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
pub(in crate::console) const NEVER_MATCHED: &str = "Configured, and matches nobody";
pub(in crate::console) const LICENSE_OF_NOBODY: &str = "licence rule that matches nobody";
pub(in crate::console) const POLICY_FOR_NOBODY: &str = "policy that gives nobody anything";
pub(in crate::console) const RULE_FOR_NOBODY: &str = "rule that no event matched since";
pub(in crate::console) const ALIASES_OF_NOBODY: &str =
    "aliases of an attribute that nothing makes and nobody has";

#[cfg(test)]
mod tests {
    use sando_core::ids::Slug;

    use super::*;

    #[test]
    fn a_licence_is_not_named_twice() {
        assert_eq!(license_name("Wiki", "wiki"), "wiki");
        assert_eq!(license_name("Zoom", "Zoom licensed"), "Zoom licensed");
        assert_eq!(license_name("Acme", "pro"), "Acme pro");
        assert_eq!(license_name("Go", "Gold"), "Go Gold");
    }

    #[test]
    fn what_nobody_tells_is_unknown_and_not_zero() {
        let licence = Licence {
            held: 3,
            ..Licence::default()
        };
        let mut licences = Licences::default();
        let of_app = licences.by_license.entry(Slug::parse("acme").unwrap());
        of_app
            .or_default()
            .insert("pro".to_owned(), licence.clone());
        let said = |licence: &Licence, is_read: bool| {
            let in_use = InUse::of(licence, is_read);
            let verdict = spend(&Money::default(), &licences, &in_use.unwrap_or_default());
            (used(licence, in_use.as_ref()), verdict)
        };

        let (row, verdict) = said(&licence, true);
        assert_eq!(row, "unknown, of 3");
        assert!(
            verdict.ends_with(
                "Whether 3 seats are in use is unknown: no application tells of a last visit."
            ),
            "{verdict}"
        );
        let (row, verdict) = said(&licence, false);
        assert_eq!(row, "unknown, of 3");
        assert!(verdict.contains("No roster is read yet"), "{verdict}");
        let told = Licence {
            used: 1,
            told: 2,
            ..licence.clone()
        };
        let (row, verdict) = said(&told, true);
        assert_eq!(row, "1 of 3");
        assert!(
            verdict.ends_with("33 % of 3 seats are in use."),
            "{verdict}"
        );
    }
}
