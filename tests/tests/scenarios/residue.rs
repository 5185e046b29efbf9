//! Whoever leaves also loses what nobody here gave and a roster shows.
use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use sando_core::account::{Account, AccountState};
use sando_core::admin::kept::let_go;
use sando_core::admin::people::reinstate;
use sando_core::audit::AuditValue;
use sando_core::config::ConfigKind;
use sando_core::definition::IdHash;
use sando_core::grant::{Grant, GrantState};
use sando_core::ids::{PersonId, Slug};
use sando_core::roster::Entry;
use sando_core::store::{Commit, Group, Key, Loaded, Put, Version};
use sando_core::task::TaskKind;
use sando_core::testing::a_face;
use sando_tests::harness::{Scene, engineer};
use sando_world::{CandidateIds, NewCandidate};
use serde_json::json;

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

/// A connected account of Design, whose roster shows these addresses.
async fn roster(scene: &Scene, addresses: &[(&str, &str)]) {
    roster_of(scene, "prod", addresses).await;
}

/// The same, under another name.
async fn roster_of(scene: &Scene, name: &str, addresses: &[(&str, &str)]) {
    let (now, app) = (scene.now(), slug("design"));
    let mut account =
        Account::connecting(app.clone(), slug(name), app, BTreeMap::new(), now, "test");
    account.state = AccountState::Connected;
    (account.applied, account.applied_at) = (1, Some(now));
    account.next_sync_at = jiff::Timestamp::MAX;
    let entry = |(id, address): &(&str, &str)| Entry {
        roster: account.roster.clone(),
        id: IdHash::of(id),
        first_seen_at: now,
        now: None,
        next: Some(sando_core::roster::Next {
            sync: 1,
            face: a_face(id, address, "pro", now),
        }),
    };
    let mut puts: Vec<Put> = addresses
        .iter()
        .map(|one| Put::of(&entry(one), Version::ABSENT))
        .collect();
    puts.push(Put::of(&account, Version::ABSENT));
    let commit = Commit {
        puts,
        ..Commit::default()
    };
    scene.machine.ports.store.commit(&commit).await.unwrap();
}

#[tokio::test]
async fn an_undone_leaving_gives_back_what_nobody_here_gave() {
    let scene = Scene::start().await;
    let ports = &scene.machine.ports;
    scene
        .site
        .design
        .insert_stranger("ada.park@contoso.example");
    let ids = scene
        .onboard(NewCandidate::named("Ada Park").department("Sales"))
        .await;
    roster(&scene, &[("a1", "ada.park@contoso.example")]).await;
    let before = scene.site.active();
    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;
    assert_eq!(scene.site.active(), [0, 0, 0]);
    let person = scene.machine.persons().await.remove(0).id;
    let grants: Vec<Loaded<Grant>> = ports
        .store
        .all(&Group::Grants(person.clone()))
        .await
        .unwrap();
    let design = grants.iter().find(|one| one.entity.app == slug("design"));
    let kept = design.unwrap().entity.before.as_ref().unwrap();
    assert!(matches!(kept.held, AuditValue::Sealed { .. }));

    let who = scene.by_hand(&person);
    let shown = reinstate(ports, &who, &person, "a mistake", true)
        .await
        .unwrap();
    let shows = shown.plan.iter().any(|effect| effect.app == slug("design"));
    assert!(shows, "{:?}", shown.plan);
    assert_eq!(scene.site.active(), [0, 0, 0], "nothing is done yet");
    reinstate(ports, &who, &person, "a mistake", false)
        .await
        .unwrap();
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), before);
    assert_eq!(scene.site.design.users().len(), 1, "restored, not doubled");
}

#[tokio::test]
async fn an_account_that_only_a_roster_shows_goes_with_whoever_leaves() {
    let scene = Scene::start().await;
    scene
        .site
        .design
        .insert_stranger("ada.park@contoso.example");
    scene.site.design.insert_stranger("bo.lind@contoso.example");
    let ids = scene
        .onboard(NewCandidate::named("Ada Park").department("Sales"))
        .await;
    assert_eq!(scene.site.active(), [1, 2, 1], "nothing is due in Design");
    // The ids of the roster are not those of SCIM.
    let shown = [
        ("a1", "Ada.Park@contoso.example"),
        ("b2", "bo.lind@contoso.example"),
        ("a3", "ada.park@mail.example"),
    ];
    roster(&scene, &shown).await;

    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;

    assert_eq!(scene.site.active(), [0, 1, 0]);
    let left = scene.site.design.users();
    let bo = left
        .iter()
        .find(|user| user.user_name.starts_with("bo"))
        .unwrap();
    assert!(bo.active, "a stranger stays");
    let person = scene.machine.persons().await.remove(0);
    let grants = scene.machine.grants(&person.id).await;
    assert!(
        grants.contains(&("design".to_owned(), GrantState::Revoked)),
        "{grants:?}"
    );
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].kind, TaskKind::Manual);
    assert!(tasks[0].detail.contains("a3"), "{}", tasks[0].detail);
    let notes = scene.site.lever.notes(&ids.opportunity);
    assert!(notes[1].contains("design: taken away"), "{}", notes[1]);
    let left = "- design: the roster of design/prod still shows a user under another address";
    assert!(notes[1].contains(left), "{}", notes[1]);
    let run = scene.machine.runs().await;
    let run = run.iter().find(|run| run.workflow == slug("offboard"));
    let said = format!("run/{} accounts left behind", run.unwrap().id);
    assert_eq!(scene.machine.times_said(&person.id, &said).await, 1);
}

#[tokio::test]
async fn a_user_in_an_account_that_effects_do_not_reach_is_a_task() {
    for department in ["Engineering", "Sales"] {
        let scene = Scene::start().await;
        let mut design = scene.site.app_file("design");
        design["read"] = json!({ "definition": "design", "account": "prod" });
        scene.configure(ConfigKind::App, "design", design).await;
        let ids = scene
            .onboard(NewCandidate::named("Ada Park").department(department))
            .await;
        let shown = [("a1", "ada.park@contoso.example")];
        if department == "Engineering" {
            roster(&scene, &shown).await;
        }
        // Another account of the same application, where the user has the same id.
        roster_of(&scene, "dev", &shown).await;

        scene.terminate(&ids.opportunity).await;
        scene.machine.settle().await;

        assert_eq!(scene.site.active(), [0, 0, 0]);
        let person = scene.machine.persons().await.remove(0);
        let grants = scene.machine.grants(&person.id).await;
        let design = grants.iter().filter(|(app, _)| app == "design");
        let given = usize::from(department == "Engineering");
        assert_eq!(design.count(), given, "{grants:?}");
        let tasks = scene.machine.tasks().await;
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        assert_eq!(tasks[0].title, "Take away access to design in design/dev");
        let notes = scene.site.lever.notes(&ids.opportunity);
        let left = "- design: the roster of design/dev still shows a user";
        assert!(notes[1].contains(left), "{}", notes[1]);
    }
}

/// Ada, an engineer, whom somebody made an administrator of Design and put into the book club by hand.
async fn given_by_hand(scene: &Scene) -> CandidateIds {
    let mut design = scene.site.app_file("design");
    design["provisioner"]["on_revoke"] = json!("remove");
    design["provisioner"]["group_for"]["role"] = json!({ "admin": "Admins" });
    scene.configure(ConfigKind::App, "design", design).await;
    let ids = scene.onboard(engineer("Ada Park")).await;
    let user = scene.site.design.users().remove(0).id;
    for group in ["Admins", "book club"] {
        scene.site.design.join_by_hand(&user, group);
    }
    ids
}

/// She leaves; answers who that is.
async fn leaves(scene: &Scene, ids: &CandidateIds) -> PersonId {
    scene.terminate(&ids.opportunity).await;
    scene.machine.settle().await;
    assert_eq!(scene.site.sizes(), [1, 0, 1]);
    scene.machine.persons().await.remove(0).id
}

/// It was a mistake.
async fn is_back(scene: &Scene, person: &PersonId) {
    let who = scene.by_hand(person);
    reinstate(&scene.machine.ports, &who, person, "a mistake", false)
        .await
        .unwrap();
    scene.machine.settle().await;
    assert_eq!(scene.site.active(), [1, 1, 1]);
}

/// Her groups in Design.
fn groups(scene: &Scene) -> Vec<String> {
    let mut groups = scene.site.design.users().remove(0).groups;
    groups.sort();
    groups
}

#[tokio::test]
async fn an_undone_leaving_gives_back_what_somebody_gave_by_hand() {
    let scene = Scene::start().await;
    let ids = given_by_hand(&scene).await;

    let person = leaves(&scene, &ids).await;

    let group = Group::Grants(person.clone());
    let store = &scene.machine.ports.store;
    let grants: Vec<Loaded<Grant>> = store.all(&group).await.unwrap();
    let by_hand = |app: &str| {
        let mut grants = grants.iter().map(|grant| &grant.entity);
        let grant = grants.find(|grant| grant.app == slug(app)).unwrap();
        grant.before.as_ref().unwrap().by_hand.clone()
    };
    let sealed = by_hand("design").unwrap();
    assert!(matches!(sealed, AuditValue::Sealed { .. }), "{sealed:?}");
    assert_eq!(by_hand("mail"), None);
    assert_eq!(by_hand("wiki"), None, "it shows nothing");

    is_back(&scene, &person).await;

    assert_eq!(groups(&scene), ["Admins", "Pro Seats", "book club"]);
}

#[tokio::test]
async fn a_second_undone_leaving_gives_it_back_again() {
    let scene = Scene::start().await;
    let ids = given_by_hand(&scene).await;

    for _ in 0..2 {
        let person = leaves(&scene, &ids).await;
        is_back(&scene, &person).await;
    }

    assert_eq!(groups(&scene), ["Admins", "Pro Seats", "book club"]);
}

#[tokio::test]
async fn a_leaving_is_undone_though_lever_deleted_the_candidate_who_is_erased_later() {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let scene = Scene::start().await;
    let ids = given_by_hand(&scene).await;
    let person = leaves(&scene, &ids).await;
    scene.machine.clock.pass(days(1));
    scene.site.lever.delete(&ids.opportunity).unwrap();
    scene.hear_out("candidateDeleted", &ids.opportunity).await;
    scene.machine.clock.pass(days(3));
    scene.machine.settle().await;
    let erased = format!("person/{person} recruiting data erased");
    assert_eq!(scene.machine.times_said(&person, &erased).await, 0);

    is_back(&scene, &person).await;

    assert_eq!(groups(&scene), ["Admins", "Pro Seats", "book club"]);
    assert_eq!(scene.machine.times_said(&person, &erased).await, 1);

    // She is here, and whatever she loses from now on can be given back too.
    let again = scene.machine.persons().await.remove(0);
    assert!(again.identifiers.opportunities.is_empty());
    let key = Key::PersonKey(person);
    assert!(scene.machine.ports.store.get(&key).await.unwrap().is_some());
}

#[tokio::test]
async fn what_came_back_by_hand_can_be_let_go() {
    let scene = Scene::start().await;
    let ports = &scene.machine.ports;
    let ids = given_by_hand(&scene).await;
    let person = leaves(&scene, &ids).await;
    is_back(&scene, &person).await;
    let who = scene.by_hand(&person);
    let design = BTreeSet::from([slug("design")]);

    let_go(ports, &who, &person, &design, "not needed")
        .await
        .unwrap();
    scene.machine.settle().await;

    assert!(scene.machine.persons().await.remove(0).by_hand.is_empty());
    // All that was given back is taken again.
    assert_eq!(groups(&scene), ["Pro Seats"]);
    let again = let_go(ports, &who, &person, &design, "not needed").await;
    assert!(again.is_err());
}
