//! Users of rosters linked to people by hand: they count as theirs wherever users are matched, follow who they are linked
//! to, and go when that is taken back.

use serde_json::{Value, json};

use crate::builder::{connected_to, definition, given};
use crate::console::{Browser, between};
use crate::identity::{merge, read, split, twins};
use crate::reports::{company, row};
use crate::world::{Answer, World, world};

const USERS: &str = "/v1/accounts/acme/prod/users";

async fn link(world: &World, user: &str, person: &str) -> Answer {
    let body = json!({ "person": person, "reason": "asked in the canteen" });
    world.put(&format!("{USERS}/{user}/person"), body).await
}

/// Whose a user is, as its page says.
async fn owner(world: &World, user: &str) -> Value {
    let user = world.get(&format!("{USERS}/{user}")).await.expect(200);
    user["owner"].clone()
}

async fn named(world: &World, name: &str) -> String {
    let people = world.get("/v1/people?limit=200").await.expect(200);
    let people = people["items"].as_array().unwrap();
    let found = people.iter().find(|one| one["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// Ada, who is here, and Bo, who left, in a world where nobody has the address of user 3.
async fn ada_and_bo() -> (World, String, String) {
    let world = company().await;
    let (ada, bo) = (
        named(&world, "Ada Park").await,
        named(&world, "=Bo()").await,
    );
    (world, ada, bo)
}

async fn residue(world: &World) -> Value {
    let residue = world.get("/v1/reports/residue").await.expect(200);
    residue["total"]["seats"].clone()
}

/// The roster is these users from now on.
async fn synced(world: &World, rows: Vec<Value>) {
    world.serve(rows);
    let sync = world.post("/v1/accounts/acme/prod:sync", json!({})).await;
    sync.expect(202);
    world.pass(60).await;
}

#[tokio::test]
async fn a_user_whom_nobody_knows_is_linked_to_a_person_and_counts_as_theirs() {
    let (world, ada, _) = ada_and_bo().await;
    assert_eq!(owner(&world, "3").await, Value::Null);

    let put = link(&world, "3", &ada).await;
    let tag = put.header("etag").to_owned();
    let put = put.expect(201);
    let again = link(&world, "3", &ada).await;
    assert_eq!(again.header("etag"), tag);
    again.expect(200);

    assert_eq!(put["person"], ada.as_str());
    assert_eq!(put["link"]["account"], "acme/prod");
    assert_eq!(put["link"]["by"], "local-admin");
    assert_eq!(put["link"]["reason"], "asked in the canteen");
    assert_eq!(owner(&world, "3").await, put);
    assert_eq!(owner(&world, "1").await["link"], Value::Null, "by address");
    let known = read(&world, &ada).await["identifiers"]["users"].clone();
    assert_eq!(known, json!([put["link"]]));
    let spend = world.get("/v1/reports/spend").await.expect(200);
    assert_eq!(spend["unknown"]["seats"], 0);
    assert_eq!(spend["by_department"]["Engineering"]["seats"], 2);
    let review = world.get("/v1/reports/review").await.expect(200);
    let seats = review["items"].as_array().unwrap();
    let seat = seats.iter().find(|one| one["external_id"] == "3").unwrap();
    assert_eq!(seat["person"], ada.as_str());
    assert_eq!(seat["flags"], json!([]));
    let file = world.get("/v1/reports/review?format=csv").await.text;
    assert_eq!(file.matches(&ada).count(), 2, "{file}");
    let path = format!("/v1/people/{ada}/timeline?limit=200");
    let trail = world.get(&path).await.text;
    assert!(trail.contains("user linked by hand"), "{trail}");
    assert!(trail.contains("asked in the canteen"), "{trail}");
}

#[tokio::test]
async fn nobody_decides_in_a_review_about_a_user_linked_to_them() {
    let (world, ada, _) = ada_and_bo().await;
    link(&world, "3", &ada).await.expect(201);
    let key =
        json!({ "name": "ada", "scopes": ["operate"], "roles": ["claimed:ada@contoso.example"] });
    let key = world.post("/v1/keys", key).await.expect(201);
    let token = format!("Bearer {}", key["secret"].as_str().unwrap());

    let own = json!({ "account": "acme/prod", "external_id": "3", "decision": "confirm", "reason": "fine" });
    let headers = [("authorization", token.as_str())];
    let path = "/v1/reports/review:decide";
    let own = world.call("POST", path, Some(own), &headers).await;

    assert_eq!(own.expect(403)["code"], "own_access");
}

#[tokio::test]
async fn what_is_linked_to_a_leaver_is_residue_and_its_owner_is_asked_to_take_it_away() {
    let (world, _, bo) = ada_and_bo().await;
    assert_eq!(residue(&world).await, 2);

    link(&world, "3", &bo).await.expect(201);
    assert_eq!(residue(&world).await, 3);
    let clear = || world.post("/v1/reports/residue:clear", json!({}));
    let cleared = clear().await.expect(200);
    world.pass(1).await;

    assert_eq!(cleared["started"], 1);
    let tasks = world.get("/v1/tasks?state=open").await.expect(200);
    let tasks = tasks["items"].as_array().unwrap();
    let mut titles: Vec<&str> = tasks
        .iter()
        .map(|task| task["title"].as_str().unwrap())
        .collect();
    titles.sort_unstable();
    assert_eq!(
        titles,
        [
            "Take away access to Acme",
            "Take away access to Acme of a linked user",
            "Take away access to Acme under another address"
        ]
    );
    assert_eq!(clear().await.expect(200)["started"], 0, "it is in hand");
}

#[tokio::test]
async fn a_link_is_taken_back_once_by_whoever_saw_it() {
    let (world, ada, bo) = ada_and_bo().await;
    let put = link(&world, "3", &ada).await;
    let tag = put.header("etag").to_owned();
    put.expect(201);
    let path = format!("{USERS}/3/person");

    let stale = [("if-match", "\"9\"")];
    let stale = world.call("DELETE", &path, None, &stale).await;
    stale.expect(412);
    let seen = [("if-match", tag.as_str())];
    let gone = world.call("DELETE", &path, None, &seen).await;
    gone.expect(204);
    world.delete(&path).await.expect(404);

    assert_eq!(owner(&world, "3").await, Value::Null);
    let known = read(&world, &ada).await["identifiers"]["users"].clone();
    assert_eq!(known, json!([]));
    let path = format!("/v1/people/{ada}/timeline?limit=200");
    let trail = world.get(&path).await.text;
    assert!(trail.contains("user unlinked by hand"), "{trail}");
    link(&world, "3", &bo).await.expect(201);
    let verified = world.post("/v1/audit:verify", json!({})).await.expect(200);
    assert_eq!(verified["ok"], true);
}

#[tokio::test]
async fn a_link_that_is_made_again_is_another_one() {
    let (world, ada, bo) = ada_and_bo().await;
    let put = link(&world, "3", &ada).await;
    let tag = put.header("etag").to_owned();
    put.expect(201);
    let mut admin = Browser::admin(&world).await;
    let page = "/console/accounts/acme/prod/users/3";
    let of_ada = admin.get(page).await.text;
    let of_ada = between(&of_ada, "name=\"seen\" value=\"", "\"").unwrap();
    let path = format!("{USERS}/3/person");
    world.delete(&path).await.expect(204);
    world.pass(1).await;
    link(&world, "3", &bo).await.expect(201);

    let seen = [("if-match", tag.as_str())];
    let stale = world.call("DELETE", &path, None, &seen).await;
    stale.expect(412);
    let unlink = format!("{page}/unlink");
    let stale = admin.post(&unlink, &[("seen", of_ada)]).await;
    assert_eq!(stale.status, 412, "{}", stale.text);
    assert_eq!(owner(&world, "3").await["person"], bo.as_str());

    let of_bo = admin.get(page).await.text;
    let of_bo = between(&of_bo, "name=\"seen\" value=\"", "\"").unwrap();
    let unlinked = admin.post(&unlink, &[("seen", of_bo)]).await;
    assert_eq!(unlinked.status, 303, "{}", unlinked.text);
    assert_eq!(owner(&world, "3").await, Value::Null);
}

#[tokio::test]
async fn what_cannot_be_linked_is_refused() {
    let (world, ada, bo) = ada_and_bo().await;
    link(&world, "3", &ada).await.expect(201);

    let taken = link(&world, "3", &bo).await.expect(409);
    let known = link(&world, "1", &bo).await.expect(409);
    link(&world, "99", &bo).await.expect(404);
    link(&world, "3", "per_nobody").await.expect(404);
    let nobody = link(&world, "3", "zoe@contoso.example").await.expect(422);
    let path = format!("{USERS}/3/person");
    let silent = json!({ "person": ada, "reason": " " });
    let silent = world.put(&path, silent).await.expect(422);
    let absent = [("if-none-match", "*")];
    let body = json!({ "person": ada, "reason": "again" });
    let there = world.call("PUT", &path, Some(body), &absent).await;
    there.expect(412);

    assert_eq!(taken["code"], "linked");
    assert_eq!(known["code"], "address_known");
    assert_eq!(nobody["errors"][0]["path"], "person");
    assert_eq!(silent["errors"][0]["path"], "reason");
    assert_eq!(owner(&world, "3").await["person"], ada.as_str());
}

#[tokio::test]
async fn an_address_counts_before_a_link() {
    let (world, _, bo) = ada_and_bo().await;
    link(&world, "3", &bo).await.expect(201);
    assert_eq!(residue(&world).await, 3);

    let cy = json!({ "attributes": { "name": "Cy Moor", "work_email": "stranger@contoso.example" },
        "start_date": "2026-03-02" });
    let cy = world.put("/v1/people/hr-3", cy).await.expect(201);

    let owned = owner(&world, "3").await;
    assert_eq!(owned["person"], cy["id"]);
    assert_eq!(owned["link"], Value::Null);
    assert_eq!(residue(&world).await, 2);
    let cleared = world.post("/v1/reports/residue:clear", json!({})).await;
    cleared.expect(200);
    world.pass(1).await;
    let tasks = world.get("/v1/tasks?state=open").await.text;
    assert!(!tasks.contains("of a linked user"), "{tasks}");

    // The link is shown with its end.
    let mut admin = Browser::admin(&world).await;
    let page = "/console/accounts/acme/prod/users/3";
    let shown = admin.get(page).await.text;
    for said in ["Known by the address.", "that does not count", bo.as_str()] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    let unlinked = admin.post(&format!("{page}/unlink"), &[]).await;
    assert_eq!(unlinked.status, 303, "{}", unlinked.text);
    let shown = admin.get(page).await.text;
    assert!(!shown.contains("that does not count"), "{shown}");
    let known = read(&world, &bo).await["identifiers"]["users"].clone();
    assert_eq!(known, json!([]));
}

#[tokio::test]
async fn a_link_stays_while_its_user_without_an_address_is_gone_from_the_roster() {
    let world = world();
    let bo = json!({ "attributes": { "name": "Bo Lind", "work_email": "bo@contoso.example" },
        "start_date": "2026-03-02", "end_date": "2026-12-31" });
    let bo = world.put("/v1/people/hr-2", bo).await.expect(201);
    let bo = bo["id"].as_str().unwrap();
    let mut file = definition();
    file["users_without_email"] = json!("keep");
    world.put("/v1/definitions/acme", file).await.expect(201);
    let rows = || {
        vec![
            json!({ "id": "7", "mail": null, "state": "on" }),
            json!({ "id": "8", "mail": "zoe@contoso.example", "state": "on" }),
        ]
    };
    world.serve(rows());
    let account = world.put("/v1/accounts/acme/prod", given()).await;
    account.expect(201);
    world.pass(1).await;

    link(&world, "7", bo).await.expect(201);
    assert_eq!(residue(&world).await, 1);
    synced(&world, rows().split_off(1)).await;
    assert_eq!(residue(&world).await, 0);
    assert_eq!(owner(&world, "7").await["person"], bo);
    synced(&world, rows()).await;
    assert_eq!(residue(&world).await, 1);
    world.delete(&format!("{USERS}/7/person")).await.expect(204);
    synced(&world, rows().split_off(1)).await;
    let gone = link(&world, "7", bo).await.expect(409);

    assert_eq!(gone["code"], "vanished");
}

/// Ada, and who was merged into her after user 9 was linked to them.
async fn merged_with_a_link() -> (World, String, String) {
    let world = world();
    let (ada, twin) = twins(&world).await;
    connected_to(&world, vec![row("9", "visitor@mail.example", "")]).await;
    link(&world, "9", &twin).await.expect(201);
    merge(&world, &twin, &ada).await.expect(200);
    world.pass(120).await;
    (world, ada, twin)
}

#[tokio::test]
async fn a_link_follows_a_merge_and_comes_back_with_a_split() {
    let (world, ada, twin) = merged_with_a_link().await;

    assert_eq!(owner(&world, "9").await["person"], ada.as_str());
    let known = read(&world, &ada).await["identifiers"]["users"].clone();
    assert_eq!(known[0]["external_id"], "9");
    let gone = link(&world, "9", &twin).await.expect(409);
    assert_eq!(gone["code"], "linked");

    split(&world, &ada, &[&twin]).await.expect(200);
    world.pass(120).await;
    assert_eq!(owner(&world, "9").await["person"], twin.as_str());
    let known = read(&world, &ada).await["identifiers"]["users"].clone();
    assert_eq!(known, json!([]));
}

#[tokio::test]
async fn a_link_taken_back_after_a_merge_does_not_come_back_with_a_split() {
    let (world, ada, twin) = merged_with_a_link().await;

    let path = format!("{USERS}/9/person");
    world.delete(&path).await.expect(204);
    split(&world, &ada, &[&twin]).await.expect(200);
    world.pass(120).await;

    assert_eq!(owner(&world, "9").await, Value::Null);
    for id in [&ada, &twin] {
        let known = read(&world, id).await["identifiers"]["users"].clone();
        assert_eq!(known, json!([]), "{id}");
    }
    link(&world, "9", &ada).await.expect(201);
}

#[tokio::test]
async fn a_later_split_takes_no_link_from_who_has_it_by_then() {
    let (world, ada, twin) = merged_with_a_link().await;
    split(&world, &ada, &["acme/prod/9"]).await.expect(200);
    world.pass(60).await;
    let path = format!("{USERS}/9/person");
    world.delete(&path).await.expect(204);
    link(&world, "9", &ada).await.expect(201);

    split(&world, &ada, &[&twin]).await.expect(200);
    world.pass(120).await;

    assert_eq!(owner(&world, "9").await["person"], ada.as_str());
    world.delete(&path).await.expect(204);
    assert_eq!(owner(&world, "9").await, Value::Null);
}

#[tokio::test]
async fn a_link_is_erased_with_the_person() {
    let (world, ada, bo) = ada_and_bo().await;
    link(&world, "3", &bo).await.expect(201);
    world.pass(60).await;
    let tells = || {
        let items = world.memory.items();
        items.iter().any(|item| item.body.contains("canteen"))
    };
    assert!(tells(), "the link keeps its reason");

    let path = format!("/v1/people/{bo}:erase");
    let erased = world.post(&path, json!({ "reason": "request 4711" })).await;
    assert_eq!(erased.expect(200)["erased"], true);

    assert_eq!(owner(&world, "3").await, Value::Null);
    assert!(!tells(), "the reason is gone");
    let items = world.memory.items();
    let mut claims = items.iter().filter(|item| item.kind == "claim");
    assert!(!claims.any(|item| item.body.contains(&bo)));
    link(&world, "3", &ada).await.expect(201);
}

#[tokio::test]
async fn who_is_erased_takes_no_user_along_whose_address_is_somebody_elses() {
    let (world, _, bo) = ada_and_bo().await;
    link(&world, "3", &bo).await.expect(201);
    let cy = json!({ "attributes": { "name": "Cy Moor", "work_email": "stranger@contoso.example" },
        "start_date": "2026-03-02" });
    let cy = world.put("/v1/people/hr-3", cy).await.expect(201);
    let left = vec![
        row("1", "ada@contoso.example", ""),
        row("2", "bo@contoso.example", ""),
        row("4", "bo@mail.example", ""),
    ];
    synced(&world, left).await;

    let path = format!("/v1/people/{bo}:erase");
    let erased = world.post(&path, json!({ "reason": "request 4711" })).await;
    assert_eq!(erased.expect(200)["erased"], true);

    assert_eq!(owner(&world, "3").await["person"], cy["id"]);
}

#[tokio::test]
async fn a_link_ends_with_the_connection() {
    let (world, ada, _) = ada_and_bo().await;
    link(&world, "3", &ada).await.expect(201);

    world.delete("/v1/accounts/acme/prod").await.expect(204);
    world.pass(60).await;
    let account = world.put("/v1/accounts/acme/prod", given()).await;
    account.expect(201);
    world.pass(60).await;

    assert_eq!(owner(&world, "3").await, Value::Null);
    link(&world, "3", &ada).await.expect(201);
    assert_eq!(owner(&world, "3").await["person"], ada.as_str());
    let known = read(&world, &ada).await["identifiers"]["users"].clone();
    assert_eq!(known.as_array().unwrap().len(), 1, "the old one is gone");
}

#[tokio::test]
async fn an_administrator_links_and_unlinks_on_the_page_of_a_user() {
    let (world, ada, _) = ada_and_bo().await;
    let page = "/console/accounts/acme/prod/users/3";
    let mut admin = Browser::admin(&world).await;
    let before = admin.get(page).await.text;
    assert!(before.contains("Nobody who is known"), "{before}");

    let wrong = [("person", "nobody"), ("reason", "x")];
    let wrong = admin.post(&format!("{page}/person"), &wrong).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("value=\"nobody\""), "{}", wrong.text);
    let fields = [("person", "ada@contoso.example"), ("reason", "her second")];
    let linked = admin.post(&format!("{page}/person"), &fields).await;
    assert_eq!(linked.status, 303, "{}", linked.text);
    assert_eq!(linked.header("location"), page);
    let shown = admin.get(page).await.text;
    assert!(shown.contains("Linked by hand") && shown.contains("her second"));
    assert!(shown.contains(&format!("/console/people/{ada}")), "{shown}");
    let person = format!("/console/people/{ada}/identity");
    assert!(admin.get(&person).await.text.contains("acme/prod/3"));
    let mut operator = Browser::operator(&world).await;
    let looks = operator.get(page).await.text;
    assert!(!looks.contains(&format!("{page}/unlink")), "{looks}");

    let unlinked = admin.post(&format!("{page}/unlink"), &[]).await;
    assert_eq!(unlinked.status, 303, "{}", unlinked.text);
    assert_eq!(owner(&world, "3").await, Value::Null);
    let review = admin.get("/console/reports/review").await.text;
    let to_say = format!("<a href=\"{page}\">Nobody who is known</a>");
    assert!(review.contains(&to_say), "{review}");
}

#[tokio::test]
async fn a_reason_may_be_as_long_as_its_field_lets_it_be() {
    let (world, _, _) = ada_and_bo().await;
    let mut admin = Browser::admin(&world).await;
    let page = "/console/accounts/acme/prod/users/3";
    let shown = admin.get(page).await.text;
    let longest = between(&shown, "name=\"reason\" maxlength=\"", "\"").expect(&shown);
    let longest: usize = longest.parse().unwrap();

    for (length, status) in [(longest + 1, 422), (longest, 303)] {
        let reason = "x".repeat(length);
        let fields = [
            ("person", "ada@contoso.example"),
            ("reason", reason.as_str()),
        ];
        let linked = admin.post(&format!("{page}/person"), &fields).await;
        assert_eq!(linked.status, status, "{length}: {}", linked.text);
    }
}
