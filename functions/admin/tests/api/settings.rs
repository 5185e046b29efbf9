//! Settings over the API.

use serde_json::json;

use crate::builder::{connected, connected_to, row};
use crate::world::world;

#[tokio::test]
async fn secrets_of_lever_go_in_and_never_come_out() {
    let world = world();
    let body = json!({ "removals_per_hour": 20, "lever": { "api_key": "lever-key-1",
        "registrations": [{ "name": "main", "signing_tokens": ["tok-1", "tok-2"] }] } });

    let put = world.put("/v1/settings", body).await;
    let read = world.get("/v1/settings").await;
    let audit = world.get("/v1/audit").await;

    for answer in [&put, &read, &audit] {
        assert!(!answer.text.contains("lever-key-1") && !answer.text.contains("tok-1"));
    }
    let shown = read.expect(200);
    assert_eq!(shown["lever"]["api_key"]["set"], true);
    assert_eq!(shown["lever"]["registrations"][0]["name"], "main");
    assert_eq!(
        shown["lever"]["registrations"][0]["signing_tokens"]["count"],
        2
    );
    assert_eq!(shown["removals_per_hour"], 20);
    assert_eq!(shown["live_from"], "2027-01-04T09:00:00Z");

    // What was read can be put again: no secret changes.
    world.put("/v1/settings", shown.clone()).await.expect(200);
    assert_eq!(world.get("/v1/settings").await.expect(200), shown);
}

#[tokio::test]
async fn a_registration_that_is_left_out_is_gone() {
    let world = world();
    let body =
        json!({ "lever": { "registrations": [{ "name": "main", "signing_tokens": ["t"] }] } });
    world.put("/v1/settings", body).await.expect(200);

    world.put("/v1/settings", json!({})).await.expect(200);
    let kept = world.get("/v1/settings").await.expect(200);
    world
        .put("/v1/settings", json!({ "lever": { "registrations": [] } }))
        .await
        .expect(200);
    let gone = world.get("/v1/settings").await.expect(200);

    assert_eq!(
        kept["lever"]["registrations"][0]["signing_tokens"]["set"],
        true
    );
    assert_eq!(gone["lever"]["registrations"], json!([]));
}

#[tokio::test]
async fn how_much_a_sync_may_take_away_is_a_setting() {
    let world = connected().await;
    let shown = world.get("/v1/settings").await.expect(200);
    assert_eq!(shown["guard"], json!({ "users": 10, "percent": 20 }));
    let too_much = json!({ "guard": { "percent": 101 } });
    let wrong = world.put("/v1/settings", too_much).await.expect(422);
    assert_eq!(wrong["errors"][0]["path"], "guard.percent");
    let path = "/v1/accounts/acme/prod";

    for (guard, state) in [(json!({ "users": 0 }), "held"), (json!({}), "done")] {
        let settings = json!({ "guard": guard });
        world.put("/v1/settings", settings).await.expect(200);
        world.serve(vec![row("a/1", "on")]);
        world
            .post(&format!("{path}:sync"), json!({}))
            .await
            .expect(202);
        world.pass(1).await;
        let account = world.get(path).await.expect(200);
        assert_eq!(account["last_sync"]["state"], state);
    }
}

#[tokio::test]
async fn the_connection_to_lever_is_tried_out() {
    let world = world();
    let fine = world
        .post("/v1/settings/lever:test", json!({}))
        .await
        .expect(200);
    *world.fakes.lever_is_down.lock().unwrap() = true;
    let refused = world
        .post("/v1/settings/lever:test", json!({}))
        .await
        .expect(200);

    assert_eq!(fine["ok"], true);
    assert_eq!(
        refused,
        json!({ "ok": false, "detail": "lever answered 401: no" })
    );
}

#[tokio::test]
async fn a_mail_server_and_webhooks_are_named_and_their_secrets_never_come_out() {
    let world = world();
    let mail = json!({ "from": "sando@contoso.example", "host": "smtp.contoso.example", "username": "sando",
        "password": "open-sesame" });
    let body = json!({ "notification": { "mail": mail,
        "webhooks": { "role:it": "https://hooks.example/services/T0/hidden" } } });

    let put = world.put("/v1/settings", body).await;
    let shown = world.get("/v1/settings").await;
    let audit = world.get("/v1/audit").await;

    for answer in [&put, &shown, &audit] {
        assert!(!answer.text.contains("open-sesame") && !answer.text.contains("hidden"));
    }
    let shown = shown.expect(200);
    assert_eq!(shown["notification"]["mail"]["port"], 587);
    assert_eq!(shown["notification"]["mail"]["security"], "starttls");
    assert_eq!(shown["notification"]["mail"]["password"]["set"], true);
    assert_eq!(shown["notification"]["webhooks"]["role:it"]["set"], true);
    // What was read can be put again: no secret changes.
    world.put("/v1/settings", shown.clone()).await.expect(200);
    assert_eq!(world.get("/v1/settings").await.expect(200), shown);

    world
        .put("/v1/settings", json!({ "notification": {} }))
        .await
        .expect(200);
    let gone = world.get("/v1/settings").await.expect(200);
    assert_eq!(
        gone["notification"],
        json!({ "mail": null, "webhooks": {} })
    );
    for wrong in [
        json!({ "mail": { "from": "nobody", "host": "smtp.contoso.example" } }),
        json!({ "webhooks": { "role:it": "ftp://hooks.example" } }),
        json!({ "webhooks": { "it": "https://hooks.example" } }),
    ] {
        let body = json!({ "notification": wrong });
        world.put("/v1/settings", body).await.expect(422);
    }
}

#[tokio::test]
async fn an_account_is_named_as_the_directory_and_its_users_are_people() {
    let world = world();
    let directory = json!({
        "definition": "acme", "account": "prod", "attributes": { "seat": "licenses[0]" }
    });
    let body = json!({ "directory": directory });
    let put = world.put("/v1/settings", body).await.expect(200);
    assert_eq!(put["directory"], directory);
    // Left out it stays.
    let put = world.put("/v1/settings", json!({})).await.expect(200);
    assert_eq!(put["directory"], directory);
    connected_to(&world, vec![row("a", "on"), row("b", "off")]).await;
    world.pass(60).await;

    let people = world.get("/v1/people").await.expect(200);
    let people = people["items"].as_array().unwrap().clone();
    assert_eq!(people.len(), 1, "{people:?}");
    assert_eq!(people[0]["attributes"]["work_email"], "a@contoso.example");
    assert_eq!(people[0]["state"], "active");
    let runs = world.get("/v1/runs").await.expect(200);
    assert_eq!(runs["items"], json!([]));

    let wrong = json!({ "definition": "acme", "account": "prod", "attributes": { "a": "x[" } });
    let wrong = world.put("/v1/settings", json!({ "directory": wrong }));
    let problem = wrong.await.expect(422);
    let path = problem["errors"][0]["path"].as_str().unwrap();
    assert!(path.contains("directory.attributes.a"), "{problem}");
    let body = json!({ "directory": null });
    let put = world.put("/v1/settings", body).await.expect(200);
    assert_eq!(put["directory"], json!(null));
}

#[tokio::test]
async fn where_browsers_reach_sando_is_an_origin_and_stays_until_it_is_taken_away() {
    let world = world();
    let put = async |body| world.put("/v1/settings", body).await;

    let shown = put(json!({ "public_url": "https://sando.contoso.example/" })).await;
    let kept = put(json!({})).await;
    let refused = put(json!({ "public_url": "http://sando.contoso.example" })).await;
    let gone = put(json!({ "public_url": null })).await;

    let url = json!("https://sando.contoso.example");
    assert_eq!(shown.expect(200)["public_url"], url);
    assert_eq!(kept.expect(200)["public_url"], url);
    assert_eq!(refused.expect(422)["errors"][0]["path"], "public_url");
    assert_eq!(gone.expect(200)["public_url"], json!(null));
}
