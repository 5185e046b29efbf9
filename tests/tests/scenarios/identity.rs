//! One human is one person with one address, whatever Lever and strangers do.
use sando_core::admin::correct::correct;
use sando_core::admin::identity::{merge, split};
use sando_core::admin::tasks::complete;
use sando_core::audit::StreamId;
use sando_core::event::EventState;
use sando_core::grant::GrantState;
use sando_core::person::{Attributes, Lifecycle};
use sando_core::task::TaskKind;
use sando_tests::harness::{Doom, Scene, engineer};
use sando_world::NewCandidate;

fn with_email(name: &str, email: &str) -> NewCandidate {
    NewCandidate {
        emails: vec![email.to_owned()],
        ..engineer(name)
    }
}

/// Two processes take in two hires at the same moment.
async fn at_once(scene: &Scene, one: &str, two: &str) {
    let other = scene.another();
    scene.hear("candidateHired", one).await;
    let (first, second) = (
        scene.machine.queue.take(),
        scene.call("candidateHired", two),
    );
    other.receive(&second).await;
    let second = other.queue.take();
    let (first, second) = (first.unwrap(), second.unwrap());
    let (first, second) = tokio::join!(
        sando_core::handle::work(&scene.machine.ports, &first),
        sando_core::handle::work(&other.ports, &second),
    );
    first.unwrap();
    second.unwrap();
    tokio::join!(scene.machine.work_now(), other.work_now());
    scene.machine.settle().await;
}

#[tokio::test]
async fn two_hires_of_one_contact_at_the_same_moment_are_one_person() {
    let scene = Scene::start().await;
    let one = scene.hire(engineer("Ada Park"));
    let two = scene.hire(engineer("Ada Park").contact(&one.contact));

    at_once(&scene, &one.opportunity, &two.opportunity).await;

    let persons = scene.machine.persons().await;
    assert_eq!(persons.len(), 1);
    assert_eq!(persons[0].identifiers.opportunities.len(), 2);
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 1, 1]);
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
}

#[tokio::test]
async fn two_hires_of_one_address_at_the_same_moment_are_one_person() {
    for _ in 0..8 {
        let scene = Scene::start().await;
        let one = scene.hire(with_email("Ada Park", "ada.park@gmail.com"));
        let two = scene.hire(with_email("Ada Park", "AdaPark+jobs@googlemail.com"));
        assert_ne!(one.contact, two.contact);

        at_once(&scene, &one.opportunity, &two.opportunity).await;

        let persons = scene.machine.persons().await;
        assert_eq!(persons.len(), 1);
        assert_eq!(persons[0].identifiers.lever_contact.len(), 2);
        assert_eq!(scene.site.sizes(), [1, 1, 1]);
    }
}

#[tokio::test]
async fn a_strangers_mailbox_is_avoided_everywhere() {
    let scene = Scene::start().await;
    let stranger = scene.site.mail.insert_stranger("ada.park@contoso.example");
    let before = scene.site.mail.users();

    let ids = scene.onboard(engineer("Ada Park")).await;

    let address = scene.machine.address_of(&ids.opportunity).await;
    assert_eq!(address.as_deref(), Some("ada.park2@contoso.example"));
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 0, 0]);
    assert_eq!(scene.site.accounts("ada.park2@contoso.example"), [1, 1, 1]);
    let after = scene.site.mail.users();
    assert_eq!(after[0].id, stranger);
    assert_eq!(after[0], before[0], "the stranger is untouched");
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn a_strangers_membership_in_an_application_without_scim_is_avoided_everywhere() {
    let scene = Scene::start().await;
    scene.site.wiki.insert_stranger("ada.park@contoso.example");
    scene
        .site
        .design
        .insert_stranger("ada.park2@contoso.example");
    let before = scene.site.wiki.members();

    let ids = scene.onboard(engineer("Ada Park")).await;

    let address = scene.machine.address_of(&ids.opportunity).await;
    assert_eq!(address.as_deref(), Some("ada.park3@contoso.example"));
    assert_eq!(scene.site.accounts("ada.park3@contoso.example"), [1, 1, 1]);
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [0, 0, 1]);
    assert_eq!(scene.site.accounts("ada.park2@contoso.example"), [0, 1, 0]);
    assert_eq!(
        scene.site.wiki.members()[0],
        before[0],
        "the stranger is untouched"
    );
}

#[tokio::test]
async fn two_people_of_one_name_get_two_addresses() {
    let scene = Scene::start().await;
    let one = scene.hire(with_email("Ada Park", "ada@mail.example"));
    let two = scene.hire(with_email("Ada Park", "another.ada@mail.example"));

    at_once(&scene, &one.opportunity, &two.opportunity).await;

    assert_eq!(scene.machine.persons().await.len(), 2);
    assert_eq!(scene.site.sizes(), [2, 2, 2]);
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 1, 1]);
    assert_eq!(scene.site.accounts("ada.park2@contoso.example"), [1, 1, 1]);
}

#[tokio::test]
async fn somebody_who_comes_back_finds_the_old_address_and_accounts() {
    let scene = Scene::start().await;
    let old = scene.onboard(engineer("Ada Park")).await;
    let person = scene.machine.person_of(&old.opportunity).await.unwrap();
    let accounts = scene.site.mail.users();
    scene.terminate(&old.opportunity).await;
    scene.machine.settle().await;
    assert_eq!(scene.site.active(), [0, 0, 0]);

    let new = scene
        .rehire(engineer("Ada Park").contact(&old.contact))
        .await;

    let back = scene.machine.person_of(&new.opportunity).await.unwrap();
    assert_eq!(back.entity.id, person.entity.id);
    assert_eq!(back.entity.state, Lifecycle::Active);
    assert_eq!(scene.site.active(), [1, 1, 1]);
    assert_eq!(scene.site.sizes(), [1, 1, 1], "restored, not doubled");
    assert_eq!(scene.site.mail.users()[0].id, accounts[0].id);
    assert_eq!(scene.site.accounts("ada.park@contoso.example"), [1, 1, 1]);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn one_human_in_two_persons_keeps_one_account_each_and_a_split_restores_the_others() {
    let scene = Scene::start().await;
    let ports = &scene.machine.ports;
    let one = scene
        .onboard(with_email("Ada Park", "ada@mail.example"))
        .await;
    let two = scene
        .onboard(with_email("Ada Park", "ada@home.example"))
        .await;
    let ada = scene.machine.person_of(&one.opportunity).await.unwrap();
    let twin = scene.machine.person_of(&two.opportunity).await.unwrap();
    let (ada, twin) = (ada.entity.id, twin.entity.id);
    assert_eq!(scene.site.active(), [2, 2, 2]);
    let accounts = scene.site.mail.users();

    let who = scene.by_hand(&twin);
    Box::pin(merge(ports, &who, &twin, &ada, "one human"))
        .await
        .unwrap();
    scene.machine.settle().await;
    assert_eq!(scene.site.active(), [1, 1, 1]);
    let again = scene
        .onboard(engineer("Ada Park").contact(&two.contact))
        .await;
    let found = scene.machine.person_of(&again.opportunity).await.unwrap();
    assert_eq!(found.entity.id, ada);
    assert_eq!(scene.site.active(), [1, 1, 1]);
    assert_eq!(scene.site.sizes(), [2, 2, 2], "nobody gets another account");

    let back = [twin.to_string()];
    split(ports, &scene.by_hand(&twin), &ada, &back, "two humans")
        .await
        .unwrap();
    scene.machine.settle().await;
    assert_eq!(scene.site.active(), [2, 2, 2]);
    assert_eq!(scene.site.sizes(), [2, 2, 2], "restored, not doubled");
    let restored = scene.site.mail.users();
    assert_eq!(restored[1].id, accounts[1].id);
    let theirs = scene.machine.person_of(&two.opportunity).await.unwrap();
    assert_eq!(theirs.entity.id, twin);
    assert!(scene.machine.tasks().await.is_empty());
}

#[tokio::test]
async fn a_name_with_umlauts_becomes_a_plain_address() {
    let scene = Scene::start().await;

    let ids = scene
        .onboard(with_email("Jürgen Müller-Lüdenscheidt", "j@mail.example"))
        .await;

    let address = scene.machine.address_of(&ids.opportunity).await.unwrap();
    assert_eq!(address, "juergen.mueller-luedenscheidt@contoso.example");
    assert_eq!(scene.site.accounts(&address), [1, 1, 1]);
    let shown = &scene.site.mail.users()[0].attributes;
    assert_eq!(shown["displayName"], "Jürgen Müller-Lüdenscheidt");
}

#[tokio::test]
async fn a_candidate_who_could_be_two_persons_waits_for_a_human() {
    let scene = Scene::start().await;
    let ada = scene
        .onboard(with_email("Ada Park", "ada@mail.example"))
        .await;
    scene
        .onboard(with_email("Bo Lind", "bo@mail.example"))
        .await;
    let both = scene.hire(engineer("Ada Lind").contact(&ada.contact));
    let emails = vec!["bo@mail.example".to_owned()];
    scene
        .site
        .lever
        .edit_contact(&ada.contact, None, Some(emails))
        .unwrap();

    scene.hear_out("candidateHired", &both.opportunity).await;

    assert_eq!(scene.machine.persons().await.len(), 2);
    assert_eq!(scene.site.sizes(), [2, 2, 2], "nothing is given");
    let events = scene.machine.events().await;
    let waiting = |(_, state): &&(String, EventState)| *state == EventState::NeedsHuman;
    assert_eq!(events.iter().filter(waiting).count(), 1);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Judge);
    assert_eq!(scene.machine.runs().await.len(), 2);
}

#[tokio::test]
async fn two_hires_at_the_same_moment_under_somebodys_work_address_meet_one_question() {
    for _ in 0..8 {
        let scene = Scene::start().await;
        let ada = scene
            .onboard(with_email("Ada Park", "ada@mail.example"))
            .await;
        let one = scene.hire(with_email("Bo Lind", "Ada.Park@contoso.example"));
        let two = scene.hire(engineer("Bo Lind").contact(&one.contact));

        at_once(&scene, &one.opportunity, &two.opportunity).await;

        let known = scene.machine.person_of(&ada.opportunity).await.unwrap();
        // Whichever was first is there as a candidate, the other met them by the contact.
        let first = scene.machine.person_of(&one.opportunity).await;
        let second = scene.machine.person_of(&two.opportunity).await;
        let waits = first.or(second).unwrap();
        assert_eq!(scene.machine.persons().await.len(), 2);
        assert_eq!(waits.entity.state, Lifecycle::Candidate);
        assert_eq!(scene.site.sizes(), [1, 1, 1], "nothing is given");
        let tasks = scene.machine.tasks().await;
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0].person, Some(waits.entity.id));
        assert_eq!(tasks[0].perhaps, Some(known.entity.id));
    }
}

/// Somebody waits who gave Ada's work address; a process dies at this moment while it hears that they are two, and goes on.
async fn told_and_killed(death: u64) {
    let scene = Scene::start().await;
    scene
        .onboard(with_email("Ada Park", "ada@mail.example"))
        .await;
    let bo = scene
        .onboard(with_email("Bo Lind", "ada.park@contoso.example"))
        .await;
    let asked = scene.machine.tasks().await.remove(0).id;
    let doom = Doom::at(death);
    let mortal = scene.machine.another(&scene.site, doom.clone());
    let person = scene.machine.person_of(&bo.opportunity).await.unwrap();
    let person = person.entity.id;
    let who = scene.by_hand(&person);

    tokio::select! {
        biased;
        () = doom.comes() => {}
        told = complete(&mortal.ports, &who, &asked, "two humans") => {
            told.unwrap();
            mortal.settle().await;
        }
    }
    if !scene.machine.tasks().await.is_empty() {
        let told = complete(&scene.machine.ports, &who, &asked, "two humans").await;
        told.unwrap();
    }
    scene.machine.settle().await;

    assert_eq!(scene.site.sizes(), [2, 2, 2], "killed at {death}");
    assert_eq!(scene.machine.runs().await.len(), 2, "killed at {death}");
    let said = scene.machine.said(StreamId::Person(person)).await;
    let went_on = said
        .iter()
        .filter(|line| line.ends_with("waiting event went on"));
    assert_eq!(went_on.count(), 1, "killed at {death}: {said:?}");
}

#[tokio::test]
async fn a_hire_goes_on_once_wherever_the_process_dies_that_hears_the_answer() {
    // Before and after: the answer, the claim of what waits, its commit, and that it is done.
    for death in 0..10 {
        Box::pin(told_and_killed(death)).await;
    }
}

#[tokio::test]
async fn a_name_written_family_first_waits_for_a_human_and_goes_on_when_it_is_corrected() {
    let scene = Scene::start().await;
    let ids = scene.hire(with_email("王小明", "wang@mail.example"));
    scene.hear("candidateHired", &ids.opportunity).await;

    scene
        .machine
        .work_for(jiff::SignedDuration::from_hours(2))
        .await;

    assert_eq!(scene.site.sizes(), [0, 0, 0]);
    let tasks = scene.machine.tasks().await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind, TaskKind::Missing);
    let person = scene.machine.persons().await.remove(0);
    let grants = scene.machine.grants(&person.id).await;
    assert!(grants.iter().all(|(_, state)| *state != GrantState::Active));

    let mut given = Attributes::default();
    given.set("first_name", "Xiaoming");
    given.set("last_name", "Wang");
    let who = scene.by_hand(&person.id);
    correct(
        &scene.machine.ports,
        &who,
        &person.id,
        &given,
        "as they write it",
    )
    .await
    .unwrap();
    scene.machine.settle().await;

    assert_eq!(
        scene.site.accounts("xiaoming.wang@contoso.example"),
        [1, 1, 1]
    );
    assert_eq!(scene.site.sizes(), [1, 1, 1]);
}
