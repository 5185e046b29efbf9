//! Lists that loop, lie or are cut: exit code 1, never a silent end.

use std::time::Duration;

use sando_world::saas::{Flow, List, Paging, Quirk, SaasAnswer};
use sando_world::{Fault, FaultKind};
use serde_json::json;

use crate::desk::{Desk, many};

/// What an error begins with.
const WHERE: &str = "acme, the list of users (GET /users";

#[tokio::test]
async fn loops_are_errors_and_never_an_end() {
    for (list, pagination, path) in [
        (
            many()
                .paged(Paging::cursor("next"))
                .at("data")
                .quirk(Quirk::Circle),
            json!({ "type": "cursor", "path": "next" }),
            "data",
        ),
        (
            many()
                .paged(Paging::next_url("next"))
                .at("data")
                .quirk(Quirk::Circle),
            json!({ "type": "next_url", "path": "next" }),
            "data",
        ),
        (
            many().paged(Paging::page()).quirk(Quirk::LastAgain),
            json!({ "type": "page" }),
            "",
        ),
        (
            many().paged(Paging::offset()).quirk(Quirk::FirstAgain),
            json!({ "type": "offset", "size": 5 }),
            "",
        ),
    ] {
        let desk = Desk::new().await;

        let told = desk.paged(list, pagination.clone(), path).await;

        assert_eq!(told.code, 1, "{pagination}: {}", told.err);
        assert_eq!(told.summary()["failure"]["class"], "shape", "{pagination}");
    }
    let desk = Desk::new().await;
    let own = many()
        .paged(Paging::next_url("next"))
        .at("data")
        .quirk(Quirk::SelfAgain);
    desk.paged(own, json!({ "type": "next_url", "path": "next" }), "data")
        .await
        .are_all(23);
}

#[tokio::test]
async fn a_list_that_is_cut_before_its_total_is_incomplete() {
    let desk = Desk::new().await;
    let cut = many()
        .paged(Paging::offset())
        .at("data")
        .total("total")
        .quirk(Quirk::Cut(12));
    let pagination = json!({ "type": "offset", "size": 5, "total_path": "total" });
    let told = desk.paged(cut, pagination, "data").await;

    assert_eq!(told.code, 1, "{}", told.err);
    assert_eq!(told.users.len(), 12);
    assert_eq!(told.summary()["users"], 12);
}

#[tokio::test]
async fn answers_that_are_no_list_are_told_apart() {
    let html = || SaasAnswer::text(200, "text/html", "<!doctype html><title>Log in</title>");
    let lies: Vec<(SaasAnswer, &str)> = vec![
        (html(), "web page"),
        (
            SaasAnswer::text(200, "application/json", "[{\"id\": 1"),
            "JSON",
        ),
        (
            SaasAnswer::text(200, "application/json", &"[".repeat(100_000)),
            "128 levels deep",
        ),
        (SaasAnswer::json(&json!({ "users": [] })), "no list"),
        (SaasAnswer::error(206, &json!([])), "206"),
        (
            SaasAnswer::error(302, &json!([])).with("location", "https://evil.example/"),
            "evil.example",
        ),
        (
            SaasAnswer::error(404, &json!({ "message": "no such team" })),
            "no such team",
        ),
        (
            SaasAnswer {
                body: vec![0xFF, 0xFE, b'['],
                ..SaasAnswer::json(&json!([]))
            },
            "UTF-8",
        ),
        (
            SaasAnswer::text(200, "application/json", "[").flowing(Flow::Stalls),
            "within",
        ),
    ];
    for (answer, why) in lies {
        let desk = Desk::new().await;
        desk.app.script("/users", move |_| answer.clone());
        // A stalled body is tried again six times.
        let told = desk.pull(json!({ "limits": { "timeout_secs": 1 } })).await;

        assert_eq!(told.code, 1, "{why}: {}", told.err);
        assert!(told.err.contains(why), "{why}: {}", told.err);
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_and_counted() {
    let desk = Desk::new().await;
    let faults = desk.app.faults();
    faults.push(Fault::on("GET", "page=2", FaultKind::Status(503)));
    faults.push(Fault::on("GET", "page=3", FaultKind::CutBefore));
    faults.push(Fault::on(
        "GET",
        "page=4",
        FaultKind::Retry429 {
            retry_after: Some(1),
        },
    ));

    let told = desk
        .paged(many().paged(Paging::page()), json!({ "type": "page" }), "")
        .await;

    told.are_all(23);
    assert_eq!(told.summary()["retries"], 3);
    assert_eq!(told.summary()["requests"], 9);
}

#[tokio::test]
async fn an_error_with_status_200_is_one_where_the_definition_says_so() {
    let desk = Desk::new().await;
    desk.app
        .fixed("/users", json!({ "ok": false, "error": "missing_scope" }));

    let told = desk
        .pull(json!({ "users": { "response_path": "members" },
            "errors": [{ "status": [200], "when": [{ "path": "ok", "op": "is", "value": false }], "do": "fail", "message": "error" }] }))
        .await;

    told.is_incomplete("missing_scope");
}

#[tokio::test]
async fn a_page_of_a_gigabyte_is_cut_at_the_limit() {
    let blanks = " ".repeat(1 << 20);
    let large = SaasAnswer::text(200, "application/json", &blanks).flowing(Flow::Again(1_024));
    let desk = Desk::new().await;
    desk.app.script("/users", move |_| large.clone());
    let file = desk.definition(&json!({ "limits": { "timeout_secs": 60 } }));

    let (told, mib) = desk.run_and_measure("pull", &file).await;

    assert_eq!((told.code, told.users.len()), (1, 0), "{}", told.err);
    assert!(told.err.contains(WHERE), "{}", told.err);
    let cause = "larger than 67108864 bytes";
    assert!(told.err.contains(cause), "{}", told.err);
    assert_eq!(desk.app.asked().len(), 1, "it is not asked for again");
    assert!((1..192).contains(&mib), "{mib} MiB");
}

#[tokio::test]
async fn a_body_that_drips_is_ended_by_the_limit_of_time() {
    let desk = Desk::new().await;
    let page = SaasAnswer::json(&json!(List::users(100)));
    let page = page.flowing(Flow::Drips(Duration::from_millis(50)));
    desk.app.script("/users", move |_| page.clone());
    let file = desk.definition(&json!({ "limits": { "timeout_secs": 1 } }));

    let told = desk.run("pull", &file).await;

    assert_eq!((told.code, told.users.len()), (1, 0), "{}", told.err);
    assert!(told.err.contains(WHERE), "{}", told.err);
    assert!(told.err.contains("within 1 s"), "{}", told.err);
    assert_eq!(desk.app.asked().len(), 6, "it is tried again five times");
}
