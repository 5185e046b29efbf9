//! `sando people import`, `sando plan` and `sando apply` against a Sando that runs, and against one that does not.

use std::path::Path;
use std::process::Output;

use crate::support::{Around, Sando, TOKEN, sando};
use sando_world::NewCandidate;

/// Runs a command against a Sando.
pub(crate) fn run(arguments: &[&str], sando_at: Option<&Sando>) -> Output {
    let mut command = sando(arguments);
    if let Some(at) = sando_at {
        command
            .env("SANDO_URL", &at.url)
            .env("SANDO_API_KEY", TOKEN);
    }
    command.output().unwrap()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[expect(
    clippy::too_many_lines,
    reason = "one story, in the order in which an administrator tells it"
)]
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_planned_and_applied_only_as_it_was_shown() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let around = Around::start().await;
    let running = Sando::start(data.path(), &around).await;
    running.configure(&around).await;
    around.connect(&running);
    let ids = around
        .lever
        .create_candidate(NewCandidate::named("Ada Park"));
    around.lever.hire(&ids.opportunity).unwrap();
    running.runs_end(1).await;
    let folder = files.path().to_str().unwrap();
    write(
        files.path(),
        "desk.yaml",
        "app: desk\nname: Desk\nowner: it@contoso.example\n",
    );
    write(
        files.path(),
        "desk-policy.yaml",
        "policy: desk\ngrants: [{ app: desk }]\n",
    );

    let plan = run(&["plan", folder], Some(&running));
    assert_eq!(code(&plan), 0, "{}", complained(&plan));
    let shown = said(&plan);
    assert!(shown.contains("1 gains, 0 changes, 0 losses"), "{shown}");
    assert!(shown.contains(" desk\n"), "{shown}");
    let rosters = "rosters, for 1 effects looked up: 0 new seats, 0 there already, 0 freed, 0 gone already, 1 unclear\n";
    assert!(shown.contains(rosters), "no roster tells: {shown}");
    let since = ["plan", folder, "--events-since", "1d"];
    let with_events = run(&since, Some(&running));
    assert_eq!(code(&with_events), 0, "{}", complained(&with_events));
    let told = "1 events looked at: 1 would do something else, with 1 more effects and 0 less";
    assert!(said(&with_events).contains(told), "{}", said(&with_events));
    let hash = shown
        .lines()
        .find_map(|line| line.strip_prefix("plan "))
        .unwrap();

    let other = run(&["apply", folder, "--plan", "another"], Some(&running));
    assert_eq!(code(&other), 4, "{}", complained(&other));
    let unasked = run(&["apply", folder], Some(&running));
    assert_eq!(
        code(&unasked),
        2,
        "nobody said yes: {}",
        complained(&unasked)
    );
    let done = run(&["apply", folder, "--plan", hash], Some(&running));
    assert_eq!(code(&done), 0, "{}", complained(&done));
    assert!(
        said(&done).contains("changes began for 1 people"),
        "{}",
        said(&done)
    );
    assert_eq!(
        running.get("/v1/policies/desk").await["grants"][0]["app"],
        "desk"
    );

    write(
        files.path(),
        "wrong.yaml",
        "policy: wrong\ngrants: [{ ap: desk }]\n",
    );
    let wrong = run(&["plan", folder], Some(&running));
    assert_eq!(code(&wrong), 2);
    let told = "wrong.yaml:2:12: grants[0].ap: unknown key `ap`, did you mean `app`?";
    assert!(complained(&wrong).contains(told), "{}", complained(&wrong));
    std::fs::remove_file(files.path().join("wrong.yaml")).unwrap();

    assert!(running.stop());
    let data = data.path().to_str().unwrap();
    let offline = run(&["plan", folder, "--data", data], None);
    assert_eq!(code(&offline), 0, "{}", complained(&offline));
    assert!(
        said(&offline).contains("0 gains, 0 changes, 0 losses"),
        "{}",
        said(&offline)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_imported_once_and_nothing_is_done_without_a_key() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let around = Around::start().await;
    let running = Sando::start(data.path(), &around).await;
    let folder = files.path().to_str().unwrap();
    write(files.path(), "desk.yaml", "app: desk\n");

    let people = files.path().join("people.csv");
    std::fs::write(
        &people,
        "key,name,work_email,start_date\nhr/1,Bo Lind,bo@contoso.example,2026-03-02\n",
    )
    .unwrap();
    let imported = run(
        &["people", "import", people.to_str().unwrap()],
        Some(&running),
    );
    assert_eq!(code(&imported), 0, "{}", complained(&imported));
    assert_eq!(said(&imported).trim(), "1 new, 0 known, 0 not put");
    let again = run(
        &["people", "import", people.to_str().unwrap()],
        Some(&running),
    );
    assert_eq!(said(&again).trim(), "0 new, 1 known, 0 not put");
    let unknown = run(&["plan", folder, "--url", &running.url], None);
    assert_eq!(code(&unknown), 1);
    assert!(
        complained(&unknown).contains("SANDO_API_KEY"),
        "{}",
        complained(&unknown)
    );
    assert!(running.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_of_a_folder_are_planned_and_put_with_it() {
    let (data, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let around = Around::start().await;
    let running = Sando::start(data.path(), &around).await;
    let folder = files.path().to_str().unwrap();
    let definition = |path: &str| {
        let text = format!(
            "definition: acme\napp: acme\nbase_url: https://api.acme.example\nauth: {{ type: bearer }}\n\
             users: {{ path: {path} }}\nmap: {{ external_id: id, email: email }}\n"
        );
        write(files.path(), "acme.yaml", &text);
    };
    definition("/users");
    write(files.path(), "app.yaml", "app: acme\n");
    let is_new = "definition acme is new: it gives nobody access";

    let plan = run(&["plan", folder], Some(&running));
    assert_eq!(code(&plan), 0, "{}", complained(&plan));
    assert!(said(&plan).contains(is_new), "{}", said(&plan));
    let stored = running.get("/v1/definitions").await;
    assert_eq!(stored["items"].as_array().unwrap().len(), 0, "{stored}");
    let done = run(&["apply", folder, "--yes"], Some(&running));
    assert_eq!(code(&done), 0, "{}", complained(&done));
    let stored = running.get("/v1/definitions/acme").await;
    assert_eq!(stored["users"]["path"], "/users", "{stored}");
    assert_eq!(running.get("/v1/apps/acme").await["app"], "acme");

    let again = run(&["plan", folder, "--json"], Some(&running));
    let again: serde_json::Value = serde_json::from_str(&said(&again)).unwrap();
    assert_eq!(again["definitions"], serde_json::json!([]));
    definition("/members");
    let again = run(&["apply", folder, "--yes"], Some(&running));
    let told = said(&again);
    assert!(told.contains("definition acme changes"), "{told}");
    assert!(told.contains("definition acme is put"), "{told}");
    let versions = running.get("/v1/definitions/acme/versions").await;
    assert_eq!(versions["items"].as_array().unwrap().len(), 2, "{versions}");

    definition("[]");
    let wrong = run(&["apply", folder, "--yes"], Some(&running));
    assert_eq!(code(&wrong), 2);
    assert!(
        complained(&wrong).contains("acme.yaml:5:"),
        "{}",
        complained(&wrong)
    );
    assert!(running.stop());
}
