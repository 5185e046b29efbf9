//! What is printed, and in which form.

use std::process::Stdio;

use sando_world::saas::{Paging, SaasAnswer};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::desk::{Desk, Told, many, ten};

#[tokio::test]
async fn users_are_printed_as_the_contract_says() {
    let desk = Desk::new().await;
    desk.app.list("/users", ten().at("data"));
    let fields = desk.file("fields.yaml", "seat: { type: number }\n");
    let desk = desk.with(&["--fields", fields.to_str().unwrap()]);

    let told = desk
        .pull(json!({
            "users": { "response_path": "data", "where": [{ "path": "id", "op": "is_not", "value": 3 }] },
            "custom_fields": { "seat": "id" }, "licenses": { "auto": { "name": "Acme Pro" } },
        }))
        .await;

    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(
        told.out.lines().next().unwrap(),
        r#"{"external_id":"1","email":"user1@contoso.example","username":null,"full_name":"User 1","role":"member","created_at":null,"last_visit_at":null,"active":true,"status":"Active","licenses":["Acme Pro"],"custom_fields":{"seat":1}}"#
    );
    let summary = told.summary();
    assert_eq!(summary["users"], 9);
    assert_eq!(summary["active"], 8);
    assert_eq!(summary["removed_by_where"], 1);
    assert_eq!(
        (&summary["pages"], &summary["requests"]),
        (&json!(1), &json!(1))
    );
    for key in [
        "dropped",
        "invalid_custom_fields",
        "retries",
        "bytes",
        "elapsed_ms",
        "ended_by",
    ] {
        assert!(!summary[key].is_null(), "{key}: {summary}");
    }
}

#[tokio::test]
async fn csv_has_a_header_and_the_custom_fields() {
    let desk = Desk::new().await.with(&["--format", "csv"]);
    desk.app.fixed("/users", json!([{ "id": 1, "email": "a@b.example", "name": "Park, \"Ada\"", "state": "active", "team": "R7" }]));
    let file = desk.definition(&json!({ "custom_fields": { "team": "team" } }));

    let told = desk.run("pull", &file).await;

    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(
        told.out,
        "external_id,email,username,full_name,role,created_at,last_visit_at,active,status,licenses,kind,custom_fields.team\n\
         1,a@b.example,,\"Park, \"\"Ada\"\"\",,,,true,Active,acme,,R7\n"
    );
    assert!(
        told.err.starts_with("complete: 1 users (1 active)"),
        "{}",
        told.err
    );
}

#[tokio::test]
async fn who_looks_at_a_terminal_sees_how_far_it_is_and_nobody_else_does() {
    let desk = Desk::new().await;
    desk.app.list("/users", many().paged(Paging::page()));
    let file = desk.definition(&json!({ "users": { "pagination": { "type": "page" } } }));

    let seen = desk.pull_on_a_terminal(&file).await;
    let told = desk.run("pull", &file).await;

    let progress = "users on ";
    assert_eq!((seen.code, told.code), (0, 0), "{} {}", seen.out, told.err);
    assert!(seen.out.contains(progress), "{}", seen.out);
    assert!(seen.out.contains("complete: 23 users"), "{}", seen.out);
    assert!(!told.err.contains(progress), "{}", told.err);
}

#[tokio::test]
async fn a_long_wait_that_the_application_asks_for_is_told() {
    let desk = Desk::new().await;
    desk.app.script("/users", |_| {
        SaasAnswer::error(429, &json!({})).with("retry-after", "3600")
    });
    let file = desk.definition(&json!({}));

    for command in ["pull", "preview"] {
        let mut run = desk.command(command, &file);
        run.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut waiting = run.kill_on_drop(true).spawn().unwrap();
        let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();

        let line = said.next_line().await.unwrap().unwrap();

        assert!(
            line.starts_with("acme asks to wait 3600 s, until "),
            "{line}"
        );
    }
}

/// A pull of one user, with these arguments, whose owner cannot be read.
async fn without_owners(more: &[&str]) -> Told {
    let desk = Desk::new().await.with(more);
    let row = json!([{ "id": 1, "email": "a@b.example", "role": "member" }]);
    desk.app.fixed("/users", row);
    let refused = SaasAnswer::error(403, &json!({ "message": "no" }));
    desk.app.script("/owners", move |_| refused.clone());
    let join = json!([{ "path": "/owners", "by": { "user": "id", "item": "id" }, "as": "owner" }]);
    let file = desk.definition(&json!({
        "users": { "join": join },
        "status": { "active_when": [{ "path": "owner.archived", "op": "is_not", "value": true }] },
        "custom_fields": { "team": "owner.team" },
    }));
    desk.run("pull", &file).await
}

#[tokio::test]
async fn what_is_not_known_is_printed_as_null() {
    let lines = without_owners(&["--json"]).await;
    assert_eq!(lines.code, 0, "{}", lines.err);
    assert_eq!(
        lines.out.trim(),
        r#"{"external_id":"1","email":"a@b.example","username":null,"full_name":null,"role":"member","created_at":null,"last_visit_at":null,"active":null,"status":null,"licenses":null,"custom_fields":{"team":null}}"#
    );
    assert_eq!(lines.summary()["active"], 0);

    let table = without_owners(&["--format", "csv"]).await;
    let row = "\n1,a@b.example,,,member,,,,,,,\n";
    assert!(table.out.ends_with(row), "{}", table.out);
}
