//! The catalogue over the API: listed, searched, and taken as a definition.

use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn the_catalogue_is_listed_page_by_page() {
    let world = world();

    let first = world.get("/v1/catalogue?limit=20").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = world
        .get(&format!("/v1/catalogue?limit=200&cursor={cursor}"))
        .await
        .expect(200);

    let (first, rest) = (
        first["items"].as_array().unwrap(),
        rest["items"].as_array().unwrap(),
    );
    assert_eq!(first.len(), 20);
    assert!(!rest.is_empty());
    assert!(first.iter().all(|one| !rest.contains(one)));
    assert!(first.iter().all(|one| one["taken"] == false));
}

#[tokio::test]
async fn a_definition_is_found_by_name_and_can_be_put() {
    let world = world();

    let found = world.get("/v1/catalogue?q=ZOO").await.expect(200);
    let file = world.get("/v1/catalogue/zoom").await.expect(200);
    world
        .put("/v1/definitions/zoom", file.clone())
        .await
        .expect(201);
    let taken = world.get("/v1/catalogue?q=zoom").await.expect(200);

    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(found["items"][0]["id"], "zoom");
    assert_eq!(found["items"][0]["auth"], "oauth2_client_credentials");
    assert!(!found["items"][0]["notes"].as_array().unwrap().is_empty());
    assert_eq!(file["definition"], "zoom");
    assert_eq!(taken["items"][0]["taken"], true);
    let nothing = world.get("/v1/catalogue?q=nothing%20like%20it").await;
    assert_eq!(nothing.expect(200)["items"], json!([]));
    world.get("/v1/catalogue/none").await.expect(404);
}
