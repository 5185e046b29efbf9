//! `check`, `preview`, `schema`, and wrong usage.

use std::path::Path;
use std::process::Stdio;

use sando_world::saas::Door;
use serde_json::{Value, json};

use crate::desk::Desk;

#[tokio::test]
async fn wrong_usage_is_exit_code_2_before_the_first_request() {
    let auth = json!({ "auth": { "type": "bearer" }, "variables": { "domain": { "pattern": "^[a-z]+$" } } });
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (vec![], "--secret token=@file"),
        (
            vec!["--secret", "token=abc", "--set", "domain=a"],
            "not written on the command line",
        ),
        (
            vec![
                "--secret",
                "token=env:NO_SUCH_VARIABLE",
                "--set",
                "domain=a",
            ],
            "NO_SUCH_VARIABLE",
        ),
        (
            vec!["--secret", "tokn=@Cargo.toml", "--set", "domain=a"],
            "did you mean `token`",
        ),
        (
            vec!["--secret", "token=@Cargo.toml", "--set", "domain=A"],
            "--set domain",
        ),
        (
            vec!["--secret", "token=@Cargo.toml", "--set", "doman=a"],
            "did you mean `domain`",
        ),
        (
            vec![
                "--secret",
                "token=@Cargo.toml",
                "--set",
                "domain=a",
                "--fields",
                "nowhere.yaml",
            ],
            "nowhere.yaml",
        ),
    ];
    for (flags, expect) in cases {
        let desk = Desk::new().await.with(&flags);
        let told = desk.pull(auth.clone()).await;

        assert_eq!(told.code, 2, "{flags:?}: {}", told.err);
        assert!(told.err.contains(expect), "{flags:?}: {}", told.err);
        assert_eq!(desk.app.asked(), []);
    }
    let desk = Desk::new().await;
    let told = desk
        .pull(json!({ "users": { "body": {}, "method": "GET" } }))
        .await;
    assert_eq!(told.code, 2, "{}", told.err);
    assert_eq!(desk.run("pull", Path::new("nowhere.yaml")).await.code, 2);
}

#[tokio::test]
async fn check_tells_every_mistake_with_its_line() {
    let desk = Desk::new().await;
    let right = desk.file(
        "right.yaml",
        "definition: acme\napp: acme\nbase_url: https://api.acme.example\nauth: { type: bearer }\n\
         users: { path: /users }\nmap: { external_id: id, email: email }\n",
    );
    let told = desk.run("check", &right).await;
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(
        told.out.contains("is right, asks for token"),
        "{}",
        told.out
    );

    let wrong = desk.file(
        "wrong.yaml",
        "definition: acme\napp: acme\nbase_url: https://api.acme.example\nauth: { type: login, path: /l }\n\
         users: { pth: /users }\nmap: { external_id: id, emial: email }\n",
    );
    let told = desk.run("check", &wrong).await;
    assert_eq!(told.code, 2);
    for expect in [
        "wrong.yaml:5:",
        "did you mean `path`",
        "did you mean `email`",
        "token_path",
    ] {
        assert!(told.err.contains(expect), "{expect}: {}", told.err);
    }
    assert_eq!(desk.run("check", desk.folder.path()).await.code, 2);
}

#[tokio::test]
async fn check_tells_programs_one_object_and_a_pipe_no_bar() {
    let desk = Desk::new().await.with(&["--json"]);
    desk.file(
        "a.yaml",
        "definition: acme\napp: acme\nbase_url: https://api.acme.example\nauth: { type: bearer }\n\
         users: { path: /users }\nmap: { external_id: id, email: email }\n",
    );
    desk.file(
        "b.yaml",
        "definition: acme\napp: acme\nbase_url: https://api.acme.example\n\
         users: { pth: /users }\nmap: { external_id: id, email: email }\n",
    );

    let told = desk.run("check", desk.folder.path()).await;

    assert_eq!((told.code, told.err.as_str()), (2, ""));
    let checked: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!(
        (&checked["checked"], &checked["wrong"]),
        (&json!(2), &json!(1))
    );
    let [right, wrong] = [0, 1].map(|place| &checked["definitions"][place]);
    assert_eq!(
        (&right["ok"], &right["asks"]),
        (&json!(true), &json!(["token"]))
    );
    assert_eq!(wrong["ok"], false);
    let errors = wrong["errors"].as_array().unwrap();
    let error = errors.iter().find(|error| error["path"] == "users.pth");
    let error = error.unwrap();
    assert_eq!((&error["line"], &error["column"]), (&json!(4), &json!(10)));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("did you mean `path`"), "{message}");
}

#[tokio::test]
async fn check_runs_recorded_answers() {
    let desk = Desk::new().await;
    let file = desk.file(
        "acme.yaml",
        "definition: acme\napp: acme\nbase_url: https://api.acme.example\n\
         users: { path: /users, pagination: { type: page } }\nmap: { external_id: id, email: email }\n",
    );
    let mut recorded = json!({
        "answers": [
            { "request": "GET https://api.acme.example/users?page=1", "body": [{ "id": 1, "email": "a@contoso.example" }] },
            { "request": "GET https://api.acme.example/users?page=2", "body": [] },
        ],
        "users": [{ "external_id": "1", "email": "a@contoso.example", "username": null, "full_name": null, "role": null,
            "created_at": null, "last_visit_at": null, "active": true, "status": "Active", "licenses": ["acme"], "custom_fields": {} }],
        "summary": { "pages": 2, "complete": true },
    });
    desk.file("recorded/acme.json", &recorded.to_string());
    let told = desk.run("check", &file).await;
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(
        told.out.contains("2 recorded answers give 1 users"),
        "{}",
        told.out
    );

    recorded["users"][0]["email"] = json!("b@contoso.example");
    desk.file("recorded/acme.json", &recorded.to_string());
    let told = desk.run("check", &file).await;
    assert_eq!(told.code, 2);
    assert!(told.err.contains("users[0]"), "{}", told.err);
}

#[tokio::test]
async fn the_catalogue_is_right_and_every_definition_of_it_has_recorded_answers() {
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
    let desk = Desk::new().await;

    let told = desk.run("check", &catalogue).await;

    assert_eq!(told.code, 0, "{}", told.err);
    for line in told.out.lines() {
        assert!(line.contains("recorded answers give"), "{line}");
    }
    assert!(told.out.lines().count() >= 20, "{}", told.out);
}

#[tokio::test]
async fn suggest_prints_a_part_of_a_definition_with_reasons() {
    let desk = Desk::new().await;
    let answer =
        json!({ "data": [{ "id": 7, "mail": "a@contoso.example" }], "meta": { "next": "c" } });
    let file = desk.file("answer.json", &answer.to_string());

    let told = desk.run("suggest", &file).await;

    assert_eq!(told.code, 0, "{}", told.err);
    let wanted = "users:\n  # a list with 1 record stands there\n  response_path: \"data\"\n";
    assert!(told.out.starts_with(wanted), "{}", told.out);
    assert!(told.out.contains("map:\n"), "{}", told.out);
    assert!(told.out.contains("  email: \"mail\""), "{}", told.out);

    let nothing = desk.file("nothing.yaml", "paths: {}");
    assert_eq!(desk.run("suggest", &nothing).await.code, 1);
    let wrong = desk.file("wrong.yaml", "a: [");
    assert_eq!(desk.run("suggest", &wrong).await.code, 2);
}

#[tokio::test]
async fn suggest_reads_the_headers_that_curl_writes_over_an_answer() {
    let desk = Desk::new().await;
    let rows = "[{ \"id\": 7, \"mail\": \"a@contoso.example\" }]";
    let moved = "HTTP/1.1 302 Found\r\nLocation: /v2/users\r\n\r\n";
    let head = "HTTP/2 200 \r\ncontent-type: application/json\r\nx-next-cursor: b2Zm\r\n\r\n";
    let file = desk.file("answer.txt", &format!("{moved}{head}{rows}"));

    let told = desk.run("suggest", &file).await;

    assert_eq!(told.code, 0, "{}", told.err);
    let wanted = "  # the header `x-next-cursor` looks like where the next page is; check the name of the parameter\n  \
                  pagination: {\"type\":\"cursor\",\"header\":\"x-next-cursor\"}\n";
    assert!(told.out.contains(wanted), "{}", told.out);
    assert!(told.out.contains("  email: \"mail\""), "{}", told.out);

    let refused = desk.file("refused.txt", "HTTP/1.1 401 Unauthorized\n\n{}");
    let told = desk.run("suggest", &refused).await;
    assert_eq!(told.code, 2);
    assert!(told.err.contains("the status 401"), "{}", told.err);
    let page = desk.file("page.txt", "HTTP/1.1 200 OK\n\n\n<html>");
    let told = desk.run("suggest", &page).await;
    assert_eq!(told.code, 2);
    assert!(told.err.contains("page.txt:4: "), "{}", told.err);
}

#[tokio::test]
async fn preview_shows_raw_and_mapped_values_and_reasons() {
    let desk = Desk::new().await.secret("token", "t0ken-1");
    desk.app.door(Door::bearer("t0ken-1"));
    desk.app.fixed(
        "/users",
        json!([
            { "id": 1, "email": "a@contoso.example", "role": 2, "state": "active" },
            { "id": 2, "email": "b@contoso.example", "state": "LOCKED" },
            { "id": 3, "state": "active" },
        ]),
    );
    let file = desk.definition(&json!({ "auth": { "type": "bearer" }, "map": { "role": { "path": "role", "map": { "2": "Member" } } } }));

    let told = desk.run("preview", &file).await;

    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("Member"), "{}", told.out);
    assert!(
        told.out.contains("deleted: `state` is `LOCKED`"),
        "{}",
        told.out
    );
    assert!(
        told.out.contains("dropped: it has no email address"),
        "{}",
        told.out
    );
    assert!(!told.out.contains("t0ken-1"));
}

#[tokio::test]
async fn the_schema_of_every_kind_of_file_is_printed() {
    for (kind, key) in [
        ("definition", "definition"),
        ("app", "provisioner"),
        ("policy", "grants"),
        ("rule", "event"),
        ("workflow", "steps"),
        ("attributes", "aliases"),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_sando"))
            .args(["schema", kind])
            .output()
            .await
            .unwrap();

        let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(schema["properties"][key].is_object(), "{kind}");
    }
}

#[tokio::test]
async fn a_command_ends_quietly_when_nobody_reads_on() {
    for arguments in [&["openapi"][..], &["schema", "definition"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);

        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_sando"))
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .await
            .unwrap();

        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(1), ""));
    }
}

#[tokio::test]
async fn check_reads_the_whole_folder_of_a_company() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let desk = Desk::new().await;

    let told = desk.run("check", &examples).await;

    assert_eq!((told.code, told.err.as_str()), (0, ""));
    for expect in [
        "app `figma` is right",
        "policy `finance` is right",
        "rule `hired` is right",
        "workflow `onboard` is right",
        "the file of attributes is right",
    ] {
        assert!(told.out.contains(expect), "{expect}: {}", told.out);
    }
    assert_eq!(told.out.lines().count(), 24, "{}", told.out);
}

#[tokio::test]
async fn check_tells_every_mistake_of_every_kind_of_file_with_its_line() {
    let desk = Desk::new().await;
    desk.file(
        "apps/figma.yaml",
        "app: figma\nsensitivity: hihg\nprovisioner:\n  type: scim\n  base_ulr: https://a.example\n",
    );
    desk.file(
        "policies/design.yaml",
        "policy: design\ngrants:\n  - app: zoom\n    deliver: { befor_start: 3d }\n    when: [{ path: title, op: iss, value: a }]\n",
    );
    desk.file(
        "rules/hired.yaml",
        "rule: hired\nevent: candidate.hird\nworkflow: onboard\n",
    );
    desk.file(
        "workflows/onboard.yaml",
        "workflow: onboard\nsteps:\n  - { id: a, type: grant, need: [b] }\n",
    );
    desk.file(
        "attributes.yaml",
        "attributes:\n  name: contact.name\nlocations:\n  New York: { timezone: New York }\nrequired: [nam]\n",
    );
    desk.file(
        "policies/other.yaml",
        "policy: other\ngrants: [{ app: acme }]\n",
    );

    let told = desk.run("check", desk.folder.path()).await;

    assert_eq!(told.code, 2, "{}", told.err);
    for expect in [
        "figma.yaml:2:1: sensitivity: unknown word `hihg`, did you mean `high`?",
        "figma.yaml:5:3: provisioner.base_ulr: unknown key `base_ulr`, did you mean `base_url`?",
        "provisioner.base_url: is missing",
        "design.yaml:4:16: grants[0].deliver.befor_start: unknown key `befor_start`, did you mean `before_start`?",
        "grants[0].when[0].op: unknown operator `iss`, did you mean `is`?",
        "hired.yaml:2:1: event: unknown word `candidate.hird`, did you mean `candidate.hired`?",
        "onboard.yaml:3:27: steps[0].need: unknown key `need`, did you mean `needs`?",
        "attributes.yaml:4:15: locations.New York.timezone: `New York` is no time zone",
        "attributes.yaml:5:",
        "other.yaml:2:12: grants[0].app: there is no application `acme` yet",
        "5 of 6 files are wrong",
    ] {
        assert!(told.err.contains(expect), "{expect}: {}", told.err);
    }
    let told = desk.with(&["--json"]);
    let told = told.run("check", told.folder.path()).await;
    let checked: Value = serde_json::from_str(&told.out).unwrap();
    let files = checked["files"].as_array().unwrap();
    let other = files.iter().find(|file| file["id"] == "other").unwrap();
    assert_eq!(other["ok"], true);
    assert_eq!(other["warnings"][0]["line"], 2, "{other}");
}
