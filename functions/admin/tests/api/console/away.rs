//! What is taken away in the console: what follows is shown first, and only that is done.

use serde_json::json;

use super::Browser;
use super::by_hand::plan_of;
use crate::builder::{connected, connected_to, row};
use crate::world::world;

#[tokio::test]
async fn an_account_is_disconnected_once_what_follows_was_seen_and_its_users_are_typed() {
    let world = world();
    let rows = ["a", "b", "c", "d", "e", "f"].map(|id| row(id, "on"));
    connected_to(&world, rows.to_vec()).await;
    let account = "/console/accounts/acme/prod";
    let place = format!("{account}/disconnect");
    let mut operator = Browser::operator(&world).await;
    let theirs = operator.get(account).await.text;
    assert!(!theirs.contains(&place), "{theirs}");
    let mut admin = Browser::admin(&world).await;
    let page = admin.get(account).await.text;
    assert!(page.contains(&format!("href=\"{place}\"")), "{page}");

    let shown = admin.get(&place).await.text;
    for text in [
        "6 users are forgotten here, and stay in acme.",
        "Its credentials are deleted.",
        "Type the number of its users to confirm",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let plan = plan_of(&shown).to_owned();
    let plan = plan.as_str();
    for (plan, number, status) in [(plan, "", 422), (plan, "5", 422), ("another", "6", 409)] {
        let fields = [("plan", plan), ("number", number)];
        let refused = admin.post(&place, &fields).await;
        assert_eq!(refused.status, status, "{fields:?}: {}", refused.text);
        let is_number = refused.text.contains("aria-invalid=\"true\"");
        assert_eq!(is_number, status == 422, "{fields:?}: {}", refused.text);
    }
    world.get("/v1/accounts/acme/prod").await.expect(200);

    let done = admin.post(&place, &[("plan", plan), ("number", "6")]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), "/console/integrations");
    world.get("/v1/accounts/acme/prod").await.expect(404);
    assert!(world.fakes.secrets.of("account/acme/prod").is_none());
}

#[tokio::test]
async fn a_policy_is_deleted_as_it_was_planned() {
    let world = world();
    world.applied().await;
    world.pass(60).await;
    let mut operator = Browser::operator(&world).await;
    let mut admin = Browser::admin(&world).await;
    let file = "/console/policies/engineering";
    let place = format!("{file}/delete");
    let action = format!("action=\"{place}\"");
    assert!(admin.get(file).await.text.contains(&action));
    assert!(!operator.get(file).await.text.contains(&action));

    let shown = admin.post(&place, &[]).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    for text in [
        "Without the policy engineering: ",
        "Ada Park",
        " lost</span>",
    ] {
        assert!(shown.text.contains(text), "{text}: {}", shown.text);
    }
    world.get("/v1/policies/engineering").await.expect(200);
    let stale = admin.post(&place, &[("plan", "another")]).await;
    assert_eq!(stale.status, 409, "{}", stale.text);
    world.get("/v1/policies/engineering").await.expect(200);

    let done = admin.post(&place, &[("plan", plan_of(&shown.text))]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(done.header("location"), "/console/policies");
    let said = admin.get("/console/policies").await.text;
    assert!(said.contains("It is being deleted;"), "{said}");
    world.pass(60).await;
    world.get("/v1/policies/engineering").await.expect(404);
    let again = admin.post(&place, &[]).await;
    assert_eq!(again.status, 404, "{}", again.text);
}

#[tokio::test]
async fn a_deletion_says_what_would_still_name_the_file() {
    let world = world();
    world.configured().await;
    let mut admin = Browser::admin(&world).await;

    let app = admin.post("/console/apps/figma/delete", &[]).await.text;
    let attributes = "/console/attributes/attributes/delete";
    let attributes = admin.post(attributes, &[]).await;
    let built_in = admin.post("/console/workflows/onboard/delete", &[]).await;

    assert!(
        app.contains("<a href=\"/console/policies/engineering\">policy engineering</a>"),
        "{app}"
    );
    assert!(app.contains("there is no application `figma` yet"), "{app}");
    assert_eq!(attributes.status, 404, "{}", attributes.text);
    assert_eq!(built_in.status, 404, "{}", built_in.text);
}

#[tokio::test]
async fn a_deletion_that_took_long_to_plan_is_done_from_the_page_of_its_job() {
    let world = world();
    world.applied().await;
    world.pass(60).await;
    let change = json!({ "kind": "policy", "id": "engineering", "file": null });
    let headers = [("prefer", "respond-async")];
    let body = json!({ "changes": [change] });
    let job = world.call("POST", "/v1/plan", Some(body), &headers).await;
    let job = job.expect(202);
    world.pass(1).await;
    let mut admin = Browser::admin(&world).await;

    let page = format!("/console/jobs/{}", job["id"].as_str().unwrap());
    let page = admin.get(&page).await.text;
    let plan = [("plan", plan_of(&page))];
    let done = admin.post("/console/policies/engineering/delete", &plan);
    let done = done.await;

    assert!(page.contains("Without the policy engineering: "), "{page}");
    assert_eq!(done.status, 303, "{}", done.text);
    world.pass(60).await;
    world.get("/v1/policies/engineering").await.expect(404);
}

#[tokio::test]
async fn a_definition_is_deleted_once_nothing_is_connected_with_it() {
    let world = connected().await;
    let mut admin = Browser::admin(&world).await;
    let page = "/console/integrations/acme";
    let place = format!("{page}/delete");
    let used = admin.get(page).await.text;
    assert!(used.contains("1 account is connected with it"), "{used}");
    assert!(!used.contains(&place), "{used}");
    let refused = admin.post(&place, &[]).await;
    assert_eq!(refused.status, 409, "{}", refused.text);

    world.delete("/v1/accounts/acme/prod").await.expect(204);
    let free = admin.get(page).await.text;
    assert!(free.contains(&format!("action=\"{place}\"")), "{free}");
    let shown = admin.post(&place, &[]).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    for text in ["Nothing can be connected with it any more", "name=\"once\""] {
        assert!(shown.text.contains(text), "{text}: {}", shown.text);
    }
    let stale = admin.post(&place, &[("plan", "another")]).await;
    assert_eq!(stale.status, 409, "{}", stale.text);
    world.get("/v1/definitions/acme").await.expect(200);
    let done = admin.post(&place, &[("plan", plan_of(&shown.text))]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    world.get("/v1/definitions/acme").await.expect(404);
}
