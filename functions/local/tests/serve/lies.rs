//! What applications send that is no list, is too much or never ends: an error that says so, and nobody is taken away.

use std::time::Duration;

use crate::accounts::{ACCOUNT, connection, definition, shows, syncs_again, users_of_acme};
use crate::support::{Around, Sando};
use sando_world::saas::{Flow, List, Paging, SaasAnswer, SaasRequest};
use sando_world::{SaasApp, wait_until};
use serde_json::{Value, json};

/// A million zeros in a thousand bytes.
const ZEROS: &[u8] = include_bytes!("../../../../infra/tests/remote/zeros.gz");

type Script = Box<dyn Fn(&SaasRequest) -> SaasAnswer + Send + Sync>;

/// What an application sends.
struct Lie {
    /// How the definition reads it, over the usual.
    users: Value,
    script: Script,
    /// What the error says of it.
    cause: &'static str,
}

fn always(cause: &'static str, answer: SaasAnswer) -> Lie {
    Lie {
        users: json!({}),
        script: Box::new(move |_| answer.clone()),
        cause,
    }
}

fn paged(
    cause: &'static str,
    pagination: Value,
    script: impl Fn(&SaasRequest) -> Value + Send + Sync + 'static,
) -> Lie {
    Lie {
        users: json!({ "response_path": "data", "pagination": pagination }),
        script: Box::new(move |request| SaasAnswer::json(&script(request))),
        cause,
    }
}

/// Ten users who are there already, each with another address.
fn rows(first: u32) -> Value {
    let rows = first..first + 10;
    let rows = rows.map(
        |id| json!({ "id": id, "email": format!("lie{id}@contoso.example"), "state": "active" }),
    );
    rows.collect()
}

/// Answers that are no list.
fn no_lists() -> Vec<Lie> {
    let json = "application/json";
    let bomb = SaasAnswer {
        // A gigabyte in a megabyte.
        body: ZEROS.repeat(1_024),
        ..SaasAnswer::json(&json!([])).with("content-encoding", "gzip")
    };
    let no_text = SaasAnswer {
        body: vec![b'[', b'"', 0xFF, 0xFE, b'"', b']'],
        ..SaasAnswer::json(&json!([]))
    };
    let redirect = SaasAnswer::error(302, &json!([])).with("location", "https://evil.example/");
    let page = "<!doctype html><title>Log in</title>";
    vec![
        always("web page", SaasAnswer::text(200, "text/html", page)),
        always(
            "ends in the middle",
            SaasAnswer::text(200, json, "[{\"id\": 1"),
        ),
        always("not UTF-8", no_text),
        always(
            "128 levels deep",
            SaasAnswer::text(200, json, &"[".repeat(100_000)),
        ),
        always("larger than 67108864 bytes", bomb),
        always("no list", SaasAnswer::json(&json!({ "users": [] }))),
        always("206", SaasAnswer::error(206, &rows(1))),
        always("evil.example", redirect),
    ]
}

/// Lists that never end, or end too early.
fn lists() -> Vec<Lie> {
    let number = |request: &SaasRequest, name: &str| -> u32 {
        let text = request.query(name).unwrap_or("0");
        text.parse().unwrap()
    };
    let next_url = json!({ "type": "next_url", "path": "next" });
    let cursor = json!({ "type": "cursor", "path": "next" });
    let total = json!({ "type": "offset", "size": 10, "total_path": "total" });
    vec![
        paged(
            "repeats an earlier page",
            json!({ "type": "offset", "size": 10 }),
            |_| json!({ "data": rows(1) }),
        ),
        paged("10 of 500 declared rows", total, move |request| {
            let is_first = number(request, "offset") == 0;
            let data = if is_first { rows(1) } else { json!([]) };
            json!({ "data": data, "total": 500 })
        }),
        paged("the cursor was there before", cursor, |request| {
            let first = if request.query("cursor").is_none() {
                1
            } else {
                11
            };
            json!({ "data": rows(first), "next": "again" })
        }),
        paged("more than 50 pages", next_url.clone(), move |request| {
            let at = number(request, "at") + 1;
            json!({ "data": rows(at), "next": format!("/users?at={at}") })
        }),
        paged(
            "evil.example",
            next_url,
            |_| json!({ "data": rows(1), "next": "https://evil.example/users?page=2" }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_of_an_application_takes_anybody_away() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = users_of_acme().await;
    let sando = Sando::start(folder.path(), &around).await;
    sando.put("/v1/definitions/acme", definition(&app)).await;
    sando.put(ACCOUNT, connection("right")).await;
    shows(&sando, "users", json!(120)).await;

    for (number, lie) in (2..).zip(no_lists().into_iter().chain(lists())) {
        let Lie {
            users,
            script,
            cause,
        } = lie;
        let mut file = definition(&app);
        file["limits"] = json!({ "max_pages": 50 });
        for (name, value) in users.as_object().unwrap() {
            file["users"][name] = value.clone();
        }
        sando.put("/v1/definitions/acme", file).await;
        app.script("/users", script);

        let last = syncs_again(&sando, number).await;

        assert_eq!(last["state"], "failed", "{cause}: {last}");
        let (request, why) = (&last["failure"]["request"], &last["failure"]["message"]);
        assert_eq!(request, "the list of users (GET /users)", "{cause}");
        assert!(why.as_str().unwrap().contains(cause), "{cause}: {why}");
        let account = sando.get(ACCOUNT).await;
        assert_eq!(account["users"], 120, "{cause}: who was there stays");
        assert_eq!(account["active"], 108, "{cause}: as they were");
        let user = sando.get(&format!("{ACCOUNT}/users/7")).await;
        assert_eq!(user["email"], "user7@contoso.example", "{cause}: {user}");
    }
    assert!(sando.most_mib() < 256, "{} MiB", sando.most_mib());
    assert!(sando.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_gigabyte_and_without_end_take_nobody_away_and_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let around = Around::start().await;
    let app = SaasApp::start().await.unwrap();
    app.list("/users", List::of(List::users(120)).paged(Paging::offset()));
    let sando = Sando::start(folder.path(), &around).await;
    let mut file = definition(&app);
    sando.put("/v1/definitions/acme", file.clone()).await;
    sando.put(ACCOUNT, connection("right")).await;
    shows(&sando, "users", json!(120)).await;
    let blanks = " ".repeat(1 << 20);
    let page = SaasAnswer::json(&json!(List::users(100)));

    for (number, answer, timeout_secs, cause) in [
        (
            2,
            SaasAnswer::text(200, "application/json", &blanks).flowing(Flow::Again(1_024)),
            60,
            "larger than 67108864 bytes",
        ),
        (
            3,
            page.flowing(Flow::Drips(Duration::from_millis(50))),
            1,
            "within 1 s",
        ),
    ] {
        app.script("/users", move |_| answer.clone());
        file["limits"] = json!({ "timeout_secs": timeout_secs });
        sando.put("/v1/definitions/acme", file.clone()).await;
        let sync = format!("{ACCOUNT}:sync");
        let begun = sando.call("POST", &sync, json!({}));
        assert_eq!(begun.await.0, 202);
        let ended = async || sando.get(ACCOUNT).await["last_sync"]["id"] == format!("syn_{number}");
        wait_until(Duration::from_secs(90), ended).await.unwrap();

        let account = sando.get(ACCOUNT).await;
        let last = &account["last_sync"];
        assert_eq!(last["state"], "failed", "{account}");
        let (request, why) = (&last["failure"]["request"], &last["failure"]["message"]);
        assert_eq!(request, "the list of users (GET /users)");
        let why = why.as_str().unwrap();
        assert!(why.starts_with("acme") && why.contains(cause), "{why}");
        assert_eq!(account["users"], 120, "who was there stays");
    }
    assert!(sando.most_mib() < 256, "{} MiB", sando.most_mib());
    assert!(sando.stop());
}
