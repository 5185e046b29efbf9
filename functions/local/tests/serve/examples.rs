//! `examples/`: a company of 200 people with 12 applications, imported, planned and applied against a running Sando.

use std::collections::BTreeSet;

use crate::support::{Around, Sando, TOKEN, sando};
use sando_world::NewCandidate;
use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
const PEOPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/people.csv");

/// What a command against the running Sando prints; it must end well.
fn printed(at: &Sando, arguments: &[&str]) -> String {
    let mut command = sando(arguments);
    command
        .env("SANDO_URL", &at.url)
        .env("SANDO_API_KEY", TOKEN);
    let output = command.output().unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {complained}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the person of this key is due, as `app plan`.
async fn due(at: &Sando, key: &str) -> BTreeSet<String> {
    let (status, person) = at
        .call("PUT", &format!("/v1/people/{key}"), json!({}))
        .await;
    assert_eq!(status, 200, "{person}");
    let id = person["id"].as_str().unwrap();
    let access = at.get(&format!("/v1/people/{id}/access")).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |grant: &Value| format!("{} {}", text(&grant["app"]), text(&grant["plan"]));
    let grants = access["desired"].as_array().unwrap().iter();
    grants.map(|grant| one(grant).trim().to_owned()).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_company_of_the_examples_is_imported_planned_and_applied() {
    let data = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let running = Sando::start(data.path(), &around).await;
    around.connect(&running);
    let ids = around
        .lever
        .create_candidate(NewCandidate::named("Ada Park"));
    around.lever.hire(&ids.opportunity).unwrap();
    running.runs_end(1).await;

    let imported = printed(&running, &["people", "import", PEOPLE]);
    assert_eq!(imported.trim(), "200 new, 0 known, 0 not put");
    let plan = printed(&running, &["plan", FOLDER]);
    let sum = "1 people looked at: 8 gains, 0 changes, 0 losses for 1 of them, 61.75 USD a month";
    assert!(plan.contains(sum), "{plan}");
    let applied = printed(&running, &["apply", FOLDER, "--yes"]);
    assert!(applied.contains("changes began for 1 people"), "{applied}");

    let apps = running.get("/v1/apps").await;
    assert_eq!(apps["items"].as_array().unwrap().len(), 12);
    let sales = [
        "google business",
        "hubspot HubSpot seat",
        "notion",
        "salesforce enterprise",
        "slack pro",
        "zoom licensed",
    ];
    assert_eq!(due(&running, "hr-001").await, set(sales));
    let engineering = [
        "figma viewer",
        "github team",
        "google business",
        "jira standard",
        "notion",
        "sentry team",
        "slack pro",
        "zoom basic",
    ];
    assert_eq!(due(&running, "hr-003").await, set(engineering));
    let again = printed(&running, &["plan", FOLDER]);
    assert!(again.contains("0 gains, 0 changes, 0 losses"), "{again}");

    nothing_is_left_out(&running).await;
    the_document_says_it(&printed(&running, &["document"]));
    assert!(running.stop());
}

/// Nothing that a policy gives is left out by its application without a word.
async fn nothing_is_left_out(running: &Sando) {
    let policies = running.get("/v1/policies").await;
    for policy in policies["items"].as_array().unwrap() {
        let path = format!("/v1/policies/{}", policy["policy"].as_str().unwrap());
        let (status, answer) = running.call("PUT", &path, policy.clone()).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["warnings"], Value::Null, "{answer}");
    }
}

fn the_document_says_it(document: &str) {
    for line in [
        "# What is configured",
        "### NetSuite",
        "- Owned by finance-ops@contoso.example, who gets its tasks.",
        "- NetSuite with role accountant, at once; only after a yes of role:finance-lead; without an answer role:it-admin is \
         asked as well after half the time; after 72 hours it is denied.",
        "- When somebody is hired in Lever, and opportunity.tags does not contain \"contractor\", onboard starts.",
        "- On trial: everything is computed and shown, nothing is done.",
    ] {
        assert!(
            document.lines().any(|one| one == line),
            "{line}\n{document}"
        );
    }
}
