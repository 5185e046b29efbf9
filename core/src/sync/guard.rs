//! Whether what a complete sync found may count, or looks so implausible that a human has to look (B17).

use super::Counts;
use crate::settings::Guard;

/// Why a sync is held; none if it may count. Whoever loses something counts once, for whatever reason. In doubt nobody may vanish.
#[must_use]
pub fn objection(counts: &Counts, guard: &Guard, doubt: Option<&str>) -> Option<String> {
    if counts.before > 0 && counts.users == 0 {
        return Some(format!(
            "the list is empty: all {} users would be deleted",
            counts.before
        ));
    }
    let losses = losses(counts);
    let share = u128::from(losses).saturating_mul(100);
    let most = u128::from(counts.before).saturating_mul(u128::from(guard.percent));
    if losses <= u64::from(guard.users) || share <= most {
        let doubt = doubt.filter(|_| counts.vanished > 0)?;
        return Some(format!(
            "{} of {} users are not in the list any more, but {doubt}",
            counts.vanished, counts.before
        ));
    }
    Some(format!(
        "{losses} of {} users would lose something: {} are not in the list any more, {} are not active any more, {} lose a \
         licence",
        counts.before, counts.vanished, counts.inactive, counts.lost_license
    ))
}

/// How many users lose something.
#[must_use]
pub fn losses(counts: &Counts) -> u64 {
    let two = counts.vanished.saturating_add(counts.inactive);
    two.saturating_add(counts.lost_license)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: u64, vanished: u64, inactive: u64, lost_license: u64, is_held: bool) {
        let counts = Counts {
            before,
            users: before - vanished,
            vanished,
            inactive,
            lost_license,
            ..Counts::default()
        };
        let objection = objection(&counts, &Guard::default(), None);
        assert_eq!(objection.is_some(), is_held, "{counts:?}");
    }

    #[test]
    fn more_than_a_fifth_and_more_than_ten_users_are_held() {
        check(50, 10, 0, 0, false);
        check(50, 11, 0, 0, true);
        check(55, 11, 0, 0, false);
        check(54, 11, 0, 0, true);
        check(1_000_000, 200_000, 0, 0, false);
        check(1_000_000, 200_001, 0, 0, true);
    }

    #[test]
    fn how_many_is_a_setting() {
        let counts = Counts {
            before: 50,
            users: 44,
            vanished: 6,
            ..Counts::default()
        };
        let held = |users, percent| objection(&counts, &Guard { users, percent }, None).is_some();
        assert!(held(5, 10));
        assert!(!held(6, 10));
        assert!(!held(5, 12));
    }

    #[test]
    fn in_doubt_nobody_may_vanish() {
        let held = |vanished, inactive| {
            let counts = Counts {
                before: 50,
                users: 50 - vanished,
                vanished,
                inactive,
                ..Counts::default()
            };
            objection(&counts, &Guard::default(), Some("2 records have no id"))
        };

        let why = held(1, 0).unwrap();
        assert_eq!(
            why,
            "1 of 50 users are not in the list any more, but 2 records have no id"
        );
        assert_eq!(held(0, 1), None);
    }

    #[test]
    fn every_way_to_lose_something_counts() {
        check(50, 0, 11, 0, true);
        check(50, 0, 0, 11, true);
        check(50, 4, 4, 3, true);
        check(50, 4, 3, 3, false);
    }

    #[test]
    fn an_empty_list_is_held_however_few_were_there() {
        check(1, 1, 0, 0, true);
        check(11, 11, 0, 0, true);
        check(0, 0, 0, 0, false);
    }
}
