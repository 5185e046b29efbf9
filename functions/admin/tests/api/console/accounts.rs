//! An account in trouble: what to do is said, credentials are renewed, each sync has its page, a version is brought back.

use jiff::SignedDuration;
use sando_core::admin::accounts::must_be;
use sando_core::definition::Certificate;
use sando_core::ids::Slug;
use sando_core::store::{Commit, Put, Version};
use sando_core::sync::{Point, Sync};
use serde_json::json;

use super::{Browser, everything};
use crate::builder::{connected, definition, row};
use crate::world::World;

const PLACE: &str = "/console/accounts/acme/prod";

#[tokio::test]
async fn a_disabled_account_says_what_to_do_and_takes_new_credentials() {
    let world = connected().await;
    let mut admin = Browser::admin(&world).await;
    let mut operator = Browser::operator(&world).await;
    let link = format!("href=\"{PLACE}/credentials\"");
    assert!(admin.get(PLACE).await.text.contains(&link));

    world.refuse_reading(Some(401));
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
    let page = admin.get(PLACE).await.text;
    let theirs = operator.get(PLACE).await.text;
    let asked = admin.get(&format!("{PLACE}/credentials")).await;
    let place = format!("{PLACE}/credentials");
    let wrong = admin.post(&place, &[("credentials.tenant", "t-new")]).await;
    let given = [
        ("credentials.token", "sk-renewed"),
        ("credentials.tenant", "t-renewed"),
    ];
    let set = admin.post(&place, &given).await;
    world.refuse_reading(None);
    world.serve(vec![row("a/1", "on"), row("b", "off")]);
    admin.post(&format!("{PLACE}/test"), &[]).await;
    let after = world.get("/v1/accounts/acme/prod").await.expect(200);

    let advice = "Enter new credentials, then test them.";
    assert!(
        page.contains("acme / prod is disabled: credentials."),
        "{page}"
    );
    assert!(page.contains(advice) && page.contains(&link), "{page}");
    assert!(
        theirs.contains(advice) && !theirs.contains(&link),
        "{theirs}"
    );
    assert!(
        asked.text.contains("name=\"credentials.token\"")
            && asked.text.contains("name=\"credentials.tenant\"")
            && !asked.text.contains("variables.domain"),
        "{}",
        asked.text
    );
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(!wrong.text.contains("t-new"), "{}", wrong.text);
    assert_eq!(set.status, 303, "{}", set.text);
    assert_eq!(set.header("location"), PLACE);
    let kept = world.fakes.secrets.of("account/acme/prod").unwrap();
    assert_eq!(kept.credentials["token"], "sk-renewed");
    assert_eq!(after["state"], "connected", "{after}");
}

#[tokio::test]
async fn each_sync_has_a_page_with_its_certificate() {
    let (world, _) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let account = viewer.get(PLACE).await.text;
    let first = viewer.get(&format!("{PLACE}/syncs/syn_1")).await.text;
    let second = viewer.get(&format!("{PLACE}/syncs/syn_2")).await.text;

    assert!(
        account.contains(&format!("href=\"{PLACE}/syncs/syn_1\"")),
        "{account}"
    );
    for text in [
        "syn_1 of acme / prod counts: 2 users.",
        "read to its end",
        "the application declares no total",
        "the list of users",
    ] {
        assert!(first.contains(text), "{text}: {first}");
    }
    assert!(second.contains("syn_2 of acme / prod is held"), "{second}");
    for nothing in ["syn_9", "nonsense"] {
        let answer = viewer.get(&format!("{PLACE}/syncs/{nothing}")).await;
        assert_eq!(answer.status, 404, "{nothing}");
    }
}

/// A sync of Acme that is under way, as it was put down last.
async fn under_way(world: &World, set: impl FnOnce(&mut Sync)) {
    let ids = ["acme", "prod"].map(|id| Slug::parse(id).unwrap());
    let [definition, name] = ids;
    let stored = must_be(&world.ports, &definition, &name).await.unwrap();
    let mut account = stored.entity.clone();
    let now = world.ports.clock.now();
    let mut sync = Sync::begin(&mut account, 1, "local-admin", now);
    sync.look_at = now + SignedDuration::from_hours(1);
    set(&mut sync);
    let commit = Commit {
        puts: vec![
            Put::of(&account, stored.version),
            Put::of(&sync, Version::ABSENT),
        ],
        ..Commit::default()
    };
    world.ports.store.commit(&commit).await.unwrap();
    world.pass(75).await;
}

#[tokio::test]
async fn a_sync_that_is_under_way_says_how_far_it_has_come_and_asks_again() {
    let world = connected().await;
    under_way(&world, |sync| {
        let read = Certificate {
            complete: true,
            pages: 31,
            received: 6_200,
            ..Certificate::default()
        };
        sync.certificate = Some(read);
    })
    .await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let sync = format!("{PLACE}/syncs/syn_2");
    for path in [PLACE, &sync] {
        let page = viewer.get(path).await.text;
        let far = "31 pages, 6,200 rows so far, 1 min";
        assert!(page.contains(far), "{path}: {page}");
        assert!(page.contains("data-asks=\"1\""), "{path}: {page}");
    }
    let over = viewer.get(&format!("{PLACE}/syncs/syn_1")).await.text;
    assert!(!over.contains("so far"), "{over}");
    assert!(!over.contains("data-asks"), "{over}");
}

#[tokio::test]
async fn a_sync_whose_place_is_kept_in_parts_says_what_it_counted() {
    let world = connected().await;
    under_way(&world, |sync| {
        sync.point = Some(Point::Apart { first: 0, parts: 1 });
        (sync.counts.new, sync.counts.unchanged) = (8, 1_200);
    })
    .await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let page = viewer.get(PLACE).await.text;

    assert!(page.contains("1,208 rows so far, 1 min"), "{page}");
}

#[tokio::test]
async fn an_earlier_version_of_a_definition_is_brought_back() {
    let world = connected().await;
    let mut file = definition();
    file["name"] = json!("Acme Two");
    world
        .put("/v1/definitions/acme", file.clone())
        .await
        .expect(200);
    let mut admin = Browser::admin(&world).await;
    let mut operator = Browser::operator(&world).await;
    let place = "/console/integrations/acme";
    let rollback = format!("{place}/rollback");

    let page = admin.get(place).await.text;
    let theirs = operator.get(place).await.text;
    let back = admin
        .post(&rollback, &[("version", "1"), ("seen", "2")])
        .await;
    let late = admin
        .post(&rollback, &[("version", "2"), ("seen", "2")])
        .await;
    let none = admin
        .post(&rollback, &[("version", "none"), ("seen", "3")])
        .await;

    assert!(page.contains("Bring back v1"), "{page}");
    assert!(!page.contains("Bring back v2"), "it counts already: {page}");
    assert!(page.contains("name=\"seen\" value=\"2\""), "{page}");
    assert!(!theirs.contains("Bring back"), "{theirs}");
    assert_eq!(back.status, 303, "{}", back.text);
    assert_eq!(late.status, 412, "{}", late.text);
    assert_eq!(none.status, 422, "{}", none.text);
    let versions = world.get("/v1/definitions/acme/versions").await.expect(200);
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    assert_eq!(versions["items"][0]["rolled_back_to"], 1);
    let page = admin.get(place).await.text;
    assert!(page.contains("brings back v1"), "{page}");
}
