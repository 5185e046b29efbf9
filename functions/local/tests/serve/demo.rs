//! `sando demo` tells the whole story in one run: what it prints is what Sando did, looked up over the API.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::sando;
use serde_json::Value;

/// What has to be told, in this order.
const SCENES: &[&str] = &[
    "is hired: Software Engineer, Engineering",
    "200 people who are here already are imported",
    "(the webhooks come twice; Google makes the account, but its answer is lost",
    "no answer: nobody knows, so it is looked for, not repeated",
    "(no webhook tells of it: all of them are lost)",
    "Found by catch-up: the hire of ",
    "waits for somebody's yes",
    "The demo says it in their place",
    "is withdrawn before the first day",
    "14 days later",
    "What waits moved with it: GitHub from ",
    "moves from Engineering to Sales",
    "leaves: everything is taken away at once",
    "Residue: ",
    "sales-ops@contoso.example has a task; until it is done it costs 90.00 USD a month",
    "6 hired, 1 left, 200 were here already.",
];

#[test]
fn the_demo_tells_the_whole_story() {
    let arguments = ["demo", "--hires", "6", "--every", "0"];
    let mut demo = sando(&arguments);
    let output = demo.args(["--listen", "127.0.0.1:0"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);

    assert!(output.status.success(), "{told}");
    let mut rest = &*told;
    for scene in SCENES {
        let place = rest.find(scene);
        let place = place.unwrap_or_else(|| panic!("`{scene}` is not told, or not there: {told}"));
        rest = &rest[place..];
    }
    assert!(rest.contains("doubled: 0."), "{told}");
    assert!(rest.contains("every chain intact"), "{told}");
}

/// A demo that does not outlive its test.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_hour_begins_with_nothing_but_what_there_is_to_connect() {
    let arguments = ["demo", "--first-hour", "--listen", "127.0.0.1:0"];
    let mut demo = Demo(sando(&arguments).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(demo.0.stderr.take().unwrap()).lines();
    let until_it_waits = lines.by_ref().map(Result::unwrap);
    let said: Vec<String> = until_it_waits
        .take_while(|line| line != "Ctrl-C ends it.")
        .collect();
    let told = |what: &str| {
        let found = said.iter().find_map(|line| line.trim().strip_prefix(what));
        found.unwrap_or_else(|| panic!("`{what}` is not told: {said:#?}"))
    };
    #[expect(clippy::disallowed_methods, reason = "a test calls as anybody would")]
    let http = reqwest::Client::new();

    let settings = http.get(format!("{}/v1/settings", told("Sando: ")));
    let settings = settings.bearer_auth(told("Its administrator's token: "));
    let settings: Value = settings.send().await.unwrap().json().await.unwrap();
    assert_eq!(settings["lever"]["api_key"]["set"], false, "{settings}");

    // Lodge's own side of a login: its page leads back with a code, which is worth its list of people.
    let back = "http://127.0.0.1/back";
    let login = format!(
        "{}?redirect_uri={back}&state=s",
        told("Authorization URL: ")
    );
    let page = http.get(login).send().await.unwrap().text().await.unwrap();
    let link = page.split(&format!("{back}?code=")).nth(1).unwrap();
    let (code, _) = link.split_once("&amp;state=s'").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back),
    ];
    let answer = http.post(told("Token URL: ")).form(&fields);
    let answer = answer.basic_auth(told("Client ID: "), Some(told("Client secret: ")));
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    let people = http.get(format!("{}/directory/people", told("Base URL: ")));
    let people = people.bearer_auth(answer["access_token"].as_str().unwrap());
    let people: Value = people.send().await.unwrap().json().await.unwrap();
    assert_eq!(people["lodge"]["people"].as_array().unwrap().len(), 4);

    let id = demo.0.id().to_string();
    let asked = Command::new("kill").args(["-INT", &id]).status();
    assert!(asked.unwrap().success());
    assert!(demo.0.wait().unwrap().success());
}
