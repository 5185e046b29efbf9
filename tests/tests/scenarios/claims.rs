//! A due entry is worked on by one worker at a time, and a grant is made by one run.
use std::sync::Arc;

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use jiff::SignedDuration;
use sando_core::audit::StreamId;
use sando_core::config::ConfigKind;
use sando_core::grant::GrantState;
use sando_core::handle::{self, Worked, drive};
use sando_core::ports::WorkMessage;
use sando_core::run::Run;
use sando_core::settings::{Pause, Paused};
use sando_core::store::{DUE_SHARDS, Key, Loaded};
use sando_tests::harness::{Doom, Machine, Scene, engineer};
use sando_world::CandidateIds;
use serde_json::json;

/// What is due now, as messages.
async fn due(machine: &Machine) -> Vec<WorkMessage> {
    let now = sando_core::ports::Clock::now(&*machine.clock);
    let mut due = Vec::new();
    for shard in 0..DUE_SHARDS {
        due.extend(machine.ports.store.due(shard, now, 10).await.unwrap());
    }
    due.into_iter()
        .map(|entry| WorkMessage {
            key: entry.key,
            version: entry.version,
        })
        .collect()
}

#[tokio::test]
async fn two_workers_on_one_due_entry_make_one_account() {
    let scene = Scene::start().await;
    let other = scene.another();
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;

    for _ in 0..4 {
        // Both hear of the same entries; each is worked on by one of them only.
        for message in due(&scene.machine).await {
            let (one, two) = tokio::join!(
                handle::work(&scene.machine.ports, &message),
                handle::work(&other.ports, &message),
            );
            let mut worked = [one.unwrap(), two.unwrap()];
            worked.sort_by_key(|worked| *worked == Worked::Stale);
            assert_eq!(worked, [Worked::Done, Worked::Stale], "{:?}", message.key);
        }
    }
    scene.machine.settle().await;

    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    assert_eq!(scene.site.lever.notes(&ids.opportunity).len(), 1);
    assert_eq!(scene.machine.runs().await.len(), 1);
}

#[tokio::test]
async fn several_processes_that_tick_at_once_make_one_account() {
    let scene = Scene::start().await;
    let mut opportunities = Vec::new();
    for name in ["Ada Park", "Bo Lind", "Cem Aydin", "Dora Weiss"] {
        opportunities.push(scene.hire(engineer(name)).opportunity);
    }
    let others: Vec<Machine> = (0..3).map(|_| scene.another()).collect();

    let hints: Vec<_> = opportunities
        .iter()
        .flat_map(|one| [("candidateHired", one), ("candidateArchiveChange", one)])
        .map(|(event, opportunity)| scene.call(event, opportunity))
        .collect();
    // Every process receives every webhook: eight calls, four times each.
    let receiving = others
        .iter()
        .flat_map(|machine| hints.iter().map(|hint| machine.receive(hint)));
    join_all(receiving).await;
    join_all(others.iter().map(Machine::work_now)).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.sizes(), [4, 4, 4]);
    assert_eq!(scene.machine.persons().await.len(), 4);
    assert_eq!(scene.machine.events().await.len(), 4);
    for opportunity in &opportunities {
        assert_eq!(scene.site.lever.notes(opportunity).len(), 1);
    }
}

#[tokio::test]
async fn two_runs_that_want_one_grant_make_one_account() {
    let scene = Scene::start().await;
    let first = scene.hire(engineer("Ada Park"));
    let second = scene.hire(engineer("Ada Park").contact(&first.contact));
    let other = scene.another();
    scene.hear("candidateHired", &first.opportunity).await;
    other
        .receive(&scene.call("candidateHired", &second.opportunity))
        .await;

    tokio::join!(scene.machine.work_now(), other.work_now());
    scene.machine.settle().await;

    let runs = scene.machine.runs().await;
    assert_eq!(runs.len(), 2, "each hire is a run");
    assert!(runs.iter().all(|run| run.finished_at.is_some()));
    let persons = scene.machine.persons().await;
    assert_eq!(persons.len(), 1);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    let made = "app/wiki create intended";
    assert_eq!(scene.machine.times_said(&persons[0].id, made).await, 1);
}

#[tokio::test]
async fn a_zombie_whose_lease_ended_cannot_commit() {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    let delivery = due(&scene.machine).await.remove(0);
    handle::work(&scene.machine.ports, &delivery).await.unwrap();
    let message = due(&scene.machine).await.remove(0);
    let zombie = scene.another();
    let lease = handle::lease_from(scene.now());
    let store = &zombie.ports.store;
    let claimed = store
        .claim(&message.key, message.version, lease)
        .await
        .unwrap();

    scene.machine.clock.pass(SignedDuration::from_secs(91));
    scene.machine.settle().await;
    let person = scene.machine.persons().await.remove(0);
    let before = scene
        .machine
        .said(StreamId::Person(person.id.clone()))
        .await;
    let requests = scene.site.wiki.traffic().count("POST", "/members");
    drive::run(&zombie.ports, claimed.read::<Run>().unwrap())
        .await
        .unwrap();

    assert!(matches!(message.key, Key::Run(_)));
    let after = scene
        .machine
        .said(StreamId::Person(person.id.clone()))
        .await;
    assert_eq!(after, before);
    assert_eq!(
        scene.site.wiki.traffic().count("POST", "/members"),
        requests
    );
    let grants = scene.machine.grants(&person.id).await;
    assert!(grants.iter().all(|(_, state)| *state == GrantState::Active));
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
}

/// Lives through a hire with a process that falls asleep at this moment for longer than its lease, while another one
/// goes on; tells how many moments there were.
async fn sleep_through(moment: u64) -> u64 {
    let scene = Scene::start().await;
    let ids = scene.hire(engineer("Ada Park"));
    scene.hear("candidateHired", &ids.opportunity).await;
    let doom = Doom::sleeping_at(moment);
    let sleeper = Arc::new(scene.machine.another(&scene.site, doom.clone()));

    let working = async {
        sleeper.work_now().await;
        sleeper.settle().await;
        doom.passed()
    };
    let going_on = async {
        doom.falls_asleep().await;
        scene.machine.clock.pass(SignedDuration::from_secs(91));
        scene.machine.settle().await;
        doom.wake();
        std::future::pending::<()>().await;
    };
    let passed = tokio::select! {
        passed = working => passed,
        () = going_on => 0,
    };
    scene.machine.settle().await;

    assert_eq!(scene.site.sizes(), [1, 1, 1], "asleep at {moment}");
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert_eq!(notes.len(), 1, "asleep at {moment}");
    let person = scene.machine.persons().await.remove(0);
    let grants = scene.machine.grants(&person.id).await;
    assert!(
        grants.iter().all(|(_, state)| *state == GrantState::Active),
        "asleep at {moment}: {grants:?}"
    );
    passed
}

#[tokio::test]
async fn a_worker_that_sleeps_past_its_lease_doubles_nothing() {
    let moments = Box::pin(sleep_through(u64::MAX)).await;
    assert!(moments > 10, "only {moments} moments");

    stream::iter((0..moments).map(sleep_through))
        .buffer_unordered(8)
        .collect::<Vec<u64>>()
        .await;
}

/// Ada is hired for two jobs; nothing is done about it yet.
async fn hired_twice(scene: &Scene) -> CandidateIds {
    let first = scene.hire(engineer("Ada Park"));
    let second = scene.hire(engineer("Ada Park").contact(&first.contact));
    for ids in [&first, &second] {
        scene.hear("candidateHired", &ids.opportunity).await;
    }
    first
}

/// The two runs that are due, claimed.
async fn two_runs(scene: &Scene) -> (Loaded<Run>, Loaded<Run>) {
    let lease = handle::lease_from(scene.now());
    let mut runs = Vec::new();
    for message in due(&scene.machine).await {
        if matches!(message.key, Key::Run(_)) {
            let store = &scene.machine.ports.store;
            let claimed = store.claim(&message.key, message.version, lease).await;
            runs.push(claimed.unwrap().read::<Run>().unwrap());
        }
    }
    assert_eq!(runs.len(), 2, "each hire is a run");
    (runs.remove(0), runs.remove(0))
}

/// Works until the process falls asleep.
async fn until_asleep(doom: &Doom, work: impl Future + Unpin) {
    tokio::select! {
        () = doom.falls_asleep() => {}
        _ = work => panic!("it was over before it fell asleep"),
    }
}

async fn pause(scene: &Scene, all: Option<Paused>) {
    let pause = Pause {
        all,
        ..Pause::default()
    };
    scene
        .configure(ConfigKind::Pause, "pause", json!(pause))
        .await;
}

#[tokio::test]
async fn what_another_run_makes_meanwhile_is_taken_for_nobody_elses() {
    let scene = Scene::start().await;
    let ids = hired_twice(&scene).await;
    for delivery in due(&scene.machine).await {
        handle::work(&scene.machine.ports, &delivery).await.unwrap();
    }
    let (one, two) = two_runs(&scene).await;
    // After its first commit: what is due is planned, and nobody has looked yet.
    let doom = Doom::sleeping_at(1);
    let sleeper = scene.machine.another(&scene.site, doom.clone());
    let mut sleeping = Box::pin(drive::run(&sleeper.ports, one));
    until_asleep(&doom, &mut sleeping).await;
    let person = scene.machine.persons().await.remove(0);
    assert_eq!(scene.machine.grants(&person.id).await.len(), 3, "planned");
    assert_eq!(scene.site.wiki.traffic().count("GET", "/members"), 0);

    Box::pin(drive::run(&scene.machine.ports, two))
        .await
        .unwrap();
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    doom.wake();
    sleeping.await.unwrap();
    scene.machine.settle().await;

    let address = scene.machine.address_of(&ids.opportunity).await;
    assert_eq!(address.as_deref(), Some("ada.park@contoso.example"));
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 1, 1]);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn an_address_stays_that_another_run_has_begun_to_give_accounts_under() {
    let scene = Scene::start().await;
    let on = Paused {
        since: scene.now(),
        by: "local-admin".to_owned(),
        reason: "so that both runs are planned".to_owned(),
    };
    pause(&scene, Some(on)).await;
    let ids = hired_twice(&scene).await;
    scene.machine.work_now().await;
    pause(&scene, None).await;
    scene.machine.clock.pass(SignedDuration::from_mins(11));
    let (one, two) = two_runs(&scene).await;

    // One has met nobody, and is about to write down what it will make.
    let first_doom = Doom::sleeping_at(0);
    let first = scene.machine.another(&scene.site, first_doom.clone());
    let mut giving = Box::pin(drive::run(&first.ports, one));
    until_asleep(&first_doom, &mut giving).await;
    assert_eq!(scene.site.wiki.traffic().count("GET", "/members"), 1);
    // The other one meets a stranger, and is about to change the address.
    scene.site.wiki.insert_stranger("ada.park@contoso.example");
    let second_doom = Doom::sleeping_at(0);
    let second = scene.machine.another(&scene.site, second_doom.clone());
    let mut changing = Box::pin(drive::run(&second.ports, two));
    until_asleep(&second_doom, &mut changing).await;
    assert_eq!(scene.site.wiki.traffic().count("GET", "/members"), 2);
    assert_eq!(scene.site.sizes(), [0, 0, 1], "nobody made anything yet");
    first_doom.wake();
    giving.await.unwrap();
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 1, 1]);
    second_doom.wake();
    changing.await.unwrap();

    let address = scene.machine.address_of(&ids.opportunity).await;
    assert_eq!(address.as_deref(), Some("ada.park@contoso.example"));
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 1, 1]);
}
