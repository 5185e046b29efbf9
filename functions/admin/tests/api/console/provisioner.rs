//! Credentials of a provisioner, set in the console: they go in and never come out.

use serde_json::{Value, json};

use super::Browser;
use crate::world::{World, world};

const PLACE: &str = "/console/apps/wiki/provisioner";

async fn with_wiki(provisioner: Value) -> World {
    let world = world();
    let wiki = json!({ "name": "Wiki", "provisioner": provisioner });
    world.put("/v1/apps/wiki", wiki).await.expect(201);
    world
}

#[tokio::test]
async fn a_provisioner_gets_its_credentials_and_never_shows_them() {
    let auth = json!({ "type": "bearer" });
    let world = with_wiki(
        json!({ "type": "scim", "base_url": "https://{tenant}.wiki.example", "auth": auth }),
    )
    .await;
    let mut browser = Browser::admin(&world).await;
    let file = browser.get("/console/apps/wiki").await.text;
    assert!(file.contains(&format!("href=\"{PLACE}\"")), "{file}");

    let page = browser.get(PLACE).await.text;
    assert!(page.contains("Wiki has no credentials yet"), "{page}");
    assert!(
        page.contains("type=\"password\" name=\"credentials.token\""),
        "{page}"
    );
    let left_out = [("variables.tenant", "contoso")];
    let wrong = browser.post(PLACE, &left_out).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("✕ is missing"), "{}", wrong.text);
    assert!(
        wrong.text.contains("value=\"contoso\""),
        "what was typed stays"
    );

    let given = [
        ("variables.tenant", "contoso"),
        ("credentials.token", "s3cr3t-value"),
        ("credentials.other", "not-asked-for"),
    ];
    let saved = browser.post(PLACE, &given).await;
    assert_eq!(saved.status, 303, "{}", saved.text);

    let page = browser.get(saved.header("location")).await.text;
    let audit = world.get("/v1/audit?stream=config").await.text;
    for text in [&page, &audit] {
        assert!(!text.contains("s3cr3t-value"), "{text}");
    }
    assert!(page.contains("Wiki has its credentials."), "{page}");
    assert!(page.contains("replaces all of them at once"), "{page}");
    assert!(audit.contains("credentials set"), "{audit}");
    let shown = world.get("/v1/apps/wiki").await.expect(200)["credentials"].clone();
    assert_eq!(shown["variables"], json!({ "tenant": "contoso" }));
    assert_eq!(shown["set"], json!(["token"]));
}

#[tokio::test]
async fn the_fields_follow_from_the_type_of_auth() {
    let auth =
        json!({ "type": "oauth2_client_credentials", "token_url": "https://wiki.example/token" });
    let world =
        with_wiki(json!({ "type": "scim", "base_url": "https://wiki.example", "auth": auth }))
            .await;
    let mut browser = Browser::admin(&world).await;

    let page = browser.get(PLACE).await.text;

    for field in ["credentials.client_id", "credentials.client_secret"] {
        assert!(
            page.contains(&format!("name=\"{field}\"")),
            "{field}: {page}"
        );
    }
    assert!(!page.contains("name=\"credentials.token\""), "{page}");
}

#[tokio::test]
async fn an_application_that_asks_for_nothing_says_why() {
    let world = with_wiki(json!({ "type": "manual" })).await;
    let mut browser = Browser::admin(&world).await;

    let page = browser.get(PLACE).await.text;
    let sent = browser.post(PLACE, &[("credentials.token", "x")]).await;

    assert!(page.contains("Wiki asks for no credentials."), "{page}");
    assert!(page.contains("by hand"), "{page}");
    assert_eq!(sent.status, 422, "{}", sent.text);
    let app = world.get("/v1/apps/wiki").await.expect(200);
    assert_eq!(app["credentials"]["set"], json!([]));
}

#[tokio::test]
async fn who_may_only_look_sees_what_is_set_and_no_form() {
    let world = with_wiki(
        json!({ "type": "scim", "base_url": "https://wiki.example", "auth": { "type": "bearer" } }),
    )
    .await;
    let secret = json!({ "credentials": { "token": "s3cr3t-value" } });
    world
        .put("/v1/apps/wiki/credentials", secret)
        .await
        .expect(200);
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let page = viewer.get(PLACE).await.text;

    assert!(page.contains("is set, and never shown"), "{page}");
    assert!(page.contains("takes the role administrator"), "{page}");
    assert!(!page.contains("credentials.token"), "{page}");
    assert!(!page.contains("s3cr3t-value"), "{page}");
}

#[tokio::test]
async fn credentials_are_tried_with_one_look_for_nobody() {
    let world = with_wiki(json!({ "type": "scim", "base_url": "https://wiki.example" })).await;
    world.put("/v1/apps/desk", json!({})).await.expect(201);
    let mut browser = Browser::admin(&world).await;
    let page = browser.get(PLACE).await.text;
    assert!(page.contains("Try the credentials"), "{page}");
    let tested = async |app: &str| {
        let path = format!("/v1/apps/{app}:test");
        world.post(&path, json!({})).await
    };

    let works = tested("wiki").await.expect(200);
    let shown = browser.post(&format!("{PLACE}/test"), &[]).await;
    *world.fakes.refuses.lock().unwrap() = true;
    let wrong = tested("wiki").await.expect(200);
    let refused = browser.post(&format!("{PLACE}/test"), &[]).await;

    let nothing = json!({ "ok": true, "class": null, "detail": null });
    assert_eq!(works, nothing);
    assert!(shown.text.contains("Wiki lets us in."), "{}", shown.text);
    assert_eq!(wrong["ok"], false);
    assert_eq!(wrong["class"], "credentials", "{wrong}");
    let said = "Wiki does not let us in.";
    assert!(refused.text.contains(said), "{}", refused.text);
    assert_eq!(tested("desk").await.expect(409)["code"], "by_hand");
    tested("nowhere").await.expect(404);
}
