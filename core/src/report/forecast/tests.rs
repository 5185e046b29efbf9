//! Some who arrive, some who leave, and a plan of two seats.

use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::config::ConfigKind;
use crate::ids::Slug;
use crate::impact::{FileChange, changed};
use crate::testing::a_person;

/// A Wednesday.
const NOW: &str = "2027-03-03T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn company(deliver: serde_json::Value) -> Company {
    let file = |kind, id: &str, file| FileChange {
        kind,
        id: Slug::parse(id).unwrap(),
        file: Some(file),
    };
    let price = json!({ "amount_minor": 1500, "currency": "EUR", "per": "month" });
    let app = json!({ "app": "design", "plans": [
        { "id": "viewer" },
        { "id": "pro", "name": "Professional", "price": price, "seats": 2 },
    ] });
    let policy = json!({ "policy": "makers",
        "when": [{ "path": "department", "op": "is", "value": "Engineering" }],
        "grants": [{ "app": "design", "plan": "pro", "deliver": deliver }] });
    let files = [
        file(ConfigKind::App, "design", app),
        file(ConfigKind::Policy, "makers", policy),
    ];
    changed(&[], &files, at(NOW)).unwrap()
}

fn person(name: &str, state: Lifecycle, starts: Option<Date>, leaves: Option<&str>) -> Person {
    let mut person = a_person().in_state(state).with("title", "Maker").build();
    person.id = PersonId::derived(&[name]);
    person.starts_on = starts;
    person.leaves_at = leaves.map(at);
    person
}

fn a_seat(person: Option<&Person>) -> Seat {
    Seat {
        app: Slug::parse("design").unwrap(),
        account: "design/prod".to_owned(),
        external_id: "u1".to_owned(),
        email: None,
        role: None,
        licenses: vec!["Professional".to_owned()],
        last_visit_at: None,
        person: person.map(|person| person.id.clone()),
        name: None,
        department: None,
        state: None,
        left_at: None,
        flags: Vec::new(),
        monthly: Money::default(),
    }
}

fn forecast(company: &Company, people: &[Person], seats: &[Seat], weeks: usize) -> Forecast {
    let moving = people.iter().filter(|one| is_moving(one, at(NOW)));
    let moving: Vec<Person> = moving.cloned().collect();
    let mut forecasting = Forecasting::new(&moving);
    for seat in seats {
        forecasting.hold(seat, company.apps.get(&seat.app));
    }
    let read = [Slug::parse("design").unwrap()].into();
    forecasting.finish(&moving, company, &read, at(NOW), weeks)
}

fn pro(forecast: &Forecast) -> &Outlook {
    &forecast.by_license[&Slug::parse("design").unwrap()]["pro"]
}

fn needs(outlook: &Outlook) -> Vec<u64> {
    outlook.weeks.iter().map(|week| week.need.seats).collect()
}

#[test]
fn who_arrives_takes_a_seat_and_who_leaves_gives_it_back() {
    let company = company(json!({ "before_start": "3d" }));
    let leaver = person(
        "bo",
        Lifecycle::Leaving,
        Some(date(2020, 1, 1)),
        Some("2027-03-17T17:00:00Z"),
    );
    let joiners = ["a", "b"].map(|name| {
        let starts = Some(date(2027, 3, 11));
        person(name, Lifecycle::Preboarding, starts, None)
    });
    let people = [vec![leaver.clone()], joiners.to_vec()].concat();

    let found = forecast(&company, &people, &[a_seat(Some(&leaver))], 4);

    let pro = pro(&found);
    assert_eq!((pro.bought, pro.held), (Some(2), Some(1)));
    let from: Vec<Date> = pro.weeks.iter().map(|week| week.from).collect();
    assert_eq!(from[0], date(2027, 3, 1));
    assert_eq!(from[3], date(2027, 3, 22));
    assert_eq!(needs(pro), [1, 3, 3, 2]);
    let second = &pro.weeks[1];
    assert_eq!(second.joining[0].seats, 2);
    assert_eq!(
        (
            second.joining[0].department.as_str(),
            second.joining[0].role.as_str()
        ),
        ("Engineering", "Maker")
    );
    let missing = second.missing.as_ref().unwrap();
    assert_eq!((missing.seats, missing.monthly.0["EUR"]), (1, 1500));
    assert_eq!(pro.weeks[2].leaving[0].seats, 1);
    assert_eq!(pro.weeks[0].free.as_ref().unwrap().seats, 1);
    assert_eq!(pro.most_missing(), 1);
}

#[test]
fn who_holds_a_seat_takes_no_second_one() {
    let company = company(json!("now"));
    let here = person("a", Lifecycle::Active, Some(date(2027, 3, 1)), None);

    let with = forecast(
        &company,
        std::slice::from_ref(&here),
        &[a_seat(Some(&here))],
        2,
    );
    let without = forecast(&company, std::slice::from_ref(&here), &[a_seat(None)], 2);

    assert_eq!(needs(pro(&with)), [1, 1]);
    assert_eq!(needs(pro(&without)), [2, 2]);
}

#[test]
fn without_a_first_day_nobody_can_say_when() {
    let company = company(json!("on_start"));
    let undated = person("a", Lifecycle::Preboarding, None, None);

    let found = forecast(&company, &[undated], &[], 2);

    assert_eq!((pro(&found).undated, needs(pro(&found))), (1, vec![0, 0]));
}

#[test]
fn who_is_gone_before_the_first_day_needs_nothing() {
    let company = company(json!("on_start"));
    let starts = Some(date(2027, 3, 15));
    let gone = person(
        "a",
        Lifecycle::Preboarding,
        starts,
        Some("2027-03-10T09:00:00Z"),
    );

    let found = forecast(&company, &[gone], &[], 3);

    assert_eq!(needs(pro(&found)), [0, 0, 0]);
    assert!(!pro(&found).moves());
}

#[test]
fn without_a_roster_nobody_can_say_what_is_missing() {
    let company = company(json!("now"));
    let joiner = person("a", Lifecycle::Preboarding, None, None);
    let people = [joiner];

    let forecasting = Forecasting::new(&people);
    let found = forecasting.finish(&people, &company, &BTreeSet::new(), at(NOW), 1);

    let week = &pro(&found).weeks[0];
    assert_eq!(pro(&found).held, None);
    assert_eq!(
        (week.need.seats, &week.missing, &week.free),
        (1, &None, &None)
    );
}
