//! On the way to a definition that works: proposals, previews, tests, drafts, and the login page.

use serde_json::{Value, json};

use crate::builder::{definition, given, row};
use crate::world::world;

pub(crate) fn with_login_page() -> Value {
    let mut file = definition();
    file["auth"] = json!({
        "type": "oauth2_authorization_code",
        "authorization_url": "https://login.acme.example/authorize",
        "token_url": "https://login.acme.example/token",
    });
    file
}

#[tokio::test]
async fn a_preview_tells_of_every_record_why() {
    let world = world();
    let mut file = definition();
    file["definition"] = json!("acme");
    let sample = json!({ "users": [row("a", "on"), row("b", "LOCKED"), { "id": "c" }] });

    let body = json!({ "definition": file, "sample": sample });
    let preview = world
        .post("/v1/definitions:preview", body)
        .await
        .expect(200);

    let rows = preview["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["user"]["user"]["active"], true);
    assert_eq!(rows[0]["why"], json!([]));
    let why = "deleted: `state` is `LOCKED`, rule 1 wants `on`";
    assert_eq!(rows[1]["why"], json!([why]));
    assert_eq!(rows[2]["user"], json!(null));
    assert_eq!(preview["summary"]["received"], 3);
    let left_out = json!([{ "external_id": "c", "why": "it has no email address" }]);
    assert_eq!(preview["summary"]["left_out"]["no_email"], left_out);
    assert_eq!(preview["failure"], json!(null));
    assert_eq!(world.requests(), 0);
}

#[tokio::test]
async fn a_definition_is_tested_with_credentials_that_nobody_keeps() {
    let world = world();
    world.serve(vec![row("a", "on"), row("b", "off"), json!({ "id": "c" })]);
    let mut body = given();
    body["definition"] = definition();
    body["definition"]["definition"] = json!("acme");

    let tested = world.post("/v1/definitions:test", body.clone()).await;
    let tested = tested.expect(200);

    assert_eq!(tested["ok"], true, "{tested}");
    assert_eq!(
        tested["rows"][0]["user"]["user"]["email"],
        "a@contoso.example"
    );
    let left_out = json!([{ "external_id": "c", "why": "it has no email address" }]);
    assert_eq!(tested["left_out"], json!({ "no_email": left_out }));
    let exchange = &tested["exchanges"][0];
    assert_eq!(exchange["purpose"], "users");
    assert_eq!(exchange["url"], "https://contoso.acme.example/users");
    assert_eq!(exchange["status"], 200);
    assert!(
        exchange["body"]
            .as_str()
            .unwrap()
            .contains("\"state\":\"off\"")
    );
    assert!(world.fakes.secrets.is_empty());
    world.get("/v1/definitions/acme").await.expect(404);

    body["credentials"] = json!({ "tenant": "t-hidden" });
    let problem = world.post("/v1/definitions:test", body).await.expect(422);
    assert_eq!(problem["errors"][0]["path"], "credentials.token");
}

#[tokio::test]
async fn a_draft_is_saved_unfinished_and_never_with_credentials() {
    let world = world();
    let draft = json!({ "app": "acme", "auth": { "type": "bear" } });

    let path = "/v1/drafts/acme";
    world.put(path, draft.clone()).await.expect(201);
    assert_eq!(world.get(path).await.expect(200), draft);
    let stale = [("if-match", "\"7\"")];
    let stale = world.call("PUT", path, Some(draft.clone()), &stale).await;
    stale.expect(412);
    let secret = json!({ "credentials": { "token": "sk-secret" } });
    world.put(path, secret).await.expect(422);
    world.put(path, json!({ "app": "acme" })).await.expect(200);

    let list = world.get("/v1/drafts").await.expect(200);
    assert_eq!(list["items"][0]["draft"], "acme");
    world.get("/v1/definitions/acme").await.expect(404);
    world.delete(path).await.expect(204);
    world.get(path).await.expect(404);
}

#[tokio::test]
async fn proposals_are_made_from_a_sample_or_an_openapi_document() {
    let world = world();
    let sample =
        json!({ "users": [{ "id": "a", "mail": "a@contoso.example" }], "next_cursor": "b" });
    let found = world.post("/v1/definitions:suggest", json!({ "sample": sample }));
    let found = found.await.expect(200);
    assert_eq!(found["suggestions"][0]["key"], "users.response_path");
    assert_eq!(found["suggestions"][0]["value"], "users");

    let document = json!({ "paths": { "/people": { "get": { "responses": { "200": { "schema": {
        "type": "array", "items": { "type": "object", "properties": { "email": {} } } } } } } } } });
    let found = world.post("/v1/definitions:suggest", json!({ "openapi": document }));
    let found = found.await.expect(200);
    assert_eq!(found["suggestions"][0]["value"], "/people");
    for body in [
        json!({}),
        json!({ "sample": [], "openapi": {} }),
        json!({ "openapi": {}, "headers": { "link": "" } }),
        json!({ "sample": [], "headers": { "link": ["a"] } }),
    ] {
        let refused = world.post("/v1/definitions:suggest", body).await;
        refused.expect(422);
    }
}

#[tokio::test]
async fn headers_of_a_sample_say_where_the_next_page_is() {
    let world = world();
    let body = json!({
        "sample": [{ "id": "a", "mail": "a@contoso.example" }],
        "headers": { "Link": "</users?page=1>; rel=\"prev\", </users?page=3>; rel=\"next\"" },
    });

    let found = world.post("/v1/definitions:suggest", body).await;

    let found = found.expect(200);
    let paging = &found["suggestions"][1];
    assert_eq!(paging["key"], "users.pagination", "{found}");
    let next = json!({ "type": "next_url", "link_header": "next" });
    assert_eq!(paging["value"], next);
    assert!(paging["reason"].as_str().unwrap().contains("Link header"));
}

#[tokio::test]
async fn a_login_page_leads_back_once_and_the_account_is_synced() {
    let world = world();
    world
        .put("/v1/definitions/acme", with_login_page())
        .await
        .expect(201);
    world.serve(vec![row("a", "on")]);
    let mut client = given();
    client["credentials"] = json!({ "client_id": "c", "client_secret": "s", "tenant": "t" });
    let account = "/v1/accounts/acme/prod";
    let connected = world.put(account, client).await.expect(201);
    assert_eq!(connected["state"], "disabled", "{connected}");

    let begin = async || {
        let host = [("host", "sando.example")];
        let path = format!("{account}:authorize");
        let login = world.call("POST", &path, None, &host).await.expect(200);
        assert_eq!(
            login["redirect_url"],
            "https://sando.example/oauth/callback"
        );
        let url = login["authorize_url"].as_str().unwrap().to_owned();
        assert!(
            url.starts_with("https://login.acme.example/authorize?response_type=code&client_id=c&"),
            "{url}"
        );
        let state = url
            .split("state=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        state.to_owned()
    };
    let come_back = async |state: &str, code: &str| {
        let path = format!("/oauth/callback?state={state}&code={code}");
        world
            .call("GET", &path, None, &[("authorization", "")])
            .await
    };

    let state = begin().await;
    come_back(&state, "forged").await.expect(409);
    assert_eq!(world.get(account).await.expect(200)["state"], "disabled");
    come_back(&state, "good").await.expect(409);
    let state = begin().await;
    come_back("another", "good").await.expect(409);
    let ended = come_back(&state, "good").await;
    assert!(
        ended.text.contains("acme/prod is connected"),
        "{}",
        ended.text
    );
    world.pass(1).await;
    assert_eq!(world.get(account).await.expect(200)["users"], 1);
    world
        .get("/oauth/callback?error=access_denied")
        .await
        .expect(400);
}
