//! The weeks between "accepted" and "started": Lever tells of no change of an offer, so it is read again, and what it
//! says until the first day counts (L8).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{address, take_read, time};
use crate::claim::Claim;
use crate::company::Company;
use crate::event::{Event, EventState, KnownCandidacy, Why};
use crate::ids::{EventId, LeverId, derive};
use crate::lever::Candidacy;
use crate::person::{Lifecycle, Person};
use crate::rule::EventKind;
use crate::run::Run;
use crate::store::Loaded;

/// How long before the first day Lever is read for the last time.
const LAST: SignedDuration = SignedDuration::from_mins(10);
/// How soon before the first day it is read more often.
const SOON: SignedDuration = SignedDuration::from_hours(48);
/// How long a denied offer is read on after what was to be the first day, or after it was denied if that is later.
const REOPENS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// When a candidacy is read again: every six hours, every hour in the last two days, and shortly before the first day.
/// None once the person has started, or has their access from elsewhere. A denied offer may be open again: it is read on
/// for a while.
#[must_use]
pub fn next_look(
    person: Option<&Person>,
    known: &KnownCandidacy,
    now: Timestamp,
) -> Option<Timestamp> {
    let opportunity = &known.opportunity;
    let person = person.filter(|person| {
        let waits = match person.state {
            Lifecycle::Preboarding => true,
            Lifecycle::Withdrawn | Lifecycle::Left => may_be_open(person, known, now),
            _ => false,
        };
        waits && person.opportunity.as_ref() == Some(opportunity)
    })?;
    let left = person.starts_at.map(|at| at.duration_since(now));
    let hours: i64 = match left {
        Some(left) if !left.is_negative() && left <= SOON => 1,
        _ => 6,
    };
    // Spread, so that not everybody hired on one day is read at one time.
    let hash = derive(&["look", opportunity.as_str()]);
    let share = i64::from_str_radix(hash.get(..4).unwrap_or("0"), 16).unwrap_or(0);
    let secs = hours * 3600;
    let spread = share * secs / 4 / 0xffff;
    let next = now.saturating_add(SignedDuration::from_secs(secs + spread));
    let last = person.starts_at.and_then(|at| at.saturating_sub(LAST).ok());
    let next = next.ok()?;
    Some(match last {
        Some(last) if last > now => next.min(last),
        _ => next,
    })
}

/// May the denied offer of somebody who is not hired any more be open again?
fn may_be_open(person: &Person, known: &KnownCandidacy, now: Timestamp) -> bool {
    let denied = known.read_at;
    let since = person.starts_at.map_or(denied, |starts| starts.max(denied));
    known.is_denied && now.duration_since(since) < REOPENS
}

/// What a reading changes of a person who has not started.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// The person as they are now.
    pub person: Loaded<Person>,
    /// What is known of the candidacy from now on.
    pub known: KnownCandidacy,
    /// `offer.changed`, then `person.changed`.
    pub events: Vec<Event>,
    /// The runs that start.
    pub runs: Vec<Run>,
    /// The names of what changed.
    pub changed: BTreeSet<String>,
}

/// Takes in what a candidacy says now of a person who has not started, without a work address that is taken; none if it
/// says nothing new.
#[must_use]
pub fn renew(
    loaded: &Loaded<Person>,
    candidacy: &Candidacy,
    known: &KnownCandidacy,
    company: &Company,
    taken: &BTreeSet<Claim>,
    source: &str,
    now: Timestamp,
) -> Option<Renewal> {
    let before = &loaded.entity;
    let is_ahead = before.state == Lifecycle::Preboarding && !before.has_started(now);
    let waits = is_ahead && known.is_hired_since(before.left_before);
    if !waits || before.opportunity.as_ref() != Some(&candidacy.opportunity) {
        return None;
    }
    let mut person = loaded.clone();
    let read = address::read(candidacy, company, before, taken);
    take_read(&mut person.entity, &read);
    time(&mut person.entity, company, now);
    let changed = difference(before, &person.entity);
    if changed.is_empty() {
        return None;
    }
    let mut known = known.clone();
    known.changes = known.changes.saturating_add(1);
    known.read_at = now;
    known.look_at = next_look(Some(&person.entity), &known, now);
    let hash = derive(&[&json!(person.entity.attributes).to_string()]);
    let number = known.changes.to_string();
    let opportunity = known.opportunity.as_str();
    let id = |kind: &str| EventId::derived(&[kind, opportunity, &hash, &number]);
    let names: Vec<&str> = changed.iter().map(String::as_str).collect();
    let said = format!(
        "read again in Lever by {source}: {} changed",
        names.join(", ")
    );
    let (mut events, mut runs) = (Vec::new(), Vec::new());
    for kind in [EventKind::OfferChanged, EventKind::PersonChanged] {
        let mut event = an_event(
            id(kind.as_str()),
            kind,
            &person.entity,
            known.opportunity.clone(),
            now,
        );
        event.why.push(Why::said(now, said.clone()));
        let document = &candidacy.document;
        runs.extend(super::changed(
            before,
            &person.entity,
            &mut event,
            document,
            company,
            now,
        ));
        events.push(event);
    }
    Some(Renewal {
        person,
        known,
        events,
        runs,
        changed,
    })
}

fn an_event(
    id: EventId,
    kind: EventKind,
    person: &Person,
    opportunity: LeverId,
    now: Timestamp,
) -> Event {
    Event {
        id,
        kind,
        source: "lever".to_owned(),
        opportunity: Some(opportunity),
        person: Some(person.id.clone()),
        occurred_at: now,
        received_at: now,
        state: EventState::Done,
        why: Vec::new(),
        runs: Vec::new(),
        replays: 0,
        replayed_by: None,
    }
}

/// The names of the attributes that are not as they were, or are unknown now and were not.
fn difference(before: &Person, after: &Person) -> BTreeSet<String> {
    let names = before.attributes.iter().chain(after.attributes.iter());
    names
        .map(|(name, _)| name)
        .filter(|name| {
            before.attributes.get(name) != after.attributes.get(name)
                || before.unmapped.contains(*name) != after.unmapped.contains(*name)
        })
        .chain(before.unmapped.symmetric_difference(&after.unmapped))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::config::ConfigKind;
    use crate::lever::{Archived, OfferState};
    use crate::store::Version;
    use crate::testing::{a_person, take};

    const NOW: &str = "2027-03-01T09:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn opportunity() -> LeverId {
        LeverId::parse("opp-1").unwrap()
    }

    /// A company in which engineers get `code`.
    fn a_company() -> Company {
        let mut company = Company::empty().unwrap();
        let aliases =
            json!({ "aliases": { "department": { "Engineering": ["Eng"], "Sales": [] } } });
        let when = json!([{ "path": "department", "op": "is", "value": "Engineering" }]);
        let policy = json!({ "policy": "code", "when": when, "grants": [{ "app": "code" }] });
        for (kind, id, file) in [
            (ConfigKind::Attributes, "attributes", aliases),
            (ConfigKind::Policy, "code", policy),
        ] {
            take(&mut company, kind, id, file);
        }
        company
    }

    fn a_candidacy(department: &str, day: &str) -> Candidacy {
        Candidacy {
            opportunity: opportunity(),
            contact: None,
            archived: Some(Archived {
                at: at(NOW),
                reason: LeverId::parse("hired").unwrap(),
                hired: true,
            }),
            stage: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: None,
            application: None,
            offer: OfferState::Open,
            emails: vec![],
            document: json!({
                "contact": { "name": "Ada Park" },
                "posting": { "categories": { "department": department } },
                "offer": { "fields": [{ "identifier": "anticipated_start_date", "value": day }] },
            }),
        }
    }

    fn hired(state: Lifecycle) -> (Loaded<Person>, KnownCandidacy) {
        let mut person = a_person()
            .in_state(state)
            .with("start_date", "2027-03-20")
            .build();
        person.attributes.remove("personal_email");
        person.opportunity = Some(opportunity());
        time(&mut person, &a_company(), at(NOW));
        person.state = state;
        let mut known = KnownCandidacy::unknown(opportunity(), at(NOW));
        known.hired = Some(EventId::derived(&["hired"]));
        let person = Loaded {
            entity: person,
            version: Version(1),
            due: None,
        };
        (person, known)
    }

    fn renewed(state: Lifecycle, department: &str, day: &str) -> Option<Renewal> {
        let (person, known) = hired(state);
        renew(
            &person,
            &a_candidacy(department, day),
            &known,
            &a_company(),
            &BTreeSet::new(),
            "re-reading",
            at(NOW),
        )
    }

    #[test]
    fn nothing_new_changes_nothing() {
        assert!(renewed(Lifecycle::Preboarding, "Eng", "2027-03-20").is_none());
    }

    #[test]
    fn a_moved_first_day_moves_the_person_and_starts_nothing() {
        let renewed = renewed(Lifecycle::Preboarding, "Eng", "2027-04-01").unwrap();

        let person = &renewed.person.entity;
        assert_eq!(person.starts_at, Some(at("2027-04-01T00:00:00Z")));
        assert_eq!(person.state, Lifecycle::Preboarding);
        assert_eq!(renewed.changed, ["start_date".to_owned()].into());
        assert_eq!(renewed.runs, []);
        let kinds: Vec<&str> = renewed
            .events
            .iter()
            .map(|event| event.kind.as_str())
            .collect();
        assert_eq!(kinds, ["offer.changed", "person.changed"]);
    }

    #[test]
    fn a_first_day_that_moves_into_the_past_has_come() {
        let renewed = renewed(Lifecycle::Preboarding, "Eng", "2027-02-01").unwrap();

        assert_eq!(renewed.person.entity.state, Lifecycle::Active);
        assert_eq!(renewed.known.look_at, None);
    }

    #[test]
    fn a_first_day_that_has_come_does_not_move_though_nobody_has_written_it_down() {
        let (mut person, known) = hired(Lifecycle::Preboarding);
        person.entity.starts_at = Some(at(NOW));
        let candidacy = a_candidacy("Eng", "2027-04-01");
        let company = a_company();

        let none = BTreeSet::new();
        let renewed = renew(
            &person,
            &candidacy,
            &known,
            &company,
            &none,
            "re-reading",
            at(NOW),
        );

        assert!(renewed.is_none());
    }

    #[test]
    fn another_department_starts_change_once() {
        let one = renewed(Lifecycle::Preboarding, "Sales", "2027-03-20").unwrap();
        let two = renewed(Lifecycle::Preboarding, "Sales", "2027-03-20").unwrap();

        let names: Vec<&str> = one.runs.iter().map(|run| run.workflow.as_str()).collect();
        assert_eq!(names, ["change"]);
        let ids = |renewal: &Renewal| {
            renewal
                .events
                .iter()
                .map(|event| event.id.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            ids(&one),
            ids(&two),
            "whoever meets it makes the same events"
        );
    }

    #[test]
    fn a_department_that_no_alias_knows_is_unknown() {
        let renewed = renewed(Lifecycle::Preboarding, "Skunkworks", "2027-03-20").unwrap();

        assert!(renewed.person.entity.unmapped.contains("department"));
        assert_eq!(renewed.changed, ["department".to_owned()].into());
    }

    #[test]
    fn whoever_started_or_was_withdrawn_is_left_alone() {
        for state in [
            Lifecycle::Active,
            Lifecycle::Leaving,
            Lifecycle::Left,
            Lifecycle::Withdrawn,
        ] {
            assert!(renewed(state, "Sales", "2027-04-01").is_none(), "{state:?}");
        }
    }

    #[test]
    fn what_lever_does_not_say_any_more_stays() {
        let (person, known) = hired(Lifecycle::Preboarding);
        let mut silent = a_candidacy("Eng", "2027-03-20");
        silent.document = Value::Null;

        let renewed = renew(
            &person,
            &silent,
            &known,
            &a_company(),
            &BTreeSet::new(),
            "re-reading",
            at(NOW),
        );

        assert!(renewed.is_none());
    }

    #[test]
    fn it_is_read_more_often_shortly_before_the_first_day_and_once_just_before() {
        let (person, known) = hired(Lifecycle::Preboarding);
        let person = person.entity;
        let hours = |now: &str| {
            let next = next_look(Some(&person), &known, at(now)).unwrap();
            next.duration_since(at(now)).as_secs_f64() / 3600.0
        };

        assert!((6.0..7.6).contains(&hours(NOW)));
        assert!((1.0..1.3).contains(&hours("2027-03-19T09:00:00Z")));
        let last = next_look(Some(&person), &known, at("2027-03-19T23:30:00Z"));
        assert_eq!(last, Some(at("2027-03-19T23:50:00Z")));
        let mut started = person.clone();
        started.state = Lifecycle::Active;
        assert_eq!(next_look(Some(&started), &known, at(NOW)), None);
        let other = LeverId::parse("opp-2").unwrap();
        let other = KnownCandidacy::unknown(other, at(NOW));
        assert_eq!(next_look(Some(&person), &other, at(NOW)), None);
    }

    #[test]
    fn a_denied_offer_is_read_for_a_month_after_what_was_to_be_the_first_day_or_the_denial() {
        let (mut person, mut known) = hired(Lifecycle::Withdrawn);
        let next = |person: &Person, known: &KnownCandidacy, now: &str| {
            next_look(Some(person), known, at(now)).is_some()
        };
        assert!(!next(&person.entity, &known, NOW), "nobody denied it");

        known.is_denied = true;

        assert!(next(&person.entity, &known, NOW));
        assert!(next(&person.entity, &known, "2027-04-18T00:00:00Z"));
        assert!(!next(&person.entity, &known, "2027-04-19T00:00:00Z"));
        person.entity.starts_at = None;
        assert!(next(&person.entity, &known, "2027-03-30T09:00:00Z"));
        assert!(!next(&person.entity, &known, "2027-03-31T09:00:00Z"));
    }

    #[test]
    fn an_older_state_than_was_seen_is_known_as_such() {
        let mut known = KnownCandidacy::unknown(opportunity(), at(NOW));
        let mut shown = a_candidacy("Eng", "2027-03-20");
        known.saw(Some(at("2027-03-01T08:00:00Z")));
        let mut check = |updated_at: Option<&str>, expect: bool| {
            shown.updated_at = updated_at.map(at);
            assert_eq!(known.is_newer_than(&shown), expect, "{updated_at:?}");
        };

        check(Some("2027-03-01T07:59:59Z"), true);
        check(Some("2027-03-01T08:00:00Z"), false);
        check(Some("2027-03-01T08:00:01Z"), false);
        check(None, false);
    }
}
