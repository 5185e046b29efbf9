//! What people have because of what was put, from the API's view.

use crate::world::world;

#[tokio::test]
async fn what_was_applied_shows_as_actual_access() {
    let world = world();
    let id = world.applied().await;
    world.pass(60).await;

    let access = world
        .get(&format!("/v1/people/{id}/access"))
        .await
        .expect(200);

    let actual = access["actual"].as_array().unwrap();
    let of = |app: &str| actual.iter().find(|grant| grant["app"] == app).unwrap();
    assert_eq!(of("figma")["state"], "active");
    assert_eq!(of("figma")["policy"], "engineering");
    assert_eq!(of("figma")["external_id"], format!("u-{id}"));
    assert_eq!(of("figma")["account"], "default");
    assert_eq!(of("desk")["state"], "pending");
    assert_eq!(access["plan"].as_array().unwrap().len(), 1);
}
