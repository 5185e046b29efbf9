//! What polling finds, and in which windows.

use proptest::prelude::*;

use super::*;
use crate::ids::PersonId;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn opportunity() -> LeverId {
    LeverId::parse("opp-1").unwrap()
}

fn archived(hired: bool) -> Option<Archived> {
    Some(Archived {
        at: at("2027-03-01T09:00:00Z"),
        reason: LeverId::parse("reason").unwrap(),
        hired,
    })
}

fn hire() -> EventId {
    fact_id(
        "hired",
        &opportunity(),
        archived(true).map(|one| one.at),
        "reason",
    )
}

fn known(hired: Option<EventId>) -> KnownCandidacy {
    let mut known = KnownCandidacy::unknown(opportunity(), at("2027-03-01T09:00:00Z"));
    known.person = Some(PersonId::derived(&["ada"]));
    known.hired = hired;
    known
}

#[track_caller]
fn check(how: How, known: Option<&KnownCandidacy>, named: Named, expect: Option<&str>) {
    let moved = Moved {
        opportunity: opportunity(),
        how: how.clone(),
        came: Came::default(),
    };
    let found = missed(&moved, known, named);
    assert_eq!(found.map(|found| found.event), expect, "{how:?}");
}

#[test]
fn only_what_is_not_known_is_missed() {
    let (none, all) = (
        Named::default(),
        Named {
            archived: true,
            deleted: true,
            ..Named::default()
        },
    );
    let hired = || How::There(archived(true));
    let hired_before = known(Some(hire()));
    let another = known(Some(EventId::derived(&["another"])));
    let not_hired = known(None);

    check(hired(), None, none, Some("candidateHired"));
    check(hired(), Some(&not_hired), none, Some("candidateHired"));
    check(hired(), Some(&another), none, Some("candidateHired"));
    check(hired(), Some(&hired_before), none, None);
    check(
        How::There(None),
        Some(&hired_before),
        none,
        Some("candidateArchiveChange"),
    );
    check(
        How::There(archived(false)),
        Some(&hired_before),
        none,
        Some("candidateArchiveChange"),
    );
    check(How::There(archived(false)), None, none, None);
    check(
        How::There(archived(false)),
        None,
        all,
        Some("candidateArchiveChange"),
    );
    check(How::There(None), None, all, None);
    check(
        How::Deleted(None),
        Some(&hired_before),
        none,
        Some("candidateDeleted"),
    );
    check(How::Deleted(None), None, none, None);
    check(How::Deleted(None), None, all, Some("candidateDeleted"));
    let anonymised = || How::Anonymised;
    check(
        anonymised(),
        Some(&not_hired),
        none,
        Some("candidateDeleted"),
    );
    check(anonymised(), None, none, None);
    let mut erased = known(Some(hire()));
    erased.erased = true;
    check(anonymised(), Some(&erased), all, None);
    check(hired(), Some(&erased), all, None);
    (erased.may_return, erased.read_at) = (true, Timestamp::UNIX_EPOCH);
    erased.hired = None;
    check(hired(), Some(&erased), all, Some("candidateHired"));
}

#[test]
fn a_move_or_an_application_is_missed_only_where_a_rule_names_it_and_it_is_no_history() {
    let id = |text: &str| LeverId::parse(text).unwrap();
    let made = at("2027-03-01T09:00:00Z");
    let entered = at("2027-03-01T10:00:00Z");
    let moved = |stage_at: Timestamp, how: How| Moved {
        opportunity: opportunity(),
        how,
        came: Came::of(Some((id("offer"), stage_at)), Some(id("app-1")), made),
    };
    let all = Named::of([EventKind::StageChanged, EventKind::Applied]);
    let check = |moved: &Moved, named, since, expect: &[&str]| {
        let found = missed_on_the_way(moved, None, named, since);
        let found: Vec<&str> = found.iter().map(|missed| missed.event).collect();
        assert_eq!(found, expect, "{moved:?}");
    };
    let both = ["applicationCreated", "candidateStageChange"];
    let there = moved(entered, How::There(None));

    check(&there, all, made, &both);
    check(&there, all, entered, &both[1..]);
    check(&there, Named::default(), made, &[]);
    check(&moved(made, How::There(None)), all, made, &both[..1]);
    check(&moved(entered, How::Anonymised), all, made, &[]);
    let mut erased = known(None);
    erased.erased = true;
    assert_eq!(missed_on_the_way(&there, Some(&erased), all, made), []);
}

#[test]
fn what_happened_while_sando_was_away_is_no_history() {
    let began = at("2027-03-01T09:00:00Z");
    let mut state = CatchUp::from_now(began);
    let window = state.next_window(at("2027-03-01T10:00:00Z"));
    assert_eq!(state.unknown_since(window), at("2027-03-01T08:30:00Z"));
    state.last_success = Some(at("2027-03-01T10:00:00Z"));
    state.until = at("2027-03-03T10:00:00Z");

    let window = state.next_window(at("2027-03-05T10:00:00Z"));

    assert_eq!(window.from, at("2027-03-03T09:30:00Z"));
    assert_eq!(state.unknown_since(window), at("2027-03-01T09:30:00Z"));
}

#[test]
fn what_moved_again_while_it_was_polled_is_looked_at_in_the_next_window() {
    let mut state = CatchUp::from_now(at("2027-03-01T09:00:00Z"));
    for now in ["2027-03-01T10:00:00Z", "2027-03-01T11:00:00Z"] {
        for _part in 0..3 {
            let window = state.next_window(at(now));
            state.polled(window, 0, at(now));
        }
    }

    // Another stage at 10:05, and hired at 11:00 while the list was read: its row shows only now.
    let window = state.next_window(at("2027-03-01T12:00:00Z"));

    assert!(state.unknown_since(window) <= at("2027-03-01T10:05:00Z"));
}

#[test]
fn what_is_found_twice_is_one_delivery() {
    let window =
        CatchUp::from_now(at("2027-03-01T09:00:00Z")).next_window(at("2027-03-01T10:00:00Z"));
    let later = Window {
        from: at("2027-03-01T09:30:00Z"),
        ..window
    };
    let moved = Moved {
        opportunity: opportunity(),
        how: How::There(archived(true)),
        came: Came::default(),
    };
    let found = missed(&moved, None, Named::default()).unwrap();

    let one = found.hint(&opportunity(), window, window.to).unwrap();
    let two = found
        .hint(&opportunity(), later, at("2027-03-02T10:00:00Z"))
        .unwrap();

    assert_eq!(one.delivery_id(), two.delivery_id());
    assert_eq!(one.content_hash, two.content_hash);
}

proptest! {
    /// Whatever fails in between, and however long Sando was away: no moment is left out, and it comes to its end.
    #[test]
    fn windows_leave_no_moment_out(away_hours in 0_i64..2000, failures in proptest::collection::vec(any::<bool>(), 0..40)) {
        let begin = at("2027-03-01T09:00:00Z");
        let mut now = begin.saturating_add(SignedDuration::from_hours(away_hours)).unwrap();
        let first = now;
        let mut state = CatchUp::from_now(begin);
        let mut covered = [begin; 3];
        let mut failures = failures.into_iter();
        for _ in 0..2000 {
            if state.last_success.is_some() {
                break;
            }
            if failures.next() == Some(true) {
                state.failed("down".to_owned(), now);
                now = state.next_at;
                continue;
            }
            let window = state.next_window(now);
            let part = match window.part { Part::Hired => 0, Part::Updated => 1, Part::Deleted => 2 };
            prop_assert!(window.from < covered[part], "a gap");
            prop_assert!(window.to.duration_since(window.from) <= CatchUp::LONGEST + CatchUp::OVERLAP);
            covered[part] = covered[part].max(window.to);
            state.polled(window, 0, now);
        }
        prop_assert!(state.last_success.is_some());
        prop_assert!(covered.iter().all(|until| *until >= first));
        prop_assert_eq!(state.until, covered[0]);
    }
}
