//! A hire is killed before and after every single effect and commit, and ends as one account each all the same.
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use sando_core::audit::{Head, StreamId, verify};
use sando_core::ports::Clock;
use sando_core::store::{Group, Loaded, Store};
use sando_tests::harness::{Doom, Machine, Site, TestClock, hint};

/// Lives through a hire with processes that die at these moments, and one that does not; tells how many moments the
/// last one had.
async fn live(site: &Site, folder: &Path, deaths: &[u64]) -> u64 {
    let ids = site.hire("Ada Park", "ada.park@mail.example");
    let clock = Arc::new(TestClock::at(sando_infra::system::SystemClock.now()));
    let delivery = hint("candidateHired", &ids.opportunity, "one", clock.now());
    for death in deaths {
        let machine = Machine::start(folder, site, clock.clone(), Doom::at(*death)).await;
        // The message stays in the queue until the delivery is stored.
        if machine.receive(&delivery).await {
            machine.settle().await;
        }
    }
    let doom = Doom::never();
    let machine = Machine::start(folder, site, clock, doom.clone()).await;
    machine.receive(&delivery).await;
    machine.settle().await;
    check(site, &ids.opportunity, deaths);
    check_audit(&*machine.ports.store, deaths).await;
    doom.passed()
}

fn check(site: &Site, opportunity: &str, deaths: &[u64]) {
    let mail: Vec<String> = site
        .mail
        .users()
        .into_iter()
        .map(|user| user.user_name)
        .collect();
    let design: Vec<String> = site
        .design
        .users()
        .into_iter()
        .map(|user| user.user_name)
        .collect();
    let wiki: Vec<String> = site
        .wiki
        .members()
        .into_iter()
        .map(|member| member.email)
        .collect();
    for accounts in [&mail, &design, &wiki] {
        assert_eq!(
            **accounts,
            ["ada.park@contoso.example"],
            "killed at {deaths:?}"
        );
    }
    assert_eq!(
        site.wiki.members()[0].role.as_deref(),
        Some("editor"),
        "killed at {deaths:?}"
    );
    assert_eq!(
        site.design.users()[0].groups.len(),
        1,
        "killed at {deaths:?}"
    );
    assert_eq!(
        site.lever.notes(opportunity).len(),
        1,
        "killed at {deaths:?}"
    );
}

async fn check_audit(store: &dyn Store, deaths: &[u64]) {
    let heads: Vec<Loaded<Head>> = store.all(&Group::Heads).await.unwrap();
    let mut actions = BTreeSet::new();
    for head in &heads {
        let records = store.records(&head.entity.stream, 1, 1000).await.unwrap();
        assert_eq!(
            verify(&records, &head.entity),
            Ok(head.entity.seq),
            "killed at {deaths:?}"
        );
        if matches!(head.entity.stream, StreamId::Person(_)) {
            actions.extend(
                records
                    .into_iter()
                    .map(|record| format!("{} {}", record.target, record.action)),
            );
        }
    }
    for expected in ["mail", "design", "wiki"] {
        for action in ["create intended", "verified"] {
            let record = format!("app/{expected} {action}");
            assert!(
                actions.contains(&record),
                "killed at {deaths:?}: no `{record}` in {actions:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_hire_killed_around_every_effect_and_commit_ends_as_one_account_each() {
    let folder = tempfile::tempdir().unwrap();
    let moments = live(&Site::start().await, folder.path(), &[]).await;
    assert!(
        moments > 20,
        "only {moments} moments: the ports are not wrapped"
    );

    let lives = (0..moments).map(|first| async move {
        // The second process dies as well, somewhere else every time.
        let deaths = [first, (first * 7 + 3) % moments];
        let folder = tempfile::tempdir().unwrap();
        live(&Site::start().await, folder.path(), &deaths).await;
    });
    stream::iter(lives)
        .buffer_unordered(8)
        .collect::<Vec<()>>()
        .await;
}
