//! Fills the store with policies, people and a roster: in large commits, each item as the handlers write it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, ToSpan};
use sando_core::account::{Account, AccountState};
use sando_core::audit::Cause;
use sando_core::changes::{Changes, Origin};
use sando_core::config::ConfigKind;
use sando_core::definition::IdHash;
use sando_core::handle::delivery::write_person;
use sando_core::handle::ledger;
use sando_core::ids::{PersonId, RosterId, Slug};
use sando_core::intake::Changed;
use sando_core::person::{CanonicalEmail, Lifecycle, Person};
use sando_core::roster::{Entry, Next};
use sando_core::store::{Commit, Put, Version};
use sando_core::tally::day_of;
use sando_core::testing::{a_face, a_person};
use sando_tests::harness::{Scene, scim_file};
use serde_json::json;

/// Items of one commit.
const AT_ONCE: usize = 75;
/// People of one commit: each is nine items, with two claims, a key, three words, a record and the head of its stream.
const PEOPLE_AT_ONCE: usize = 8;
/// How many users each person has in the roster.
const USERS_EACH: usize = 10;

/// Writes these items as they are.
pub(crate) async fn put(scene: &Scene, puts: Vec<Put>) {
    let commit = Commit {
        puts,
        ..Commit::default()
    };
    scene.machine.ports.store.commit(&commit).await.unwrap();
}

/// One policy for each department, and a price for what it gives.
pub(crate) async fn policies(scene: &Scene, count: usize) {
    let price = |amount: i64| json!({ "amount_minor": amount, "currency": "EUR", "per": "month" });
    let mut design = scim_file("design", &scene.site.design.base_url());
    design["plans"] =
        json!([{ "id": "viewer", "price": price(500) }, { "id": "pro", "price": price(1500) }]);
    scene.configure(ConfigKind::App, "design", design).await;
    for number in 0..count {
        let department = format!("Department {number}");
        let file = json!({ "policy": format!("department-{number}"),
            "when": [{ "path": "department", "op": "is", "value": department }],
            "grants": [{ "app": "design", "plan": "viewer" }] });
        let id = format!("department-{number}");
        scene.configure(ConfigKind::Policy, &id, file).await;
    }
}

/// The id of a person.
pub(crate) fn person_id(number: usize) -> PersonId {
    PersonId::derived(&["bench", &number.to_string()])
}

/// 1 in 51 has left, 1 in 101 has not begun yet: spread over all departments.
fn state(number: usize) -> Lifecycle {
    if number % 51 == 50 {
        Lifecycle::Left
    } else if number % 101 == 100 {
        Lifecycle::Preboarding
    } else {
        Lifecycle::Active
    }
}

fn person(number: usize, departments: usize, now: Timestamp) -> Person {
    let of = i64::try_from(number).unwrap();
    let personal = format!("person{number}@mail.example");
    let mut person = a_person()
        .with("name", &format!("Person Number{number}"))
        .with("first_name", "Person")
        .with("last_name", &format!("Number{number}"))
        .with(
            "department",
            &format!("Department {}", number % departments),
        )
        .with("title", "Engineer")
        .with("work_email", &format!("person{number}@contoso.example"))
        .with("personal_email", &personal)
        .in_state(state(number))
        .build();
    person.id = person_id(number);
    person.identifiers.emails = [CanonicalEmail::parse(&personal).unwrap()].into();
    // One more every hour.
    person.created_at = now - SignedDuration::from_hours(of);
    match person.state {
        Lifecycle::Left => {
            person.leaves_at = Some(now - SignedDuration::from_hours(24 * (of % 90)))
        }
        Lifecycle::Preboarding => person.starts_on = Some(day_of(now) + (of % 60).days()),
        _ => {}
    }
    person
}

/// People in these departments, written as the handlers write somebody new: with claims, a key and a first record.
pub(crate) async fn people(scene: &Scene, count: usize, departments: usize) {
    let (ports, now) = (&scene.machine.ports, scene.now());
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(PEOPLE_AT_ONCE) {
        let mut changes = Changes::new(Origin::sando(Cause::of("api", "bench"), "bench", now));
        for number in chunk {
            let new = Changed::New(Box::new(person(*number, departments, now)));
            write_person(ports, &new, &mut changes).await.unwrap();
        }
        ledger::commit(ports, changes).await.unwrap();
    }
}

/// A connected account with a roster: each person has ten users, under one address.
pub(crate) async fn roster(scene: &Scene, count: usize) {
    let app = Slug::parse("design").unwrap();
    let name = Slug::parse("prod").unwrap();
    let now = scene.now();
    let mut account = Account::connecting(app.clone(), name, app, BTreeMap::new(), now, "bench");
    account.state = AccountState::Connected;
    (account.applied, account.applied_at) = (1, Some(now));
    account.next_sync_at = Timestamp::MAX;
    account.users = u64::try_from(count).unwrap();
    account.active = account.users;
    put(scene, vec![Put::of(&account, Version::ABSENT)]).await;
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let entries = chunk.iter();
        let puts =
            entries.map(|number| Put::of(&entry(&account.roster, *number, now), Version::ABSENT));
        put(scene, puts.collect()).await;
    }
}

fn entry(roster: &RosterId, number: usize, now: Timestamp) -> Entry {
    let id = number.to_string();
    let person = number / USERS_EACH;
    let mut face = a_face(&id, &format!("person{person}@contoso.example"), "pro", now);
    face.user.full_name = Some(format!("Person Number{person}"));
    face.user.role = Some("member".to_owned());
    Entry {
        roster: roster.clone(),
        id: IdHash::of(&id),
        first_seen_at: now,
        now: None,
        next: Some(Next { sync: 1, face }),
    }
}
