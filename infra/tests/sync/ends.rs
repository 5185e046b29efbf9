//! Syncs that do not end well: nothing follows from them. And those that are held.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use sando_core::account::AccountState;
use sando_core::admin::syncs::{Accept, LossPlace, losses, release};
use sando_core::admin::{Expect, accounts, files};
use sando_core::config::ConfigKind;
use sando_core::sync::SyncState;
use serde_json::json;

use crate::world::{World, roster_of, slug, user, users};

fn fail(world: &World, from: usize, status: u16) {
    world.fakes.app.lock().unwrap().fails = Some((from, status));
}

fn mend(world: &World) {
    world.fakes.app.lock().unwrap().fails = None;
}

#[tokio::test]
async fn a_list_that_breaks_off_changes_nothing() {
    let world = World::with(users(0..30)).await;

    // Other users, and then an error.
    world.serve(users(100..130));
    fail(&world, 3, 500);
    world.day().await;

    assert_eq!(world.roster().await, roster_of(&users(0..30)));
    let account = world.account().await;
    assert_eq!(account.state, AccountState::Connected);
    assert_eq!(account.applied, 1);
    let last = account.last.unwrap();
    assert_eq!(last.state, SyncState::Failed);
    assert_eq!(last.failure.unwrap().class.name(), "remote down");
}

#[tokio::test]
async fn what_a_failed_sync_wrote_never_counts() {
    let world = World::with(users(0..30)).await;
    let mut changed = users(0..30);
    changed[0]["state"] = json!("off");
    changed.insert(1, user(77));
    world.serve(changed);
    fail(&world, 2, 500);
    world.day().await;

    // All as before: the sync after the failed one counts, and with it nothing of that.
    mend(&world);
    world.serve(users(0..30));
    world.day().await;

    assert_eq!(world.roster().await, roster_of(&users(0..30)));
    assert_eq!(world.account().await.applied, 3);
    assert!(world.entries().await.len() == 30);
}

#[tokio::test]
async fn wrong_credentials_disable_the_account_and_administrators_are_told_once() {
    let world = World::with(users(0..5)).await;

    fail(&world, 1, 401);
    world.day().await;

    let AccountState::Disabled { failure, .. } = world.account().await.state else {
        panic!("it is not disabled");
    };
    assert_eq!(failure.class.name(), "credentials");
    assert_eq!(failure.remote.as_deref(), Some("the token *** is no good"));
    assert_eq!(world.roster().await, roster_of(&users(0..5)));
    world.pass(60).await;
    let told = world.fakes.told.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("acme/prod is disabled"), "{told:?}");
    assert!(!told[0].contains("sk-1"));

    // No sync until somebody has looked.
    world.day().await;
    assert_eq!(world.account().await.last_number, 2);
    let (id, name) = (slug("acme"), slug("prod"));
    let refused = accounts::sync(&world.ports, &world.who(), &id, &name).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn of_syncs_that_fail_day_by_day_the_first_one_is_told() {
    let world = World::with(users(0..5)).await;
    let told = || world.fakes.told.lock().unwrap().clone();

    fail(&world, 1, 500);
    for _ in 0..3 {
        world.day().await;
        world.pass(60).await;
    }
    assert_eq!(world.account().await.state, AccountState::Connected);
    assert_eq!(world.account().await.last_number, 4);
    assert_eq!(told().len(), 1, "{:?}", told());
    let text = &told()[0];
    assert!(text.starts_with("The last sync of acme/prod failed: "));
    assert!(
        text.contains("(remote down)") && text.contains("stay as they were"),
        "{text}"
    );

    mend(&world);
    world.day().await;
    fail(&world, 1, 500);
    world.day().await;
    world.pass(60).await;
    assert_eq!(told().len(), 2, "{:?}", told());
}

#[tokio::test]
async fn a_sync_that_failed_once_and_then_worked_is_not_told_of() {
    let world = World::with(users(0..5)).await;

    fail(&world, 1, 500);
    world.sync_now().await;
    mend(&world);
    world.sync_now().await;
    world.pass(60).await;

    assert!(world.fakes.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn many_accounts_that_fail_are_one_message_to_the_owner_and_one_to_administrators() {
    let world = World::with(users(0..5)).await;
    for name in ["dev", "test"] {
        world.connect_as(name).await;
    }
    let app = json!({ "app": "acme", "owner": "design-ops@contoso.example" });
    let (who, id) = (world.who(), slug("acme"));
    let expect = Expect::Anything;
    let put = files::put(&world.ports, &who, ConfigKind::App, &id, app, &expect);
    put.await.unwrap();
    world.rest().await;
    fail(&world, 1, 401);
    for name in ["prod", "dev", "test"] {
        let begun = accounts::sync(&world.ports, &world.who(), &id, &slug(name)).await;
        begun.unwrap();
    }

    world.rest().await;
    world.pass(60).await;

    let told = world.fakes.told.lock().unwrap().clone();
    assert_eq!(told.len(), 2, "{told:?}");
    for text in &told {
        assert!(text.starts_with("3 accounts wait for you"), "{told:?}");
        for name in ["prod", "dev", "test"] {
            let line = format!("- The account acme/{name} is disabled: ");
            assert!(text.contains(&line), "{told:?}");
        }
        assert!(text.contains("It says: the token *** is no good"));
    }
    let to = world.fakes.told_to.lock().unwrap().clone();
    assert_eq!(to, ["design-ops@contoso.example", "role:it-admin"]);
}

#[tokio::test]
async fn an_account_that_was_mended_before_anybody_was_told_is_not_told_of() {
    let world = World::with(users(0..5)).await;
    let (id, name) = (slug("acme"), slug("prod"));
    fail(&world, 1, 401);
    world.sync_now().await;
    assert_eq!(world.account().await.state.as_str(), "disabled");

    mend(&world);
    let tested = accounts::test(&world.ports, &world.who(), &id, &name).await;
    assert!(tested.unwrap().failure.is_none());
    world.rest().await;
    world.pass(60).await;

    assert!(world.fakes.told.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_test_that_works_enables_an_account_again() {
    let world = World::with(users(0..5)).await;
    let (id, name) = (slug("acme"), slug("prod"));
    fail(&world, 1, 403);
    world.day().await;

    let who = world.who();
    let failed = accounts::test(&world.ports, &who, &id, &name)
        .await
        .unwrap();
    assert!(failed.failure.is_some());
    assert_eq!(world.account().await.state.as_str(), "disabled");
    mend(&world);
    let worked = accounts::test(&world.ports, &who, &id, &name)
        .await
        .unwrap();
    world.rest().await;

    assert_eq!(worked.batch.users.len(), 5);
    assert_eq!(world.account().await.state, AccountState::Connected);
    assert_eq!(world.account().await.applied, 3);
}

#[tokio::test]
async fn too_many_requests_never_disable() {
    for status in [408, 425, 429] {
        let world = World::with(users(0..5)).await;
        fail(&world, 1, status);
        world.day().await;

        assert_eq!(world.account().await.state, AccountState::Connected);
        assert_eq!(world.last().await.state, SyncState::Failed);
    }
}

#[tokio::test]
async fn a_long_wait_is_no_sleep_and_reading_goes_on_after_it() {
    let world = World::with(users(0..25)).await;
    let sent = || {
        let besides = world.fakes.opened.load(Ordering::Relaxed);
        let app = world.fakes.app.lock().unwrap().requests;
        (u64::try_from(app).unwrap(), besides)
    };
    let before = sent();
    fail(&world, 2, 429);
    world.fakes.app.lock().unwrap().headers = vec![("Retry-After".to_owned(), "120".to_owned())];
    world.serve(users(1..26));
    world.sync_now().await;
    let waiting = world.last().await;
    assert_eq!(waiting.state, SyncState::Running);
    let requests = world.fakes.app.lock().unwrap().requests;

    world.pass(60).await;
    assert_eq!(world.fakes.app.lock().unwrap().requests, requests);
    mend(&world);
    world.pass(61).await;

    let last = world.last().await;
    assert_eq!(last.state, SyncState::Done);
    assert_eq!(world.roster().await, roster_of(&users(1..26)));
    // Requests for tokens count, those of both turns.
    let (app, besides) = sent();
    assert_eq!(besides - before.1, 2);
    assert_eq!(last.certificate.unwrap().requests, app - before.0 + 2);
}

#[tokio::test]
async fn an_application_that_makes_us_wait_for_ever_is_given_up() {
    let world = World::with(users(0..5)).await;
    fail(&world, 1, 429);
    world.fakes.app.lock().unwrap().headers = vec![("Retry-After".to_owned(), "60".to_owned())];
    world.sync_now().await;
    for _ in 0..10 {
        world.pass(70).await;
    }

    let failed = world.last().await;

    assert_eq!(failed.state, SyncState::Failed);
    assert_eq!(failed.failure.unwrap().class.name(), "quota");
}

#[tokio::test]
async fn a_sync_that_starts_over_is_not_measured_by_how_far_it_had_come() {
    let world = World::with(users(0..30)).await;
    let mut sync = world.last().await;
    (sync.waits, sync.waited_at) = (4, 90);

    sync.start_over();

    assert_eq!((sync.waits, sync.waited_at), (0, 0));
}

#[tokio::test]
async fn a_large_drop_is_held_and_counts_once_it_is_released() {
    let world = World::with(users(0..60)).await;

    world.serve(users(0..45));
    world.day().await;

    let account = world.account().await;
    assert_eq!((account.held, account.applied), (Some(2), 1));
    assert_eq!(world.roster().await, roster_of(&users(0..60)));
    let sync = world.last().await;
    assert_eq!(sync.state, SyncState::Held);
    let mut pages = Vec::new();
    let mut from = Some(LossPlace::default());
    while let Some(place) = from {
        let page = losses(&world.ports, &sync, place, 6).await.unwrap();
        // As it goes out, and comes back.
        let next = page.next.map(|next| next.to_string());
        from = next.and_then(|next| LossPlace::parse(&next));
        let ids = page.some.into_iter().map(|loss| loss.external_id);
        pages.push(ids.collect::<BTreeSet<String>>());
    }
    let sizes: Vec<usize> = pages.iter().map(BTreeSet::len).collect();
    assert_eq!(sizes, [6, 6, 3]);
    let all: BTreeSet<String> = pages.into_iter().flatten().collect();
    assert_eq!(all.len(), 15);
    world.pass(60).await;
    let told = world.fakes.told.lock().unwrap().clone();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("The sync of acme/prod is held"),
        "{told:?}"
    );

    let (id, name) = (slug("acme"), slug("prod"));
    let released = release(&world.ports, &world.who(), &id, &name, None, &Accept::All).await;
    released.unwrap();
    world.rest().await;
    assert_eq!(world.roster().await, roster_of(&users(0..45)));
    let account = world.account().await;
    assert_eq!(
        (account.held, account.applied, account.users),
        (None, 2, 45)
    );
}

#[tokio::test]
async fn of_a_held_sync_some_losses_are_accepted() {
    let world = World::with(users(0..100)).await;
    // 21 vanish, 2 lose their licence, 2 are not active any more, one is new, one changed its mind.
    let mut served = users(21..101);
    served[0]["plan"] = json!("free");
    served[1]["plan"] = json!("free");
    served[2]["state"] = json!("off");
    served[3]["state"] = json!("off");
    world.serve(served.clone());
    world.day().await;
    assert_eq!(world.account().await.held, Some(2));

    let (id, name) = (slug("acme"), slug("prod"));
    let accept = |ids: &[&str]| {
        let ids: BTreeSet<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        Accept::Some(ids)
    };
    let wrong = accept(&["u50"]);
    let wrong = release(&world.ports, &world.who(), &id, &name, None, &wrong).await;
    assert!(wrong.is_err());
    let some = accept(&["u0", "u21", "u23"]);
    let released = release(&world.ports, &world.who(), &id, &name, None, &some).await;
    released.unwrap();
    world.rest().await;

    let mut wanted = users(1..101);
    for user in &mut wanted {
        if user["id"] == "u21" {
            user["plan"] = json!("free");
        }
        if user["id"] == "u23" {
            user["state"] = json!("off");
        }
    }
    assert_eq!(world.roster().await, roster_of(&wanted));
    let account = world.account().await;
    assert_eq!((account.users, account.active), (100, 99));
    assert_eq!(world.last().await.state, SyncState::Done);
}

#[tokio::test]
async fn of_a_held_sync_nothing_is_accepted() {
    let world = World::with(users(0..60)).await;
    world.serve(Vec::new());
    world.day().await;
    assert_eq!(world.account().await.held, Some(2));

    let (id, name) = (slug("acme"), slug("prod"));
    let released = release(&world.ports, &world.who(), &id, &name, None, &Accept::None).await;
    released.unwrap();
    world.rest().await;

    assert_eq!(world.roster().await, roster_of(&users(0..60)));
    assert_eq!(world.last().await.state, SyncState::Dropped);
    let again = release(&world.ports, &world.who(), &id, &name, None, &Accept::All).await;
    assert!(again.is_err());
}

#[tokio::test]
async fn the_next_sync_decides_anew_about_what_is_held() {
    let world = World::with(users(0..60)).await;
    world.serve(users(0..30));
    world.day().await;
    assert_eq!(world.account().await.held, Some(2));

    world.serve(users(0..58));
    world.day().await;

    let account = world.account().await;
    assert_eq!((account.held, account.applied), (None, 3));
    assert_eq!(world.roster().await, roster_of(&users(0..58)));
}

#[tokio::test]
async fn an_account_replaced_in_the_middle_of_a_sync_begins_with_nobody() {
    let world = World::with(users(0..25)).await;
    let (id, name) = (slug("acme"), slug("prod"));
    accounts::sync(&world.ports, &world.who(), &id, &name)
        .await
        .unwrap();

    world.serve(users(50..55));
    let given = accounts::Given {
        replace: true,
        ..accounts::Given::default()
    };
    let (of, who) = ((&id, &name), world.who());
    let expect = Expect::Anything;
    let replaced = accounts::connect(
        &world.ports,
        &world.fakes.secrets,
        &who,
        of,
        &given,
        &expect,
    )
    .await;
    assert!(!replaced.unwrap());
    world.rest().await;

    assert_eq!(world.roster().await, roster_of(&users(50..55)));
    assert_eq!(world.account().await.last_number, 1);
}

#[tokio::test]
async fn a_token_that_sees_less_than_before_takes_nothing_away() {
    // Behaviour 69: status 200 and a whole list, but fewer users; then no licences; then no addresses.
    let world = World::with(users(0..60)).await;
    let all = roster_of(&users(0..60));

    world.serve(users(0..3));
    world.day().await;
    assert_eq!(world.account().await.held, Some(2));
    assert_eq!(world.roster().await, all);

    let without = |field: &str| {
        let mut users = users(0..60);
        for user in &mut users {
            user[field] = json!(null);
        }
        users
    };
    world.serve(without("plan"));
    world.day().await;
    assert_eq!(world.account().await.held, Some(3));
    assert_eq!(world.roster().await, all);

    world.serve(without("mail"));
    world.day().await;
    let last = world.last().await;
    assert_eq!((last.state, last.counts.vanished), (SyncState::Done, 0));
    assert_eq!(world.roster().await, all);
}
