//! What comes up day by day, on the command line against a Sando that runs: decisions, tasks, the brake, leavers, and why.

use std::process::Output;
use std::time::Duration;

use crate::desk::{code, complained, run, said};
use crate::support::{Around, Sando};
use sando_world::{NewCandidate, wait_until};
use serde_json::{Value, json};

/// Runs a command that must end like this.
#[track_caller]
fn ends(running: &Sando, arguments: &[&str], expect: i32) -> Output {
    let output = run(arguments, Some(running));
    let told = format!("{}{}", said(&output), complained(&output));
    assert_eq!(code(&output), expect, "{arguments:?}: {told}");
    output
}

/// Runs a command that must do it, and answers what it printed.
#[track_caller]
fn does(running: &Sando, arguments: &[&str]) -> String {
    said(&ends(running, arguments, 0))
}

#[track_caller]
fn listed(running: &Sando, arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&does(running, arguments)).unwrap()
}

fn hire(around: &Around, name: &str) {
    let ids = around.lever.create_candidate(NewCandidate::named(name));
    around.lever.hire(&ids.opportunity).unwrap();
}

async fn wait_for(running: &Sando, path: &str, count: usize) {
    let there = async || running.get(path).await["items"].as_array().map(Vec::len) == Some(count);
    if wait_until(Duration::from_secs(60), there).await.is_err() {
        panic!("not {count}: {}", running.get(path).await);
    }
}

/// The wiki needs somebody's yes, and the desk has no API.
async fn gated(running: &Sando) {
    let desk = json!({ "app": "desk", "name": "Desk", "owner": "it@contoso.example" });
    running.put("/v1/apps/desk", desk).await;
    let gate = json!({ "by": ["role:it-admin"] });
    let grants = json!([{ "app": "mail" }, { "app": "desk" }, { "app": "wiki", "role": "editor", "approval": gate }]);
    let everybody = json!({ "policy": "everybody", "grants": grants });
    running.put("/v1/policies/everybody", everybody).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_human_is_listed_and_decided() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let running = Sando::start(folder.path(), &around).await;
    running.configure(&around).await;
    gated(&running).await;
    around.connect(&running);
    hire(&around, "Ada Park");
    hire(&around, "Bo Lind");
    wait_for(&running, "/v1/approvals?state=waiting", 2).await;
    wait_for(&running, "/v1/tasks?state=open", 2).await;

    for task in listed(&running, &["tasks", "--json"]) {
        assert_eq!(task["title"], "Give access to Desk");
        let id = task["id"].as_str().unwrap();
        let done = does(&running, &["task", "done", id, "--reason", "it has a key"]);
        assert!(done.starts_with(&format!("{id} done: ")), "{done}");
    }
    assert_eq!(does(&running, &["tasks"]), "");
    let waiting = listed(&running, &["approvals", "--json"]);
    let [one, other] = waiting.as_slice() else {
        panic!("{waiting:?}");
    };
    let (yes, no) = (one["id"].as_str().unwrap(), other["id"].as_str().unwrap());
    let person = one["person"].as_str().unwrap();
    ends(&running, &["approve", yes], 2);
    let until = "2099-01-01T00:00:00Z";
    let to = ["--to", "deputy@contoso.example", "--until", until];
    let delegate = [&["delegate", yes, "--reason", "on holiday"][..], &to].concat();
    let delegated = does(&running, &delegate);
    assert!(delegated.contains("deputy@contoso.example"), "{delegated}");
    let approve = ["approve", yes, "--reason", "it is fine"];
    let approved = does(&running, &approve);
    let given = format!("{yes} approved: give wiki editor for ");
    assert!(approved.starts_with(&given), "{approved}");
    let again = complained(&ends(&running, &approve, 1));
    assert!(again.contains("the approval is approved"), "{again}");
    let rejected = does(&running, &["reject", no, "--reason", "not now"]);
    assert!(rejected.contains(" rejected: "), "{rejected}");

    assert_eq!(does(&running, &["approvals"]), "");
    let no_more = does(&running, &["approvals", "--state", "rejected"]);
    assert!(no_more.starts_with(no), "{no_more}");
    assert_eq!(
        does(&running, &["approvals", "--state", "all"])
            .lines()
            .count(),
        2
    );
    ends(&running, &["approvals", "--state", "soon"], 2);
    running.runs_end(2).await;
    let why = does(&running, &["why", person]);
    for told in ["approval approved", ": it is fine", "  wiki editor: active"] {
        assert!(why.contains(told), "{told} is missing: {why}");
    }
    is_explained(&running, person);
    assert!(running.stop());
}

/// Why somebody has an application, or not.
fn is_explained(running: &Sando, person: &str) {
    let why = does(running, &["why", person, "wiki"]);
    for told in [
        " and wiki: it is due by policy everybody\n",
        "\n  there is: editor active\n",
        "\n  policy everybody (editor) matches\n",
    ] {
        assert!(why.contains(told), "{told} is missing: {why}");
    }
    ends(running, &["why", person, "nothing"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_goes_on_after_it_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let running = Sando::start(folder.path(), &around).await;
    running.configure(&around).await;
    around.connect(&running);

    let paused = does(&running, &["pause", "--reason", "an audit"]);
    assert!(
        paused.starts_with("everything is paused since "),
        "{paused}"
    );
    assert!(paused.ends_with(": an audit\n"), "{paused}");
    hire(&around, "Ada Park");
    let both = async || {
        let all = json!({ "scope": "all" });
        let shown = running.call("POST", "/v1/resume", all).await.1;
        let plan = shown["plan"].to_string();
        plan.contains("\"mail\"") && plan.contains("\"wiki\"")
    };
    wait_until(Duration::from_secs(60), both).await.unwrap();
    let unasked = said(&ends(&running, &["resume"], 2));
    assert!(unasked.contains("  give mail for per_"), "{unasked}");
    assert!(unasked.contains("effects are held back"), "{unasked}");
    assert_eq!(running.get("/v1/pause").await["paused"], true);
    assert!(around.mail.users().is_empty());
    let other = complained(&ends(&running, &["resume", "--removals", "--yes"], 1));
    assert!(other.contains("it is not paused"), "{other}");
    let resumed = does(&running, &["resume", "--yes"]);
    assert!(resumed.ends_with("effects go on\n"), "{resumed}");
    running.runs_end(1).await;
    assert_eq!(around.mail.users().len(), 1);

    let one = does(&running, &["pause", "--app", "mail", "--reason", "x"]);
    assert!(one.starts_with("mail is paused since "), "{one}");
    let both = ["pause", "--app", "mail", "--removals", "--reason", "x"];
    ends(&running, &both, 2);
    assert!(running.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_let_go_and_taken_back_only_after_it_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let running = Sando::start(folder.path(), &around).await;
    running.configure(&around).await;
    around.connect(&running);
    hire(&around, "Ada Park");
    running.runs_end(1).await;
    let people = running.get("/v1/people").await;
    let id = people["items"][0]["id"].as_str().unwrap();

    let leave = ["people", "terminate", id, "--reason", "a test", "--at"];
    let (now, soon) = ([&leave[..], &["now"]].concat(), [&leave[..], &["soon"]]);
    ends(&running, &soon.concat(), 2);
    let unasked = said(&ends(&running, &now, 2));
    assert!(unasked.contains("  - suspend mail"), "{unasked}");
    assert!(around.mail.users()[0].active, "nobody said yes");
    let left = does(&running, &[&now[..], &["--yes"]].concat());
    assert!(left.contains(") is left"), "{left}");
    running.runs_end(2).await;
    assert!(!around.mail.users()[0].active);

    let back = ["people", "reinstate", id, "--reason", "a mistake"];
    let unasked = said(&ends(&running, &back, 2));
    assert!(unasked.contains("  + give mail"), "{unasked}");
    assert!(!around.mail.users()[0].active, "nobody said yes");
    let yes = [&back[..], &["--yes"]].concat();
    does(&running, &yes);
    running.runs_end(3).await;
    assert!(around.mail.users()[0].active);
    ends(&running, &yes, 1);
    assert!(running.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_explained_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let running = Sando::start(folder.path(), &around).await;
    running.configure(&around).await;
    around.connect(&running);
    hire(&around, "Ada Park");
    running.runs_end(1).await;
    let events = running.get("/v1/events?kind=candidate.hired").await;
    let id = events["items"][0]["id"].as_str().unwrap();

    let why = does(&running, &["why", id]);
    let head = format!("{id} candidate.hired from lever: done\n");
    assert!(why.starts_with(&head), "{why}");
    assert!(why.contains("\n  access/wiki: verified"), "{why}");
    assert!(why.contains("  call for create: 201 in "), "{why}");
    let whole: Value = serde_json::from_str(&does(&running, &["why", id, "--json"])).unwrap();
    assert_eq!(whole["runs"].as_array().unwrap().len(), 1, "{whole}");
    ends(&running, &["why", "run_1"], 2);
    ends(&running, &["why", "evt_nothing"], 1);
    ends(&running, &["why", id, "wiki"], 2);

    let replays = async || running.get(&format!("/v1/events/{id}")).await["replays"].clone();
    let shown = does(&running, &["replay", id, "--dry-run"]);
    assert!(
        shown.starts_with(&format!("{id} candidate.hired: ")),
        "{shown}"
    );
    ends(&running, &["replay", id], 2);
    assert_eq!(replays().await, 0);
    does(&running, &["replay", id, "--yes"]);
    assert_eq!(replays().await, 1);
    assert!(running.stop());
}
