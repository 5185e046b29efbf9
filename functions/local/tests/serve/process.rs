//! The real binary: a hire from webhook to note, kills, a second process, stopping, backup and restore.

use std::process::Output;
use std::time::Duration;

use crate::support::{Around, Sando, sando};
use sando_world::{Fault, FaultKind, NewCandidate, wait_until};
use serde_json::{Value, json};

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hire_becomes_accounts_and_a_leaver_loses_them() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let sando = Sando::start(folder.path(), &around).await;
    sando.configure(&around).await;
    around.connect(&sando);

    let ids = around
        .lever
        .create_candidate(NewCandidate::named("Ada Park").department("Engineering"));
    around.lever.hire(&ids.opportunity).unwrap();
    sando.runs_end(1).await;

    let users: Vec<String> = around
        .mail
        .users()
        .into_iter()
        .map(|user| user.user_name)
        .collect();
    assert_eq!(users, ["ada.park@contoso.example"]);
    assert_eq!(around.wiki.members().len(), 1);
    assert_eq!(around.lever.notes(&ids.opportunity).len(), 1);
    let people = sando.get("/v1/people").await;
    let person = people["items"][0]["id"].as_str().unwrap().to_owned();
    let access = sando.get(&format!("/v1/people/{person}/access")).await;
    assert_eq!(access["plan"], json!([]), "{access}");
    assert_eq!(access["actual"].as_array().unwrap().len(), 2, "{access}");

    let leave = json!({ "at": "now", "reason": "a test" });
    let (status, answer) = sando
        .call("POST", &format!("/v1/people/{person}:terminate"), leave)
        .await;
    assert!(status < 300, "{status} {answer}");
    sando.runs_end(2).await;

    assert!(!around.mail.users()[0].active);
    assert_eq!(around.wiki.members()[0].state, "suspended");
    let verified = sando.call("POST", "/v1/audit:verify", json!({})).await.1;
    assert_eq!(verified["ok"], Value::Bool(true), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let sando = Sando::start(folder.path(), &around).await;
    sando.configure(&around).await;
    let ids = around
        .lever
        .create_candidate(NewCandidate::named("Ada Park"));
    around.connect(&sando);
    around.lever.hire(&ids.opportunity).unwrap();
    let begun = || !around.lever.deliveries().is_empty();
    wait_until(Duration::from_secs(20), async || begun())
        .await
        .unwrap();

    sando.kill();
    let sando = Sando::start(folder.path(), &around).await;
    sando.runs_end(1).await;

    assert_eq!(around.mail.users().len(), 1);
    assert_eq!(around.wiki.members().len(), 1);
    assert_eq!(around.lever.notes(&ids.opportunity).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_finishes_what_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let mut first = Sando::start(folder.path(), &around).await;
    first.configure(&around).await;
    around.connect(&first);
    let faults = around.wiki.faults();
    faults.push(Fault::on("POST", "/members", FaultKind::Held));
    let ids = around
        .lever
        .create_candidate(NewCandidate::named("Ada Park"));
    around.lever.hire(&ids.opportunity).unwrap();
    let waits_for_the_wiki = async || faults.injected() == 1;
    wait_until(Duration::from_secs(60), waits_for_the_wiki)
        .await
        .unwrap();

    first.ask_to_stop();
    wait_until(Duration::from_secs(60), async || !first.listens())
        .await
        .unwrap();
    let before = (first.is_running(), around.wiki.members().len());
    faults.clear();
    assert!(first.ends_well());

    assert_eq!(before, (true, 0), "it waits for the answer");
    assert_eq!(around.wiki.members().len(), 1);
    let second = Sando::start(folder.path(), &around).await;
    second.runs_end(1).await;
    let runs = second.get("/v1/runs").await;
    let run = runs["items"][0]["id"].as_str().unwrap();
    let run = second.get(&format!("/v1/runs/{run}")).await;
    let steps = run["steps"].as_array().unwrap();
    let wiki = steps.iter().find(|step| step["app"] == "wiki").unwrap();
    let attempts = wiki["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 1, "{wiki}");
    assert_eq!(attempts[0]["request"], "create", "{wiki}");
    assert_eq!(attempts[0]["status"], "ok", "its answer was taken in");
    assert_eq!(around.wiki.traffic().count("POST", "/members"), 1);
    assert_eq!(around.lever.notes(&ids.opportunity).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_folder_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let first = Sando::start(folder.path(), &around).await;

    let second = sando(&["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();

    assert_eq!(second.status.code(), Some(1));
    assert!(
        said(&second).contains("another Sando is working on"),
        "{}",
        said(&second)
    );
    assert!(first.stop(), "SIGTERM ends it well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy, back) = (
        folder.path().join("data"),
        folder.path().join("copy"),
        folder.path().join("back"),
    );
    let around = Around::start().await;
    let first = Sando::start(&data, &around).await;
    first.configure(&around).await;
    let refused = sando(&["backup", "--data"])
        .arg(&data)
        .arg(&copy)
        .output()
        .unwrap();
    assert_eq!(
        refused.status.code(),
        Some(1),
        "a running Sando is not copied: {}",
        said(&refused)
    );
    assert!(first.stop());

    let made = sando(&["backup", "--data"])
        .arg(&data)
        .arg(&copy)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", said(&made));
    let restored = sando(&["restore", "--data"])
        .arg(&back)
        .arg(&copy)
        .output()
        .unwrap();
    assert!(restored.status.success(), "{}", said(&restored));
    let verified = sando(&["audit", "verify", "--data"])
        .arg(&back)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", said(&verified));

    let again = Sando::start(&back, &around).await;
    around.connect(&again);
    let ids = around
        .lever
        .create_candidate(NewCandidate::named("Ada Park"));
    around.lever.hire(&ids.opportunity).unwrap();
    again.runs_end(1).await;
    assert_eq!(
        around.mail.users().len(),
        1,
        "configuration and credentials came back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_webhook_is_refused_without_detail() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let sando = Sando::start(folder.path(), &around).await;
    let unsigned = json!({ "event": "candidateHired", "triggeredAt": 1_767_607_215_123_i64, "token": "a-token" });

    for (body, status, code) in [
        ("no JSON".to_owned(), 400, "bad_request"),
        (unsigned.to_string(), 401, "unauthorized"),
        (" ".repeat(64 * 1024 + 1), 413, "too_large"),
    ] {
        let (told, kind, said) = sando.webhook(body).await;

        assert_eq!((told, kind.as_str()), (status, "application/problem+json"));
        assert_eq!(said["code"], code, "{said}");
        assert_eq!(said.as_object().unwrap().len(), 4, "no detail: {said}");
    }
    assert!(sando.stop());
}

#[test]
fn wrong_usage_is_told_with_exit_code_2() {
    let output = sando(&["serve", "--listen", "nowhere"])
        .env("SANDO_ALLOW_LOOPBACK", "perhaps")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--listen"), "{}", said(&output));
    assert!(
        said(&output).contains("SANDO_ALLOW_LOOPBACK"),
        "{}",
        said(&output)
    );
    assert_eq!(
        sando(&["nonsense"]).output().unwrap().status.code(),
        Some(2)
    );
}

#[test]
fn the_openapi_document_is_printed() {
    let output = sando(&["openapi"]).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(
        document["paths"]["/v1/people/{id}:terminate"].is_object(),
        "{}",
        document["paths"]
    );
}
