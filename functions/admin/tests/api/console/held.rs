//! A sync that is held is released as it was read, and no other one.

use serde_json::json;

use super::{Browser, between, everything};
use crate::builder::{connected_to, row};
use crate::world::{World, world};

const HELD: &str = "/console/accounts/acme/prod/held";
const RELEASE: &str = "/console/accounts/acme/prod/release";

pub(super) async fn synced(world: &World) {
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
}

async fn users(world: &World) -> usize {
    let users = world.get("/v1/accounts/acme/prod/users").await.expect(200);
    users["items"].as_array().unwrap().len()
}

/// Seven users, all of whom would vanish.
async fn seven_vanish(world: &World) {
    let rows = ["a", "b", "c", "d", "e", "f", "g"].map(|id| row(id, "on"));
    connected_to(world, rows.to_vec()).await;
    world.serve(Vec::new());
    synced(world).await;
}

#[tokio::test]
async fn a_held_sync_is_released_by_name() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let page = browser.get(HELD).await;
    assert!(page.text.contains("Release all 2"), "{}", page.text);
    assert!(!page.text.contains("are shown here"), "{}", page.text);
    let user = "/console/accounts/acme/prod/users/a%2F1";
    assert!(
        page.text.contains(&format!("href=\"{user}\"")),
        "{}",
        page.text
    );
    assert_eq!(browser.get(user).await.status, 200, "they are there still");
    // All are all, also where only some of them are shown.
    let second = browser.get(&format!("{HELD}?cursor=0.1")).await.text;
    assert!(second.contains("1 of 2 are shown here"), "{second}");
    assert!(second.contains("Release all 2"), "{second}");

    let some = [("sync", "2"), ("accept", "some"), ("id", "b")];
    let some = browser.post(RELEASE, &some).await;
    assert_eq!(some.status, 303, "{}", some.text);
    world.pass(1).await;

    assert_eq!(users(&world).await, 1);
    let again = [("sync", "2"), ("accept", "all")];
    assert_eq!(browser.post(RELEASE, &again).await.status, 409);
    assert_eq!(browser.get(HELD).await.status, 404);
}

#[tokio::test]
async fn another_sync_than_the_one_that_was_read_is_not_released() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let read = browser.get(HELD).await.text;
    let read = between(&read, "name=\"sync\" value=\"", "\"").expect(&read);
    synced(&world).await;

    let late = [("sync", read), ("accept", "all")];
    let late = browser.post(RELEASE, &late).await;
    let blind = browser.post(RELEASE, &[("accept", "all")]).await;
    world.pass(1).await;

    assert_eq!(read, "2");
    for answer in [&late, &blind] {
        assert_eq!(answer.status, 409, "{}", answer.text);
        for text in [
            "Another sync is held by now",
            "Release all 2",
            "name=\"sync\" value=\"3\"",
        ] {
            assert!(answer.text.contains(text), "{text}: {}", answer.text);
        }
    }
    assert_eq!(users(&world).await, 2, "nobody is gone");
    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    assert_eq!(account["held"], "syn_3");
}

#[tokio::test]
async fn a_release_that_is_sent_twice_counts_once() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let page = browser.get(HELD).await.text;
    let once = between(&page, "name=\"once\" value=\"", "\"").expect(&page);
    let fields = [("once", once), ("sync", "2"), ("accept", "all")];

    let first = browser.post(RELEASE, &fields).await;
    let second = browser.post(RELEASE, &fields).await;

    assert_eq!(first.status, 303, "{}", first.text);
    assert_eq!(second.status, 303, "{}", second.text);
    assert_eq!(first.header("location"), second.header("location"));
}

#[tokio::test]
async fn more_than_five_users_are_released_with_their_number_only() {
    let world = world();
    seven_vanish(&world).await;
    let mut browser = Browser::admin(&world).await;
    let page = browser.get(HELD).await.text;
    assert!(page.contains("name=\"number\""), "{page}");
    let ids = ["a", "b", "c", "d", "e", "f"].map(|id| ("id", id));
    let with = |more: &[(&'static str, &'static str)]| [&ids[..], more].concat();

    for fields in [
        vec![("sync", "2"), ("accept", "all")],
        vec![("sync", "2"), ("accept", "all"), ("number", "6")],
        with(&[("sync", "2"), ("accept", "some")]),
        with(&[("sync", "2"), ("accept", "some"), ("number", "7")]),
    ] {
        let answer = browser.post(RELEASE, &fields).await;
        assert_eq!(answer.status, 422, "{fields:?}: {}", answer.text);
        let wrong = "The number that was typed is another one.";
        assert!(answer.text.contains(wrong), "{fields:?}: {}", answer.text);
        let ticked = fields.iter().filter(|(name, _)| *name == "id").count();
        assert_eq!(answer.text.matches(" checked").count(), ticked);
    }
    world.pass(1).await;
    assert_eq!(users(&world).await, 7);

    let six = with(&[("sync", "2"), ("accept", "some"), ("number", "6")]);
    let six = browser.post(RELEASE, &six).await;
    assert_eq!(six.status, 303, "{}", six.text);
    world.pass(1).await;
    assert_eq!(users(&world).await, 1);
}

#[tokio::test]
async fn a_release_of_nobody_is_refused_and_the_sync_stays_held() {
    let world = world();
    seven_vanish(&world).await;
    let mut browser = Browser::admin(&world).await;

    let nobody = [("sync", "2"), ("accept", "some")];
    let nobody = browser.post(RELEASE, &nobody).await;

    assert_eq!(nobody.status, 422, "{}", nobody.text);
    assert!(
        nobody.text.contains("Nobody is selected."),
        "{}",
        nobody.text
    );
    assert_eq!(browser.get(HELD).await.status, 200);
    let drop = [("sync", "2"), ("accept", "none")];
    assert_eq!(browser.post(RELEASE, &drop).await.status, 303);
}
