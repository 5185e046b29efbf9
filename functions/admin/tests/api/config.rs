//! Files of configuration over the API.

use serde_json::json;

use crate::world::world;

#[tokio::test]
async fn what_was_put_is_read_listed_and_deleted() {
    let world = world();
    let app = json!({ "name": "Figma" });

    let put = world.put("/v1/apps/figma", app.clone()).await;
    assert_eq!(put.header("etag"), "\"1\"");
    assert_eq!(put.expect(201)["app"], "figma");
    world.put("/v1/apps/figma", app).await.expect(200);

    let read = world.get("/v1/apps/figma").await;
    assert_eq!(read.header("etag"), "\"2\"");
    let read = read.expect(200);
    assert_eq!(read["name"], "Figma");
    assert_eq!(
        read["credentials"],
        json!({ "variables": {}, "set": [], "set_at": null })
    );
    world.put("/v1/apps/figma", read).await.expect(200);
    let list = world.get("/v1/apps").await.expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["next_cursor"], json!(null));
    world.delete("/v1/apps/figma").await.expect(204);
    world.get("/v1/apps/figma").await.expect(404);
    world.delete("/v1/apps/figma").await.expect(404);
}

#[tokio::test]
async fn a_list_goes_on_where_it_ended() {
    let world = world();
    for app in ["a", "b", "c"] {
        world
            .put(&format!("/v1/apps/{app}"), json!({}))
            .await
            .expect(201);
    }

    let first = world.get("/v1/apps?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world
        .get(&format!("/v1/apps?limit=2&cursor={cursor}"))
        .await
        .expect(200);

    assert_eq!(first["items"][1]["app"], "b");
    assert_eq!(second["items"][0]["app"], "c");
    assert_eq!(second["next_cursor"], json!(null));
}

#[tokio::test]
async fn a_stale_version_is_not_overwritten() {
    let world = world();
    let put = |headers: &'static [(&'static str, &'static str)]| {
        let world = &world;
        async move {
            world
                .call(
                    "PUT",
                    "/v1/rules/r",
                    Some(json!({ "event": "candidate.hired", "workflow": "onboard" })),
                    headers,
                )
                .await
        }
    };

    put(&[("if-match", "\"1\"")]).await.expect(412);
    put(&[("if-none-match", "*")]).await.expect(201);
    put(&[("if-none-match", "*")]).await.expect(412);
    put(&[("if-match", "\"1\"")]).await.expect(200);
    put(&[("if-match", "\"1\"")]).await.expect(412);
    put(&[("if-match", "W/\"2\"")]).await.expect(412);
    put(&[("if-match", "*")]).await.expect(200);
    let stale = world
        .call("DELETE", "/v1/rules/r", None, &[("if-match", "\"1\"")])
        .await;
    stale.expect(412);
}

#[tokio::test]
async fn mistakes_are_told_with_their_places() {
    let world = world();
    let workflow = json!({ "steps": [
        { "id": "a", "type": "grant", "needs": ["b"] }, { "id": "a", "type": "grant" } ] });

    let problem = world.put("/v1/workflows/w", workflow).await.expect(422);
    let contradiction = world
        .put("/v1/apps/figma", json!({ "app": "notion" }))
        .await
        .expect(422);
    let unknown = world
        .put("/v1/apps/figma", json!({ "nmae": "x" }))
        .await
        .expect(422);

    let paths: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["steps[0].needs", "steps[1].id"]);
    assert_eq!(contradiction["errors"].as_array().unwrap().len(), 1);
    let message = unknown["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("did you mean `name`?"), "{message}");
}

#[tokio::test]
async fn a_put_tells_all_mistakes_of_every_kind_of_file() {
    let world = world();
    let definition =
        json!({ "app": "acme", "base_url": "ftp://acme.example", "users": { "pth": "/u" } });
    let app = json!({ "sensitivity": "hihg", "plans": [{ "price": {} }], "provisioner": { "type": "manul" } });
    let policy =
        json!({ "whne": [], "grants": [{ "ap": "figma" }, { "app": "zoom", "groups": "a" }] });
    let workflow =
        json!({ "steps": [{ "id": "a", "type": "grnt" }, { "type": "task", "due": "soon" }] });
    let attributes = json!({ "requird": [], "locations": { "Berlin": { "timezon": "x" } } });
    for (path, file, expect) in [
        (
            "/v1/definitions/acme",
            definition,
            "base_url users.pth users.path map",
        ),
        (
            "/v1/apps/figma",
            app,
            "sensitivity plans[0].price.amount_minor plans[0].id provisioner.type",
        ),
        (
            "/v1/policies/p",
            policy,
            "whne grants[0].ap grants[0].app grants[1].groups",
        ),
        (
            "/v1/rules/r",
            json!({ "event": "candidate.hird" }),
            "event workflow",
        ),
        (
            "/v1/workflows/w",
            workflow,
            "steps[0].type steps[1].due steps[1].id steps[1].owner",
        ),
        (
            "/v1/attributes",
            attributes,
            "requird locations.Berlin.timezon locations.Berlin.timezone",
        ),
    ] {
        let problem = world.put(path, file).await.expect(422);

        let errors = problem["errors"].as_array().unwrap();
        for place in expect.split(' ') {
            let told = errors.iter().any(|error| error["path"] == place);
            assert!(told, "{path} {place}: {problem}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_yet_is_accepted_with_a_warning() {
    let world = world();
    let policy = json!({ "grants": [{ "app": "figma" }] });

    let put = world
        .put("/v1/policies/all", policy.clone())
        .await
        .expect(201);
    world.put("/v1/apps/figma", json!({})).await.expect(201);
    let again = world.put("/v1/policies/all", put.clone()).await.expect(200);

    assert_eq!(put["warnings"][0]["path"], "grants[0].app");
    assert_eq!(again["warnings"], json!(null));
}

#[tokio::test]
async fn built_in_workflows_are_listed_replaced_and_back_again() {
    let world = world();
    let names = |list: serde_json::Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|flow| flow["workflow"].as_str().unwrap().to_owned())
            .collect()
    };
    let built_in = ["change", "offboard", "onboard", "withdraw"];
    assert_eq!(
        names(world.get("/v1/workflows").await.expect(200)),
        built_in
    );
    world.delete("/v1/workflows/onboard").await.expect(409);

    let own = json!({ "steps": [{ "id": "access", "type": "grant" }] });
    world.put("/v1/workflows/onboard", own).await.expect(201);
    let replaced = world.get("/v1/workflows/onboard").await.expect(200);
    world.delete("/v1/workflows/onboard").await.expect(204);
    let back = world.get("/v1/workflows/onboard").await.expect(200);

    assert_eq!(replaced["steps"].as_array().unwrap().len(), 1);
    assert_eq!(back["steps"].as_array().unwrap().len(), 2);
    assert_eq!(back["built_in"], true);
}

#[tokio::test]
async fn credentials_go_in_and_never_come_out() {
    let world = world();
    let secret =
        json!({ "variables": { "tenant": "t1" }, "credentials": { "token": "s3cr3t-value" } });
    world
        .put("/v1/apps/none/credentials", secret.clone())
        .await
        .expect(404);
    world.put("/v1/apps/figma", json!({})).await.expect(201);

    let put = world.put("/v1/apps/figma/credentials", secret).await;
    let read = world.get("/v1/apps/figma").await;
    let audit = world.get("/v1/audit?stream=config").await;

    for answer in [&put, &read, &audit] {
        assert!(!answer.text.contains("s3cr3t-value"), "{}", answer.text);
    }
    let shown = read.expect(200)["credentials"].clone();
    let expect = json!({ "variables": { "tenant": "t1" }, "set": ["token"], "set_at": "2027-01-04T09:00:00Z" });
    assert_eq!(shown, expect);
    world.delete("/v1/apps/figma/credentials").await.expect(204);
    let gone = world.get("/v1/apps/figma").await.expect(200);
    assert_eq!(gone["credentials"]["set"], json!([]));
}

#[tokio::test]
async fn aliases_are_a_part_of_the_attributes() {
    let world = world();
    let aliases = json!({ "Engineering": ["Eng", "R&D"] });
    world.get("/v1/aliases/department").await.expect(404);

    world
        .put("/v1/aliases/department", aliases.clone())
        .await
        .expect(201);

    assert_eq!(
        world.get("/v1/aliases/department").await.expect(200),
        aliases
    );
    let file = world.get("/v1/attributes").await.expect(200);
    assert_eq!(file["aliases"]["department"], aliases);
    world.delete("/v1/aliases/department").await.expect(204);
    world.get("/v1/aliases/department").await.expect(404);
    let attributes = json!({ "attributes": { "name": "contact.name" }, "required": ["nmae"] });
    let problem = world.put("/v1/attributes", attributes).await.expect(422);
    assert_eq!(problem["errors"][0]["path"], "required[0]");
}

#[tokio::test]
async fn every_change_of_configuration_is_recorded_with_before_and_after() {
    let world = world();
    world
        .put("/v1/apps/figma", json!({ "name": "Old" }))
        .await
        .expect(201);
    world
        .put("/v1/apps/figma", json!({ "name": "New" }))
        .await
        .expect(200);
    world.delete("/v1/apps/figma").await.expect(204);

    let audit = world.get("/v1/audit?stream=config").await.expect(200);

    let records = audit["items"].as_array().unwrap();
    assert_eq!(records.len(), 3);
    assert_eq!(records[1]["before"]["name"], "Old");
    assert_eq!(records[1]["after"]["name"], "New");
    assert_eq!(records[1]["actor"], "local-admin");
    assert_eq!(records[2]["after"], json!(null));
}

#[tokio::test]
async fn the_document_follows_the_configuration() {
    let world = world();
    let app = json!({ "name": "Figma", "owner": "ops@contoso.example" });
    world.put("/v1/apps/figma", app).await.expect(201);
    let policy = json!({ "grants": [{ "app": "figma" }] });
    world.put("/v1/policies/all", policy).await.expect(201);

    let document = world.get("/v1/document").await;

    assert_eq!(document.status, 200, "{}", document.text);
    assert_eq!(
        document.header("content-type"),
        "text/markdown; charset=utf-8"
    );
    let lines: Vec<&str> = document.text.lines().collect();
    for line in [
        "- Owned by ops@contoso.example, who gets its tasks.",
        "- For everybody, by the policy all.",
        "- Figma, at once.",
    ] {
        assert!(lines.contains(&line), "{line}\n{}", document.text);
    }
    world.delete("/v1/policies/all").await.expect(204);
    let without = world.get("/v1/document").await.text;
    assert!(without.contains("- No policy gives it."), "{without}");
}
