//! Markup in every value from outside shows as text.

use serde_json::json;

use super::{Browser, everything, hostile};
use crate::builder::{definition, given};
use crate::world::{World, world};

/// What no page may ever contain as it is.
pub(super) const MARKUP: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'";

/// Pages that show a name which is markup: of the person, or of the application.
const NAMING: [&str; 6] = [
    "/console/people",
    "/console/people/{id}",
    "/console/people/{id}/access",
    "/console/people/{id}/terminate",
    "/console/people/{id}/correct",
    "/approvals/{id}",
];

#[tokio::test]
async fn markup_from_outside_is_text_on_every_page() {
    let (world, mut fixture) = everything().await;
    let person = world
        .put("/v1/people/hr-2", hostile_with_address())
        .await
        .expect(201);
    fixture.person = person["id"].as_str().unwrap().to_owned();
    let row = json!({ "id": "h", "mail": "h@contoso.example", "state": MARKUP });
    let mut rows = vec![row];
    rows.extend(
        ["a/1", "b"]
            .map(|id| json!({ "id": id, "mail": format!("{id}@contoso.example"), "state": "on" })),
    );
    world.serve(rows);
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
    let leave = json!({ "at": "2027-05-01T00:00:00Z", "reason": MARKUP });
    world
        .post(&format!("/v1/people/{}:terminate", fixture.person), leave)
        .await
        .expect(200);
    let key = json!({ "name": format!("k{MARKUP}"), "scopes": ["admin"], "roles": [MARKUP] });
    let key = world.post("/v1/keys", key).await.expect(201);
    let app = json!({ "name": MARKUP, "owner": MARKUP, "provisioner": { "type": "scim", "base_url": "https://figma.example/scim" } });
    world.put("/v1/apps/figma", app).await.expect(200);

    let mut browser = Browser::signed_in(&world, key["secret"].as_str().unwrap()).await;
    for page in sando_admin::console_pages() {
        let path = fixture.fill(page).replace("a%2F1", "h");
        let answer = browser.get(&path).await;
        let is_there = answer.status == 200 || path.ends_with("/held");
        assert!(is_there, "{path}: {} {}", answer.status, answer.text);
        let times = shown_as_text(&path, &answer.text);
        // Whoever looks is named twice beside each page.
        let least = if NAMING.contains(&page) { 3 } else { 0 };
        assert!(times >= least, "{path}, {times}: {}", answer.text);
    }
}

/// What no page may contain, and how often it was shown as text.
#[track_caller]
pub(super) fn shown_as_text(path: &str, text: &str) -> usize {
    for bad in ["<script>alert", "<img src=x", "\"><script>alert"] {
        assert!(!text.contains(bad), "{path}: {text}");
    }
    text.matches("&lt;script&gt;alert(1)").count()
}

/// Each page is there, and shows markup as text so often at least.
pub(super) async fn all_text(browser: &mut Browser<'_>, pages: &[(String, usize)]) {
    for (path, least) in pages {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let times = shown_as_text(path, &page.text);
        assert!(times >= *least, "{path}, {times}: {}", page.text);
    }
}

/// Acme, whose every word is markup, connected.
async fn hostile_acme() -> World {
    let world = world();
    let mut file = definition();
    file["name"] = json!(MARKUP);
    file["map"] = json!({ "external_id": "id", "email": "mail", "full_name": "name", "username": "login", "role": "role" });
    file["status"]["in_app"] = json!({ "field": "said" });
    file["licenses"] = json!({ "auto": { "name": MARKUP } });
    file["custom_fields"] = json!({ "note": "note" });
    let app = json!({ "name": MARKUP, "owner": MARKUP });
    world.put("/v1/apps/acme", app).await.expect(201);
    world.put("/v1/definitions/acme", file).await.expect(201);
    let row = |id: &str| {
        json!({ "id": id, "mail": format!("{id}@contoso.example"), "state": "on", "name": MARKUP,
            "login": MARKUP, "role": MARKUP, "said": MARKUP, "note": MARKUP })
    };
    world.serve(vec![row("h"), row("i")]);
    world
        .put("/v1/accounts/acme/prod", given())
        .await
        .expect(201);
    world.pass(1).await;
    world
}

#[tokio::test]
async fn a_hostile_application_writes_text_into_every_field_and_nothing_else() {
    let world = hostile_acme().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/accounts/acme/prod";
    let licence: String = url::form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect();
    let licence = licence.replace('+', "%20");

    let pages = [
        // Name, user name, role, own status, licence, custom field.
        (format!("{place}/users/h"), 6),
        (format!("{place}/users"), 4),
        ("/console/integrations".to_owned(), 1),
        ("/console/integrations/acme".to_owned(), 1),
        ("/console/connect/acme".to_owned(), 1),
        ("/console/spend".to_owned(), 1),
        (format!("/console/licences/acme/{licence}"), 2),
        ("/console/reports/review".to_owned(), 1),
    ];
    all_text(&mut browser, &pages).await;
}

#[tokio::test]
async fn a_hostile_application_refuses_and_empties_its_list_in_text() {
    let world = hostile_acme().await;
    let mut browser = Browser::admin(&world).await;
    let place = "/console/accounts/acme/prod";

    // Once it refuses, with markup for a reason.
    *world.fakes.says.lock().unwrap() = Some(MARKUP.to_owned());
    world.refuse_reading(Some(400));
    world
        .post("/v1/accounts/acme/prod:sync", json!({}))
        .await
        .expect(202);
    world.pass(1).await;
    let pages = [
        (place.to_owned(), 1),
        (format!("{place}/syncs/syn_2"), 1),
        ("/console".to_owned(), 0),
        ("/console/integrations".to_owned(), 1),
    ];
    all_text(&mut browser, &pages).await;
    let test = browser.post(&format!("{place}/test"), &[]).await.text;
    assert!(shown_as_text("the test", &test) >= 1, "{test}");

    // Then nobody is there any more, and their names are in question.
    world.refuse_reading(None);
    world.serve(Vec::new());
    world
        .post("/v1/accounts/acme/prod:enable", json!({}))
        .await
        .expect(200);
    world.pass(1).await;
    all_text(&mut browser, &[(format!("{place}/held"), 2)]).await;
}

fn hostile_with_address() -> serde_json::Value {
    let mut person = hostile();
    person["attributes"]["personal_email"] = json!("mallory@mail.example");
    person["attributes"]["work_email"] = json!("mallory@contoso.example");
    person
}

#[tokio::test]
async fn what_is_typed_into_a_form_or_address_comes_back_as_text() {
    let (world, _) = everything().await;
    let mut browser = Browser::admin(&world).await;
    let query: String = url::form_urlencoded::byte_serialize(MARKUP.as_bytes()).collect();
    let mut texts = Vec::new();
    for path in [
        "/console/people?q=",
        "/console/audit?stream=",
        "/console/accounts/acme/prod/users?q=",
        "/console/people?state=",
    ] {
        texts.push(browser.get(&format!("{path}{query}")).await.text);
    }
    let file = [("file", MARKUP)];
    texts.push(
        browser
            .post("/console/policies/engineering/changes", &file)
            .await
            .text,
    );
    let account = [("account", MARKUP), ("variables.domain", MARKUP)];
    texts.push(browser.post("/console/connect/acme", &account).await.text);
    texts.push(
        browser
            .get(&format!("/console/sign-in?next=/console/{query}"))
            .await
            .text,
    );
    for text in texts {
        assert!(
            !text.contains("<script>alert") && !text.contains("<img src=x"),
            "{text}"
        );
    }
}
