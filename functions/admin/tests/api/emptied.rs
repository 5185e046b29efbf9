//! An application that stops telling a field: the sync, the account and its page say so.

use serde_json::{Value, json};

use crate::builder::{definition, given, row};
use crate::console::Browser;
use crate::world::{World, world};

/// Six users, who have a title or not.
fn rows(title: Value) -> Vec<Value> {
    let ids = ["a", "b", "c", "d", "e", "f"];
    let with = |id: &str| {
        let mut row = row(id, "on");
        row["title"] = title.clone();
        row
    };
    ids.map(with).to_vec()
}

async fn connected() -> World {
    let world = world();
    let mut file = definition();
    file["map"]["role"] = json!("title");
    world.put("/v1/definitions/acme", file).await.expect(201);
    world.serve(rows(json!("Engineer")));
    let account = world.put("/v1/accounts/acme/prod", given()).await;
    account.expect(201);
    world.pass(1).await;
    world
}

#[tokio::test]
async fn a_field_that_went_empty_shows_wherever_the_account_does() {
    let world = connected().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let page = "/console/accounts/acme/prod";
    let well = viewer.get(page).await.text;

    world.serve(rows(Value::Null));
    let sync = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    sync.expect(202);
    world.pass(1).await;

    let account = world.get("/v1/accounts/acme/prod").await.expect(200);
    let sync = world.get("/v1/accounts/acme/prod/syncs/syn_2").await;
    let sync = sync.expect(200);
    let expect = json!([{ "field": "role", "before": 6, "before_rows": 6, "now": 0, "now_rows": 6, "sync": 2 }]);
    assert_eq!(account["emptied"], expect);
    assert_eq!(
        (&sync["state"], &sync["emptied"]),
        (&json!("done"), &expect)
    );
    let shown = viewer.get(page).await.text;
    let says = "role is suddenly empty: it has a value in 0 of 6 rows, before in 6 of 6.";
    assert_eq!(
        shown.matches(says).count(),
        2,
        "the account, the sync: {shown}"
    );
    assert!(!well.contains("suddenly empty"), "{well}");
}
