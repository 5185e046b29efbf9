//! Who may do what: no address does for a viewer what an operator does, and no form counts that is not ours.

use axum::body::Body;
use serde_json::json;

use super::{Browser, everything};
use crate::world::world;

/// Forms that everybody has who can sign in.
const FOR_ALL: &[&str] = &[
    "/console/sign-in",
    "/console/sign-out",
    "/console/shortcuts",
];

#[tokio::test]
async fn a_viewer_does_an_operators_work_by_no_address() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &["it-admin"]).await;
    let plan = fixture.approval["plan_hash"].as_str().unwrap();
    let fields = [
        ("decision", "approve"),
        ("plan", plan),
        ("name", "Ada Park"),
        ("when", "now"),
        ("accept", "all"),
        ("reason", "x"),
        ("file", "{}"),
        ("account", "second"),
    ];
    let before = world.get("/v1/audit?stream=config&limit=200").await.text;
    for path in sando_admin::console_posts() {
        if FOR_ALL.contains(&path) {
            continue;
        }
        let path = fixture.fill(path);
        let answer = viewer.post(&path, &fields).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text);
        assert!(
            answer.text.contains("takes the role"),
            "{path}: {}",
            answer.text
        );
    }
    let after = world.get("/v1/audit?stream=config&limit=200").await.text;
    assert_eq!(before, after, "nothing was done");
    let run = world.run_of(&fixture.person).await;
    assert_eq!(run["state"], "running");
}

/// Every form of the router is in the list: a new one fails until it says whom it lets in.
#[tokio::test]
async fn each_form_lets_in_the_roles_that_it_is_for() {
    let (world, fixture) = everything().await;
    let mut roles = Vec::new();
    for (role, scope) in [
        ("viewer", "read"),
        ("operator", "operate"),
        ("approver", "approve"),
    ] {
        roles.push((role, Browser::with(&world, scope, &["it-admin"]).await));
    }
    let mut listed = Vec::new();
    for path in sando_admin::console_posts() {
        if FOR_ALL.contains(&path) {
            continue;
        }
        let filled = fixture.fill(path);
        let mut let_in = Vec::new();
        for (role, browser) in &mut roles {
            let answer = browser.post(&filled, &[]).await;
            if answer.status != 403 {
                let_in.push(*role);
                continue;
            }
            let text = &answer.text;
            assert!(text.contains("takes the role"), "{role} {path}: {text}");
        }
        if let_in.is_empty() {
            let_in.push("administrator");
        }
        listed.push(format!("{} {path}", let_in.join(", ")));
    }

    insta::assert_snapshot!("forms", listed.join("\n"));
}

#[tokio::test]
async fn an_address_without_a_form_takes_nothing_from_anybody() {
    let (world, fixture) = everything().await;
    let mut admin = Browser::admin(&world).await;
    let forms = sando_admin::console_posts();
    for path in sando_admin::console_pages() {
        let filled = fixture.fill(path);
        if !forms.contains(&path) {
            let answer = admin.post(&filled, &[]).await;
            assert_eq!(answer.status, 405, "POST {path}: {}", answer.text);
        }
        for method in ["PUT", "PATCH", "DELETE"] {
            let request = admin.request(method, &filled).body(Body::empty());
            let answer = admin.send(request.unwrap()).await;
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn an_approver_sees_what_a_decision_needs_and_nothing_else() {
    let (world, fixture) = everything().await;
    let mut asked = Browser::with(&world, "approve", &["it-admin"]).await;
    let mut other = Browser::with(&world, "approve", &["finance"]).await;
    let place = fixture.fill("/approvals/{id}");

    assert_eq!(asked.get(&place).await.status, 200);
    let body = json!({ "name": "a key", "scopes": ["approve"], "roles": [] });
    let key = world.post("/v1/keys", body).await.expect(201);
    let entered = Browser::new(&world);
    let entered = { entered }
        .post(
            "/console/sign-in",
            &[("key", key["secret"].as_str().unwrap())],
        )
        .await;
    assert_eq!(entered.header("location"), "/console/inbox");
    assert!(asked.get("/console/inbox").await.text.contains(&place));
    assert_eq!(other.get(&place).await.status, 404, "it is somebody else's");
    assert!(!other.get("/console/inbox").await.text.contains(&place));
    for path in sando_admin::console_pages() {
        let open = ["/console/sign-in", "/console/inbox", "/approvals/{id}"];
        if !open.contains(&path) {
            let answer = asked.get(&fixture.fill(path)).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(!answer.text.contains("Ada"), "{path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_viewer_is_told_why_there_is_no_button() {
    let (world, fixture) = everything().await;
    let mut viewer = Browser::with(&world, "read", &[]).await;
    let person = viewer.get(&fixture.fill("/console/people/{id}")).await;
    assert_eq!(person.status, 200);
    assert!(!person.text.contains("/terminate"), "{}", person.text);
    assert!(person.text.contains("That takes the role operator."));
    let account = viewer.get("/console/accounts/acme/prod").await;
    assert!(!account.text.contains("/sync\""), "{}", account.text);
    for path in [
        "/console/runs/{id}",
        "/console/tasks/{id}",
        "/console/integrations/{id}",
    ] {
        let text = viewer.get(&fixture.fill(path)).await.text;
        assert!(
            text.contains("That takes the role operator."),
            "{path}: {text}"
        );
    }
    let terminate = viewer
        .get(&fixture.fill("/console/people/{id}/terminate"))
        .await;
    assert_eq!(terminate.status, 403);
}

#[tokio::test]
async fn a_form_of_another_site_counts_for_nothing() {
    let (world, fixture) = everything().await;
    let mut admin = Browser::admin(&world).await;
    let csrf = admin.csrf.clone();
    let ours = Some("https://sando.example");
    for path in sando_admin::console_posts() {
        let path = fixture.fill(path);
        let fields = [("csrf", csrf.as_str()), ("key", crate::world::TOKEN)];
        for origin in [
            None,
            Some("null"),
            Some("https://evil.example"),
            Some("https://sando.example.evil.example"),
            Some("https://sando.example:444"),
        ] {
            let answer = admin.post_as(&path, origin, &fields).await;
            assert_eq!(answer.status, 403, "{path} {origin:?}");
        }
        for wrong in ["", "0", &csrf[1..]] {
            let answer = admin.post_as(&path, ours, &[("csrf", wrong)]).await;
            assert_eq!(answer.status, 403, "{path} {wrong}");
            assert!(answer.text.contains("nothing was done"), "{}", answer.text);
        }
    }
    assert_eq!(admin.get("/console").await.status, 200, "still signed in");
}

#[tokio::test]
async fn a_form_of_another_session_counts_for_nothing() {
    let world = world();
    let other = Browser::admin(&world).await.csrf;
    let mut admin = Browser::admin(&world).await;
    assert_ne!(admin.csrf, other);

    admin.csrf = other;
    let answer = admin.post("/console/sign-out", &[]).await;

    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_form_of_whoever_was_signed_out_says_so() {
    let (world, fixture) = everything().await;
    let mut nobody = Browser::new(&world);
    for path in sando_admin::console_posts() {
        if path != "/console/sign-in" {
            let answer = nobody.post(&fixture.fill(path), &[]).await;
            assert_eq!(answer.status, 401, "{path}: {}", answer.text);
            assert!(
                answer.text.contains("not signed in any more"),
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let world = world();
    let mut admin = Browser::admin(&world).await;
    let large = "x".repeat(1024 * 1024);
    let answer = admin
        .post("/console/policies/a/changes", &[("file", &large)])
        .await;
    assert_eq!(answer.status, 413);
}
