//! `sando check`, `preview`, `pull` and `schema`: the real binary against a simulated application.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::path::{Path, PathBuf};
use std::process::Output;

use sando_world::saas::{
    ClientProof, Door, End, List, OauthOptions, OauthServer, Paging, Place, Quirk, SaasAnswer,
    SigningKey, TokenCoding, Wrap,
};
use sando_world::{Fault, FaultKind, SaasApp};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A simulated application, a folder for files, and the command line.
struct Desk {
    app: SaasApp,
    folder: TempDir,
    secrets: Vec<String>,
    more: Vec<String>,
}

/// What a command did.
struct Told {
    code: i32,
    users: Vec<Value>,
    out: String,
    err: String,
}

impl Told {
    /// The closing summary of `--json`, the last line.
    fn summary(&self) -> Value {
        serde_json::from_str(self.err.lines().last().unwrap_or_default())
            .unwrap_or_else(|_| panic!("no summary: {}", self.err))
    }

    fn ids(&self) -> Vec<String> {
        let ids = self.users.iter().map(|user| &user["external_id"]);
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    /// All users from 1 to `count`, each once, and the list read to its end.
    #[track_caller]
    fn are_all(&self, count: usize) {
        assert_eq!(self.code, 0, "{}", self.err);
        let expect: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
        assert_eq!(self.ids(), expect);
        assert_eq!(self.summary()["complete"], true);
    }

    /// Exit code 1 and a summary that names this.
    #[track_caller]
    fn is_incomplete(&self, why: &str) {
        assert_eq!(self.code, 1, "{} {}", self.out, self.err);
        assert_eq!(self.summary()["complete"], false);
        assert!(self.err.contains(why), "{}", self.err);
    }
}

impl Desk {
    async fn new() -> Self {
        Self {
            app: SaasApp::start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            secrets: Vec::new(),
            more: Vec::new(),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn secret(mut self, name: &str, value: &str) -> Self {
        let file = self.file(&format!("secret-{name}"), &format!("{value}\n"));
        self.secrets.push(format!("{name}=@{}", file.display()));
        self
    }

    fn with(mut self, more: &[&str]) -> Self {
        self.more.extend(more.iter().map(|text| (*text).to_owned()));
        self
    }

    /// A definition of `/users`, with `further` over the usual.
    fn definition(&self, further: &Value) -> PathBuf {
        let mut file = json!({
            "definition": "acme", "app": "acme", "base_url": self.app.base_url(),
            "users": { "path": "/users" },
            "map": { "external_id": "id", "email": "email", "full_name": "name", "role": "role" },
            "status": { "active_when": [{ "path": "state", "op": "is", "value": "active" }] },
            "limits": { "timeout_secs": 2 },
        });
        merge(&mut file, further);
        let text = file.to_string().replace("{base}", &self.app.base_url());
        self.file("acme.json", &text)
    }

    async fn run(&self, command: &str, file: &Path) -> Told {
        let mut run = tokio::process::Command::new(env!("CARGO_BIN_EXE_sando"));
        run.arg(command).arg(file).args(&self.more);
        for secret in &self.secrets {
            run.args(["--secret", secret]);
        }
        run.env("SANDO_ALLOW_LOOPBACK", "1").env_remove("RUST_LOG");
        let output: Output = run.output().await.unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        Told {
            code: output.status.code().unwrap(),
            users: out
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
            out,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `sando pull --json` of that definition.
    async fn pull(&self, further: Value) -> Told {
        let file = self.definition(&further);
        let mut run = tokio::process::Command::new(env!("CARGO_BIN_EXE_sando"));
        run.args(["pull", "--json"]).arg(file).args(&self.more);
        for secret in &self.secrets {
            run.args(["--secret", secret]);
        }
        run.env("SANDO_ALLOW_LOOPBACK", "1").env_remove("RUST_LOG");
        let output = run.output().await.unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let users = out.lines().map(|line| serde_json::from_str(line).unwrap());
        Told {
            code: output.status.code().unwrap(),
            users: users.collect(),
            out,
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same with this list at `/users`, paged like this.
    async fn paged(&self, list: List, pagination: Value, response_path: &str) -> Told {
        self.app.list("/users", list);
        let users =
            json!({ "users": { "pagination": pagination, "response_path": response_path } });
        self.pull(users).await
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

fn ten() -> List {
    List::of(List::users(10))
}

fn many() -> List {
    List::of(List::users(23)).size(5)
}

// --- What is printed -------------------------------------------------------------------------------------------------

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

// --- Authentication --------------------------------------------------------------------------------------------------

#[tokio::test]
async fn fixed_credentials_of_every_type_open_the_door() {
    for (door, secret, auth) in [
        (Door::Open, None, json!({ "type": "none" })),
        (
            Door::bearer("t0ken"),
            Some(("token", "t0ken")),
            json!({ "type": "bearer" }),
        ),
        (
            Door::Basic("any".to_owned(), "pass".to_owned()),
            Some(("password", "pass")),
            json!({ "type": "basic", "username": { "now": "any" } }),
        ),
        (
            Door::header("x-api-key", "k3y"),
            Some(("X-Api-Key", "k3y")),
            json!({ "type": "headers", "headers": [{ "name": "X-Api-Key", "value": "later" }] }),
        ),
        (
            Door::Query("key".to_owned(), "k 3y".to_owned()),
            Some(("key", "k 3y")),
            json!({ "type": "query", "params": [{ "name": "key", "value": "later" }] }),
        ),
    ] {
        let mut desk = Desk::new().await;
        desk.app.door(door);
        desk.app.list("/users", ten());
        if let Some((name, value)) = secret {
            desk = desk.secret(name, value);
        }

        desk.pull(json!({ "auth": auth })).await.are_all(10);
    }
}

async fn with_oauth(options: OauthOptions) -> (Desk, OauthServer) {
    let desk = Desk::new().await;
    let oauth = OauthServer::new(options);
    desk.app.oauth(oauth.clone());
    desk.app.door(Door::issued());
    desk.app.list("/users", ten());
    let desk = desk
        .secret("client_id", "client-1")
        .secret("client_secret", "s3cret/+ 1");
    (desk, oauth)
}

#[tokio::test]
async fn client_credentials_bring_a_token_that_counts_as_a_request() {
    let (desk, _) = with_oauth(OauthOptions {
        proof: ClientProof::Body,
        coding: TokenCoding::Json,
        wants: vec![(
            "audience".to_owned(),
            "https://contoso.example/api/".to_owned(),
        )],
        ..OauthOptions::default()
    })
    .await;
    let desk = desk.with(&["--set", "tenant=contoso"]);

    let told = desk
        .pull(json!({
            "variables": { "tenant": { "label": "Tenant" } },
            "auth": { "type": "oauth2_client_credentials", "token_url": "{base}/oauth/token", "client_auth": "body",
                "token_body": "json", "token_params": { "audience": "https://{tenant}.example/api/" } },
        }))
        .await;

    told.are_all(10);
    assert_eq!(told.summary()["requests"], 2);
}

fn code() -> Value {
    json!({ "auth": { "type": "oauth2_authorization_code", "authorization_url": "{base}/authorize",
        "token_url": "{base}/oauth/token", "keep": { "instance": "instance_url" } },
        "base_url": "{instance}", "hosts": ["127.0.0.1:{port}"], "variables": { "port": {} } })
}

#[tokio::test]
async fn a_refresh_token_is_rotated_in_its_file_before_it_is_used() {
    let mut options = OauthOptions {
        rotates: true,
        ..OauthOptions::default()
    };
    let desk = Desk::new().await;
    options.further = json!({ "instance_url": desk.app.base_url() })
        .as_object()
        .unwrap()
        .clone();
    let oauth = OauthServer::new(options);
    desk.app.oauth(oauth.clone());
    desk.app.door(Door::issued());
    desk.app.list("/users", ten());
    let port = desk.app.host().replace("127.0.0.1:", "");
    let desk = desk
        .secret("client_id", "client-1")
        .secret("client_secret", "s3cret/+ 1")
        .secret("refresh_token", &oauth.new_refresh_token())
        .with(&["--set", &format!("port={port}")]);

    for _ in 0..3 {
        desk.pull(code()).await.are_all(10);
        let kept = std::fs::read_to_string(desk.folder.path().join("secret-refresh_token"));
        assert!(oauth.knows_refresh_token(kept.unwrap().trim_end()));
    }
}

#[tokio::test]
async fn an_access_token_alone_is_enough() {
    let desk = Desk::new().await;
    desk.app.door(Door::bearer("acc3ss"));
    desk.app.list("/users", ten());
    let desk = desk.secret("access_token", "acc3ss");

    let told = desk
        .pull(json!({ "auth": { "type": "oauth2_authorization_code", "authorization_url": "{base}/authorize",
            "token_url": "{base}/oauth/token" } }))
        .await;

    told.are_all(10);
}

#[tokio::test]
async fn a_session_that_dies_in_the_middle_is_begun_again() {
    let desk = Desk::new().await;
    let oauth = OauthServer::new(OauthOptions {
        uses: Some(2),
        ..OauthOptions::default()
    });
    let issuing = oauth.clone();
    desk.app.oauth(oauth);
    desk.app.door(Door::Issued {
        header: "x-session".to_owned(),
        prefix: String::new(),
    });
    desk.app.script("/login", move |request| {
        match request.form("p").as_deref() {
            Some("pass-word") => SaasAnswer::json(&json!({ "s": { "id": issuing.issue() } })),
            _ => SaasAnswer::error(403, &json!({ "message": "no" })),
        }
    });
    desk.app.list("/users", many().paged(Paging::page()));
    let desk = desk.secret("password", "pass-word");

    let told = desk
        .pull(json!({
            "variables": { "password": { "secret": true } },
            "auth": { "type": "login", "path": "/login", "form": { "p": "{password}" }, "token_path": "s.id",
                "send": { "header": "X-Session" } },
            "users": { "pagination": { "type": "page" } },
        }))
        .await;

    told.are_all(23);
    assert_eq!(
        desk.app.asked_at("/login").len(),
        3,
        "six pages, two a session"
    );
    assert!(!told.err.contains("pass-word"));
}

#[tokio::test]
async fn a_signed_token_opens_the_door_or_is_exchanged() {
    let key = SigningKey::rsa();
    let desk = Desk::new()
        .await
        .secret("private_key", key.private().trim_end());
    desk.app.door(Door::Signed(key.clone()));
    desk.app.list("/users", ten());
    let auth = json!({ "type": "jwt", "algorithm": "RS256", "claims": { "iss": "acme" }, "lifetime_secs": 600 });
    desk.pull(json!({ "auth": auth })).await.are_all(10);

    desk.app.oauth(OauthServer::new(OauthOptions {
        proof: ClientProof::None,
        grants: vec!["urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()],
        assertions: Some(key),
        ..OauthOptions::default()
    }));
    desk.app.door(Door::issued());
    let auth = json!({ "type": "jwt", "algorithm": "RS256", "claims": { "iss": "acme" },
        "exchange": { "token_url": "{base}/oauth/token" } });
    desk.pull(json!({ "auth": auth })).await.are_all(10);
}

#[tokio::test]
async fn credentials_that_are_not_accepted_fail_with_the_application_s_words() {
    let desk = Desk::new().await.secret("token", "wr0ng-token");
    desk.app.door(Door::bearer("t0ken"));
    let told = desk.pull(json!({ "auth": { "type": "bearer" } })).await;

    told.is_incomplete("the token is not accepted");
    assert_eq!(told.summary()["failure"]["class"], "credentials");
    assert!(!told.err.contains("wr0ng-token"), "{}", told.err);

    let (desk, _) = with_oauth(OauthOptions::default()).await;
    let desk = desk.secret("refresh_token", "rev0ked");
    let mut without = code();
    without["base_url"] = json!("{base}");
    without["variables"] = json!({});
    without["hosts"] = json!([]);
    let told = desk.pull(without).await;
    told.is_incomplete("invalid_grant");
    assert!(!told.err.contains("rev0ked"), "{}", told.err);
}

#[tokio::test]
async fn credentials_are_not_sent_to_another_host_that_is_allowed() {
    let other = Desk::new().await;
    other.app.fixed(
        "/more",
        json!({ "data": [{ "id": 2, "email": "b@contoso.example" }], "next": null }),
    );
    let desk = Desk::new().await.secret("token", "t0ken");
    desk.app.door(Door::bearer("t0ken"));
    let next = format!("{}/more", other.app.base_url());
    desk.app.fixed(
        "/users",
        json!({ "data": [{ "id": 1, "email": "a@contoso.example" }], "next": next }),
    );
    let further = |hosts: Value| {
        json!({ "auth": { "type": "bearer" }, "hosts": hosts,
            "users": { "response_path": "data", "pagination": { "type": "next_url", "path": "next" } } })
    };

    desk.pull(further(json!([other.app.host()])))
        .await
        .are_all(2);
    assert_eq!(other.app.asked().len(), 1);
    assert_eq!(other.app.asked()[0].header("authorization"), None);

    let told = desk.pull(further(json!([]))).await;
    told.is_incomplete("hosts");
    assert_eq!(other.app.asked().len(), 1, "nothing was sent there");
}

// --- Pagination ------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn lists_of_every_style_are_read_to_their_end() {
    let styles: Vec<(List, Value, &str)> = vec![
        (ten(), json!({ "type": "none" }), ""),
        (
            many().paged(Paging::offset()),
            json!({ "type": "offset", "size": 5 }),
            "",
        ),
        (
            many()
                .paged(Paging::offset())
                .at("data")
                .total("meta.total"),
            json!({ "type": "offset", "size": 7, "total_path": "meta.total" }),
            "data",
        ),
        (
            many()
                .paged(Paging::Offset {
                    offset: Place::query("startIndex"),
                    start: 1,
                })
                .at("Resources")
                .limit(Place::query("count"))
                .total("totalResults"),
            json!({ "type": "offset", "offset": "startIndex", "limit": "count", "start": 1, "size": 4,
                "total_path": "totalResults" }),
            "Resources",
        ),
        (many().paged(Paging::page()), json!({ "type": "page" }), ""),
        (
            many()
                .paged(Paging::Page {
                    page: Place::query("page[number]"),
                    start: 0,
                })
                .at("data")
                .total_pages("pages")
                .limit(Place::query("page[size]")),
            json!({ "type": "page", "page": "page[number]", "limit": "page[size]", "size": 6, "start": 0,
                "total_pages_path": "pages" }),
            "data",
        ),
        (
            many().paged(Paging::next_url("links.next")).at("data"),
            json!({ "type": "next_url", "path": "links.next" }),
            "data",
        ),
        (
            many()
                .paged(Paging::NextUrl {
                    path: "next".to_owned(),
                    relative: true,
                })
                .at("data"),
            json!({ "type": "next_url", "path": "next" }),
            "data",
        ),
        (
            many().paged(Paging::Link { always: false }),
            json!({ "type": "next_url", "link_header": "next" }),
            "",
        ),
        (
            many().paged(Paging::Link { always: true }),
            json!({ "type": "next_url", "link_header": "next", "when": { "param": "results", "is": "true" } }),
            "",
        ),
        (
            many().paged(Paging::cursor("meta.next")).at("data.users"),
            json!({ "type": "cursor", "path": "meta.next" }),
            "data.users",
        ),
        (
            many().paged(Paging::Cursor {
                send: Place::query("cursor"),
                path: "header:x-next".to_owned(),
                end: End::Absent,
            }),
            json!({ "type": "cursor", "header": "X-Next" }),
            "",
        ),
        (
            many()
                .paged(Paging::Cursor {
                    send: Place::query("after"),
                    path: "next".to_owned(),
                    end: End::Zero,
                })
                .at("data"),
            json!({ "type": "cursor", "name": "after", "path": "next", "end_values": [0] }),
            "data",
        ),
        (
            many()
                .paged(Paging::LastItem {
                    send: Place::query("after"),
                    field: "id".to_owned(),
                })
                .at("data")
                .has_more("more"),
            json!({ "type": "cursor", "name": "after", "last_item": "id", "has_more_path": "more" }),
            "data",
        ),
    ];
    for (index, (list, pagination, response_path)) in styles.into_iter().enumerate() {
        let count = if index == 0 { 10 } else { 23 };
        let desk = Desk::new().await;

        let told = desk.paged(list, pagination.clone(), response_path).await;

        assert_eq!(told.code, 0, "{pagination}: {}", told.err);
        told.are_all(count);
    }
}

#[tokio::test]
async fn a_cursor_may_travel_in_the_body_and_a_list_be_a_map() {
    let desk = Desk::new().await;
    let send = Place::Body("variables.after".to_owned());
    let paging = Paging::Cursor {
        send,
        path: "data.page.end".to_owned(),
        end: End::Absent,
    };
    let list = many()
        .paged(paging)
        .at("data.nodes")
        .has_more("data.page.more")
        .quirk(Quirk::CursorStays);
    desk.app.list("/graphql", list);
    let told = desk
        .pull(json!({ "users": { "method": "POST", "path": "/graphql", "response_path": "data.nodes",
            "body": { "query": "query($after:String){users(after:$after){nodes{id}}}", "variables": { "after": null } },
            "pagination": { "type": "cursor", "path": "data.page.end", "has_more_path": "data.page.more",
                "send": { "body": "variables.after" } } } }))
        .await;
    told.are_all(23);

    desk.app
        .list("/users", ten().wrapped(Wrap::Map("id".to_owned())));
    desk.pull(json!({ "users": { "response_path": "*" } }))
        .await
        .are_all(10);
}

#[tokio::test]
async fn short_and_clamped_pages_are_no_end() {
    let desk = Desk::new().await;
    let list = many()
        .at_most(4)
        .paged(Paging::offset())
        .quirk(Quirk::Short(1));
    desk.paged(list, json!({ "type": "offset", "size": 10 }), "")
        .await
        .are_all(23);

    let list = many()
        .paged(Paging::cursor("next"))
        .at("data")
        .quirk(Quirk::Short(1))
        .quirk(Quirk::Empty(2));
    desk.paged(list, json!({ "type": "cursor", "path": "next" }), "data")
        .await
        .are_all(23);
}

// --- Lies, loops, cuts -----------------------------------------------------------------------------------------------

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
            "nest",
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
            SaasAnswer {
                stalls: true,
                ..SaasAnswer::text(200, "application/json", "[")
            },
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

// --- Several requests ------------------------------------------------------------------------------------------------

#[tokio::test]
async fn steps_parents_passes_details_and_joins_work_over_the_wire() {
    let desk = Desk::new().await;
    desk.app.fixed("/sites", json!([{ "id": "s1" }]));
    desk.app.fixed(
        "/s1/teams",
        json!({ "data": [{ "id": "t1", "name": "Red" }, { "id": "t2", "name": "Blue" }] }),
    );
    let member = |id: u32, role: &str| json!({ "id": id, "email": format!("u{id}@contoso.example"), "state": "active", "role_id": role });
    desk.app.fixed(
        "/t1/members",
        json!({ "data": [member(1, "r1"), member(2, "r2")] }),
    );
    desk.app.fixed(
        "/t2/members",
        json!({ "data": [member(2, "r1"), member(3, "r1")] }),
    );
    desk.app.fixed(
        "/roles",
        json!({ "data": [{ "id": "r1", "name": "Admin" }, { "id": "r2", "name": "Member" }] }),
    );
    desk.app.script("/users/*", |request| {
        let id = request.path.rsplit('/').next().unwrap().to_owned();
        match id.as_str() {
            "3" => SaasAnswer::error(404, &json!({})),
            _ => SaasAnswer::json(&json!({ "name": format!("Name {id}") })),
        }
    });

    let told = desk
        .pull(json!({
            "steps": [{ "name": "site", "path": "/sites", "keep": { "site": "[0].id" } }],
            "users": {
                "path": "/{team_id}/members", "response_path": "data",
                "for_each": { "path": "/{site}/teams", "response_path": "data", "keep": { "team_id": "id", "team": "name" } },
                "details": { "path": "/users/{external_id}", "as": "detail" },
                "join": [{ "path": "/roles", "response_path": "data", "by": { "user": "role_id", "item": "id" }, "as": "role" }],
            },
            "map": { "role": "role.name", "full_name": "detail.name" },
        }))
        .await;

    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(told.ids(), ["1", "2", "3"]);
    assert_eq!(told.users[1]["role"], "Member, Admin");
    assert_eq!(told.users[1]["full_name"], "Name 2");
    assert_eq!(told.users[2]["full_name"], Value::Null);
    assert_eq!(told.summary()["users"], 3);
}

// --- Usage -----------------------------------------------------------------------------------------------------------

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
async fn the_schema_of_definitions_is_printed() {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_sando"))
        .args(["schema", "definition"])
        .output()
        .await
        .unwrap();

    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
}
