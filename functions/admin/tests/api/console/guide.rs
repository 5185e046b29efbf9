//! The document of what is configured, as a page and as a file; and the settings that it tells of.

use serde_json::{Value, json};

use super::{Browser, everything};
use crate::world::world;

#[tokio::test]
async fn the_document_is_a_page_with_anchors_and_a_file() {
    let (world, _) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;

    let page = viewer.get("/console/guide").await.text;
    let file = viewer.get("/console/guide/markdown").await;

    for text in [
        "href=\"#about-who-gets-what\"",
        "id=\"about-who-gets-what\"",
        "id=\"about-which-fields-are-mapped-how\"",
        "external_id: id.",
        "email: mail.",
        "href=\"/console/guide/markdown\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(file.header("content-type"), "text/markdown; charset=utf-8");
    assert_eq!(file.text, world.get("/v1/document").await.text);
    let policies = viewer.get("/console/policies").await.text;
    assert!(policies.contains("href=\"/console/guide\""), "{policies}");
    let mut approver = Browser::with(&world, "approve", &[]).await;
    let refused = approver.get("/console/guide/markdown").await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn where_it_is_and_the_directory_are_settings() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let place = "/console/settings/place";
    let oidc = "issuer: https://id.example\naudience: sando\nclient_id: console\ngroups: { it: [operator] }";
    let people = [("roles", ""), ("oidc", oidc)];
    let saved = browser.post("/console/settings/people", &people).await;
    assert_eq!(saved.status, 303, "{}", saved.text);

    let given = [
        ("public_url", "https://sando.contoso.example/"),
        ("directory_definition", "entra"),
        ("directory_account", "prod"),
        (
            "directory_attributes",
            "department: custom_fields.department",
        ),
    ];
    let saved = browser.post(place, &given).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let settings = world.get("/v1/settings").await.expect(200);
    assert_eq!(settings["public_url"], "https://sando.contoso.example");
    let directory = json!({ "definition": "entra", "account": "prod",
        "attributes": { "department": "custom_fields.department" } });
    assert_eq!(settings["directory"], directory);
    assert_eq!(settings["oidc"]["audience"], "sando", "the rest stays");
    let page = browser.get("/console/settings").await.text;
    for text in [
        "value=\"https://sando.contoso.example\"",
        "department: custom_fields.department",
        "https://sando.contoso.example/console/sign-in/callback",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<title>Error"), "{page}");

    let empty = browser.post(place, &[]).await;
    assert_eq!(empty.status, 303, "{}", empty.text);
    let settings = world.get("/v1/settings").await.expect(200);
    assert_eq!(settings["public_url"], Value::Null);
    assert_eq!(settings["directory"], Value::Null);
}

#[tokio::test]
async fn an_address_or_a_directory_that_cannot_be_is_told_and_changes_nothing() {
    let world = world();
    let mut browser = Browser::admin(&world).await;
    let place = "/console/settings/place";
    let settings = world.get("/v1/settings").await.expect(200);

    let wrong = [
        ("public_url", "javascript-and-no-address"),
        ("directory_definition", "No Slug"),
        ("directory_account", "prod"),
    ];
    let wrong = browser.post(place, &wrong).await;
    assert_eq!(wrong.status, 422);
    for text in [
        "<title>Error: Settings · Sando</title>",
        "<code>public_url</code>",
        "<code>directory_definition</code>",
        "value=\"javascript-and-no-address\"",
    ] {
        assert!(wrong.text.contains(text), "{text}: {}", wrong.text);
    }
    let list = [
        ("directory_definition", "entra"),
        ("directory_account", "prod"),
        ("directory_attributes", "- a"),
    ];
    assert_eq!(browser.post(place, &list).await.status, 422);
    assert_eq!(world.get("/v1/settings").await.expect(200), settings);
}
