//! Fills the store with policies, people and a roster.

use std::collections::BTreeMap;

use sando_core::account::{Account, AccountState};
use sando_core::config::ConfigKind;
use sando_core::definition::{IdHash, User};
use sando_core::ids::{PersonId, RosterId, Slug};
use sando_core::person::Lifecycle;
use sando_core::roster::{Entry, Face, Next};
use sando_core::store::{Commit, Put, Version};
use sando_core::testing::a_person;
use sando_tests::harness::Scene;
use serde_json::{Map, json};

/// Items of one commit.
const AT_ONCE: usize = 75;

async fn put(scene: &Scene, puts: Vec<Put>) {
    let commit = Commit {
        puts,
        ..Commit::default()
    };
    scene.machine.ports.store.commit(&commit).await.unwrap();
}

/// One policy for each department.
pub(crate) async fn policies(scene: &Scene, count: usize) {
    for number in 0..count {
        let department = format!("Department {number}");
        let file = json!({ "policy": format!("department-{number}"),
            "when": [{ "path": "department", "op": "is", "value": department }],
            "grants": [{ "app": "design", "plan": "viewer" }] });
        let id = format!("department-{number}");
        scene.configure(ConfigKind::Policy, &id, file).await;
    }
}

/// People in these departments; every fiftieth has left.
pub(crate) async fn people(scene: &Scene, count: usize, departments: usize) {
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let puts = chunk.iter().map(|number| {
            let mut person = a_person()
                .with("name", &format!("Person Number{number}"))
                .with(
                    "department",
                    &format!("Department {}", number % departments),
                )
                .with("work_email", &format!("person{number}@contoso.example"))
                .with("personal_email", &format!("person{number}@mail.example"))
                .build();
            person.id = PersonId::derived(&["bench", &number.to_string()]);
            if number % 50 == 49 {
                person.state = Lifecycle::Left;
            }
            Put::of(&person, Version::ABSENT)
        });
        put(scene, puts.collect()).await;
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
    account.next_sync_at = jiff::Timestamp::MAX;
    put(scene, vec![Put::of(&account, Version::ABSENT)]).await;
    let numbers: Vec<usize> = (0..count).collect();
    for chunk in numbers.chunks(AT_ONCE) {
        let entries = chunk.iter();
        let puts =
            entries.map(|number| Put::of(&entry(&account.roster, *number, now), Version::ABSENT));
        put(scene, puts.collect()).await;
    }
}

fn entry(roster: &RosterId, number: usize, now: jiff::Timestamp) -> Entry {
    let id = number.to_string();
    Entry {
        roster: roster.clone(),
        id: IdHash::of(&id),
        first_seen_at: now,
        now: None,
        next: Some(Next {
            sync: 1,
            face: Face {
                user: User {
                    external_id: id,
                    email: Some(format!("person{}@contoso.example", number / 10)),
                    username: None,
                    full_name: Some(format!("Person Number{}", number / 10)),
                    role: Some("member".to_owned()),
                    created_at: None,
                    last_visit_at: None,
                    active: true,
                    status: None,
                    licenses: vec!["pro".to_owned()],
                    custom_fields: Map::new(),
                    kind: None,
                },
                unknown: Vec::new(),
                why: Vec::new(),
                deleted: false,
                sync: 1,
                at: now,
            },
        }),
    }
}
